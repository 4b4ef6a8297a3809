//! The state of a run, shared by its publishers, its services and the diagnostics.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::control::{Status, Stopper};
use crate::report::IterationMetrics;
use crate::storage::TrialMeta;

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
    pub iteration: Option<IterationMetrics>,
}

impl Health {
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
