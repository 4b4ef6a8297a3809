//! Who operates a robot that is not in this process.

use crossbeam_channel::Receiver;

use crate::control::{ControlConfig, Event, Request, StartupReport, Stopper};
use crate::report::IterationMetrics;
use crate::storage::TrialMeta;

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

/// Is told what happens, on the supervisor's thread. What it does not care for it leaves out; `()` cares for nothing.
pub trait Watcher: Send {
    /// The loop runs.
    fn started(&mut self, _startup: &StartupReport, _stopper: Stopper) {}

    /// Something happened in the loop.
    fn event(&mut self, _event: &Event) {}

    /// A trial is stored.
    fn trial(&mut self, _trial: &TrialMeta) {}

    /// An iteration is stored.
    fn iteration(&mut self, _iteration: &IterationMetrics) {}
}

impl Watcher for () {}

/// Whoever operates the robot.
pub struct Operator {
    /// What they order.
    pub orders: Receiver<Order>,
    /// How they are told what happens.
    pub watcher: Box<dyn Watcher>,
    /// Whether a fault is reset without them.
    pub reset_faults: bool,
}
