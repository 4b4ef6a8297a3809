//! What the supervisor tells the live page.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::control::{Episode, Event, LoopView, SafetyState};
use crate::report::IterationMetrics;
use crate::storage::TrialMeta;

/// Tells the live page what happens. The page takes it 25 times a second; of trials it takes the newest.
#[derive(Clone, Default)]
pub struct Feed(Arc<Mutex<Told>>);

/// What was told since the page took it last.
#[derive(Default)]
pub(super) struct Told {
    /// Another loop.
    pub view: Option<LoopView>,
    /// The newest trial.
    pub trial: Option<(TrialMeta, Arc<Episode>)>,
    /// Iterations, without their values per step.
    pub iterations: Vec<IterationMetrics>,
    /// The present fault.
    pub fault: Option<String>,
    /// Whether the run is over.
    pub over: bool,
}

impl Feed {
    /// Another loop runs.
    pub fn view(&self, view: LoopView) {
        let mut told = self.lock();
        (told.view, told.fault) = (Some(view), None);
    }

    /// The loop reported an event.
    pub fn event(&self, event: &Event) {
        match event {
            Event::Tripped { fault, .. } => self.lock().fault = Some(fault.to_string()),
            Event::Safety { state: SafetyState::Run, .. } => self.lock().fault = None,
            _ => {}
        }
    }

    /// A trial ended.
    pub fn trial(&self, meta: TrialMeta, episode: Arc<Episode>) {
        let former = self.lock().trial.replace((meta, episode));
        // Freed outside the lock.
        drop(former);
    }

    /// An iteration is complete.
    pub fn iteration(&self, line: IterationMetrics) {
        self.lock().iterations.push(line.reduced());
    }

    /// The run is over.
    pub(super) fn end(&self) {
        self.lock().over = true;
    }

    pub(super) fn take(&self) -> Told {
        let mut told = self.lock();
        Told {
            view: told.view.take(),
            trial: told.trial.take(),
            iterations: std::mem::take(&mut told.iterations),
            fault: told.fault.clone(),
            over: told.over,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
