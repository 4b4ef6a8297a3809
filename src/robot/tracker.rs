//! Estimators of a body's motion from its positions, as cameras report them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of a tracker.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrackerConfig {
    /// Standard deviation of a reported position, per axis.
    #[schemars(extend("minimum" = 1e-6, "maximum" = 0.1, "x-unit" = "m"))]
    pub noise: f64,
    /// Standard deviation of the acceleration that the flight model lacks, if held for 0.1 s.
    #[schemars(extend("minimum" = 1e-3, "maximum" = 100, "x-unit" = "m/s^2"))]
    pub acceleration: f64,
    /// Standard deviation of the velocity that a bounce adds to the model's.
    #[schemars(extend("minimum" = 0, "maximum" = 10, "x-unit" = "m/s"))]
    pub bounce: f64,
    /// A position further than this from the expected one, in standard deviations, is left out. Two in a
    /// row begin a new track.
    #[schemars(extend("minimum" = 1, "maximum" = 100))]
    pub gate: f64,
    /// Standard deviation of the velocity, per axis, below which the body counts as tracked. Until then
    /// its velocity is zero, which starts no stroke.
    #[schemars(extend("minimum" = 1e-3, "maximum" = 10, "x-unit" = "m/s"))]
    pub settled: f64,
    /// Longest time without a position, after which a new track begins.
    #[schemars(extend("minimum" = 1e-3, "maximum" = 1, "x-unit" = "s"))]
    pub gap: f64,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self { noise: 0.001, acceleration: 0.1, bounce: 0.3, gate: 6., settled: 0.1, gap: 0.2 }
    }
}

/// How well a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackState {
    /// No position came.
    Unseen,
    /// The velocity is not known well enough.
    Acquiring,
    /// Position and velocity are known.
    Tracked,
}

/// The state of a tracker, for the diagnostics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Track {
    /// How well the body is known.
    pub state: TrackState,
    /// Number of positions left out.
    pub outliers: u64,
    /// Number of tracks begun.
    pub begun: u64,
    /// Largest standard deviation of the velocity, m/s; infinite before the first position.
    pub velocity_deviation: f64,
}

/// Estimates a body's velocity from its positions. It runs on the thread that receives messages, not
/// on the loop's.
pub trait Tracker: Send {
    /// Takes the position (x, y, z), m, at the time `at` of the sensor's clock, ns, which grows. Returns position, m, and
    /// velocity, m/s (6); a velocity of zero until it is known.
    fn see(&mut self, at: i64, position: [f64; 3]) -> [f64; 6];

    /// Forgets the body: the sensor started anew.
    fn forget(&mut self);

    /// The tracker's state.
    fn track(&self) -> Track;
}
