//! Load beside the loop: work for every processor, and a learner that updates without pause.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use moto_learners::{Batch, Learner};

use crate::robot::{TrialKey, TrialKind};
use crate::setup::Setup;
use crate::supervisor::DaemonError;
use crate::supervisor::interrupt::Interrupt;
use crate::supervisor::machine::{Machine, Pace};
use crate::supervisor::runner::Runner;
use crate::supervisor::{Rollout, batch};
use crate::tasks::Task;

/// The running load. Dropping it ends the load.
pub struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Makes a batch of strokes, then starts the load.
    ///
    /// # Errors
    /// The strokes cannot be made, or a thread cannot be started.
    pub async fn start(setup: &Setup, task: &dyn Task, interrupt: &Interrupt) -> Result<Self, DaemonError> {
        let learner = setup.learner(&task.start()?)?;
        let batch = strokes(setup, task, &*learner, interrupt).await?;
        let mut load = Self { stop: Arc::default(), threads: Vec::new() };
        let reward = setup.task()?;
        // The learner's thread pool starts before the loop raises its priority.
        rayon::broadcast(|_| ());
        load.work("updates", move || {
            // Every update starts from the same learner. Its result is dropped, even an error: only
            // the load matters.
            let _ = learner.clone().learn(batch.clone(), &*reward);
        })?;
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            load.work("busy", || {
                std::hint::black_box(blake3::hash(&[7; 1 << 16]));
            })?;
        }
        Ok(load)
    }

    fn work(&mut self, name: &str, mut unit: impl FnMut() + Send + 'static) -> Result<(), DaemonError> {
        let stop = self.stop.clone();
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                unit();
            }
        });
        self.threads.push(thread.map_err(DaemonError::system("start a thread that makes load"))?);
        Ok(())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A thread that panicked made less load, which the measurement shows.
            let _ = thread.join();
        }
    }
}

/// The first iteration's rollouts.
async fn strokes(
    setup: &Setup,
    task: &dyn Task,
    learner: &dyn Learner,
    interrupt: &Interrupt,
) -> Result<Batch, DaemonError> {
    let seed = setup.config.run.seed;
    let machine = Machine::start(setup, task, setup.plant(task, seed)?, Pace::Lockstep)?;
    interrupt.guard(machine.control.client.stopper());
    let mut runner = Runner::new(machine, seed);
    let law = learner.law().compile()?;
    let count = setup.config.run.rollouts as u64;
    for rollout in 0..count {
        runner.order(TrialKey { kind: TrialKind::Learn, iteration: 0, rollout }, &law, true);
    }
    let mut rollouts = Vec::new();
    for trial in 0..count {
        let finished = runner.next().await?;
        let (episode, judgement) = (Arc::new(finished.episode().clone()), task.judge(finished.episode()));
        if finished.usable() {
            rollouts.push(Rollout::new(trial, episode, judgement, &law, &finished.order.noise));
        }
        runner.recycle(finished);
    }
    runner.stop().1?;
    Ok(batch(&rollouts, task.horizon(), 0.))
}
