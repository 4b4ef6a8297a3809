//! What may be set of a term of the reward and of a condition of success.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Posture;

/// A time after the start of the stroke, or its end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Moment {
    /// A time.
    Time(#[schemars(extend("minimum" = 0, "maximum" = 1000, "x-unit" = "s"))] f64),
    /// The end of the stroke.
    End(End),
}

/// The word for the end of the stroke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The end of the stroke.
    End,
}

/// When something is looked at: at a time, or from one to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Timing {
    /// At this time after the start; between two policy steps the state is interpolated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    /// At each policy step from this time on, both ends included; the prices of all are summed.
    #[schemars(extend("minimum" = 0, "maximum" = 1000, "x-unit" = "s"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<f64>,
    /// Up to this time; without, the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Moment>,
}

/// What a value is to be: numbers, or the name of a value of `context` or `observe`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Target {
    /// A name.
    Named(String),
    /// Numbers.
    Given(Vec<f64>),
}

/// What is looked at, one of: position, velocity or direction of a link, positions or velocities of joints, an observed value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measured {
    /// A link of the robot description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Point of the link, in its frame (x, y, z); without, the origin of its frame.
    #[schemars(extend("minimum" = -100, "maximum" = 100, "x-unit" = "m", "x-per" = "axis"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<[f64; 3]>,
    /// Where this point is to be, in the world (x, y, z).
    #[schemars(extend("x-unit" = "m"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Target>,
    /// Velocity that this point is to have, in the world (x, y, z).
    #[schemars(extend("x-unit" = "m/s"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub velocity: Option<Target>,
    /// Axis of the link, in its frame (x, y, z), of any length above 0.
    #[schemars(extend("minimum" = -1000, "maximum" = 1000, "x-per" = "axis"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub axis: Option<[f64; 3]>,
    /// Direction in the world that this axis is to have (x, y, z), of any length above 0. The error is the difference of the two
    /// unit vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Target>,
    /// Positions that joints are to have, by their names, or `rest`: the start posture.
    #[schemars(extend("x-unit" = "m or rad"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joints: Option<Posture>,
    /// Velocities that joints are to have, by their names, or `rest`: none moves.
    #[schemars(extend("x-unit" = "m/s or rad/s"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joint_velocities: Option<Posture>,
    /// Name of a value of `observe` or `context`, which is to be `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<String>,
    /// What the observed value is to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Target>,
}

/// What an error e costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// |e|^2
    #[default]
    Squared,
    /// |e|
    Absolute,
    /// min(|e|, cap)^2, with this cap.
    Capped(#[schemars(extend("exclusiveMinimum" = 0))] f64),
    /// s^2 ln(1 + |e|^2 / s^2): squared for errors far below this s, logarithmic far above.
    Log(#[schemars(extend("exclusiveMinimum" = 0))] f64),
}

/// A term of the reward: what an error costs at a time or over a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TermConfig {
    /// When.
    #[serde(flatten)]
    pub timing: Timing,
    /// What is measured.
    #[serde(flatten)]
    pub measured: Measured,
    /// Price of the squared effort, in units of the action, at each policy step that begins in the term's time; without one, at
    /// all.
    #[schemars(extend("minimum" = 0, "maximum" = 1000000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<f64>,
    /// Price of the squared change of the effort, in units of the action, from each policy step to the next. As it needs the action
    /// before, a transition keeps it as it was measured: not for `reuse: time_and_iterations`.
    #[schemars(extend("minimum" = 0, "maximum" = 1000000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort_change: Option<f64>,
    /// What the price is multiplied by.
    #[schemars(extend("minimum" = 0, "maximum" = 1000000000))]
    #[serde(default = "one")]
    pub weight: f64,
    /// What an error costs; of efforts the square does.
    #[serde(default)]
    pub shape: Shape,
}

fn one() -> f64 {
    1.
}

/// A condition of success.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConditionConfig {
    /// When; from one time to another it has to hold throughout.
    #[serde(flatten)]
    pub timing: Timing,
    /// What is measured.
    #[serde(flatten)]
    pub measured: Measured,
    /// Largest length of the error, in the unit of what is measured.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub within: f64,
}

/// One thing, or a list of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMore<T> {
    /// A list.
    More(Vec<T>),
    /// One.
    One(Box<T>),
}

impl<T> Default for OneOrMore<T> {
    /// None.
    fn default() -> Self {
        Self::More(vec![])
    }
}

impl<T> OneOrMore<T> {
    /// All of them.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::More(all) => all,
            Self::One(one) => std::slice::from_ref(one),
        }
    }
}

impl Posture {
    /// The named joints; `None` for the start posture.
    pub fn named(&self) -> Option<&BTreeMap<String, f64>> {
        if let Self::Joints(joints) = self { Some(joints) } else { None }
    }
}
