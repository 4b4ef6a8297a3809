//! Judging a policy: strokes in lockstep, from serves that learning never saw.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::checkpoint::load;
use super::error::DaemonError;
use super::interrupt::Interrupt;
use super::machine::{Machine, Pace};
use super::runner::Runner;
use super::{Setup, block_on};
use crate::control::Outcome;
use crate::policy::{CompiledPolicy, Policy};
use crate::robot::{TrialKey, TrialKind};
use crate::storage::{CONFIG_FILE, RunView, files::Disk};
use crate::tasks::Task;

/// What to judge.
pub struct EvaluateOptions {
    /// The run's folder.
    pub run: PathBuf,
    /// Strokes to make; none for the configuration's number.
    pub strokes: Option<u64>,
    /// With the policy's exploration noise.
    pub noise: bool,
    /// The policy the run started from, instead of the one it learned.
    pub initial: bool,
}

/// How good a policy is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Strokes made.
    pub strokes: u64,
    /// Share of them that succeeded, 0 to 1.
    pub success: f64,
    /// Mean return.
    pub mean_return: f64,
    /// Mean distance from the goal over the successful strokes, m.
    pub distance: Option<f64>,
    /// Strokes that a limit or watchdog ended.
    pub faults: u64,
    /// Share of control cycles in which a limit changed the effort, 0 to 1.
    pub clipped_share: f64,
}

impl std::fmt::Display for Evaluation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "strokes: {}", self.strokes)?;
        writeln!(f, "mean return: {:.4}", self.mean_return)?;
        if let Some(distance) = self.distance {
            writeln!(f, "mean distance from the target, successful strokes: {distance:.3} m")?;
        }
        if self.faults > 0 {
            writeln!(f, "ended by a limit or watchdog: {}", self.faults)?;
        }
        writeln!(f, "cycles changed by a limit: {:.2} %", 100. * self.clipped_share)?;
        writeln!(f, "success: {:.2}", self.success)
    }
}

/// Judges the policy of a run.
///
/// # Errors
/// What is wrong with the run, or with running it.
pub fn evaluate(options: &EvaluateOptions) -> Result<Evaluation, DaemonError> {
    let setup = Setup::load(&options.run.join(CONFIG_FILE), |_| {})?;
    let task = setup.task()?;
    let policy = if options.initial {
        task.initial_policy()?
    } else {
        let view = RunView::open(Arc::new(Disk), &options.run)?;
        load(&view, &setup, &*task, true)?.learner.policy().clone()
    };
    let strokes = options.strokes.unwrap_or(setup.config.run.evaluation_strokes as u64);
    block_on(async |interrupt| judge_policy(&setup, &*task, &policy, strokes, options.noise, &interrupt).await)
}

/// Makes `strokes` strokes with a policy in lockstep and judges them. They are not stored.
///
/// # Errors
/// If the machine does not start, or ends before it is asked to.
pub async fn judge_policy(
    setup: &Setup,
    task: &dyn Task,
    policy: &Policy,
    strokes: u64,
    explore: bool,
    interrupt: &Interrupt,
) -> Result<Evaluation, DaemonError> {
    let seed = setup.config.run.seed;
    let machine = Machine::start(setup, task, task.plant(seed)?, Pace::Lockstep)?;
    interrupt.guard(machine.control.client.stopper());
    let mut runner = Runner::new(machine, seed);
    let policy = Arc::new(CompiledPolicy::new(policy)?);
    for rollout in 0..strokes {
        runner.order(TrialKey { kind: TrialKind::Evaluate, iteration: 0, rollout }, &policy, explore);
    }
    let (mut successes, mut returns, mut distances, mut clipped, mut faults) = (0, 0., Vec::new(), 0., 0);
    for _ in 0..strokes {
        let trial = match runner.next().await {
            Ok(trial) => trial,
            Err(error) => {
                runner.stop()?;
                return Err(error.into());
            }
        };
        let judgement = task.judge(trial.episode());
        successes += u64::from(judgement.success);
        returns += judgement.total_reward;
        distances.extend(judgement.distance.filter(|_| judgement.success));
        clipped += trial.clipped_share;
        faults += u64::from(trial.outcome != Outcome::Completed);
        runner.recycle(trial);
    }
    runner.stop()?;
    let share = |sum: f64| sum / strokes as f64;
    Ok(Evaluation {
        strokes,
        success: share(successes as f64),
        mean_return: share(returns),
        distance: (!distances.is_empty()).then(|| distances.iter().sum::<f64>() / distances.len() as f64),
        faults,
        clipped_share: share(clipped),
    })
}
