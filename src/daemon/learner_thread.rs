//! The learner on its own thread: a batch goes in, a better policy comes out, while the arm goes home.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::moto::{Batch, IterationReport, Learner, MotoError};
use crate::tasks::Task;

/// Makes the next update panic, in a test of what becomes of the robot.
#[cfg(test)]
pub static PANIC: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// An update, with the learner as it is after it.
pub struct Updated {
    /// The learner, to be saved.
    pub learner: Learner,
    /// What the update did.
    pub report: IterationReport,
    /// How long it took.
    pub duration: Duration,
}

/// The thread. Dropping it lets it end.
pub struct LearnerThread {
    batches: Option<Sender<Batch>>,
    updates: Receiver<Result<Updated, MotoError>>,
    thread: Option<JoinHandle<()>>,
}

/// The learner's thread ended without an answer: it panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the learner's thread is lost")]
pub struct LearnerLost;

impl LearnerThread {
    /// Starts it. The learner's own threads (rayon's) are started here too, before any thread raises its priority.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn spawn(mut learner: Learner, task: Box<dyn Task>) -> std::io::Result<Self> {
        let (batches, inbox) = bounded::<Batch>(1);
        let (outbox, updates) = bounded(1);
        rayon::broadcast(|_| ());
        let thread = std::thread::Builder::new().name("learner".into()).spawn(move || {
            for batch in inbox {
                #[cfg(test)]
                assert!(!PANIC.swap(false, std::sync::atomic::Ordering::Relaxed), "as a test wants it");
                let start = Instant::now();
                let update = learner.update(batch, &*task).map(|report| Updated {
                    learner: learner.clone(),
                    report,
                    duration: start.elapsed(),
                });
                if outbox.send(update).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { batches: Some(batches), updates, thread: Some(thread) })
    }

    /// Hands over the rollouts of an iteration.
    ///
    /// # Errors
    /// If the thread is gone.
    pub fn submit(&self, batch: Batch) -> Result<(), LearnerLost> {
        self.batches.as_ref().ok_or(LearnerLost)?.send(batch).map_err(|_| LearnerLost)
    }

    /// The update, if it is ready.
    ///
    /// # Errors
    /// If the thread is gone.
    pub fn poll(&self) -> Result<Option<Result<Updated, MotoError>>, LearnerLost> {
        match self.updates.try_recv() {
            Ok(update) => Ok(Some(update)),
            Err(crossbeam_channel::TryRecvError::Empty) => Ok(None),
            Err(crossbeam_channel::TryRecvError::Disconnected) => Err(LearnerLost),
        }
    }
}

impl Drop for LearnerThread {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            // A panic was reported by poll already.
            let _ = thread.join();
        }
    }
}
