//! The dry run. It learns a stroke on the simulated robot, then checks the loop's deadlines with
//! the learned policy.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tracing::{info, warn};

use super::deadlines::DeadlineTable;
use super::evaluate::{Evaluation, Strokes, judge_law};
use super::report::{Stored, report, stored};
use crate::control::LatencySummary;
use crate::live::{Door, LiveConfig, LivePage};
use crate::policy::Law;
use crate::programs::{JudgeConfig, JudgeWord};
use crate::robot::{TrialKey, TrialKind};
use crate::setup::{Config, Setup};
use crate::supervisor::DaemonError;
use crate::supervisor::archive::{ARCHIVE, Archive};
use crate::supervisor::beginning::{Beginning, open};
use crate::supervisor::checkpoint::Saved;
use crate::supervisor::interrupt::Interrupt;
use crate::supervisor::learning::{Ended, Learning};
use crate::supervisor::machine::{Machine, Pace};
use crate::supervisor::programs::Programs;
use crate::supervisor::runner::Runner;
use crate::supervisor::terminal;
use crate::supervisor::{ConfigSource, block_on};
use crate::tasks::Task;

/// Options of a dry run.
pub struct DryRunOptions {
    /// The configuration. A resumed run uses the configuration of its own folder.
    pub config: ConfigSource,
    /// Changes the configuration before it is checked.
    pub adjust: Box<dyn FnOnce(&mut Config)>,
    /// Whether all trials run on the wall clock.
    pub realtime: bool,
    /// The run folder to make. `None`: a folder under `runs/`.
    pub out: Option<PathBuf>,
    /// Beginning of the run.
    pub beginning: Beginning,
    /// Where a live page shows the run; `None`: there is none.
    pub live: Option<LiveConfig>,
}

/// Result of a dry run.
pub struct DryRunReport {
    folder: PathBuf,
    iterations: usize,
    episodes: u64,
    /// `None` if the program was asked to end earlier.
    finish: Option<Finish>,
    stored: Stored,
    /// The report; `None` if the run did not finish, or if the report could not be made.
    page: Option<PathBuf>,
}

struct Finish {
    before: Evaluation,
    after: Evaluation,
    after_with_noise: Evaluation,
    realtime: Option<Realtime>,
}

struct Realtime {
    strokes: u64,
    successes: u64,
    startup: String,
    latency: LatencySummary,
}

impl DryRunReport {
    /// Whether the run was interrupted.
    pub fn interrupted(&self) -> bool {
        self.finish.is_none()
    }
}

impl fmt::Display for DryRunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = self.folder.display();
        let Some(Finish { before, after, after_with_noise, realtime }) = &self.finish else {
            writeln!(
                f,
                "stopped after {} iterations, {} episodes; everything is saved",
                self.iterations, self.episodes
            )?;
            return writeln!(f, "go on with: moto_controller dry-run --resume {folder}");
        };
        if let Some(Realtime { strokes, successes, startup, latency }) = realtime {
            writeln!(f, "\non the wall clock: {successes} of {strokes} strokes succeeded ({startup})")?;
            write!(f, "{}", DeadlineTable(*latency))?;
        }
        writeln!(f, "\n{} iterations, {} episodes", self.iterations, self.episodes)?;
        writeln!(f, "success before learning: {:.2}", before.success)?;
        writeln!(f, "success after, with exploration noise: {:.2}", after_with_noise.success)?;
        writeln!(f, "success after, mean action: {:.2}", after.success)?;
        if let Some(distance) = after.distance {
            writeln!(f, "distance from the target: {distance:.3} m (mean over the successful strokes)")?;
        }
        writeln!(f, "results: {folder} ({})", self.stored)?;
        if let Some(page) = &self.page {
            writeln!(f, "report: {} (open it in a browser)", page.display())?;
        }
        writeln!(
            f,
            "  learning_curve.svg  metrics.jsonl  trials/*.mcap (Foxglove, Rerun, PlotJuggler)  checkpoints/  config.yaml"
        )?;
        writeln!(f, "success: {:.2}", after.success)
    }
}

/// Makes a dry run.
///
/// # Errors
/// The reason why the run ended. The robot has the safe command, and all results are saved.
pub fn dry_run(options: DryRunOptions) -> Result<DryRunReport, DaemonError> {
    let DryRunOptions { config, adjust, realtime, out, beginning, live } = options;
    let setup = config.load(adjust)?;
    setup.log_differences();
    let task = setup.task()?;
    let initial = setup.learner(&task.start()?)?.law().compile()?;
    let pace = if realtime { Pace::WallClock } else { Pace::Lockstep };
    let programs = Programs::start(&setup)?;
    let door = live.map(Door::open).transpose()?;
    let (folder, saved) = open(&setup, &*task, &beginning, out)?;
    let directory = folder.view().directory().to_path_buf();
    info!("run folder: {}", directory.display());
    // Served until the report is there.
    let live = door.map(|door| door.serve(&setup, folder.view())).transpose()?;
    let mut archive = Archive::start(folder).map_err(DaemonError::system(ARCHIVE))?;
    let mut learning = Learning::new(&setup, &*task, &mut archive, Arc::new(saved))?
        .judged_by(&programs)
        .shown_on(live.as_ref().map(LivePage::feed));
    let (iterations, episodes, finish) = block_on(async |interrupt| {
        let ended = learn(&setup, &*task, &programs, &mut learning, pace, &interrupt).await?;
        let finish = match ended {
            Ended::Complete => finish(&setup, &*task, &programs, &initial, &mut learning, &interrupt).await,
            Ended::Interrupted => Ok(None),
        };
        let finish = match finish {
            Err(_) if interrupt.asked() => None,
            other => other?,
        };
        let Saved { learner, episodes } = &**learning.saved();
        Ok((learner.iteration(), *episodes, finish))
    })?;
    drop(learning);
    let stored = stored(archive.view())?;
    let page = finish.as_ref().and_then(|_| {
        let made = report(&directory, None);
        made.inspect_err(|error| warn!("the run is stored, but has no report: {error}")).ok()
    });
    Ok(DryRunReport { folder: directory, iterations, episodes, finish, stored, page })
}

/// Makes all iterations, on a machine of their own.
async fn learn(
    setup: &Setup,
    task: &dyn Task,
    programs: &Programs,
    learning: &mut Learning<'_>,
    pace: Pace,
    interrupt: &Interrupt,
) -> Result<Ended, DaemonError> {
    let seed = setup.config.run.seed;
    let machine = Machine::start(setup, task, programs.plant(setup, task)?, pace)?;
    if pace == Pace::WallClock {
        info!("control loop: {}", machine.control.startup);
    }
    interrupt.guard(machine.control.client.stopper());
    let mut runner = Runner::new(machine, seed).shown_on(learning.live()).simulated(programs.watch());
    if setup.config.judge == JudgeConfig::Word(JudgeWord::Operator) {
        runner = runner.operated(terminal::operator()?, interrupt.clone());
    }
    let result = learning.run(&mut runner, interrupt).await;
    learning.keep_black_boxes(&mut runner);
    // The robot gets the safe command, even after an error.
    let (trials, latency) = runner.stop();
    if latency.is_err() || !matches!(result, Ok(Ended::Complete)) {
        info!("the robot has the safe command");
        learning.keep_last(&trials, interrupt).await;
    }
    let kept = latency.as_ref().map_or(Ok(()), |latency| learning.keep_deadlines(latency));
    let stored = learning.settle(None).await;
    let (latency, ended) = (latency?, result?);
    stored.and(kept)?;
    if pace == Pace::WallClock {
        info!("deadlines while learning: {}", DeadlineTable(latency.summary()));
    }
    Ok(ended)
}

/// Evaluates the learned policy and shows it on the wall clock.
async fn finish(
    setup: &Setup,
    task: &dyn Task,
    programs: &Programs,
    initial: &Law,
    learning: &mut Learning<'_>,
    interrupt: &Interrupt,
) -> Result<Option<Finish>, DaemonError> {
    let strokes = setup.config.run.evaluation_strokes as u64;
    let learned = learning.saved().learner.law().compile()?;
    info!("judging the strokes before and after, {strokes} of each");
    let judge = |law, explore| judge_law(setup, task, programs, Strokes { law, count: strokes, explore }, interrupt);
    let (before, after, after_with_noise) = (judge(initial, false), judge(&learned, false), judge(&learned, true));
    // Programs of the user's make and judge one stroke after the other; the embedded robot has as many copies as needed.
    let (before, after, after_with_noise) = if programs.are_used() {
        (before.await?, after.await?, after_with_noise.await?)
    } else {
        tokio::try_join!(before, after, after_with_noise)?
    };
    Ok(Some(Finish {
        before,
        after,
        after_with_noise,
        realtime: show(setup, task, programs, &learned, learning, interrupt).await?,
    }))
}

/// Makes and stores strokes of the learned policy on the wall clock.
async fn show(
    setup: &Setup,
    task: &dyn Task,
    programs: &Programs,
    law: &Law,
    learning: &mut Learning<'_>,
    interrupt: &Interrupt,
) -> Result<Option<Realtime>, DaemonError> {
    let run = &setup.config.run;
    if run.realtime_strokes == 0 {
        return Ok(None);
    }
    info!("{} strokes on the wall clock", run.realtime_strokes);
    let machine = Machine::start(setup, task, programs.plant(setup, task)?, Pace::WallClock)?;
    let startup = machine.control.startup.to_string();
    interrupt.guard(machine.control.client.stopper());
    let mut runner = Runner::new(machine, run.seed).shown_on(learning.live()).simulated(programs.watch());
    let strokes = run.realtime_strokes as u64;
    for rollout in 0..strokes {
        runner.order(TrialKey { kind: TrialKind::Evaluate, iteration: run.iterations as u64, rollout }, law, false);
    }
    let result = strokes_on_the_clock(&mut runner, learning, strokes, interrupt).await;
    let (_, latency) = runner.stop();
    let latency = latency?;
    learning.keep_deadlines(&latency)?;
    learning.settle(None).await?;
    Ok(Some(Realtime { strokes, latency: latency.summary(), successes: result?, startup }))
}

async fn strokes_on_the_clock(
    runner: &mut Runner,
    learning: &mut Learning<'_>,
    strokes: u64,
    interrupt: &Interrupt,
) -> Result<u64, DaemonError> {
    let mut successes = 0;
    for _ in 0..strokes {
        let trial = learning.next(runner).await?;
        successes += u64::from(learning.keep_evaluation(&trial, runner, interrupt).await.success);
        runner.recycle(trial);
    }
    Ok(successes)
}
