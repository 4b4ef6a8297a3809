//! Settings of the node itself: parameters `ros.*`.

use std::net::Ipv4Addr;

use moto_settings::{FieldError, check};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::live::LiveConfig;
use crate::robot::{Form, Tracker, TrackerConfig};
use crate::ros::link::joints::{Joints, JointsConfig};
use crate::supervisor::Beginning;
use crate::tasks::Task;

/// The node's own parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RosConfig {
    /// Names, signs and offsets of the robot's joints.
    pub joints: JointsConfig,
    /// Clock of the control loop. With use_sim_time, the topic /clock is used in any case.
    pub clock: ClockSource,
    /// In lockstep: time to wait for an answer before the command is sent again.
    #[schemars(extend("minimum" = 0.01, "maximum" = 60, "x-unit" = "s"))]
    pub lockstep_timeout: f64,
    /// In lockstep: number of times a command is sent before the node gives up.
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    pub lockstep_attempts: u32,
    /// Time to wait for the robot: for its first joint state, and for its description where that
    /// comes from a topic.
    #[schemars(extend("minimum" = 0.1, "maximum" = 600, "x-unit" = "s"))]
    pub connect_timeout: f64,
    /// With use_sim_time: longest standstill of the clock, by the wall clock, before the robot gets
    /// the safe command.
    #[schemars(extend("minimum" = 0.1, "maximum" = 600, "x-unit" = "s"))]
    pub clock_timeout: f64,
    /// Topic of the robot description (std_msgs/String, transient local), with `robot.urdf: topic`.
    #[schemars(extend("x-name" = "name"))]
    pub description_topic: String,
    /// Topic of the effort commands (std_msgs/Float64MultiArray).
    #[schemars(extend("x-name" = "name"))]
    pub command_topic: String,
    /// Whether the simulated arm publishes its time on /clock.
    pub publish_clock: bool,
    /// Service (std_srvs/Trigger) that the node calls to get the task started, e.g. a ball served, once
    /// the arm is ready; empty for none.
    #[schemars(extend("x-name" = "optional"))]
    pub serve_service: String,
    /// Topic (std_msgs/Empty) on which the node asks for the same, as in Gazebo; empty for none.
    #[schemars(extend("x-name" = "optional"))]
    pub serve_topic: String,
    /// Configure and activate at the start, without waiting for a life-cycle manager.
    pub autostart: bool,
    /// Pause the run as it starts: the arm is held where it is, and trials wait for `~/resume`. For an arm
    /// that is to be led by hand first.
    pub start_paused: bool,
    /// End the process when the run is complete.
    pub exit_when_done: bool,
    /// Leave the safe state after a fault without an operator's reset. For simulations: at a robot,
    /// a person should look first.
    pub reset_faults: bool,
    /// The run folder to make; empty for a folder named after setting and seed.
    pub run_folder: String,
    /// Run folder of an interrupted run to resume; empty for a new run.
    pub resume: String,
    /// Start of a new run: the folder of another run (a dry run too), or the file of a stroke that
    /// an experiment learned; empty for the demonstration. Robot, task, shapes and units must be
    /// the same.
    pub warm_start: String,
    /// Serve a page that shows the run in a browser while it goes on: arm, phase, verdicts, curves,
    /// lateness. Its address is logged. It is for looking only.
    pub live_page: bool,
    /// Port of the live page; 0 for any that is free.
    pub live_port: u16,
    /// Address of the live page. One that the network reaches needs `ros.live_to_network`.
    pub live_address: String,
    /// Let others on the network look on: there is no password and no encryption.
    pub live_to_network: bool,
    /// Where position and velocity of an observed body, e.g. the ball, come from.
    pub ball: BallConfig,
    /// Thresholds above which a diagnostic is a warning.
    pub diagnostics: DiagnosticsConfig,
}

/// Where position and velocity of an observed body come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BallConfig {
    /// The messages, and what of them is used.
    pub source: BallSource,
    /// The filter that finds the velocity where positions alone are used.
    pub filter: TrackerConfig,
}

/// Trackers, each with the number of its observation.
pub type Trackers = Vec<(usize, Box<dyn Tracker>)>;

impl BallConfig {
    /// A tracker for each observed body, if positions alone are used.
    ///
    /// # Errors
    /// A task that knows nothing of the body's motion.
    pub fn trackers(&self, task: &dyn Task) -> Result<Trackers, FieldError> {
        if self.source == BallSource::Odometry {
            return Ok(vec![]);
        }
        let observed = task.observed();
        let bodies = observed.iter().enumerate().filter(|(_, observed)| observed.form == Form::Odometry);
        let refused = || {
            let expected = format!("odometry: the task {} has no model of how the body moves", task.name());
            FieldError::value("ros.ball.source", serde_json::json!(self.source), expected)
        };
        bodies.map(|(index, _)| Ok((index, task.tracker(index, &self.filter).ok_or_else(refused)?))).collect()
    }
}

/// The messages about an observed body, and what of them is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BallSource {
    /// Position and velocity of nav_msgs/Odometry. The velocity is turned from the body's frame by its orientation.
    #[default]
    Odometry,
    /// Position of nav_msgs/Odometry; the filter finds the velocity.
    OdometryPosition,
    /// Position of geometry_msgs/PoseStamped; the filter finds the velocity.
    Pose,
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
            description_topic: "robot_description".into(),
            command_topic: "effort_controller/commands".into(),
            publish_clock: false,
            serve_service: String::new(),
            serve_topic: String::new(),
            autostart: false,
            start_paused: false,
            exit_when_done: false,
            reset_faults: false,
            run_folder: String::new(),
            resume: String::new(),
            warm_start: String::new(),
            live_page: false,
            live_port: 0,
            live_address: Ipv4Addr::LOCALHOST.to_string(),
            live_to_network: false,
            ball: BallConfig::default(),
            diagnostics: DiagnosticsConfig::default(),
        }
    }
}

/// Clock of the control loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClockSource {
    /// The wall clock, as a robot needs it.
    #[default]
    Wall,
    /// The robot's time: one command for each joint state, as fast as both sides go. For
    /// simulations.
    Lockstep,
}

/// Thresholds above which a diagnostic is a warning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DiagnosticsConfig {
    /// Release lateness (99th percentile).
    #[schemars(extend("minimum" = 0, "maximum" = 1, "x-unit" = "s"))]
    pub max_lateness: f64,
    /// Share of missed periods.
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    pub max_missed_share: f64,
    /// Age of the newest joint state.
    #[schemars(extend("minimum" = 0, "maximum" = 10, "x-unit" = "s"))]
    pub max_state_age: f64,
    /// Share of the stroke's cycles that a limit changed.
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    pub max_clipped_share: f64,
}

impl Default for DiagnosticsConfig {
    fn default() -> Self {
        Self { max_lateness: 0.001, max_missed_share: 0.02, max_state_age: 0.02, max_clipped_share: 0.1 }
    }
}

impl RosConfig {
    /// Start of the run: a new run, a resumed run or a warm start.
    pub fn beginning(&self) -> Beginning {
        match (self.resume.as_str(), self.warm_start.as_str()) {
            ("", "") => Beginning::Demonstration,
            ("", from) => Beginning::WarmStart(from.into()),
            (folder, _) => Beginning::Resume(folder.into()),
        }
    }

    /// Where the live page is to be; `None` for no page.
    ///
    /// # Errors
    /// An address that is none, or that the network reaches without leave.
    pub fn live(&self) -> Result<Option<LiveConfig>, FieldError> {
        let refused =
            |expected: &str| FieldError::value("ros.live_address", format!("{:?}", self.live_address), expected);
        let address = self.live_address.parse().map_err(|_| refused("an address of this machine, e.g. 127.0.0.1"))?;
        let live = LiveConfig { address, port: self.live_port, to_network: self.live_to_network };
        if self.live_page && live.check().is_err() {
            return Err(refused(
                "an address of this machine alone, e.g. 127.0.0.1: there is no password and no encryption, so whoever \
                 reaches this machine could look on. Set ros.live_to_network to allow that",
            ));
        }
        Ok(self.live_page.then_some(live))
    }

    /// Checks every value, for a robot with these joints.
    ///
    /// # Errors
    /// The first value that is refused.
    pub fn validate(&self, joints: &[String]) -> Result<(), FieldError> {
        check(self, joints).map_err(|error| error.within("ros"))?;
        if !self.resume.is_empty() && !self.warm_start.is_empty() {
            let expected = format!("nothing beside ros.resume ({}): a run goes on or starts anew", self.resume);
            return Err(FieldError::value("ros.warm_start", format!("{:?}", self.warm_start), expected));
        }
        self.live()?;
        Joints::new(&self.joints, joints).map(drop)
    }
}
