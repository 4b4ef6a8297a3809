//! A run's folder for readers; [`super::RunFolder`] lists the files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::files::Files;
use super::{Checkpoint, Expected, LoadedCheckpoint, StorageError, TrialMeta, read_trial};
use crate::control::Episode;

pub(super) const INFO: &str = "run.json";
/// The resolved configuration in a run's folder.
pub const CONFIG_FILE: &str = "config.yaml";
/// The robot description in a run's folder.
pub const ROBOT_FILE: &str = "robot.urdf";
/// The histograms of the loop's times on the wall clock, in a run's folder.
pub const DEADLINES_FILE: &str = "deadlines.json";
pub(super) const METRICS: &str = "metrics.jsonl";
pub(super) const TRIALS: &str = "trials";
pub(super) const CHECKPOINTS: &str = "checkpoints";
pub(super) const BLACK_BOXES: &str = "black_boxes";
pub(super) const TRIAL_ENDING: &str = ".mcap";

/// Robot, task, seed and origin of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The robot's name.
    pub robot: String,
    /// The task's name.
    pub task: String,
    /// The run's seed.
    pub seed: u64,
    /// Version of the package that started it.
    pub version: String,
    /// Command line that started it.
    pub command_line: Vec<String>,
    /// When it was started, seconds since the Unix epoch.
    pub started: u64,
    /// The settings that decide what the run learns; null in runs of versions that did not store
    /// them.
    #[serde(default)]
    pub settings: serde_json::Value,
}

/// A run's folder for reading. Reading needs no lock and changes nothing. The example of [the crate](crate) reads one.
#[derive(Clone, Debug)]
pub struct RunView {
    pub(super) files: Arc<dyn Files>,
    pub(super) directory: PathBuf,
    info: RunInfo,
}

impl RunView {
    /// Opens the folder of an existing run for reading.
    ///
    /// # Errors
    /// [`StorageError::NotARun`], a damaged `run.json`, or the file operation that failed.
    pub fn open(files: Arc<dyn Files>, directory: &Path) -> Result<Self, StorageError> {
        let path = directory.join(INFO);
        if !files.exists(&path)? {
            return Err(StorageError::NotARun { path: directory.into(), missing: INFO });
        }
        let info = serde_json::from_slice(&files.read(&path)?)
            .map_err(|e| StorageError::Damaged { path, what: e.to_string() })?;
        Ok(Self { files, directory: directory.into(), info })
    }

    /// The folder.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Robot, task, seed and origin of the run.
    pub fn info(&self) -> &RunInfo {
        &self.info
    }

    /// The resolved configuration, as YAML.
    ///
    /// # Errors
    /// The file operation that failed, or a text that is not UTF-8.
    pub fn config(&self) -> Result<String, StorageError> {
        let path = self.directory.join(CONFIG_FILE);
        String::from_utf8(self.files.read(&path)?).map_err(|e| StorageError::Damaged { path, what: e.to_string() })
    }

    /// Numbers and files of the stored trials, in ascending order.
    ///
    /// # Errors
    /// The file operation that failed.
    pub fn trials(&self) -> Result<Vec<(u64, PathBuf)>, StorageError> {
        numbered(&*self.files, &self.directory.join(TRIALS))
    }

    /// Reads one of [`Self::trials`].
    ///
    /// # Errors
    /// As [`read_trial`], or [`StorageError::Mismatch`] if the trial belongs to another robot, task
    /// or run.
    pub fn read_trial(&self, path: &Path) -> Result<(Episode, TrialMeta), StorageError> {
        let (episode, meta) = read_trial(&*self.files, path)?;
        let fields = [
            ("robot", meta.robot.clone(), self.info.robot.clone()),
            ("task", meta.task.clone(), self.info.task.clone()),
            ("seed", meta.seed.to_string(), self.info.seed.to_string()),
        ];
        for (field, found, expected) in fields {
            if found != expected {
                return Err(StorageError::Mismatch { path: path.into(), field, found, expected });
            }
        }
        Ok((episode, meta))
    }

    /// The stored rollouts of the interrupted iteration, which follows `iteration`, the
    /// checkpoint's. Evaluations are excluded, and rollouts of later iterations, which exist if
    /// newer checkpoints were damaged.
    ///
    /// The listing that failed. A trial that cannot be read is no error: it is skipped and named in
    /// the result.
    pub fn trials_after(&self, iteration: u64) -> Result<TrialsAfter, StorageError> {
        let mut found = TrialsAfter { trials: Vec::new(), damaged: Vec::new() };
        for (_, path) in self.trials()?.iter().rev() {
            match self.read_trial(path) {
                Ok((_, meta)) if meta.evaluation || meta.iteration > iteration + 1 => {}
                Ok((_, meta)) if meta.iteration <= iteration => break,
                Ok(trial) => found.trials.push(trial),
                Err(error) => found.damaged.push(error),
            }
        }
        found.trials.reverse();
        Ok(found)
    }

    /// The newest checkpoint that can be read, see [`Checkpoint::load_newest`].
    ///
    /// As for [`Checkpoint::load_newest`].
    pub fn checkpoint<T: DeserializeOwned>(&self, expected: &Expected) -> Result<LoadedCheckpoint<T>, StorageError> {
        Checkpoint::load_newest(&*self.files, &self.directory.join(CHECKPOINTS), expected)
    }

    /// The metrics lines, e.g. [`crate::report::IterationMetrics`]; a torn last line is left out.
    ///
    /// # Errors
    /// The file operation that failed, or a line that is damaged.
    pub fn metrics<M: DeserializeOwned>(&self) -> Result<Vec<M>, StorageError> {
        let path = self.directory.join(METRICS);
        let bytes = self.files.read(&path)?;
        lines(&path, &bytes)?
            .iter()
            .map(|line| serde_json::from_slice(line.bytes).map_err(|e| line.damaged(&path, &e)))
            .collect()
    }

    /// The histograms of the loop's times, e.g. [`crate::report::page::Deadlines`]; none if no trial
    /// ran on the wall clock.
    ///
    /// # Errors
    /// The file operation that failed, or a file that is damaged.
    pub fn deadlines<D: DeserializeOwned>(&self) -> Result<Vec<D>, StorageError> {
        let path = self.directory.join(DEADLINES_FILE);
        if !self.files.exists(&path)? {
            return Ok(vec![]);
        }
        let damaged = |error: serde_json::Error| StorageError::Damaged { path: path.clone(), what: error.to_string() };
        serde_json::from_slice(&self.files.read(&path)?).map_err(damaged)
    }
}

/// Result of [`RunView::trials_after`].
#[derive(Debug)]
pub struct TrialsAfter {
    /// The trials, in the order of their numbers.
    pub trials: Vec<(Episode, TrialMeta)>,
    /// Errors of the skipped trials; each deserves a warning.
    pub damaged: Vec<StorageError>,
}

/// Numbers and files of the recordings in a directory, in ascending order.
pub(super) fn numbered(files: &dyn Files, directory: &Path) -> Result<Vec<(u64, PathBuf)>, StorageError> {
    // A larger number is not from this package, and its successor might overflow.
    let number = |name: String| {
        let number: u32 = name.strip_suffix(TRIAL_ENDING)?.parse().ok()?;
        Some((number.into(), directory.join(name)))
    };
    let mut recordings: Vec<(u64, PathBuf)> = files.list(directory)?.into_iter().filter_map(number).collect();
    recordings.sort();
    Ok(recordings)
}

/// The field that every metrics line has.
#[derive(Deserialize)]
pub(super) struct Numbered {
    pub(super) iteration: u64,
}

pub(super) struct Line<'a> {
    number: usize,
    pub(super) iteration: u64,
    pub(super) bytes: &'a [u8],
}

impl Line<'_> {
    fn damaged(&self, path: &Path, error: &serde_json::Error) -> StorageError {
        StorageError::Damaged { path: path.into(), what: format!("line {}: {error}", self.number) }
    }
}

/// The whole lines of a metrics file. A torn last line is left out. No other line can be torn,
/// because each line was synced before the next was begun.
pub(super) fn lines<'a>(path: &Path, bytes: &'a [u8]) -> Result<Vec<Line<'a>>, StorageError> {
    let mut lines = Vec::new();
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|b| *b == b'\n') {
        let mut line = Line { number: lines.len() + 1, iteration: 0, bytes: &rest[..end] };
        rest = &rest[end + 1..];
        match serde_json::from_slice::<Numbered>(line.bytes) {
            Ok(Numbered { iteration }) => line.iteration = iteration,
            Err(_) if rest.is_empty() => break,
            Err(error) => return Err(line.damaged(path, &error)),
        }
        lines.push(line);
    }
    Ok(lines)
}
