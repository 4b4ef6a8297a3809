//! What stops the loop, a trial, or an order.

use serde::Serialize;
use std::time::Duration;

/// Why the robot was put into its safe state. Leaving it takes an explicit reset.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// No new joint state arrived for too long.
    #[error("the newest joint state is {age:?} old, allowed are {limit:?}")]
    StaleReading {
        /// Age of the newest joint state.
        age: Duration,
        /// Largest age allowed.
        limit: Duration,
    },
    /// A joint state comes from the future: the clocks do not agree.
    #[error("the newest joint state is stamped {ahead:?} ahead of the loop's clock, allowed are {limit:?}")]
    ReadingAhead {
        /// How far ahead.
        ahead: Duration,
        /// Most allowed.
        limit: Duration,
    },
    /// A joint state is not finite.
    #[error("{quantity} of joint {joint} is not finite")]
    NonFiniteReading {
        /// `position` or `velocity`.
        quantity: &'static str,
        /// Joint, from 0.
        joint: usize,
    },
    /// A joint moved further between two readings than its speed allows.
    #[error("joint {joint} jumped by {jump} between two readings, allowed are {limit}")]
    JointJump {
        /// Joint, from 0.
        joint: usize,
        /// Distance.
        jump: f64,
        /// Most allowed over the time between the readings.
        limit: f64,
    },
    /// The joint states come, but nothing in them changes although the arm is moved.
    #[error("{readings} joint states in a row were the same to the bit although the arm is moved, allowed are {limit}")]
    FrozenReading {
        /// Joint states that were the same as the one before.
        readings: u64,
        /// Most allowed.
        limit: u64,
    },
    /// A joint left its position bounds by more than the margin.
    #[error("joint {joint} is at {position}, beyond its bound {bound} by more than the margin")]
    OutOfBounds {
        /// Joint, from 0.
        joint: usize,
        /// Position.
        position: f64,
        /// Bound.
        bound: f64,
    },
    /// A joint is far above its largest speed.
    #[error("joint {joint} moves at {velocity}, the loop stops above {limit}")]
    Overspeed {
        /// Joint, from 0.
        joint: usize,
        /// Velocity.
        velocity: f64,
        /// Speed at which the loop stops.
        limit: f64,
    },
    /// A joint reports a speed at which the loop stops, but its positions do not show it.
    #[error(
        "joint {joint} moves at {velocity} by its velocity, but its position moved by {moved} while that says {said}"
    )]
    ContradictoryVelocity {
        /// Joint, from 0.
        joint: usize,
        /// Velocity.
        velocity: f64,
        /// How far the position moved since the velocity is that high.
        moved: f64,
        /// How far it should have moved by the velocity.
        said: f64,
    },
    /// A joint is so far from its start posture that no motion of sensible duration leads there.
    #[error("joint {joint} is at {position}, further from its start at {start} than it could move within {limit:?}")]
    TooFarFromStart {
        /// Joint, from 0.
        joint: usize,
        /// Position.
        position: f64,
        /// Its start posture.
        start: f64,
        /// Longest motion.
        limit: Duration,
    },
    /// The law gave an effort that is not finite.
    #[error("the effort asked of joint {joint} is not finite")]
    NonFiniteEffort {
        /// Joint, from 0.
        joint: usize,
    },
    /// Too many periods in a row were missed.
    #[error("{misses} periods missed in a row, allowed are {limit}")]
    MissedDeadlines {
        /// Periods missed.
        misses: u64,
        /// Most allowed.
        limit: u64,
    },
    /// The clock of the loop ran back.
    #[error("the loop's clock jumped back by {back:?}")]
    ClockBackward {
        /// How far.
        back: Duration,
    },
    /// The clock of the loop stands still.
    #[error("the loop's clock stood still for {stood:?}, allowed are {limit:?} (watchdog.heartbeat_timeout)")]
    ClockStopped {
        /// For how long, on the wall clock.
        stood: Duration,
        /// Longest standstill allowed.
        limit: Duration,
    },
    /// The loop gave no command for so long that whoever sends its commands sent zero.
    #[error("the loop gave no command for more than {limit:?}: the robot was sent zero instead")]
    CommandTimeout {
        /// Longest time without a command.
        limit: Duration,
    },
    /// The commands do not leave.
    #[error("{commands} commands in a row did not leave for the robot: their sender stands still, allowed are {limit}")]
    CommandsStuck {
        /// Commands the sender did not take.
        commands: u64,
        /// Most allowed.
        limit: u64,
    },
    /// The supervisor or the learner behind it fell silent.
    #[error("no heartbeat for {silence:?}, allowed are {limit:?}")]
    HeartbeatLost {
        /// Time since the last heartbeat.
        silence: Duration,
        /// Longest silence allowed.
        limit: Duration,
    },
    /// The arm did not reach the start posture in time.
    #[error("the arm did not come to rest in the start posture within {limit:?}")]
    HomingTimeout {
        /// Time it had.
        limit: Duration,
    },
    /// The operator stopped the robot.
    #[error("stopped by the operator")]
    OperatorStop,
    /// The loop is ending.
    #[error("the controller is shutting down")]
    Shutdown,
}

/// What of the newest reading can be acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The positions of all joints.
    pub position: bool,
    /// The velocities of all joints.
    pub velocity: bool,
}

impl Trust {
    /// Everything.
    pub const ALL: Self = Self { position: true, velocity: true };
    /// Nothing.
    pub const NONE: Self = Self { position: false, velocity: false };
}

impl Fault {
    /// Whether readings and model can still be acted upon, so that the posture may be held.
    pub fn may_hold(&self) -> bool {
        match self {
            Self::StaleReading { .. }
            | Self::ReadingAhead { .. }
            | Self::NonFiniteReading { .. }
            | Self::JointJump { .. }
            | Self::FrozenReading { .. }
            | Self::ContradictoryVelocity { .. }
            | Self::OutOfBounds { .. }
            | Self::Overspeed { .. }
            | Self::TooFarFromStart { .. }
            | Self::NonFiniteEffort { .. }
            | Self::ClockStopped { .. }
            | Self::CommandTimeout { .. }
            | Self::CommandsStuck { .. }
            | Self::Shutdown => false,
            Self::MissedDeadlines { .. }
            | Self::ClockBackward { .. }
            | Self::HeartbeatLost { .. }
            | Self::HomingTimeout { .. }
            | Self::OperatorStop => true,
        }
    }

    /// What of a reading that shows this fault can be acted upon. A fault that is not the reading's says nothing against it.
    pub fn trust(&self) -> Trust {
        match self {
            Self::StaleReading { .. }
            | Self::ReadingAhead { .. }
            | Self::NonFiniteReading { .. }
            | Self::FrozenReading { .. }
            // Which of the two is wrong, position or velocity, does not show.
            | Self::JointJump { .. } => Trust::NONE,
            Self::ContradictoryVelocity { .. } => Trust { position: true, velocity: false },
            // An arm that flies or leaves its bounds is the one that has to be braked.
            Self::OutOfBounds { .. }
            | Self::Overspeed { .. }
            | Self::TooFarFromStart { .. }
            | Self::NonFiniteEffort { .. }
            | Self::MissedDeadlines { .. }
            | Self::ClockBackward { .. }
            | Self::ClockStopped { .. }
            | Self::CommandTimeout { .. }
            | Self::CommandsStuck { .. }
            | Self::HeartbeatLost { .. }
            | Self::HomingTimeout { .. }
            | Self::OperatorStop
            | Self::Shutdown => Trust::ALL,
        }
    }
}

/// Why a trial ended before its last step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, thiserror::Error)]
#[non_exhaustive]
pub enum Abort {
    /// The robot was put into its safe state.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The arm was ready, but nothing started the stroke.
    #[error("the stroke was not triggered within {limit:?}")]
    NotTriggered {
        /// Time it had.
        limit: Duration,
    },
    /// The task's values became too old during the stroke.
    #[error("the task's newest values are {age:?} old, allowed are {limit:?}")]
    StaleTask {
        /// Age.
        age: Duration,
        /// Largest age allowed.
        limit: Duration,
    },
    /// The task's values are stamped ahead of the loop's clock.
    #[error("the task's newest values are stamped {ahead:?} ahead of the loop's clock, allowed are {limit:?}")]
    TaskAhead {
        /// How far ahead.
        ahead: Duration,
        /// Most allowed.
        limit: Duration,
    },
    /// The policy's state is not finite.
    #[error("entry {index} of the policy's state is not finite")]
    NonFiniteState {
        /// Entry of the state.
        index: usize,
    },
    /// So many periods were missed that a whole policy step passed without a cycle.
    #[error("policy step {step} passed without a control cycle")]
    SkippedStep {
        /// The step.
        step: usize,
    },
}

/// Why an order was refused.
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// A dimension of policy, noise or buffers does not fit the robot or the task.
    #[error("{quantity} is {found}, expected {expected}")]
    Shape {
        /// What does not fit.
        quantity: &'static str,
        /// Found.
        found: usize,
        /// Expected.
        expected: usize,
    },
    /// The noise has a non-finite entry.
    #[error("entry {index} of the exploration noise is not finite")]
    NonFiniteNoise {
        /// Entry.
        index: usize,
    },
    /// The robot is in its safe state.
    #[error("the robot is stopped and was not reset: {0}")]
    Stopped(Fault),
}
