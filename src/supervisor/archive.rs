//! Stores a run on a thread of its own, in order. A slow or hanging disk delays neither the
//! heartbeat nor the robot.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};
use tokio::sync::mpsc;

use crate::report::IterationMetrics;
use crate::storage::{RunFolder, RunView, StorageError, TrialMeta};

/// Number of unfinished jobs at which no further trial is taken. A crash loses at most these jobs
/// and the trial in flight.
const BEHIND: usize = 8;

/// The action that [`Archive::start`] attempts, for its error message.
pub const ARCHIVE: &str = "start the thread that stores the run";

/// The content that a job stored.
pub enum Stored {
    /// A trial.
    Trial(Box<TrialMeta>),
    /// An iteration: its metrics and its checkpoint.
    Iteration(Box<IterationMetrics>),
    /// The last control cycles before a fault.
    BlackBox(PathBuf),
    /// Any other content.
    Other,
    /// Nothing: an earlier job failed, and the jobs after it are skipped.
    Skipped,
}

type Job = Box<dyn FnOnce(&mut RunFolder) -> Result<Stored, StorageError> + Send>;

/// The thread that writes to a run's folder. Dropping the archive finishes the given jobs.
pub struct Archive {
    view: RunView,
    jobs: Option<Sender<Job>>,
    done: mpsc::UnboundedReceiver<Result<Stored, StorageError>>,
    /// Jobs given but not answered.
    behind: usize,
    failed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The reason why a job was not stored.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The error of the disk.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The thread that writes to the run's folder panicked.
    #[error("the thread that stores the run is lost")]
    Lost,
}

impl Archive {
    /// Starts the thread and moves the folder to it.
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

    /// The folder, for reading. Jobs that are not finished are missing from it.
    pub fn view(&self) -> &RunView {
        &self.view
    }

    /// Whether the disk keeps up with the trials.
    pub fn has_room(&self) -> bool {
        self.behind < BEHIND
    }

    /// Whether some jobs are not finished.
    pub fn is_busy(&self) -> bool {
        self.behind > 0
    }

    /// Gives a job. After a job fails, further jobs are skipped until [`Self::recover`] is called.
    pub fn give(&mut self, job: impl FnOnce(&mut RunFolder) -> Result<Stored, StorageError> + Send + 'static) {
        self.behind += 1;
        if let Some(jobs) = &self.jobs {
            // A lost thread is reported when its answer is awaited.
            let _ = jobs.send(Box::new(job));
        }
    }

    /// Waits for the next answer, or forever if no job was given. Safe to cancel: a dropped call
    /// loses no answer.
    ///
    /// # Errors
    /// The error of the disk, or the loss of the thread.
    pub async fn stored(&mut self) -> Result<Stored, ArchiveError> {
        let stored = self.done.recv().await.ok_or(ArchiveError::Lost)?;
        self.behind -= 1;
        Ok(stored?)
    }

    /// Runs a job and blocks until its answer. Call it only while the robot does not move.
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

    /// Makes the thread take jobs again after a job failed.
    pub fn recover(&self) {
        self.failed.store(false, Ordering::Relaxed);
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // [`Archive::stored`] reports a panic as a lost thread.
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
        // The receiver may be gone. The job is done anyway.
        let _ = outbox.send(result);
    }
}
