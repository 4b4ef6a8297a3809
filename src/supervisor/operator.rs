//! The operator of a robot outside this process.

use crossbeam_channel::Receiver;

use super::recording::Recording;
use crate::control::{ControlConfig, Event, Request, StartupReport, Stopper};
use crate::report::IterationMetrics;
use crate::storage::TrialMeta;

/// An order of the operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// A request to the loop.
    Loop(Request),
    /// Make a stroke without exploration noise.
    Evaluate,
    /// Write a checkpoint now.
    Save,
    /// Use other gains and limits from the next trial on. Settings that cannot change while the
    /// loop runs stay as they are.
    Tune(Box<ControlConfig>),
    /// The score of the stroke that waits for one. Non-finite scores are passed over.
    Score(f64),
    /// Do not learn from the stroke that waits for its score.
    Skip,
    /// Record the arm while it is led by hand. A recording under way is dropped.
    Record,
    /// End the recording. The watcher gets it.
    EndRecording,
    /// End the run: the robot gets the safe command, and the run is saved.
    End,
    /// End the run without the update in progress.
    Hurry,
}

/// Observer of a run, called on the supervisor's thread. Every method does nothing by default. `()`
/// observes nothing.
pub trait Watcher: Send {
    /// The loop started.
    fn started(&mut self, _startup: &StartupReport, _stopper: Stopper) {}

    /// The loop reported an event.
    fn event(&mut self, _event: &Event) {}

    /// A trial was stored.
    fn trial(&mut self, _trial: &TrialMeta) {}

    /// A recording of the arm that was led by hand is over: the operator or the run ended it.
    fn recorded(&mut self, _recording: Recording) {}

    /// An iteration was stored.
    fn iteration(&mut self, _iteration: &IterationMetrics) {}
}

impl Watcher for () {}

/// The operator's connection to a run.
pub struct Operator {
    /// The operator's orders.
    pub orders: Receiver<Order>,
    /// The observer that informs the operator.
    pub watcher: Box<dyn Watcher>,
    /// Whether faults are reset without an order.
    pub reset_faults: bool,
}
