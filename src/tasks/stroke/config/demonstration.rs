//! Settings of the demonstration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The motion that the first policy is made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Demonstration {
    /// The arm holds the start posture against gravity.
    #[default]
    Hold,
    /// A smooth motion from the start posture through these points, in the order of their times. If
    /// the arm passes the last point with a velocity, it comes to rest by the end of the stroke.
    ViaPoints(Vec<ViaPoint>),
    /// Joint states of a rosbag2 file in MCAP form, or of a trial of this program. A relative path
    /// starts at the configuration's folder.
    Recording(PathBuf),
}

/// A point on the demonstration's way: joint positions, or the position of a link.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ViaPoint {
    /// Time of the point, after the start of the stroke.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1000, "x-unit" = "s"))]
    pub time: f64,
    /// Positions of joints by their names, or `rest` for the start posture. A joint that is not
    /// named is free at this point.
    #[schemars(extend("x-unit" = "m or rad"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joints: Option<Posture>,
    /// Velocities of joints at the point. Each joint must be in `joints`. A joint without a
    /// velocity passes smoothly, and stops where it reverses.
    #[schemars(extend("x-unit" = "m/s or rad/s"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joint_velocities: Option<BTreeMap<String, f64>>,
    /// Link that passes the point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Point of the link, in the link's frame (x, y, z). The default is the origin of the frame.
    #[schemars(extend("minimum" = -100, "maximum" = 100, "x-unit" = "m", "x-per" = "axis"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<[f64; 3]>,
    /// Position of the link's point, in the world (x, y, z).
    #[schemars(extend("minimum" = -1000, "maximum" = 1000, "x-unit" = "m", "x-per" = "axis"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<[f64; 3]>,
    /// Velocity of the link's point, in the world (x, y, z).
    #[schemars(extend("minimum" = -100, "maximum" = 100, "x-unit" = "m/s", "x-per" = "axis"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub velocity: Option<[f64; 3]>,
}

/// Joint positions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Posture {
    /// The start posture of all joints.
    Rest(Rest),
    /// Positions of some joints by their names, m or rad.
    Joints(BTreeMap<String, f64>),
}

/// The word `rest`, for the start posture.
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
    /// Topic of the joint states. It may be empty if the file has only one topic of joint states.
    pub topic: String,
    /// Start of the stroke in the recording, after the first joint state.
    #[schemars(extend("minimum" = 0, "maximum" = 86400, "x-unit" = "s"))]
    pub begin: f64,
    /// Half the width of the time window in which positions are smoothed, by a local polynomial of
    /// third order.
    #[schemars(extend("minimum" = 0.001, "maximum" = 10, "x-unit" = "s"))]
    pub smoothing: f64,
    /// Longest allowed time between two joint states.
    #[schemars(extend("minimum" = 0.001, "maximum" = 10, "x-unit" = "s"))]
    pub longest_gap: f64,
    /// Whether the first policy uses the recorded efforts, if there are any. Otherwise the model
    /// computes the efforts of the recorded motion. Turn it off for an arm that was led by hand:
    /// the efforts of its drives did not make the motion.
    pub use_efforts: bool,
}

impl Default for RecordingConfig {
    fn default() -> Self {
        Self { topic: String::new(), begin: 0., smoothing: 0.03, longest_gap: 0.1, use_efforts: true }
    }
}

/// Feedback with which the first policy tracks the demonstration. The feedback asks for
/// accelerations, and the model turns them into efforts. Without feedback the first policy sends
/// the demonstrated efforts, wherever the arm is (Akrour et al. 2018).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FeedbackConfig {
    /// Stiffness: acceleration per position error.
    #[schemars(extend("minimum" = 0, "maximum" = 100000, "x-unit" = "1/s^2"))]
    pub stiffness: f64,
    /// Damping: acceleration per velocity error. Damping and stiffness together must be small
    /// enough for the length of a policy step.
    #[schemars(extend("minimum" = 0, "maximum" = 10000, "x-unit" = "1/s"))]
    pub damping: f64,
}
