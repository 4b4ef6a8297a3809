//! Evaluates a learned policy on starts that learning never saw, in lockstep or on the wall clock.

use std::path::PathBuf;

use serde::Serialize;
use tracing::warn;

use super::deadlines::DeadlineTable;
use crate::control::{LatencySummary, Outcome};
use crate::policy::Law;
use crate::robot::{TrialKey, TrialKind};
use crate::setup::Setup;
use crate::storage::CONFIG_FILE;
use crate::supervisor::DaemonError;
use crate::supervisor::checkpoint::load;
use crate::supervisor::interrupt::Interrupt;
use crate::supervisor::machine::{Machine, Pace};
use crate::supervisor::places::{is_stroke, open_run};
use crate::supervisor::programs::{Judged, Programs};
use crate::supervisor::runner::Runner;
use crate::supervisor::{LearnedStroke, block_on};
use crate::tasks::Task;

/// Options of an evaluation.
pub struct EvaluateOptions {
    /// Folder of the run, or file of a learned stroke.
    pub run: PathBuf,
    /// Number of strokes. `None`: the number in the configuration.
    pub strokes: Option<u64>,
    /// Whether strokes have exploration noise.
    pub noise: bool,
    /// Whether the learner's initial policy is evaluated instead of the learned one.
    pub initial: bool,
    /// Whether strokes run on the wall clock instead of in lockstep.
    pub realtime: bool,
}

/// Statistics of the evaluated strokes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Number of strokes.
    pub strokes: u64,
    /// Share of strokes that succeeded, 0 to 1.
    pub success: f64,
    /// Mean return.
    pub mean_return: f64,
    /// Mean distance from the goal over the successful strokes, m.
    pub distance: Option<f64>,
    /// Strokes that a limit or watchdog ended.
    pub faults: u64,
    /// Share of control cycles in which a limit changed the effort, 0 to 1.
    pub clipped_share: f64,
    /// Deadline statistics of the loop, on the wall clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<LatencySummary>,
}

impl std::fmt::Display for Evaluation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(latency) = self.latency {
            write!(f, "{}", DeadlineTable(latency))?;
        }
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

/// Evaluates a run or a learned stroke.
///
/// # Errors
/// The run cannot be used, or the strokes cannot be made.
pub fn evaluate(options: &EvaluateOptions) -> Result<Evaluation, DaemonError> {
    let (setup, law) = learned(options)?;
    let task = setup.task()?;
    let EvaluateOptions { noise, realtime, .. } = *options;
    let (pace, usual) = if realtime {
        (Pace::WallClock, setup.config.run.realtime_strokes)
    } else {
        (Pace::Lockstep, setup.config.run.evaluation_strokes)
    };
    let strokes = Strokes { law: &law, count: options.strokes.unwrap_or(usual as u64), explore: noise };
    let programs = Programs::start(&setup)?;
    block_on(async |interrupt| judge(&setup, &*task, &programs, strokes, pace, &interrupt).await)
}

/// Strokes to evaluate.
#[derive(Clone, Copy)]
pub struct Strokes<'a> {
    /// The law of the strokes.
    pub law: &'a Law,
    /// Number of strokes.
    pub count: u64,
    /// Whether strokes have exploration noise.
    pub explore: bool,
}

/// The setup and the law to evaluate.
fn learned(options: &EvaluateOptions) -> Result<(Setup, Law), DaemonError> {
    let run = &options.run;
    if is_stroke(run) {
        let (setup, law) = LearnedStroke::load(run)?;
        let law = if options.initial { setup.learner(&setup.task()?.start()?)?.law() } else { law };
        return Ok((setup, law.compile()?));
    }
    let view = open_run(run)?;
    let setup = Setup::load(&run.join(CONFIG_FILE), |_| {})?;
    let task = setup.task()?;
    let learner =
        if options.initial { setup.learner(&task.start()?)? } else { load(&view, &setup, &*task, true)?.learner };
    let law = learner.law().compile()?;
    Ok((setup, law))
}

/// Makes and judges strokes in lockstep, without storing them.
///
/// # Errors
/// As [`judge`].
pub async fn judge_law(
    setup: &Setup,
    task: &dyn Task,
    programs: &Programs,
    strokes: Strokes<'_>,
    interrupt: &Interrupt,
) -> Result<Evaluation, DaemonError> {
    judge(setup, task, programs, strokes, Pace::Lockstep, interrupt).await
}

/// Makes and judges strokes, without storing them.
///
/// # Errors
/// The machine does not start, or ends early.
async fn judge(
    setup: &Setup,
    task: &dyn Task,
    programs: &Programs,
    strokes: Strokes<'_>,
    pace: Pace,
    interrupt: &Interrupt,
) -> Result<Evaluation, DaemonError> {
    let Strokes { law, count, explore } = strokes;
    let seed = setup.config.run.seed;
    let machine = Machine::start(setup, task, programs.plant(setup, task)?, pace)?;
    interrupt.guard(machine.control.client.stopper());
    let mut runner = Runner::new(machine, seed).simulated(programs.watch());
    for rollout in 0..count {
        runner.order(TrialKey { kind: TrialKind::Evaluate, iteration: 0, rollout }, law, explore);
    }
    let (mut successes, mut returns, mut distances, mut clipped, mut faults) = (0, 0., Vec::new(), 0., 0);
    let mut made = 0;
    while made < count {
        let trial = match runner.next().await {
            Ok(trial) => trial,
            Err(error) => {
                runner.stop().1?;
                programs.check()?;
                return Err(error.into());
            }
        };
        let Judged { judgement, complaint, .. } = programs.judge(task, &trial, Some(&mut runner), interrupt).await;
        if let Some(complaint) = complaint {
            if let Err(error) = programs.check() {
                runner.stop().1?;
                return Err(error);
            }
            warn!("{} is made again: {complaint}", trial.order.key);
            runner.order(trial.order.key, law, explore);
            runner.recycle(trial);
            continue;
        }
        made += 1;
        successes += u64::from(judgement.success);
        returns += judgement.total_reward;
        distances.extend(judgement.distance.filter(|_| judgement.success));
        clipped += trial.clipped_share;
        faults += u64::from(trial.outcome != Outcome::Completed);
        runner.recycle(trial);
    }
    let latency = runner.stop().1?;
    let share = |sum: f64| sum / count as f64;
    Ok(Evaluation {
        strokes: count,
        success: share(successes as f64),
        mean_return: share(returns),
        distance: (!distances.is_empty()).then(|| distances.iter().sum::<f64>() / distances.len() as f64),
        faults,
        clipped_share: share(clipped),
        latency: (pace == Pace::WallClock).then(|| latency.summary()),
    })
}
