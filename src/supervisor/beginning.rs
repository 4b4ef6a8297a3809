//! Begins a run: from the demonstration, from an interrupted run, or from the result of another
//! run.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use moto_learners::{Adopted, Learner};
use serde_json::json;
use tracing::info;

use super::checkpoint::{Saved, compiled, header, load};
use super::error::DaemonError;
use super::places::{is_stroke, open_run};
use crate::setup::Setup;
use crate::storage::{CONFIG_FILE, ROBOT_FILE, RunFolder, RunInfo, differences, files::Disk, listed};
use crate::supervisor::{ConfigSource, LearnedStroke, StoredLaw};
use crate::tasks::Task;

/// The beginning of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Beginning {
    /// The task's demonstration.
    #[default]
    Demonstration,
    /// The last checkpoint of the interrupted run in this folder.
    Resume(PathBuf),
    /// The law learned by the run in this folder, or the learned stroke in this file.
    WarmStart(PathBuf),
}

/// The configuration stored in a run's folder, for resuming the run.
///
/// # Errors
/// If the folder does not belong to a run.
pub fn run_configuration(directory: &Path) -> Result<ConfigSource, DaemonError> {
    Ok(ConfigSource::File(open_run(directory)?.directory().join(CONFIG_FILE)))
}

/// Opens the folder of the run to resume, or makes the folder of a new run: `out`, or a folder
/// under `runs/` if `out` is `None`.
///
/// # Errors
/// The folder cannot be used, or the beginning does not fit the setup.
pub(crate) fn open(
    setup: &Setup,
    task: &dyn Task,
    beginning: &Beginning,
    out: Option<PathBuf>,
) -> Result<(RunFolder, Saved), DaemonError> {
    let learner = match beginning {
        Beginning::Resume(directory) => return reopen(setup, task, directory),
        Beginning::WarmStart(from) => warm_started(setup, task, from)?,
        Beginning::Demonstration => setup.learner(&task.start()?)?,
    };
    learner.check_rollouts(setup.config.run.rollouts)?;
    let saved = Saved { learner, episodes: 0 };
    Ok((create(setup, task, out, &saved)?, saved))
}

fn reopen(setup: &Setup, task: &dyn Task, directory: &Path) -> Result<(RunFolder, Saved), DaemonError> {
    open_run(directory)?;
    let folder = RunFolder::open(Arc::new(Disk), directory)?;
    let saved = load(folder.view(), setup, task, true)?;
    Ok((folder, saved))
}

/// Makes a run folder that starts from `saved`.
///
/// # Errors
/// If the folder exists or cannot be written.
pub(crate) fn create(
    setup: &Setup,
    task: &dyn Task,
    out: Option<PathBuf>,
    saved: &Saved,
) -> Result<RunFolder, DaemonError> {
    let directory = out.unwrap_or_else(|| unused(setup.title(), setup.config.run.seed));
    let info = RunInfo {
        robot: setup.model.name().into(),
        task: task.name().into(),
        seed: setup.config.run.seed,
        version: env!("CARGO_PKG_VERSION").into(),
        command_line: std::env::args().collect(),
        // A clock set before 1970 must not prevent a run.
        started: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        settings: setup.decisive()?,
    };
    let mut resolved = setup.clone();
    resolved.config.robot.urdf = ROBOT_FILE.into();
    let first = saved.checkpoint(header(setup, task, saved.learner.iteration() as u64)?)?;
    let yaml = resolved.to_yaml()?;
    Ok(RunFolder::create_from(Arc::new(Disk), &directory, info, &yaml, &setup.urdf, Some(&first))?)
}

/// A path under `runs/` that does not exist yet.
fn unused(title: &str, seed: u64) -> PathBuf {
    let first = Path::new("runs").join(format!("{title}-{seed}"));
    let further = (2..).map(|i| Path::new("runs").join(format!("{title}-{seed}-{i}")));
    // The iterator never ends, so a free path is always found.
    std::iter::once(first.clone()).chain(further).find(|path| !path.exists()).unwrap_or(first)
}

/// A learner that starts from the law of another run or of an experiment. The law must fit this
/// setup. The learner also gets the run's transitions, if their rewards mean the same here and the
/// learner accepts them.
fn warm_started(setup: &Setup, task: &dyn Task, from: &Path) -> Result<Box<dyn Learner>, DaemonError> {
    let mut learner = setup.learner(&task.start()?)?;
    let mut start_from = |law: &StoredLaw| {
        compiled(law, setup, task)?;
        learner.start_from(law).map_err(|source| DaemonError::WarmStart {
            path: from.into(),
            learner: setup.config.learner.name().into(),
            source: Box::new(source),
        })
    };
    if is_stroke(from) {
        let (other, law) = LearnedStroke::load(from)?;
        fits(from, setup, task, &other)?;
        start_from(&law)?;
        info!("starts from the stroke in {}{}", from.display(), told_differences(&other, setup)?);
        return Ok(learner);
    }
    let view = open_run(from)?;
    let other = Setup::load(&from.join(CONFIG_FILE), |_| {})?;
    fits(from, setup, task, &other)?;
    let saved = load(&view, &other, &*other.task()?, false)?;
    start_from(&saved.learner.law())?;
    let done = saved.learner.iteration();
    info!("starts from what {done} iterations in {} learned{}", from.display(), told_differences(&other, setup)?);
    let mut rewards = differences(&other.task()?.reward_settings(), &task.reward_settings(), &[]);
    let judge = |setup: &Setup| setup.decisive().map(|settings| settings.get("judge").cloned().unwrap_or_default());
    rewards.extend(differences(&json!({ "judge": judge(&other)? }), &json!({ "judge": judge(setup)? }), &[]));
    if !rewards.is_empty() {
        info!("its transitions are left, for their rewards would mean something else: {}", listed(&rewards));
        return Ok(learner);
    }
    match learner.adopt(&*saved.learner) {
        Ok(Adopted { iterations: 0, .. }) => {}
        Ok(Adopted { iterations, transitions }) => {
            info!("{transitions} transitions of its last {iterations} iterations are learned from too");
        }
        Err(error) => info!("its transitions are left: learner.{}: {error}", setup.config.learner.name()),
    }
    Ok(learner)
}

/// The settings that differ, as the end of a sentence.
fn told_differences(other: &Setup, setup: &Setup) -> Result<String, DaemonError> {
    let found = differences(&other.decisive()?, &setup.decisive()?, &setup.config.robot.joints);
    Ok(if found.is_empty() { String::new() } else { format!("; what differs: {}", listed(&found)) })
}

/// Checks that a law learned with `other` means the same here: same robot, task, shapes, and units
/// of action and time.
fn fits(from: &Path, setup: &Setup, task: &dyn Task, other: &Setup) -> Result<(), DaemonError> {
    let other_task = other.task()?;
    let (ours, theirs) = (&setup.config.control, &other.config.control);
    let mut wrong = Vec::new();
    let mut demand = |what: &str, found: String, expected: String| {
        if found != expected {
            wrong.push(format!("{what} {found} there and {expected} here"));
        }
    };
    demand("the robot is", other.model.name().into(), setup.model.name().into());
    let joints = |setup: &Setup| format!("[{}]", setup.config.robot.joints.join(", "));
    demand("robot.joints are", joints(other), joints(setup));
    demand("the task is", other_task.name().into(), task.name().into());
    demand("the number of policy steps is", other_task.horizon().to_string(), task.horizon().to_string());
    demand("the state dimension is", other_task.state_dim().to_string(), task.state_dim().to_string());
    let step = |period: f64, decimation: usize| format!("{:.9} s", period * decimation as f64);
    let (theirs_step, ours_step) = (step(theirs.period, theirs.decimation), step(ours.period, ours.decimation));
    demand("a policy step (control.period x control.decimation) is", theirs_step, ours_step);
    if theirs.action_scale.len() == ours.action_scale.len() {
        for ((joint, a), b) in setup.config.robot.joints.iter().zip(&theirs.action_scale).zip(&ours.action_scale) {
            demand(&format!("control.action_scale[{joint}] is"), a.to_string(), b.to_string());
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(DaemonError::Unfit { path: from.into(), what: wrong.join("; ") }) }
}
