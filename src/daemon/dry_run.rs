//! The dry run: learns a stroke on the simulated robot, then shows that the loop keeps its deadline with it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::info;

use super::archive::Archive;
use super::checkpoint::{Saved, header, load};
use super::deadlines::DeadlineTable;
use super::error::DaemonError;
use super::evaluate::{Evaluation, judge_policy};
use super::interrupt::Interrupt;
use super::learning::{Ended, Learning};
use super::machine::{Machine, Pace};
use super::runner::Runner;
use super::{Config, LearnedStroke, Setup, StoredLaw, block_on};
use crate::control::LatencySummary;
use crate::moto::{Learner, StateScales};
use crate::policy::{CompiledPolicy, Law, Policy};
use crate::robot::{TrialKey, TrialKind};
use crate::storage::{Checkpoint, ROBOT_FILE, RunFolder, RunInfo, RunView, files::Disk};
use crate::tasks::Task;

/// What to do.
pub struct DryRunOptions {
    /// The configuration; the run folder's own when resuming.
    pub config: PathBuf,
    /// Changes the configuration before it is checked.
    pub adjust: Box<dyn FnOnce(&mut Config)>,
    /// All trials on the wall clock.
    pub realtime: bool,
    /// The run folder to make; none for one under `runs/`.
    pub out: Option<PathBuf>,
    /// The run folder to go on with.
    pub resume: Option<PathBuf>,
    /// The run folder, or the learned stroke's file, whose policy to start from.
    pub warm_start: Option<PathBuf>,
}

/// What came of it.
pub struct DryRunReport {
    folder: PathBuf,
    iterations: usize,
    episodes: u64,
    /// `None` if the program was stopped before.
    finish: Option<Finish>,
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
    /// Whether the run was stopped before its end.
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
        writeln!(f, "results: {folder}")?;
        writeln!(
            f,
            "  learning_curve.svg  metrics.jsonl  trials/*.mcap (Foxglove, PlotJuggler)  checkpoints/  config.yaml"
        )?;
        writeln!(f, "success: {:.2}", after.success)
    }
}

/// Runs it.
///
/// # Errors
/// What went wrong. The robot then has the safe command, and what was done is saved.
pub fn dry_run(options: DryRunOptions) -> Result<DryRunReport, DaemonError> {
    let DryRunOptions { config, adjust, realtime, out, resume, warm_start } = options;
    let setup = Setup::load(&config, adjust)?;
    let task = setup.task()?;
    let initial = task.initial_policy()?;
    let pace = if realtime { Pace::WallClock } else { Pace::Lockstep };
    let (folder, saved) = match &resume {
        Some(directory) => reopen(&setup, &*task, directory)?,
        None => {
            let start = match &warm_start {
                Some(directory) => learned_policy(&setup, &*task, directory)?,
                None => initial.clone(),
            };
            let learner = Learner::new(setup.config.learner.clone(), start, StateScales(task.state_scales()))?;
            let saved = Saved { learner, episodes: 0 };
            (create(&setup, &*task, out, &saved)?, saved)
        }
    };
    let directory = folder.view().directory().to_path_buf();
    info!("run folder: {}", directory.display());
    let mut archive = Archive::start(folder)?;
    let mut learning = Learning::new(&setup, &*task, &mut archive, Arc::new(saved))?;
    block_on(async |interrupt| {
        let ended = learn(&setup, &*task, &mut learning, pace, &interrupt).await?;
        let finish = match ended {
            Ended::Complete => finish(&setup, &*task, &initial, &mut learning, &interrupt).await,
            Ended::Interrupted => Ok(None),
        };
        let finish = match finish {
            Err(_) if interrupt.asked() => None,
            other => other?,
        };
        let Saved { learner, episodes } = &**learning.saved();
        Ok(DryRunReport { folder: directory, iterations: learner.iteration(), episodes: *episodes, finish })
    })
}

/// All the iterations, on a machine of their own.
async fn learn(
    setup: &Setup,
    task: &dyn Task,
    learning: &mut Learning<'_>,
    pace: Pace,
    interrupt: &Interrupt,
) -> Result<Ended, DaemonError> {
    let seed = setup.config.run.seed;
    let machine = Machine::start(setup, task, task.plant(seed)?, pace)?;
    if pace == Pace::WallClock {
        info!("control loop: {}", machine.control.startup);
    }
    interrupt.guard(machine.control.client.stopper());
    let mut runner = Runner::new(machine, seed);
    let result = learning.run(&mut runner, interrupt).await;
    learning.keep_black_boxes(&mut runner);
    // Whatever came of it, the robot gets the safe command.
    let (trials, latency) = runner.stop();
    if latency.is_err() || !matches!(result, Ok(Ended::Complete)) {
        info!("the robot has the safe command");
        learning.keep_last(&trials);
    }
    let stored = learning.settle(None).await;
    let (latency, ended) = (latency?, result?);
    stored?;
    if pace == Pace::WallClock {
        info!("deadlines while learning: {}", DeadlineTable(latency.summary()));
    }
    Ok(ended)
}

/// Judges what was learned, and shows it on the wall clock.
async fn finish(
    setup: &Setup,
    task: &dyn Task,
    initial: &Policy,
    learning: &mut Learning<'_>,
    interrupt: &Interrupt,
) -> Result<Option<Finish>, DaemonError> {
    let strokes = setup.config.run.evaluation_strokes as u64;
    let learned = learning.saved().learner.policy().clone();
    info!("judging the policies before and after, {strokes} strokes each");
    Ok(Some(Finish {
        before: judge_policy(setup, task, initial, strokes, false, interrupt).await?,
        after: judge_policy(setup, task, &learned, strokes, false, interrupt).await?,
        after_with_noise: judge_policy(setup, task, &learned, strokes, true, interrupt).await?,
        realtime: show(setup, task, &learned, learning, interrupt).await?,
    }))
}

/// Strokes of the learned policy on the wall clock, stored like all others.
async fn show(
    setup: &Setup,
    task: &dyn Task,
    policy: &Policy,
    learning: &mut Learning<'_>,
    interrupt: &Interrupt,
) -> Result<Option<Realtime>, DaemonError> {
    let run = &setup.config.run;
    if run.realtime_strokes == 0 {
        return Ok(None);
    }
    info!("{} strokes on the wall clock", run.realtime_strokes);
    let machine = Machine::start(setup, task, task.plant(run.seed)?, Pace::WallClock)?;
    let startup = machine.control.startup.to_string();
    interrupt.guard(machine.control.client.stopper());
    let mut runner = Runner::new(machine, run.seed);
    let law = Law::from(CompiledPolicy::new(policy)?);
    let strokes = run.realtime_strokes as u64;
    for rollout in 0..strokes {
        runner.order(TrialKey { kind: TrialKind::Evaluate, iteration: run.iterations as u64, rollout }, &law, false);
    }
    let result = strokes_on_the_clock(&mut runner, learning, strokes).await;
    let (_, latency) = runner.stop();
    learning.settle(None).await?;
    Ok(Some(Realtime { strokes, latency: latency?.summary(), successes: result?, startup }))
}

async fn strokes_on_the_clock(
    runner: &mut Runner,
    learning: &mut Learning<'_>,
    strokes: u64,
) -> Result<u64, DaemonError> {
    let mut successes = 0;
    for _ in 0..strokes {
        let trial = learning.next(runner).await?;
        successes += u64::from(learning.keep_evaluation(&trial).success);
        runner.recycle(trial);
    }
    Ok(successes)
}

/// Opens a run folder to go on with.
///
/// # Errors
/// If it is damaged or belongs to another run.
pub(super) fn reopen(setup: &Setup, task: &dyn Task, directory: &Path) -> Result<(RunFolder, Saved), DaemonError> {
    let folder = RunFolder::open(Arc::new(Disk), directory)?;
    let saved = load(folder.view(), setup, task, true)?;
    Ok((folder, saved))
}

/// The policy that another run, or an experiment, of the same robot and task learned.
fn learned_policy(setup: &Setup, task: &dyn Task, from: &Path) -> Result<Policy, DaemonError> {
    if from.is_file() {
        return match LearnedStroke::load(from)?.1 {
            StoredLaw::Policy(policy) => Ok(policy),
            StoredLaw::Movement { .. } => Err(DaemonError::NotAPolicy { path: from.into() }),
        };
    }
    let saved = load(&RunView::open(Arc::new(Disk), from)?, setup, task, false)?;
    Ok(saved.learner.policy().clone())
}

/// Makes a run folder that starts from `saved`.
///
/// # Errors
/// If it exists or cannot be written.
pub(super) fn create(
    setup: &Setup,
    task: &dyn Task,
    out: Option<PathBuf>,
    saved: &Saved,
) -> Result<RunFolder, DaemonError> {
    let directory = out.unwrap_or_else(|| unused(&setup.title(), setup.config.run.seed));
    let info = RunInfo {
        robot: setup.model.name().into(),
        task: task.name().into(),
        seed: setup.config.run.seed,
        version: env!("CARGO_PKG_VERSION").into(),
        command_line: std::env::args().collect(),
        // A clock before 1970 is no reason not to run.
        started: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
    };
    let mut resolved = setup.clone();
    resolved.config.robot.urdf = ROBOT_FILE.into();
    let first = Checkpoint { header: header(setup, task, saved.learner.iteration() as u64)?, value: saved };
    let yaml = resolved.to_yaml()?;
    Ok(RunFolder::create_from(Arc::new(Disk), &directory, info, &yaml, &setup.urdf, Some(&first))?)
}

/// A folder under `runs/` that does not exist yet.
fn unused(title: &str, seed: u64) -> PathBuf {
    let first = Path::new("runs").join(format!("{title}-{seed}"));
    let further = (2..).map(|i| Path::new("runs").join(format!("{title}-{seed}-{i}")));
    // The numbers never run out.
    std::iter::once(first.clone()).chain(further).find(|path| !path.exists()).unwrap_or(first)
}
