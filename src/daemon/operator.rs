//! Who operates a robot that is not in this process, and how it is reached.

use std::error::Error;
use std::sync::Arc;

use crossbeam_channel::Receiver;
use tokio::sync::Notify;

use crate::control::{Clock, ControlConfig, Event, Request, StartupReport, Stopper};
use crate::report::IterationMetrics;
use crate::robot::RobotPort;
use crate::storage::TrialMeta;

/// An error of whoever reaches the robot.
pub type LinkError = Box<dyn Error + Send + Sync>;

/// A robot that is not in this process.
pub trait RemoteRobot: Send {
    /// Ties the robot to its end of the link. The loop keeps the time of the clock that comes back; a clock in lockstep tells
    /// `idle` when the loop runs out of trials.
    ///
    /// # Errors
    /// Why the robot cannot be reached.
    fn connect(&mut self, port: RobotPort, idle: Arc<Notify>) -> Result<Box<dyn Clock>, LinkError>;

    /// The loop is about to end. A clock that stands must not hold it up.
    fn let_go(&mut self);

    /// The loop is over and gave the safe command, or hangs: that the robot has it, or zero, is the last to see to.
    fn disconnect(&mut self);

    /// Why the robot was lost, if it was.
    fn failure(&mut self) -> Option<LinkError>;
}

/// What an operator orders.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Something of the loop.
    Loop(Request),
    /// A stroke without exploration noise.
    Evaluate,
    /// A checkpoint now.
    Save,
    /// Other gains and limits from the next trial on; what cannot change while the loop runs is as it was.
    Tune(Box<ControlConfig>),
    /// What the stroke was worth that waits for it, finite.
    Score(f64),
    /// The stroke that waits for its score is not learned from.
    Skip,
    /// The end: the robot gets the safe command, and the run is saved.
    End,
    /// The end, without the update that the learner is making.
    Hurry,
}

/// Is told what happens.
pub trait Watcher: Send {
    /// The loop runs.
    fn started(&mut self, startup: &StartupReport, stopper: Stopper);

    /// Something happened in the loop.
    fn event(&mut self, event: &Event);

    /// A trial is stored.
    fn trial(&mut self, trial: &TrialMeta);

    /// An iteration is stored.
    fn iteration(&mut self, iteration: &IterationMetrics);
}

/// Whoever operates the robot.
pub struct Operator {
    /// What they order.
    pub orders: Receiver<Order>,
    /// How they are told what happens.
    pub watcher: Box<dyn Watcher>,
    /// Whether a fault is reset without them.
    pub reset_faults: bool,
}
