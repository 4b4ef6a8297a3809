//! The learner on its own thread. It turns a batch into a better policy while the arm goes home.

use std::cell::Cell;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use tokio::sync::Notify;

use moto_learners::{Batch, Learner, LearnerError, Report, Reward};

/// Makes the next update panic. A test uses this switch to check that the robot stays safe.
#[cfg(test)]
pub static PANIC: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// The result of an update.
pub struct Updated {
    /// The learner after the update, to be saved.
    pub learner: Box<dyn Learner>,
    /// The learner's report.
    pub report: Report,
    /// Duration of the update.
    pub duration: Duration,
}

/// The learner's thread. Dropping it lets the thread end. A thread that has a batch is not awaited.
pub struct LearnerThread {
    batches: Option<Sender<Batch>>,
    updates: Receiver<Result<Updated, LearnerError>>,
    /// Notified when an update is ready.
    ready: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
    /// Time at which the present batch was handed over.
    since: Cell<Option<Instant>>,
}

/// The reason why no update comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LearnerLost {
    /// The system has no thread left.
    #[error("the learner's thread could not be started: {0}")]
    NoThread(std::io::ErrorKind),
    /// The thread panicked.
    #[error("the learner's thread is lost: it panicked")]
    Panicked,
    /// The thread did not answer in time.
    #[error("the learner's thread is lost: no update for {0:?} (run.update_timeout)")]
    Hangs(Duration),
}

impl LearnerThread {
    /// Starts the thread. This also starts rayon's threads, before any thread raises its priority.
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

    /// Starts a thread that answers each batch with `answer`.
    pub(super) fn answering(
        mut answer: impl FnMut(Batch) -> Result<Updated, LearnerError> + Send + 'static,
    ) -> Result<Self, LearnerLost> {
        let (batches, inbox) = bounded::<Batch>(1);
        let (outbox, updates) = bounded(1);
        let since = Cell::default();
        let ready = Arc::new(Notify::new());
        let answered = ready.clone();
        let thread = std::thread::Builder::new().name("learner".into());
        let thread = thread.spawn(move || {
            for batch in inbox {
                #[cfg(test)]
                assert!(!PANIC.swap(false, std::sync::atomic::Ordering::Relaxed), "as a test wants it");
                if outbox.send(answer(batch)).is_err() {
                    return;
                }
                answered.notify_one();
            }
        });
        let thread = thread.map_err(|error| LearnerLost::NoThread(error.kind()))?;
        Ok(Self { batches: Some(batches), updates, ready, thread: Some(thread), since })
    }

    /// Hands over the rollouts of an iteration.
    ///
    /// # Errors
    /// If the thread is lost.
    pub fn submit(&self, batch: Batch) -> Result<(), LearnerLost> {
        self.since.set(Some(Instant::now()));
        let batches = self.batches.as_ref().ok_or(LearnerLost::Panicked)?;
        batches.send(batch).map_err(|_| LearnerLost::Panicked)
    }

    /// Waits until an update may be ready. A thread that is lost does not say so: [`Self::poll`] tells.
    pub async fn ready(&self) {
        self.ready.notified().await;
    }

    /// The update, if it is ready. The thread counts as hanging after `patience`.
    ///
    /// # Errors
    /// If the thread is lost or hangs.
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
            // `poll` already reported a panic.
            let _ = thread.join();
        }
    }
}
