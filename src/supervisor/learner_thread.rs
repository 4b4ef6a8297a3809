//! The learner on its own thread: a batch goes in, a better policy comes out, while the arm goes home.

use std::cell::Cell;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use moto_learners::{Batch, Learner, LearnerError, Report, Reward};

/// Makes the next update panic, in a test of what becomes of the robot.
#[cfg(test)]
pub static PANIC: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// An update, with the learner as it is after it.
pub struct Updated {
    /// The learner, to be saved.
    pub learner: Box<dyn Learner>,
    /// What the update did.
    pub report: Report,
    /// How long it took.
    pub duration: Duration,
}

/// The thread. Dropping it lets it end; while it has a batch, nobody waits for that.
pub struct LearnerThread {
    batches: Option<Sender<Batch>>,
    updates: Receiver<Result<Updated, LearnerError>>,
    thread: Option<JoinHandle<()>>,
    /// When the batch it has was handed over.
    since: Cell<Option<Instant>>,
}

/// Why no update comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LearnerLost {
    /// The system gives no thread.
    #[error("the learner's thread could not be started: {0}")]
    NoThread(std::io::ErrorKind),
    /// The thread ended without an answer.
    #[error("the learner's thread is lost: it panicked")]
    Panicked,
    /// The thread does not answer.
    #[error("the learner's thread is lost: no update for {0:?} (run.update_timeout)")]
    Hangs(Duration),
}

impl LearnerThread {
    /// Starts it. The learner's own threads (rayon's) are started here too, before any thread raises its priority.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn spawn(mut learner: Box<dyn Learner>, reward: Box<dyn Reward + Send>) -> Result<Self, LearnerLost> {
        rayon::broadcast(|_| ());
        Self::answering(move |batch| {
            let start = Instant::now();
            let report = learner.learn(batch, &*reward)?;
            Ok(Updated { learner: learner.clone(), report, duration: start.elapsed() })
        })
    }

    /// A thread that answers each batch so.
    pub(super) fn answering(
        mut answer: impl FnMut(Batch) -> Result<Updated, LearnerError> + Send + 'static,
    ) -> Result<Self, LearnerLost> {
        let (batches, inbox) = bounded::<Batch>(1);
        let (outbox, updates) = bounded(1);
        let since = Cell::default();
        let thread = std::thread::Builder::new().name("learner".into());
        let thread = thread.spawn(move || {
            for batch in inbox {
                #[cfg(test)]
                assert!(!PANIC.swap(false, std::sync::atomic::Ordering::Relaxed), "as a test wants it");
                if outbox.send(answer(batch)).is_err() {
                    return;
                }
            }
        });
        let thread = thread.map_err(|error| LearnerLost::NoThread(error.kind()))?;
        Ok(Self { batches: Some(batches), updates, thread: Some(thread), since })
    }

    /// Hands over the rollouts of an iteration.
    ///
    /// # Errors
    /// If the thread is gone.
    pub fn submit(&self, batch: Batch) -> Result<(), LearnerLost> {
        self.since.set(Some(Instant::now()));
        let batches = self.batches.as_ref().ok_or(LearnerLost::Panicked)?;
        batches.send(batch).map_err(|_| LearnerLost::Panicked)
    }

    /// The update, if it is ready; it may take `patience`.
    ///
    /// # Errors
    /// If the thread is gone or hangs.
    pub fn poll(&self, patience: Duration) -> Result<Option<Result<Updated, LearnerError>>, LearnerLost> {
        match self.updates.try_recv() {
            Ok(update) => {
                self.since.set(None);
                Ok(Some(update))
            }
            Err(TryRecvError::Empty) if self.since.get().is_some_and(|since| since.elapsed() > patience) => {
                Err(LearnerLost::Hangs(patience))
            }
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(LearnerLost::Panicked),
        }
    }
}

impl Drop for LearnerThread {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take().filter(|thread| self.since.get().is_none() || thread.is_finished()) {
            // A panic was reported by poll already.
            let _ = thread.join();
        }
    }
}
