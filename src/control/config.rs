//! Settings of the control loop, with units, ranges and defaults; all are checked before anything
//! moves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The control loop's configuration. Lists have one entry per joint, in the robot's order. Lengths
/// are in m or rad, efforts in N or N m, times in s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlConfig {
    /// Control period.
    #[schemars(extend("minimum" = 0.0001, "maximum" = 0.1, "x-unit" = "s"))]
    #[serde(default = "period")]
    pub period: f64,
    /// What a cycle waits for.
    #[serde(default)]
    pub pacing: Pacing,
    /// Control periods per policy step. The effort is held in between.
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    #[serde(default = "decimation")]
    pub decimation: usize,
    /// Posture that a stroke starts from. It lies inside the position bounds by at least the
    /// margin.
    #[schemars(extend("x-unit" = "m or rad", "x-per" = "joint"))]
    pub start_posture: Vec<f64>,
    /// Effort per unit of the policy's action.
    #[schemars(extend("exclusiveMinimum" = 0, "x-unit" = "N or N m", "x-per" = "joint"))]
    pub action_scale: Vec<f64>,
    /// Start condition of the stroke.
    #[serde(default)]
    pub trigger: Trigger,
    /// Time an arm in the start posture waits for its trigger before the trial is given up.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 3600, "x-unit" = "s"))]
    #[serde(default = "ready_timeout")]
    pub ready_timeout: f64,
    /// Motion to the start posture.
    #[serde(default)]
    pub homing: MotionConfig,
    /// Motion back to the start posture after the stroke.
    #[serde(default, rename = "return")]
    pub return_home: MotionConfig,
    /// Gains of holding and homing.
    #[serde(default)]
    pub tracking: TrackingConfig,
    /// The arm while it is led by hand.
    #[serde(default)]
    pub teaching: TeachingConfig,
    /// Limits of the joints.
    pub limits: LimitsConfig,
    /// Thresholds beyond which the loop stops trusting its readings.
    #[serde(default)]
    pub watchdog: WatchdogConfig,
    /// Response to a fault.
    pub safety: SafetyConfig,
    /// Priority, processor and memory of the loop's thread.
    #[serde(default)]
    pub scheduling: SchedulingConfig,
    /// Largest share of missed periods of a stroke that the learner may use.
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    #[serde(default = "max_missed_share")]
    pub max_missed_share: f64,
    /// Share of a stroke's cycles changed by a limit above which the trial is reported as
    /// over-clipped.
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    #[serde(default = "max_clipped_share")]
    pub max_clipped_share: f64,
    /// Number of cycles in the black box.
    #[schemars(extend("minimum" = 1, "maximum" = 1000000))]
    #[serde(default = "black_box_cycles")]
    pub black_box_cycles: usize,
}

fn period() -> f64 {
    0.002
}
fn decimation() -> usize {
    10
}
fn ready_timeout() -> f64 {
    5.
}
fn max_missed_share() -> f64 {
    0.02
}
fn max_clipped_share() -> f64 {
    0.1
}
fn black_box_cycles() -> usize {
    1000
}

/// What a cycle waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pacing {
    /// The loop's own timer, each period of the loop's clock. The newest joint state is used.
    #[default]
    Timer,
    /// The robot's joint state: one cycle for each. The loop's time is that of the states' stamps,
    /// which must be `period` apart. A robot outside this process only.
    Robot,
}

/// Start condition of the stroke of an arm that is ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The task finds it in a reading, e.g. the ball comes within reach.
    #[default]
    Task,
    /// None: the stroke starts at once.
    AtOnce,
    /// The operator's request.
    Operator,
}

/// A minimum-jerk motion to the start posture, and the condition under which the motion counts as
/// done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MotionConfig {
    /// Duration. The motion takes longer where a joint would exceed its speed.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 60, "x-unit" = "s"))]
    pub duration: f64,
    /// Largest distance from the posture at the end of the motion.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1, "x-unit" = "m or rad"))]
    pub position_tolerance: f64,
    /// Largest speed at the end of the motion.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "m/s or rad/s"))]
    pub velocity_tolerance: f64,
    /// Time to come to rest after the planned motion. The loop stops safely when it is over.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 3600, "x-unit" = "s"))]
    pub timeout: f64,
}

impl Default for MotionConfig {
    fn default() -> Self {
        Self { duration: 1., position_tolerance: 0.02, velocity_tolerance: 0.1, timeout: 2. }
    }
}

/// Gains of the tracking controller. They act on accelerations; the model (or the nominal inertia)
/// turns accelerations into efforts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrackingConfig {
    /// Stiffness: acceleration per position error.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1000000, "x-unit" = "1/s^2"))]
    pub stiffness: f64,
    /// Damping: acceleration per velocity error.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10000, "x-unit" = "1/s"))]
    pub damping: f64,
    /// Share of a joint's velocity limit that homing may use.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub speed_share: f64,
}

impl Default for TrackingConfig {
    fn default() -> Self {
        Self { stiffness: 400., damping: 40., speed_share: 0.5 }
    }
}

/// The arm while it is led by hand: carried against gravity and damped, within all limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TeachingConfig {
    /// Damping of the joints, as a share of `safety.damping`. That damping brings the arm to rest
    /// after a fault, joint by joint in proportion to the inertia. A share s of it resists the hand
    /// by s of that effort, and an arm that is let go takes 1 / s as long to come to rest.
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    pub damping_share: f64,
}

impl Default for TeachingConfig {
    fn default() -> Self {
        Self { damping_share: 0.2 }
    }
}

/// Limits of the joints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// Largest effort.
    #[schemars(extend("exclusiveMinimum" = 0, "x-unit" = "N or N m", "x-per" = "joint", "x-empty" = "the robot description's"))]
    #[serde(default)]
    pub effort: Vec<f64>,
    /// Largest rate of change of the effort sent. The largest change per period is this rate times
    /// the period.
    #[schemars(extend("exclusiveMinimum" = 0, "x-unit" = "N/s or N m/s", "x-per" = "joint"))]
    pub effort_rate: Vec<f64>,
    /// Lower position bound; -inf for a joint without one.
    #[schemars(extend("x-infinite" = true, "x-unit" = "m or rad", "x-per" = "joint", "x-empty" = "the robot description's, its soft limit where it has one"))]
    #[serde(default)]
    pub lower: Vec<f64>,
    /// Upper position bound, above the lower one by more than two margins; inf for a joint without
    /// one.
    #[schemars(extend("x-infinite" = true, "x-unit" = "m or rad", "x-per" = "joint", "x-empty" = "the robot description's, its soft limit where it has one"))]
    #[serde(default)]
    pub upper: Vec<f64>,
    /// Largest speed.
    #[schemars(extend("exclusiveMinimum" = 0, "x-unit" = "m/s or rad/s", "x-per" = "joint", "x-empty" = "the robot description's"))]
    #[serde(default)]
    pub velocity: Vec<f64>,
    /// Width of the soft zone inside each bound, > 0. The loop trips when a joint is more than this
    /// far outside a bound.
    #[schemars(extend("exclusiveMinimum" = 0, "x-unit" = "m or rad", "x-per" = "joint"))]
    pub margin: Vec<f64>,
    /// Stiffness of the spring in the soft zone.
    #[schemars(extend("minimum" = 0, "x-unit" = "N/m or N m/rad", "x-per" = "joint"))]
    pub stiffness: Vec<f64>,
    /// Damping in the soft zone and above the largest speed.
    #[schemars(extend("minimum" = 0, "x-unit" = "N s/m or N m s/rad", "x-per" = "joint"))]
    pub damping: Vec<f64>,
    /// Share of the largest speed over which accelerating efforts fade.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    #[serde(default = "velocity_margin")]
    pub velocity_margin: f64,
    /// Speed at which the loop trips, as a multiple of the largest speed. It applies to the
    /// measured speed and to jumps between readings.
    #[schemars(extend("minimum" = 1, "maximum" = 10))]
    #[serde(default = "trip_ratio")]
    pub trip_ratio: f64,
}

fn velocity_margin() -> f64 {
    0.1
}
fn trip_ratio() -> f64 {
    1.5
}

/// Thresholds beyond which the loop stops trusting its readings. Defaults are tuned for a 2 ms
/// period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WatchdogConfig {
    /// Largest age of the newest joint state, and largest time by which its stamp may lie ahead of
    /// the loop's clock.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "s"))]
    pub max_state_age: f64,
    /// Jump of a joint between two readings that is always allowed (resolution, noise).
    #[schemars(extend("minimum" = 0, "maximum" = 1, "x-unit" = "m or rad"))]
    pub jump_tolerance: f64,
    /// Largest number of successive new joint states without a changed bit while the arm is moved.
    /// The arm counts as moved if its reported velocity says so, or from a noticeable change of
    /// effort on. Coarse encoders on joints that stick need more; none switches the check off.
    #[schemars(extend("minimum" = 2, "maximum" = 100000))]
    pub max_frozen_readings: Option<u64>,
    /// Largest age of the task's values during a stroke, and largest time by which their stamp may
    /// lie ahead; none if the stroke does not use them.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "s"))]
    pub max_task_age: Option<f64>,
    /// Largest number of periods missed in a row, with no cycle on time in between. The loop trips
    /// on more. Over ROS, the robot is sent zero after this many periods without a command, and
    /// after at least one.
    #[schemars(extend("minimum" = 0, "maximum" = 1000))]
    pub max_consecutive_misses: u64,
    /// Longest silence of the supervisor and of the loop, and longest standstill of a simulated
    /// clock. None switches the check off; it is off in lockstep.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 3600, "x-unit" = "s"))]
    pub heartbeat_timeout: Option<f64>,
}

impl Default for WatchdogConfig {
    fn default() -> Self {
        Self {
            max_state_age: 0.05,
            jump_tolerance: 0.002,
            max_frozen_readings: Some(25),
            max_task_age: Some(0.1),
            max_consecutive_misses: 10,
            heartbeat_timeout: Some(2.),
        }
    }
}

/// Response to a fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SafetyConfig {
    /// Response to a fault that leaves the readings trustworthy. The response to any other fault is
    /// damping.
    #[serde(default)]
    pub response: Response,
    /// Damping of the joints.
    #[schemars(extend("minimum" = 0, "x-unit" = "N s/m or N m s/rad", "x-per" = "joint"))]
    pub damping: Vec<f64>,
    /// Time over which the last effort fades out and damping fades in.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "s"))]
    #[serde(default = "ramp")]
    pub ramp: f64,
    /// Time of damping before the effort goes to zero. It includes the ramp, so it is at least
    /// `ramp`.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 60, "x-unit" = "s"))]
    #[serde(default = "damp_duration")]
    pub duration: f64,
}

fn ramp() -> f64 {
    0.1
}
fn damp_duration() -> f64 {
    0.5
}

/// Response to a fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// Damp the joints, then zero effort.
    #[default]
    Damp,
    /// Hold the posture (against gravity, if a model is loaded) until the reset.
    Hold,
}

/// Priority, processor and memory of the loop's thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SchedulingConfig {
    /// `SCHED_FIFO` priority; none leaves the thread at normal priority.
    #[schemars(extend("minimum" = 1, "maximum" = 99))]
    pub priority: Option<u8>,
    /// Processor the thread is pinned to; none leaves it free.
    pub cpu: Option<usize>,
    /// Lock the process's memory and touch the stack in advance.
    pub lock_memory: bool,
    /// Keep processors out of deep idle states (`/dev/cpu_dma_latency`), as `cyclictest` does. A
    /// refusal is never an error.
    pub avoid_idle_states: bool,
    /// Response to a refused priority, processor or memory lock.
    pub on_error: OnError,
}

impl Default for SchedulingConfig {
    fn default() -> Self {
        Self { priority: Some(80), cpu: None, lock_memory: true, avoid_idle_states: true, on_error: OnError::Warn }
    }
}

/// Response to a refused priority, processor or memory lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// Report the refusal and run without.
    #[default]
    Warn,
    /// Do not start the loop.
    Strict,
}

impl ControlConfig {
    /// The control period.
    pub fn period(&self) -> Duration {
        Duration::from_secs_f64(self.period)
    }
}
