//! Reasons why the loop, a trial or an order stops.

use crate::robot::Observed;
use serde::Serialize;
use std::time::Duration;

/// Why the robot was put into its safe state. Only an explicit reset leaves it.
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
    /// A joint state is stamped ahead of the loop's clock: the clocks do not agree.
    #[error("the newest joint state is stamped {ahead:?} ahead of the loop's clock, allowed are {limit:?}")]
    ReadingAhead {
        /// Time by which the stamp lies ahead.
        ahead: Duration,
        /// Largest lead allowed.
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
        /// Distance moved.
        jump: f64,
        /// Largest distance allowed over the time between the readings.
        limit: f64,
    },
    /// Joint states arrive, but no value changes although the arm is moved.
    #[error("{readings} joint states in a row were the same to the bit although the arm is moved, allowed are {limit}")]
    FrozenReading {
        /// Joint states equal to their predecessor.
        readings: u64,
        /// Largest number allowed.
        limit: u64,
    },
    /// A joint is outside its position bounds by more than the margin.
    #[error("joint {joint} is at {position}, beyond its bound {bound} by more than the margin")]
    OutOfBounds {
        /// Joint, from 0.
        joint: usize,
        /// Position.
        position: f64,
        /// Bound.
        bound: f64,
    },
    /// The speed of a joint is far above its limit.
    #[error("joint {joint} moves at {velocity}, the loop stops above {limit}")]
    Overspeed {
        /// Joint, from 0.
        joint: usize,
        /// Velocity.
        velocity: f64,
        /// Speed at which the loop trips.
        limit: f64,
    },
    /// A joint reports a speed at which the loop trips, but its positions do not show it.
    #[error(
        "joint {joint} moves at {velocity} by its velocity, but its position moved by {moved} while that says {said}"
    )]
    ContradictoryVelocity {
        /// Joint, from 0.
        joint: usize,
        /// Velocity.
        velocity: f64,
        /// Distance the position moved since the velocity became that high.
        moved: f64,
        /// Distance according to the velocity.
        said: f64,
    },
    /// A joint is so far from its start posture that no motion of sensible duration leads there.
    #[error("joint {joint} is at {position}, further from its start at {start} than it could move within {limit:?}")]
    TooFarFromStart {
        /// Joint, from 0.
        joint: usize,
        /// Position.
        position: f64,
        /// Position of the joint in the start posture.
        start: f64,
        /// Longest motion that is planned.
        limit: Duration,
    },
    /// The law gave an infinite effort or NaN.
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
        /// Largest number allowed.
        limit: u64,
    },
    /// The clock of the loop ran back.
    #[error("the loop's clock jumped back by {back:?}")]
    ClockBackward {
        /// Time by which the clock ran back.
        back: Duration,
    },
    /// The robot paces the loop, and its time did not advance from one packet to the next.
    #[error("the robot's time did not advance between two packets (control.pacing: robot)")]
    RobotTimeRepeated,
    /// The clock of the loop stands still.
    #[error("the loop's clock stood still for {stood:?}, allowed are {limit:?} (watchdog.heartbeat_timeout)")]
    ClockStopped {
        /// Duration of the standstill, on the wall clock.
        stood: Duration,
        /// Longest standstill allowed.
        limit: Duration,
    },
    /// The loop gave no command for so long that the sender of its commands sent zero.
    #[error("the loop gave no command for more than {limit:?}: the robot was sent zero instead")]
    CommandTimeout {
        /// Longest time without a command.
        limit: Duration,
    },
    /// The sender does not take the commands.
    #[error("{commands} commands in a row did not leave for the robot: their sender stands still, allowed are {limit}")]
    CommandsStuck {
        /// Commands that the sender did not take.
        commands: u64,
        /// Largest number allowed.
        limit: u64,
    },
    /// The supervisor, or the learner behind it, fell silent.
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
        /// Time allowed.
        limit: Duration,
    },
    /// The operator stopped the robot.
    #[error("stopped by the operator")]
    OperatorStop,
    /// The loop is ending.
    #[error("the controller is shutting down")]
    Shutdown,
}

/// Trustworthy parts of the newest reading.
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
    /// Whether readings and model are trustworthy enough to hold the posture.
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
            | Self::RobotTimeRepeated
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

    /// Whether the arm's own motion is the fault, by readings that can be trusted: what the policy did led
    /// there.
    pub fn is_of_motion(&self) -> bool {
        match self {
            Self::OutOfBounds { .. } | Self::Overspeed { .. } => true,
            // The reading may be wrong.
            Self::StaleReading { .. }
            | Self::ReadingAhead { .. }
            | Self::NonFiniteReading { .. }
            | Self::JointJump { .. }
            | Self::FrozenReading { .. }
            | Self::ContradictoryVelocity { .. }
            // There is no action to learn from.
            | Self::NonFiniteEffort { .. }
            // Not in a stroke.
            | Self::TooFarFromStart { .. }
            | Self::HomingTimeout { .. }
            // Time, the way of the commands, the program and the operator.
            | Self::MissedDeadlines { .. }
            | Self::ClockBackward { .. }
            | Self::RobotTimeRepeated
            | Self::ClockStopped { .. }
            | Self::CommandTimeout { .. }
            | Self::CommandsStuck { .. }
            | Self::HeartbeatLost { .. }
            | Self::OperatorStop
            | Self::Shutdown => false,
        }
    }

    /// Parts of a reading that stay trustworthy under this fault. A fault that does not concern the
    /// reading leaves all of it trustworthy.
    pub fn trust(&self) -> Trust {
        match self {
            Self::StaleReading { .. }
            | Self::ReadingAhead { .. }
            | Self::NonFiniteReading { .. }
            | Self::FrozenReading { .. }
            // Either the position or the velocity may be wrong.
            | Self::JointJump { .. } => Trust::NONE,
            Self::ContradictoryVelocity { .. } => Trust { position: true, velocity: false },
            // An arm that flies or leaves its bounds must be braked by its readings.
            Self::OutOfBounds { .. }
            | Self::Overspeed { .. }
            | Self::TooFarFromStart { .. }
            | Self::NonFiniteEffort { .. }
            | Self::MissedDeadlines { .. }
            | Self::ClockBackward { .. }
            | Self::RobotTimeRepeated
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
    /// The arm was ready, but the trigger did not come.
    #[error("the stroke was not triggered within {limit:?}")]
    NotTriggered {
        /// Time allowed.
        limit: Duration,
    },
    /// An observed value became too old during the stroke.
    #[error("{} {age:?} old, allowed are {limit:?}", subject(*value))]
    StaleTask {
        /// The value, in the task's order from 0. `None`: all of them.
        value: Option<usize>,
        /// Age of the values.
        age: Duration,
        /// Largest age allowed.
        limit: Duration,
    },
    /// An observed value is stamped ahead of the loop's clock.
    #[error("{} stamped {ahead:?} ahead of the loop's clock, allowed are {limit:?}", subject(*value))]
    TaskAhead {
        /// The value, in the task's order from 0. `None`: all of them.
        value: Option<usize>,
        /// Time by which the stamp lies ahead.
        ahead: Duration,
        /// Largest lead allowed.
        limit: Duration,
    },
    /// The policy's state is not finite.
    #[error("entry {index} of the policy's state is not finite")]
    NonFiniteState {
        /// Entry of the state.
        index: usize,
    },
    /// A whole policy step passed without a cycle, because its periods were missed.
    #[error("policy step {step} passed without a control cycle")]
    SkippedStep {
        /// The step.
        step: usize,
    },
}

impl Abort {
    /// The message, with the name of an observed value in place of its number.
    pub fn named(&self, observed: &[Observed]) -> String {
        let text = self.to_string();
        let (Self::StaleTask { value, .. } | Self::TaskAhead { value, .. }) = self else { return text };
        match value.and_then(|value| observed.get(value)) {
            Some(Observed { name, .. }) => text.replacen(&subject(*value), &format!("{name} is"), 1),
            None => text,
        }
    }
}

fn subject(value: Option<usize>) -> String {
    match value {
        Some(value) => format!("observed value {value} is"),
        None => "the task's newest values are".into(),
    }
}

/// Why an order was refused.
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// A dimension of policy, noise or buffers does not fit the robot or the task.
    #[error("{quantity} is {found}, expected {expected}")]
    Shape {
        /// The quantity that does not fit.
        quantity: &'static str,
        /// Dimension found.
        found: usize,
        /// Dimension expected.
        expected: usize,
    },
    /// The noise has a non-finite entry.
    #[error("entry {index} of the exploration noise is not finite")]
    NonFiniteNoise {
        /// Index of the entry.
        index: usize,
    },
    /// The robot is in its safe state.
    #[error("the robot is stopped and was not reset: {0}")]
    Stopped(Fault),
}
