//! The state of a run, shared by its publishers, its services and the diagnostics.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::control::{Status, Stopper};
use crate::report::IterationMetrics;
use crate::storage::{TrialEnd, TrialMeta};

/// State of the run, for the diagnostics.
#[derive(Clone, Default)]
pub struct Health(Arc<Mutex<Known>>);

/// Known parts of the state.
#[derive(Default)]
pub(super) struct Known {
    pub startup: Option<String>,
    pub stopper: Option<Stopper>,
    pub fault: Option<String>,
    /// Why the last run ended, unless it was asked to.
    pub failure: Option<String>,
    /// Number of times the loop left its safe state.
    pub resets: u64,
    pub trial: Option<TrialMeta>,
    pub kept: Kept,
    pub iteration: Option<IterationMetrics>,
}

/// What became of a run's trials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Number of trials.
    pub trials: u64,
    /// Number of trials that are not learned from, and the reason of the newest of them.
    pub left_out: u64,
    pub reason: String,
}

impl Kept {
    /// Takes a trial into account.
    pub fn take(&mut self, end: &TrialEnd) {
        self.trials += 1;
        if let Some(reason) = end.left_out() {
            self.left_out += 1;
            self.reason = reason.into();
        }
    }

    /// The sum, for people; `None` if every trial was learned from.
    pub fn summary(&self, simulated: bool) -> Option<String> {
        let Self { trials, left_out, reason } = self;
        let slower =
            if simulated { ". A simulation that is too fast for this machine loses trials: slow it down" } else { "" };
        (*left_out > 0).then(|| format!("{left_out} of {trials} trials were left out; the last one: {reason}{slower}"))
    }
}

impl Health {
    /// What became of the trials so far.
    pub fn kept(&self) -> Kept {
        self.lock().kept.clone()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loop's status, while there is a loop.
    pub fn status(&self) -> Option<Status> {
        self.lock().stopper.as_ref().map(Stopper::status)
    }

    /// The present fault.
    pub fn fault(&self) -> Option<String> {
        self.lock().fault.clone()
    }

    /// Number of times the loop left its safe state.
    pub fn resets(&self) -> u64 {
        self.lock().resets
    }

    /// Stops the robot now, if there is a loop.
    pub fn stop(&self) {
        if let Some(stopper) = &self.lock().stopper {
            stopper.stop();
        }
    }

    /// Takes note that the loop ended or did not start, and why, unless it was asked to end.
    pub fn ended(&self, failure: Option<String>) {
        let mut known = self.lock();
        (known.stopper, known.fault, known.failure) = (None, None, failure);
    }
}
