//! Runs all jobs of an experiment on all processors.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rayon::ThreadPoolBuilder;

use super::{ExperimentConfig, ExperimentError, Folder, Job, Progress, Record};

/// Options of the runner.
#[derive(Clone, Copy, Debug)]
pub struct RunnerOptions {
    /// Total number of threads, at least 1.
    pub threads: usize,
    /// Interval at which an unfinished job is saved.
    pub save_every: Duration,
}

impl Default for RunnerOptions {
    /// All processors (or `RAYON_NUM_THREADS`), and an interval of five seconds.
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

/// The end of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// Records of all jobs, indexed by variant, seed and iteration.
    Complete(Vec<Vec<Vec<Record>>>),
    /// The experiment was asked to stop, and its jobs are saved.
    Stopped,
}

/// Runs the unfinished jobs of an experiment. Each worker takes one job after the other, seed by
/// seed, and runs it on a thread pool of its own. The pool has one thread if there are enough jobs.
/// Neither affects the result of a job.
///
/// # Errors
/// The first error of a job. The other jobs are then stopped and saved.
pub fn run(
    config: &ExperimentConfig,
    folder: &Folder,
    options: RunnerOptions,
    stop: &AtomicBool,
    watcher: &dyn Watcher,
) -> Result<Ended, ExperimentError> {
    let variants = config.variants.len();
    let seeds = config.seeds as usize;
    let jobs: Vec<Job> =
        config.seeds().flat_map(|seed| config.variants.iter().map(move |variant| Job { variant, seed })).collect();
    let mut unfinished = 0;
    for job in &jobs {
        unfinished += usize::from(job.finished(folder)?.is_none());
    }
    let threads = options.threads.max(1);
    let workers = threads.min(unfinished.max(1));
    let next = AtomicUsize::new(0);
    let halt = AtomicBool::new(false);
    let results: Mutex<Vec<Option<Vec<Record>>>> = Mutex::new(vec![None; jobs.len()]);
    let work = |pool: &rayon::ThreadPool| -> Result<(), ExperimentError> {
        while !stop.load(Ordering::Relaxed) && !halt.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(index) else { break };
            if let Progress::Finished(records) = pool.install(|| job.run(folder, options.save_every, stop, watcher))? {
                watcher.finished(job, &records);
                // A poisoned lock means that another worker panicked. The panic resumes after the
                // scope.
                if let Ok(mut results) = results.lock() {
                    results[index] = Some(records);
                }
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
    let results = results.into_inner().unwrap_or_default();
    let complete: Option<Vec<Vec<Record>>> = results.into_iter().collect();
    Ok(match complete {
        None => Ended::Stopped,
        Some(records) => Ended::Complete(
            (0..variants).map(|v| (0..seeds).map(|s| records[s * variants + v].clone()).collect()).collect(),
        ),
    })
}
