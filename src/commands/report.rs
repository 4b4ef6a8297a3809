//! Makes the report of a run from its folder.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use tracing::warn;

use crate::control::Episode;
use crate::report::IterationMetrics;
use crate::report::page::{PAGE_FILE, PageArm, PageData, PageGains, PageJoint, PageMark, PageTrial, RunPage, page};
use crate::setup::Setup;
use crate::storage::files::{Disk, write_atomic};
use crate::storage::{CONFIG_FILE, RunView, StorageError};
use crate::supervisor::DaemonError;
use crate::supervisor::checkpoint::load;
use crate::supervisor::places::{open_run, trial_file};
use crate::tasks::Task;

/// Number of trials that the page can draw in full.
const DRAWN: usize = 12;
/// Number of trials whose marks the page shows: enough for a picture, few enough to be read in a
/// second or two.
const MARKED: usize = 300;

/// Writes the report of the run in a folder into it, and returns its path. `trial` is drawn in any
/// case.
///
/// # Errors
/// The folder holds no run, the run cannot be read, it has no such trial, or the report cannot be
/// written.
pub fn report(directory: &Path, trial: Option<u64>) -> Result<PathBuf, DaemonError> {
    let view = open_run(directory)?;
    let setup = Setup::load(&directory.join(CONFIG_FILE), |_| {})?;
    let task = setup.task()?;
    let path = directory.join(PAGE_FILE);
    let html = page(&PageData::Run(&gather(&view, &setup, &*task, trial)?))
        .map_err(|error| StorageError::Unstorable { path: path.clone(), what: error.to_string() })?;
    write_atomic(&Disk, &path, html.as_bytes()).map_err(StorageError::from)?;
    Ok(path)
}

fn gather(view: &RunView, setup: &Setup, task: &dyn Task, trial: Option<u64>) -> Result<RunPage, DaemonError> {
    let (stored, sizes) = (view.trials()?, stored(view)?);
    trial.map(|wanted| trial_file(view, wanted)).transpose()?;
    let drawn: BTreeSet<u64> = spread(&stored, DRAWN).map(|(number, _)| *number).chain(trial).collect();
    let marked: BTreeSet<u64> = spread(&stored, MARKED).map(|(number, _)| *number).collect();
    let shown = |(number, path): &(u64, PathBuf)| {
        let (episode, meta) = match view.read_trial(path) {
            Ok(trial) if fits(&trial.0, setup, task) => trial,
            Ok(_) => return None,
            Err(error) => {
                warn!("left out of the report: {error}");
                return None;
            }
        };
        let marks = task.marks(&episode);
        let page = || PageTrial::new(&episode, &meta, &task.surroundings(&episode), marks.clone());
        let trial = drawn.contains(number).then(page);
        Some((trial, PageMark::of(&meta, marks)))
    };
    let wanted = stored.par_iter().filter(|(number, _)| drawn.contains(number) || marked.contains(number));
    let (trials, marks): (Vec<_>, Vec<_>) = wanted.filter_map(shown).collect::<Vec<_>>().into_iter().unzip();
    let (trials, marks) = (trials.into_iter().flatten().collect(), marks.into_iter().flatten().collect());
    let control = &setup.config.control;
    Ok(RunPage {
        title: format!("{}, seed {}", setup.title(), setup.config.run.seed),
        info: view.info().clone(),
        config: view.config()?,
        joints: PageJoint::all(&setup.model, &setup.config.control.limits),
        arm: PageArm::new(&setup.arm()?),
        step: control.period * control.decimation as f64,
        iterations: view.metrics()?.into_iter().map(IterationMetrics::reduced).collect(),
        gains: gains(view, setup, task),
        trials,
        marks,
        deadlines: view.deadlines()?,
        stored: (sizes.trials, sizes.bytes),
    })
}

/// So many of the trials, the first and the last among them, with equal distances.
fn spread(trials: &[(u64, PathBuf)], count: usize) -> impl Iterator<Item = &(u64, PathBuf)> {
    let last = trials.len().saturating_sub(1);
    let wanted: BTreeSet<usize> =
        (0..count.min(trials.len())).map(|i| i * last / (count.min(trials.len()) - 1).max(1)).collect();
    wanted.into_iter().map(|i| &trials[i])
}

/// Whether a stored trial has the shapes that the task reads.
fn fits(episode: &Episode, setup: &Setup, task: &dyn Task) -> bool {
    let dims = [episode.joints, episode.task_values, episode.state_dim, episode.action_dim];
    let joints = setup.model.dof();
    dims == [joints, task.task_values(), task.state_dim(), joints]
}

/// The gains of the newest checkpoint. A run without a checkpoint that can be read has none.
fn gains(view: &RunView, setup: &Setup, task: &dyn Task) -> Option<PageGains> {
    let saved = load(view, setup, task, false).inspect_err(|error| warn!("the report has no gains: {error}")).ok()?;
    PageGains::of(&saved.learner.law(), setup.model.dof())
}

/// The trials on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    trials: usize,
    bytes: u64,
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} trials, {:.1} MB", self.trials, self.bytes as f64 / 1e6)
    }
}

/// How many trials a run stores, and their size.
///
/// # Errors
/// The file operation that failed.
pub fn stored(view: &RunView) -> Result<Stored, DaemonError> {
    let trials = view.trials()?;
    // A file that is gone has no size.
    let size = |(_, path): &(u64, PathBuf)| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    Ok(Stored { trials: trials.len(), bytes: trials.iter().map(size).sum() })
}
