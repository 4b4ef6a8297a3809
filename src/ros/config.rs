//! What may be set of the node itself: parameters `ros.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RosError;
use super::joints::{Joints, JointsConfig};

/// The node's own parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RosConfig {
    /// How the robot's joints are named and counted.
    pub joints: JointsConfig,
    /// Whose time the control loop keeps; with use_sim_time it is that of the topic /clock whatever this says.
    pub clock: ClockSource,
    /// In lockstep: how long to wait for an answer before the command is sent again, s, in [0.01, 60].
    pub lockstep_timeout: f64,
    /// In lockstep: how often a command is sent before the node gives up, in [1, 1000].
    pub lockstep_attempts: u32,
    /// How long to wait for the robot's first joint state, s, in [0.1, 600].
    pub connect_timeout: f64,
    /// With use_sim_time: how long the clock may stand, by the wall clock, before the robot gets the safe command, s, in [0.1, 600].
    pub clock_timeout: f64,
    /// Topic of the effort commands (std_msgs/Float64MultiArray).
    pub command_topic: String,
    /// The simulated arm publishes its time on /clock.
    pub publish_clock: bool,
    /// Service (std_srvs/Trigger) that is called to serve the ball once the arm is ready; empty for none.
    pub serve_service: String,
    /// Topic (std_msgs/Empty) on which the ball is asked for once the arm is ready, as in Gazebo; empty for none.
    pub serve_topic: String,
    /// Configure and activate at the start, without waiting for a life-cycle manager.
    pub autostart: bool,
    /// End the process when the run is complete.
    pub exit_when_done: bool,
    /// Leave the safe state after a fault without being asked. For simulations: at a robot somebody should look first.
    pub reset_faults: bool,
    /// The run folder to make; empty for one named after setting and seed.
    pub run_folder: String,
    /// Run folder of an interrupted run to go on with; empty for a new run.
    pub resume: String,
    /// When a diagnostic is a warning.
    pub diagnostics: DiagnosticsConfig,
}

impl Default for RosConfig {
    fn default() -> Self {
        Self {
            joints: JointsConfig::default(),
            clock: ClockSource::Wall,
            lockstep_timeout: 0.5,
            lockstep_attempts: 20,
            connect_timeout: 10.,
            clock_timeout: 1.,
            command_topic: "effort_controller/commands".into(),
            publish_clock: false,
            serve_service: String::new(),
            serve_topic: String::new(),
            autostart: false,
            exit_when_done: false,
            reset_faults: false,
            run_folder: String::new(),
            resume: String::new(),
            diagnostics: DiagnosticsConfig::default(),
        }
    }
}

/// Whose time the loop keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClockSource {
    /// The wall clock's, as a robot needs it.
    #[default]
    Wall,
    /// The robot's: one command for each joint state, as fast as both sides go. For simulations.
    Lockstep,
}

/// When a diagnostic is a warning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DiagnosticsConfig {
    /// Release lateness (99th percentile), s, in [0, 1].
    pub max_lateness: f64,
    /// Share of missed periods, in [0, 1].
    pub max_missed_share: f64,
    /// Age of the newest joint state, s, in [0, 10].
    pub max_state_age: f64,
    /// Share of the stroke's cycles that a limit changed, in [0, 1].
    pub max_clipped_share: f64,
}

impl Default for DiagnosticsConfig {
    fn default() -> Self {
        Self { max_lateness: 0.001, max_missed_share: 0.02, max_state_age: 0.02, max_clipped_share: 0.1 }
    }
}

impl RosConfig {
    /// Checks every value, for a robot with these joints.
    ///
    /// # Errors
    /// The first value that is not accepted.
    pub fn validate(&self, joints: &[String]) -> Result<(), RosError> {
        Joints::new(&self.joints, joints)?;
        let attempts = f64::from(self.lockstep_attempts);
        let diagnostics = &self.diagnostics;
        for (name, value, low, high) in [
            ("ros.lockstep_timeout", self.lockstep_timeout, 0.01, 60.),
            ("ros.connect_timeout", self.connect_timeout, 0.1, 600.),
            ("ros.clock_timeout", self.clock_timeout, 0.1, 600.),
            ("ros.lockstep_attempts", attempts, 1., 1000.),
            ("ros.diagnostics.max_lateness", diagnostics.max_lateness, 0., 1.),
            ("ros.diagnostics.max_missed_share", diagnostics.max_missed_share, 0., 1.),
            ("ros.diagnostics.max_state_age", diagnostics.max_state_age, 0., 10.),
            ("ros.diagnostics.max_clipped_share", diagnostics.max_clipped_share, 0., 1.),
        ] {
            if !(low..=high).contains(&value) {
                return Err(RosError::Parameter {
                    name: name.into(),
                    reason: format!("is {value}, expected {low} to {high}"),
                });
            }
        }
        Ok(())
    }
}
