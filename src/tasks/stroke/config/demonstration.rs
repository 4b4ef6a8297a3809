//! What may be set of the demonstration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the first policy is made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Demonstration {
    /// The start posture is held against gravity.
    #[default]
    Hold,
    /// A smooth motion from the start posture through these points, in the order of their times. Where the last one is passed
    /// with a velocity, the arm comes to rest by the end of the stroke.
    ViaPoints(Vec<ViaPoint>),
    /// Joint states of a rosbag2 file in MCAP form, or of a trial of this program; a path from the configuration's folder.
    Recording(PathBuf),
}

/// A point that the demonstration passes: joint positions, or the position of a link.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ViaPoint {
    /// When, after the start of the stroke.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1000, "x-unit" = "s"))]
    pub time: f64,
    /// Positions of joints by their names, or `rest`: the start posture. Joints that are not named pass on as they will.
    #[schemars(extend("x-unit" = "m or rad"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joints: Option<Posture>,
    /// Velocities there of joints of `joints`; without, each passes smoothly, and stops where it turns round.
    #[schemars(extend("x-unit" = "m/s or rad/s"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joint_velocities: Option<BTreeMap<String, f64>>,
    /// A link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Point of the link, in its frame (x, y, z); without, the origin of its frame.
    #[schemars(extend("minimum" = -100, "maximum" = 100, "x-unit" = "m", "x-per" = "axis"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<[f64; 3]>,
    /// Where this point is to be, in the world (x, y, z).
    #[schemars(extend("minimum" = -1000, "maximum" = 1000, "x-unit" = "m", "x-per" = "axis"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<[f64; 3]>,
    /// Its velocity there, in the world (x, y, z).
    #[schemars(extend("minimum" = -100, "maximum" = 100, "x-unit" = "m/s", "x-per" = "axis"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub velocity: Option<[f64; 3]>,
}

/// Joint positions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Posture {
    /// The start posture, all joints of it.
    Rest(Rest),
    /// Some joints by their names, m or rad.
    Joints(BTreeMap<String, f64>),
}

/// The word for the start posture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// The start posture.
    Rest,
}

/// How a recorded demonstration is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RecordingConfig {
    /// Topic of the joint states; empty where the file has only one of their type.
    pub topic: String,
    /// Where in the recording the stroke begins, after its first joint state.
    #[schemars(extend("minimum" = 0, "maximum" = 86400, "x-unit" = "s"))]
    pub begin: f64,
    /// Half the time over which positions are smoothed (by a local polynomial of third order).
    #[schemars(extend("minimum" = 0.001, "maximum" = 10, "x-unit" = "s"))]
    pub smoothing: f64,
    /// Longest time between two joint states.
    #[schemars(extend("minimum" = 0.001, "maximum" = 10, "x-unit" = "s"))]
    pub longest_gap: f64,
    /// Whether recorded efforts are the demonstration's, where there are any; without, the model's for the recorded motion are. Not
    /// for an arm that was led by hand: its drives' efforts did not make the motion.
    pub use_efforts: bool,
}

impl Default for RecordingConfig {
    fn default() -> Self {
        Self { topic: String::new(), begin: 0., smoothing: 0.03, longest_gap: 0.1, use_efforts: true }
    }
}

/// Feedback of the first policy about the demonstration, on accelerations: the model makes efforts of them. Without, the first
/// policy sends the demonstrated efforts whatever the arm does (Akrour et al. 2018).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FeedbackConfig {
    /// Stiffness.
    #[schemars(extend("minimum" = 0, "maximum" = 100000, "x-unit" = "1/s^2"))]
    pub stiffness: f64,
    /// Damping; with the stiffness small enough for the length of a policy step.
    #[schemars(extend("minimum" = 0, "maximum" = 10000, "x-unit" = "1/s"))]
    pub damping: f64,
}
