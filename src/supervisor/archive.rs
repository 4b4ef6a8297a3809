//! Puts what must not be lost on the disk, in order, on a thread of its own: a disk that is slow or hangs holds up neither the
//! heartbeat nor the robot.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};
use tokio::sync::mpsc;

use crate::report::IterationMetrics;
use crate::storage::{RunFolder, RunView, StorageError, TrialMeta};

/// Jobs the disk may be behind before no further trial is taken in: what a crash can lose besides the trial in flight.
const BEHIND: usize = 8;

/// What [`Archive::start`] does, for when it fails.
pub const ARCHIVE: &str = "start the thread that stores the run";

/// What is on the disk now.
pub enum Stored {
    /// A trial.
    Trial(Box<TrialMeta>),
    /// An iteration: its metrics and its checkpoint.
    Iteration(Box<IterationMetrics>),
    /// The last control cycles before a fault.
    BlackBox(PathBuf),
    /// Something nobody waits for.
    Other,
    /// Nothing: an earlier job failed, and what was to come after it is left out.
    Skipped,
}

type Job = Box<dyn FnOnce(&mut RunFolder) -> Result<Stored, StorageError> + Send>;

/// The thread that writes to a run's folder. Dropping it finishes what it was given.
pub struct Archive {
    view: RunView,
    jobs: Option<Sender<Job>>,
    done: mpsc::UnboundedReceiver<Result<Stored, StorageError>>,
    /// Jobs given and not answered.
    behind: usize,
    failed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Why something is not on the disk.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// What the disk answered.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The thread that writes to the run's folder ended without an answer: it panicked.
    #[error("the thread that stores the run is lost")]
    Lost,
}

impl Archive {
    /// Hands a folder to a thread.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn start(folder: RunFolder) -> std::io::Result<Self> {
        let (jobs, inbox) = unbounded();
        let (outbox, done) = mpsc::unbounded_channel();
        let (view, failed) = (folder.view().clone(), Arc::<AtomicBool>::default());
        let stop = failed.clone();
        let write = move || work(folder, &inbox, &outbox, &stop);
        let thread = std::thread::Builder::new().name("archive".into()).spawn(write)?;
        Ok(Self { view, jobs: Some(jobs), done, behind: 0, failed, thread: Some(thread) })
    }

    /// The folder to read from; what is still to be stored is not in it.
    pub fn view(&self) -> &RunView {
        &self.view
    }

    /// Whether the disk keeps up.
    pub fn has_room(&self) -> bool {
        self.behind < BEHIND
    }

    /// Whether something is still to be stored.
    pub fn is_busy(&self) -> bool {
        self.behind > 0
    }

    /// Gives a job. After one that fails the others are left out, until [`Self::recover`].
    pub fn give(&mut self, job: impl FnOnce(&mut RunFolder) -> Result<Stored, StorageError> + Send + 'static) {
        self.behind += 1;
        if let Some(jobs) = &self.jobs {
            // A thread that is gone is noticed by whoever waits for its answer.
            let _ = jobs.send(Box::new(job));
        }
    }

    /// The next answer; never while nothing was given. May be dropped and called again.
    ///
    /// # Errors
    /// What the disk answered, or that the thread is gone.
    pub async fn stored(&mut self) -> Result<Stored, ArchiveError> {
        let stored = self.done.recv().await.ok_or(ArchiveError::Lost)?;
        self.behind -= 1;
        Ok(stored?)
    }

    /// Does something with the folder now: for times in which nothing moves.
    ///
    /// # Errors
    /// As [`Self::stored`].
    pub fn now(
        &mut self,
        job: impl FnOnce(&mut RunFolder) -> Result<(), StorageError> + Send + 'static,
    ) -> Result<(), ArchiveError> {
        self.give(move |folder| job(folder).map(|()| Stored::Other));
        while self.is_busy() {
            let stored = self.done.blocking_recv().ok_or(ArchiveError::Lost)?;
            self.behind -= 1;
            stored?;
        }
        Ok(())
    }

    /// Takes jobs again after one that failed.
    pub fn recover(&self) {
        self.failed.store(false, Ordering::Relaxed);
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic was reported to whoever waited already.
            let _ = thread.join();
        }
    }
}

fn work(
    mut folder: RunFolder,
    inbox: &Receiver<Job>,
    outbox: &mpsc::UnboundedSender<Result<Stored, StorageError>>,
    failed: &AtomicBool,
) {
    for job in inbox {
        let result = if failed.load(Ordering::Relaxed) { Ok(Stored::Skipped) } else { job(&mut folder) };
        if result.is_err() {
            failed.store(true, Ordering::Relaxed);
        }
        // Nobody may wait any more; the job is done all the same.
        let _ = outbox.send(result);
    }
}
