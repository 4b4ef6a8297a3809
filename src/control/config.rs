//! What may be set of the control loop, each value with its unit, range and default, and checked before anything moves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The control loop's configuration. Lists have one entry per joint, in the robot's order; lengths and angles are in m or rad,
/// efforts in N or N m, times in s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlConfig {
    /// Control period.
    #[schemars(extend("minimum" = 0.0001, "maximum" = 0.1, "x-unit" = "s"))]
    #[serde(default = "period")]
    pub period: f64,
    /// Control periods per policy step; the effort asked is held in between.
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    #[serde(default = "decimation")]
    pub decimation: usize,
    /// Posture a stroke starts from, inside the limits by their margin.
    #[schemars(extend("x-unit" = "m or rad", "x-per" = "joint"))]
    pub start_posture: Vec<f64>,
    /// Effort per unit of the policy's action.
    #[schemars(extend("exclusiveMinimum" = 0, "x-unit" = "N or N m", "x-per" = "joint"))]
    pub action_scale: Vec<f64>,
    /// What starts the stroke.
    #[serde(default)]
    pub trigger: Trigger,
    /// How long a ready arm waits for its trigger before the trial is given up.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 3600, "x-unit" = "s"))]
    #[serde(default = "ready_timeout")]
    pub ready_timeout: f64,
    /// The way to the start posture.
    #[serde(default)]
    pub homing: MotionConfig,
    /// The way back after the stroke.
    #[serde(default, rename = "return")]
    pub return_home: MotionConfig,
    /// Gains of holding and homing.
    #[serde(default)]
    pub tracking: TrackingConfig,
    /// What the joints are allowed.
    pub limits: LimitsConfig,
    /// When the loop stops trusting what it sees.
    #[serde(default)]
    pub watchdog: WatchdogConfig,
    /// What the robot gets when something tripped.
    pub safety: SafetyConfig,
    /// Priority, processor and memory of the loop's thread.
    #[serde(default)]
    pub scheduling: SchedulingConfig,
    /// Largest share of missed cycles of a stroke that is still learned from.
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    #[serde(default = "max_missed_share")]
    pub max_missed_share: f64,
    /// Share of a stroke's cycles changed by a limit above which the trial says so.
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    #[serde(default = "max_clipped_share")]
    pub max_clipped_share: f64,
    /// Cycles the black box holds.
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

/// What starts the stroke of an arm that is ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The task sees it in a reading, e.g. the ball comes within reach.
    #[default]
    Task,
    /// Nothing: the stroke starts at once.
    AtOnce,
    /// The operator's request.
    Operator,
}

/// A minimum-jerk motion to the start posture, and when it counts as done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MotionConfig {
    /// Duration; longer where a joint would exceed its speed.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 60, "x-unit" = "s"))]
    pub duration: f64,
    /// Largest distance from the posture.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1, "x-unit" = "m or rad"))]
    pub position_tolerance: f64,
    /// Largest speed.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "m/s or rad/s"))]
    pub velocity_tolerance: f64,
    /// Time to come to rest after the planned motion; then the loop stops safely.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 3600, "x-unit" = "s"))]
    pub timeout: f64,
}

impl Default for MotionConfig {
    fn default() -> Self {
        Self { duration: 1., position_tolerance: 0.02, velocity_tolerance: 0.1, timeout: 2. }
    }
}

/// Gains of the tracking controller, on accelerations: the model (or the nominal inertia) makes efforts of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrackingConfig {
    /// Stiffness.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1000000, "x-unit" = "1/s^2"))]
    pub stiffness: f64,
    /// Damping.
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

/// What the joints are allowed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// Largest effort.
    #[schemars(extend("exclusiveMinimum" = 0, "x-unit" = "N or N m", "x-per" = "joint", "x-empty" = "the robot description's"))]
    #[serde(default)]
    pub effort: Vec<f64>,
    /// Fastest change of the effort sent; a period allows this times the period.
    #[schemars(extend("exclusiveMinimum" = 0, "x-unit" = "N/s or N m/s", "x-per" = "joint"))]
    pub effort_rate: Vec<f64>,
    /// Lower position bound; -inf for a joint without.
    #[schemars(extend("x-infinite" = true, "x-unit" = "m or rad", "x-per" = "joint", "x-empty" = "the robot description's, its soft limit where it has one"))]
    #[serde(default)]
    pub lower: Vec<f64>,
    /// Upper position bound, above the lower by more than two margins; inf for a joint without.
    #[schemars(extend("x-infinite" = true, "x-unit" = "m or rad", "x-per" = "joint", "x-empty" = "the robot description's, its soft limit where it has one"))]
    #[serde(default)]
    pub upper: Vec<f64>,
    /// Largest speed.
    #[schemars(extend("exclusiveMinimum" = 0, "x-unit" = "m/s or rad/s", "x-per" = "joint", "x-empty" = "the robot description's"))]
    #[serde(default)]
    pub velocity: Vec<f64>,
    /// Zone inside each position bound over which spring and damper take over; beyond a bound by as much, the loop
    /// stops.
    #[schemars(extend("exclusiveMinimum" = 0, "x-unit" = "m or rad", "x-per" = "joint"))]
    pub margin: Vec<f64>,
    /// Spring in that zone.
    #[schemars(extend("minimum" = 0, "x-unit" = "N/m or N m/rad", "x-per" = "joint"))]
    pub stiffness: Vec<f64>,
    /// Damper in that zone and above the largest speed.
    #[schemars(extend("minimum" = 0, "x-unit" = "N s/m or N m s/rad", "x-per" = "joint"))]
    pub damping: Vec<f64>,
    /// Share of the largest speed over which accelerating efforts fade.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    #[serde(default = "velocity_margin")]
    pub velocity_margin: f64,
    /// Multiple of the largest speed at which the loop stops, measured or as a jump between readings.
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

/// When the loop stops trusting what it sees. The default holds at a period of 2 ms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WatchdogConfig {
    /// Largest age of the newest joint state, and how far its stamp may lie ahead.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "s"))]
    pub max_state_age: f64,
    /// Jump of a joint between two readings that is always allowed (resolution, noise).
    #[schemars(extend("minimum" = 0, "maximum" = 1, "x-unit" = "m or rad"))]
    pub jump_tolerance: f64,
    /// Most new joint states in a row without a changed bit while the arm is moved, by what they say themselves or by
    /// efforts that change. More for coarse encoders on joints that stick; none where readings may stand still.
    #[schemars(extend("minimum" = 2, "maximum" = 100000))]
    pub max_frozen_readings: Option<u64>,
    /// Largest age of the task's values during a stroke, and how far their stamp may lie ahead; none if the stroke does not
    /// use them.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "s"))]
    pub max_task_age: Option<f64>,
    /// Most periods missed in a row without a cycle on time in between; more stop the loop. Over ROS, this many periods without a
    /// command, one at least, send the robot zero.
    #[schemars(extend("minimum" = 0, "maximum" = 1000))]
    pub max_consecutive_misses: u64,
    /// Longest silence of the supervisor and of the loop, and longest standstill of a simulated clock; not watched in lockstep, nor
    /// if none.
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

/// What the robot gets when something tripped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SafetyConfig {
    /// The answer to a fault that leaves the readings trustworthy; any other is answered by damping.
    #[serde(default)]
    pub response: Response,
    /// Damping of the joints.
    #[schemars(extend("minimum" = 0, "x-unit" = "N s/m or N m s/rad", "x-per" = "joint"))]
    pub damping: Vec<f64>,
    /// Time over which the last effort fades and damping takes over.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "s"))]
    #[serde(default = "ramp")]
    pub ramp: f64,
    /// Time of damping before the effort goes to zero, the ramp included: at least `ramp`.
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

/// How a fault is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// Damp the joints, then zero effort.
    #[default]
    Damp,
    /// Hold the posture (against gravity, where a model is loaded) until the reset.
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
    /// Keep processors out of deep idle states (`/dev/cpu_dma_latency`), as `cyclictest` does; never an error.
    pub avoid_idle_states: bool,
    /// What a refusal does.
    pub on_error: OnError,
}

impl Default for SchedulingConfig {
    fn default() -> Self {
        Self { priority: Some(80), cpu: None, lock_memory: true, avoid_idle_states: true, on_error: OnError::Warn }
    }
}

/// What a refused priority, processor or lock does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// It is reported, and the loop runs without.
    #[default]
    Warn,
    /// The loop does not start.
    Strict,
}

impl ControlConfig {
    /// The control period.
    pub fn period(&self) -> Duration {
        Duration::from_secs_f64(self.period)
    }
}
