//! Settings of a term of the reward and of a condition of success.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Posture;

/// A time after the start of the stroke, or its end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Moment {
    /// A time after the start of the stroke.
    Time(#[schemars(extend("minimum" = 0, "maximum" = 1000, "x-unit" = "s"))] f64),
    /// The end of the stroke.
    End(End),
}

/// The word `end`, for the end of the stroke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The end of the stroke.
    End,
}

/// Time of a measurement: one time, or a range of times.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Timing {
    /// Time of a single measurement, after the start of the stroke. The state is interpolated
    /// between two policy steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    /// Start of a range of times. The error is measured at each policy step in the range, both ends
    /// included, and the prices are summed.
    #[schemars(extend("minimum" = 0, "maximum" = 1000, "x-unit" = "s"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<f64>,
    /// End of the range. The default is the end of the stroke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Moment>,
}

/// The target of a measured value: numbers, or the name of a value of `context` or `observe`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Target {
    /// Name of a value of `context` or `observe`.
    Named(String),
    /// Numbers of the target.
    Given(Vec<f64>),
}

/// The measured value: position, velocity or direction of a link, positions or velocities of
/// joints, or an observed value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measured {
    /// Link of the robot description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Point of the link, in the link's frame (x, y, z). The default is the origin of the frame.
    #[schemars(extend("minimum" = -100, "maximum" = 100, "x-unit" = "m", "x-per" = "axis"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<[f64; 3]>,
    /// Target position of the link's point, in the world (x, y, z).
    #[schemars(extend("x-unit" = "m"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Target>,
    /// Target velocity of the link's point, in the world (x, y, z).
    #[schemars(extend("x-unit" = "m/s"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub velocity: Option<Target>,
    /// Axis of the link, in the link's frame (x, y, z), of any length above 0.
    #[schemars(extend("minimum" = -1000, "maximum" = 1000, "x-per" = "axis"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub axis: Option<[f64; 3]>,
    /// Target direction of the link's axis, in the world (x, y, z), of any length above 0. The
    /// error is the difference of the two unit vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Target>,
    /// Target positions of joints by their names, or `rest` for the start posture.
    #[schemars(extend("x-unit" = "m or rad"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joints: Option<Posture>,
    /// Target velocities of joints by their names, or `rest` for zero velocities.
    #[schemars(extend("x-unit" = "m/s or rad/s"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joint_velocities: Option<Posture>,
    /// Name of a value of `observe` or `context`. Its target is `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<String>,
    /// Target of the observed value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Target>,
}

/// Price of an error e.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// |e|^2
    #[default]
    Squared,
    /// |e|
    Absolute,
    /// min(|e|, cap)^2; the value is the cap.
    Capped(#[schemars(extend("exclusiveMinimum" = 0))] f64),
    /// s^2 ln(1 + |e|^2 / s^2); the value is s. The price is quadratic for errors far below s and
    /// logarithmic far above.
    Log(#[schemars(extend("exclusiveMinimum" = 0))] f64),
}

/// A term of the reward: the price of an error at a time or over a range of times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TermConfig {
    /// Time of the measurement.
    #[serde(flatten)]
    pub timing: Timing,
    /// The measured value.
    #[serde(flatten)]
    pub measured: Measured,
    /// Price of the squared effort, in units of the action, at each policy step that begins within
    /// the term's time. Without a time every policy step counts.
    #[schemars(extend("minimum" = 0, "maximum" = 1000000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<f64>,
    /// Price of the squared change of the effort from one policy step to the next, in units of the
    /// action. Not for `reuse: time_and_iterations`, because a stored transition keeps the change
    /// that was measured.
    #[schemars(extend("minimum" = 0, "maximum" = 1000000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort_change: Option<f64>,
    /// Factor on the price.
    #[schemars(extend("minimum" = 0, "maximum" = 1000000000))]
    #[serde(default = "one")]
    pub weight: f64,
    /// Price of an error. The price of an effort is always the square.
    #[serde(default)]
    pub shape: Shape,
}

fn one() -> f64 {
    1.
}

/// A condition of success.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConditionConfig {
    /// Time of the measurement. Over a range of times the condition must hold throughout.
    #[serde(flatten)]
    pub timing: Timing,
    /// The measured value.
    #[serde(flatten)]
    pub measured: Measured,
    /// Largest allowed length of the error, in the unit of the measured value.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub within: f64,
}

/// One entry, or a list of entries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMore<T> {
    /// A list of entries.
    More(Vec<T>),
    /// One entry.
    One(Box<T>),
}

impl<T> Default for OneOrMore<T> {
    /// An empty list.
    fn default() -> Self {
        Self::More(vec![])
    }
}

impl<T> OneOrMore<T> {
    /// The entries.
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
