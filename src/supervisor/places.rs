//! Finds a run by a path, and explains a path that does not belong to a run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::DaemonError;
use crate::storage::files::{Disk, Files};
use crate::storage::{RunView, StorageError};
use crate::supervisor::LearnedStroke;

/// Largest number of entries of one kind in a message.
const NAMED: usize = 4;

/// Opens a run's folder for reading.
///
/// # Errors
/// [`DaemonError::NotARun`] names the thing found and the path to give instead. Other errors say
/// why the folder cannot be used.
pub fn open_run(path: &Path) -> Result<RunView, DaemonError> {
    let none = || DaemonError::NotARun { path: path.into(), what: what_is_there(path) };
    if !path.is_dir() {
        return Err(none());
    }
    match RunView::open(Arc::new(Disk), path) {
        Err(StorageError::NotARun { .. }) => Err(none()),
        opened => Ok(opened?),
    }
}

/// The file of a run's trial.
///
/// # Errors
/// [`DaemonError::NoTrial`], or the listing that failed.
pub fn trial_file(view: &RunView, trial: u64) -> Result<PathBuf, DaemonError> {
    let mut trials = view.trials()?;
    if let Some(at) = trials.iter().position(|(number, _)| *number == trial) {
        return Ok(trials.swap_remove(at).1);
    }
    let ends = trials.first().zip(trials.last()).map(|(first, last)| (first.0, last.0));
    Err(DaemonError::NoTrial { folder: view.directory().into(), trial, ends })
}

/// Whether the path is a learned stroke's file, by its name or because it is outside any run.
pub fn is_stroke(path: &Path) -> bool {
    path.is_file() && (path.to_string_lossy().ends_with(LearnedStroke::ENDING) || run_around(path).is_none())
}

/// The run whose folder contains this path.
fn run_around(path: &Path) -> Option<&Path> {
    // The last ancestor of a relative path is empty.
    let mut folders =
        path.ancestors().skip(1).map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    folders.find(|folder| is_run(folder))
}

fn is_run(folder: &Path) -> bool {
    RunView::open(Arc::new(Disk), folder).is_ok()
}

fn what_is_there(path: &Path) -> String {
    if !path.exists() {
        return "does not exist".into();
    }
    if let Some(run) = run_around(path) {
        return format!("is a part of the run in {0}: give {0}", run.display());
    }
    if path.is_file() {
        let stroke = path.to_string_lossy().ends_with(LearnedStroke::ENDING);
        return if stroke {
            "is a learned stroke, not a run: `evaluate` judges it, and a warm start begins with it".into()
        } else {
            "is a file, and neither a run's folder nor a learned stroke (*.stroke.json)".into()
        };
    }
    let folder = if path.ends_with("seeds") { path.parent().unwrap_or(path) } else { path };
    if folder.join("seeds").is_dir() {
        return experiment(folder);
    }
    let runs: Vec<PathBuf> = entries(path).into_iter().filter(|entry| is_run(entry)).collect();
    if runs.is_empty() {
        "is not a run's folder: it has no run.json".into()
    } else {
        format!("has runs in it and is none itself: give one of them ({})", named(&runs))
    }
}

/// Advice for a path to the results of an experiment.
fn experiment(folder: &Path) -> String {
    let mut strokes = entries(&folder.join("seeds"));
    strokes.retain(|path| path.to_string_lossy().ends_with(LearnedStroke::ENDING));
    let what = "has the results of an experiment, not a run: the `experiment` command that made it goes on with it";
    if strokes.is_empty() {
        format!("{what}; its seeds left no stroke that could be judged or started from")
    } else {
        format!("{what}; `evaluate` and a warm start take one of its strokes ({})", named(&strokes))
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    // A folder that cannot be listed has no entries to propose.
    Disk.list(folder).unwrap_or_default().into_iter().map(|name| folder.join(name)).collect()
}

fn named(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().take(NAMED).map(|path| path.display().to_string()).collect();
    let more = if paths.len() > NAMED { ", ..." } else { "" };
    names.join(", ") + more
}
