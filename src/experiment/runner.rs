//! Runs jobs of an experiment on all processors.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rayon::ThreadPoolBuilder;

use super::{ExperimentError, Folder, Job, Progress, Record};

/// Options of the runner.
#[derive(Clone, Copy, Debug)]
pub struct RunnerOptions {
    /// Total number of threads, at least 1.
    pub threads: usize,
    /// Interval at which an unfinished job is saved.
    pub save_every: Duration,
}

impl Default for RunnerOptions {
    /// All processors (or what rayon takes from `RAYON_NUM_THREADS`), and an interval of five seconds.
    fn default() -> Self {
        Self { threads: rayon::current_num_threads(), save_every: Duration::from_secs(5) }
    }
}

/// Observer of the jobs, called from any thread.
pub trait Watcher: Sync {
    /// A job made another iteration, the last in `records`.
    fn iterated(&self, job: &Job<'_>, records: &[Record]);

    /// A job is finished, possibly by an earlier process.
    fn finished(&self, job: &Job<'_>, records: &[Record]);
}

/// The end of a process's jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All of them are finished.
    Complete,
    /// The process was asked to stop, and its jobs are saved.
    Stopped,
}

/// Runs those of the jobs that are unfinished, damaged ones left out. Each worker takes one job after the other, in their order, and runs it on a thread
/// pool of its own. The pool has one thread if there are enough jobs. Neither affects the result of a job.
///
/// # Errors
/// [`ExperimentError::InUse`] if another process has one of the jobs; otherwise the first error of a job. The other jobs are then
/// stopped and saved. [`ExperimentError::Damaged`] if seeds that were finished are damaged, once all others are finished.
pub fn run(
    jobs: &[Job<'_>],
    folder: &Folder,
    options: RunnerOptions,
    stop: &AtomicBool,
    watcher: &dyn Watcher,
) -> Result<Ended, ExperimentError> {
    folder.take(jobs)?;
    let (all, mut sound, mut damaged, mut unfinished) = (jobs.len(), Vec::new(), Vec::new(), 0);
    for job in jobs {
        match job.finished(folder) {
            Ok(records) => {
                unfinished += usize::from(records.is_none());
                sound.push(*job);
            }
            Err(error) => damaged.push((*job, error)),
        }
    }
    let jobs = &sound[..];
    let threads = options.threads.max(1);
    let workers = threads.min(unfinished.max(1));
    let next = AtomicUsize::new(0);
    let finished = AtomicUsize::new(0);
    let halt = AtomicBool::new(false);
    let work = |pool: &rayon::ThreadPool| -> Result<(), ExperimentError> {
        while !stop.load(Ordering::Relaxed) && !halt.load(Ordering::Relaxed) {
            let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            if let Progress::Finished(records) = pool.install(|| job.run(folder, options.save_every, stop, watcher))? {
                watcher.finished(job, &records);
                finished.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers)
            .map(|_| {
                scope.spawn(|| {
                    let pool = ThreadPoolBuilder::new().num_threads(threads / workers).build()?;
                    work(&pool).inspect_err(|_| halt.store(true, Ordering::Relaxed))
                })
            })
            .collect();
        let ends: Vec<_> = handles.into_iter().map(|handle| handle.join()).collect();
        ends.into_iter().try_for_each(|end| end.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    if finished.into_inner() < jobs.len() {
        return Ok(Ended::Stopped);
    }
    ExperimentError::if_any(&damaged, all)?;
    Ok(Ended::Complete)
}
