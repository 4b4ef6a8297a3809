//! What passes the border.

use std::ffi::c_char;

use controller::control::{Phase, SafetyState};
use controller::robot::Form;

/// Result of a call. Zero and above: the call did its work. Below zero: it did nothing.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum moto_result {
    /// Done.
    MOTO_OK = 0,
    /// `moto_cycle`: the cycle was made, and the robot is in a safe state. Send the effort. Only a
    /// reset leaves the safe state.
    MOTO_SAFE_STATE = 1,
    /// `moto_cycle`: no run is under way. The effort is zero.
    MOTO_NOT_RUNNING = 2,
    /// A pointer is null.
    MOTO_NULL_POINTER = -1,
    /// A length is not that of the robot or the task.
    MOTO_WRONG_SIZE = -2,
    /// The controller was closed.
    MOTO_CLOSED = -3,
    /// Another thread is within `moto_cycle` or `moto_next_request`.
    MOTO_TWO_THREADS = -4,
    /// A run is under way already.
    MOTO_RUNNING = -5,
    /// Refused: `moto_last_error` says why.
    MOTO_REFUSED = -6,
    /// The library failed, and the run ends. The effort is zero.
    MOTO_PANICKED = -7,
    /// `moto_cycle`: the effort shares memory with the state.
    MOTO_OVERLAP = -8,
}

/// The robot is a simulation of the caller's: it starts anew where `moto_next_request` says so, its
/// time passes with the cycles alone, and nothing has a deadline. The run is then the same, to the
/// bit, as that of the daemon in lockstep with the same simulation.
pub const MOTO_SIMULATED: u32 = 1;
/// Leave the safe state after a fault without `moto_reset_fault`. For simulations: at a robot, a person
/// should look first.
pub const MOTO_RESET_FAULTS: u32 = 2;
/// Go on with the run in the run folder. The configuration is the folder's.
pub const MOTO_RESUME: u32 = 4;

/// A packet of the robot: its state at one instant.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct moto_state {
    /// Time of the measurement by the robot's own clock, ns from any origin. It goes up by
    /// `moto_period` from cycle to cycle. A gap counts as missed periods; a time that stays or goes
    /// back is a fault.
    pub time: u64,
    /// Joint positions (joint), rad or m.
    pub position: *const f64,
    /// Joint velocities (joint), rad/s or m/s.
    pub velocity: *const f64,
    /// Number of joints.
    pub joints: usize,
    /// What the task observes besides the joints, one thing after the other as `moto_observed_value`
    /// lists them. May be null if that is nothing.
    pub observed: *const f64,
    /// How many numbers `observed` are.
    pub observed_numbers: usize,
    /// Time of the measurement of the oldest of them, ns by the same clock.
    pub observed_time: u64,
}

/// A thing that a task observes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct moto_observed {
    /// Its name. Valid for the life of the process.
    pub name: *const c_char,
    /// What its numbers are.
    pub form: moto_form,
    /// How many.
    pub numbers: usize,
}

/// What numbers are.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum moto_form {
    /// Position (x, y, z), m, and velocity (x, y, z), m/s, of a body in the world.
    MOTO_ODOMETRY = 0,
    /// Position (x, y, z) of a body in the world, m.
    MOTO_POSITION = 1,
    /// Numbers without a form.
    MOTO_NUMBERS = 2,
}

impl From<Form> for moto_form {
    fn from(form: Form) -> Self {
        match form {
            Form::Odometry => Self::MOTO_ODOMETRY,
            Form::Position => Self::MOTO_POSITION,
            Form::Values(_) => Self::MOTO_NUMBERS,
        }
    }
}

/// Phase of a trial.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum moto_phase {
    /// No trial; the arm holds its posture.
    MOTO_IDLE = 0,
    /// The arm moves to the start posture.
    MOTO_HOMING = 1,
    /// The arm is in the start posture and waits for the trigger.
    MOTO_READY = 2,
    /// The stroke.
    MOTO_STROKE = 3,
    /// The arm moves home.
    MOTO_RETURN = 4,
    /// No trial; the arm is led by hand.
    MOTO_TEACHING = 5,
}

impl From<Phase> for moto_phase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Idle => Self::MOTO_IDLE,
            Phase::Homing => Self::MOTO_HOMING,
            Phase::Ready => Self::MOTO_READY,
            Phase::Stroke => Self::MOTO_STROKE,
            Phase::Return => Self::MOTO_RETURN,
            Phase::Teaching => Self::MOTO_TEACHING,
        }
    }
}

/// Safety state.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum moto_safety {
    /// No fault.
    MOTO_RUN = 0,
    /// After a fault: the arm holds its posture.
    MOTO_HOLD = 1,
    /// After a fault: the joints are damped.
    MOTO_DAMP = 2,
    /// After a fault: zero effort.
    MOTO_ZERO = 3,
}

impl From<SafetyState> for moto_safety {
    fn from(state: SafetyState) -> Self {
        match state {
            SafetyState::Run => Self::MOTO_RUN,
            SafetyState::Hold => Self::MOTO_HOLD,
            SafetyState::Damp => Self::MOTO_DAMP,
            SafetyState::Zero => Self::MOTO_ZERO,
        }
    }
}

/// What the loop asks of the world around the robot.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum moto_request_kind {
    /// A trial begins: a simulation starts anew, with random numbers of this trial.
    MOTO_BEGIN_TRIAL = 0,
    /// The arm is ready: start the task, e.g. serve the ball.
    MOTO_START_TASK = 1,
}

/// A request. The numbers name a trial, for `MOTO_BEGIN_TRIAL`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct moto_request {
    /// What is asked for.
    pub kind: moto_request_kind,
    /// Whether the trial is made without exploration noise.
    pub evaluation: bool,
    /// Iteration of the learner, from 0.
    pub iteration: u64,
    /// Rollout within the iteration, from 0.
    pub rollout: u64,
}

/// Status of the controller.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct moto_status {
    /// Whether a run is under way.
    pub running: bool,
    /// Whether all iterations of the run are done.
    pub complete: bool,
    /// Whether trials are paused.
    pub paused: bool,
    /// Phase of the trial.
    pub phase: moto_phase,
    /// Safety state.
    pub safety: moto_safety,
    /// Cycles made since the start.
    pub cycles: u64,
    /// Periods missed since the start.
    pub misses: u64,
    /// Trials stored since the controller was opened.
    pub trials: u64,
    /// Iterations stored since then.
    pub iterations: u64,
    /// Mean return of the newest iteration; NaN before the first.
    pub mean_return: f64,
}
