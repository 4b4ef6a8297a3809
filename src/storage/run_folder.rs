//! The folder of a run.
//!
//! ```text
//! run.json             robot, task, seed, version, command line; written last, it marks the folder as a run's
//! config.yaml          the configuration as resolved
//! robot.urdf           the robot description it names
//! metrics.jsonl        one line per iteration
//! trials/000001.mcap   every trial
//! checkpoints/         the newest few
//! black_boxes/         the last control cycles before each fault
//! demonstrations/      what was shown by hand
//! learning_curve.svg
//! deadlines.json       histograms of the loop's times, of all cycles on the wall clock
//! report.html          all of it to look at
//! lock                 held by the process that writes
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::files::{Files, LockGuard, OpenFile, TEMPORARY, create_dir_all, write_atomic};
use super::run_view::{
    BLACK_BOXES, CHECKPOINTS, CONFIG_FILE, INFO, METRICS, Numbered, ROBOT_FILE, TRIAL_ENDING, TRIALS, lines, numbered,
};
use super::{Checkpoint, KeepTrials, RunInfo, RunView, StorageError, TrialEnd, TrialMeta, write_trial};
use crate::control::Episode;
use crate::view::Stage;

const LOCK: &str = "lock";

/// A run's folder for writing. Only this process holds its lock.
pub struct RunFolder {
    view: RunView,
    metrics: Box<dyn OpenFile>,
    /// Length of the lines of `metrics.jsonl` that are on the disk, bytes.
    metrics_length: u64,
    /// Whether an append failed, so that a part of a line may follow.
    metrics_torn: bool,
    _lock: LockGuard,
}

impl RunFolder {
    /// Starts a run in a folder that does not exist, is empty, or holds only the remains of an
    /// interrupted start.
    ///
    /// # Errors
    /// [`StorageError::RunExists`], [`StorageError::NotEmpty`], [`StorageError::InUse`], or the
    /// file operation that failed.
    pub fn create(
        files: Arc<dyn Files>,
        directory: &Path,
        info: RunInfo,
        config_yaml: &str,
        urdf: &str,
    ) -> Result<Self, StorageError> {
        Self::create_from::<()>(files, directory, info, config_yaml, urdf, None)
    }

    /// Starts a run with a first checkpoint. The checkpoint is written before the folder becomes a
    /// run's. An interrupted start leaves either no run or a run that can be resumed.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_from<T: Serialize>(
        files: Arc<dyn Files>,
        directory: &Path,
        info: RunInfo,
        config_yaml: &str,
        urdf: &str,
        first: Option<&Checkpoint<T>>,
    ) -> Result<Self, StorageError> {
        create_dir_all(&*files, directory)?;
        refuse_used(&*files, directory)?;
        let lock = lock(&*files, directory)?;
        refuse_used(&*files, directory)?;
        for place in [TRIALS, BLACK_BOXES, CHECKPOINTS] {
            create_dir_all(&*files, &directory.join(place))?;
        }
        write_atomic(&*files, &directory.join(CONFIG_FILE), config_yaml.as_bytes())?;
        write_atomic(&*files, &directory.join(ROBOT_FILE), urdf.as_bytes())?;
        write_atomic(&*files, &directory.join(METRICS), b"")?;
        if let Some(first) = first {
            first.save(&*files, &directory.join(CHECKPOINTS), 1)?;
        }
        let path = directory.join(INFO);
        let json = serde_json::to_vec_pretty(&info)
            .map_err(|e| StorageError::Unstorable { path: path.clone(), what: e.to_string() })?;
        write_atomic(&*files, &path, &json)?;
        Self::with_lock(RunView::open(files, directory)?, lock)
    }

    /// Opens an existing run to resume it. Cuts off a torn last line of metrics and removes
    /// unfinished files.
    ///
    /// # Errors
    /// [`StorageError::NotARun`], [`StorageError::InUse`], [`StorageError::Damaged`], or the file
    /// operation that failed.
    pub fn open(files: Arc<dyn Files>, directory: &Path) -> Result<Self, StorageError> {
        let view = RunView::open(files, directory)?;
        let files = &*view.files;
        let lock = lock(files, directory)?;
        for place in ["", TRIALS, BLACK_BOXES, CHECKPOINTS].map(|place| directory.join(place)) {
            for name in files.list(&place)?.iter().filter(|n| n.ends_with(TEMPORARY)) {
                files.remove(&place.join(name))?;
            }
        }
        Self::with_lock(view, lock)
    }

    fn with_lock(view: RunView, lock: LockGuard) -> Result<Self, StorageError> {
        let metrics = view.files.append(&view.directory.join(METRICS))?;
        let mut run = Self { view, metrics, metrics_length: 0, metrics_torn: false, _lock: lock };
        run.retain_metrics(u64::MAX)?;
        Ok(run)
    }

    /// The folder for reading.
    pub fn view(&self) -> &RunView {
        &self.view
    }

    /// Number of the next trial, from 1: one more than the last stored trial's.
    ///
    /// # Errors
    /// The file operation that failed.
    pub fn next_trial(&self) -> Result<u64, StorageError> {
        Ok(self.view.trials()?.last().map_or(1, |(number, _)| number + 1))
    }

    /// Stores a trial under its number, with the frames and descriptions of `stage` for viewers. The
    /// trial is on the disk when this returns.
    ///
    /// # Errors
    /// [`StorageError::TrialExists`], [`StorageError::Unstorable`], or the file operation that
    /// failed.
    pub fn write_trial(
        &mut self,
        episode: &Episode,
        meta: &TrialMeta,
        stage: Option<&Stage>,
    ) -> Result<PathBuf, StorageError> {
        let path = self.trial_path(meta.trial);
        if self.view.files.exists(&path)? {
            return Err(StorageError::TrialExists { path });
        }
        write_trial(&*self.view.files, &path, (episode, meta), stage)?;
        Ok(path)
    }

    /// Excludes a stored trial from learning. The rest of the trial stays.
    ///
    /// # Errors
    /// A trial that cannot be read, or the file operation that failed. The trial is then unchanged.
    pub fn invalidate_trial(&mut self, number: u64, reason: &str, stage: Option<&Stage>) -> Result<(), StorageError> {
        let path = self.trial_path(number);
        let (episode, mut meta) = self.view.read_trial(&path)?;
        meta.end = TrialEnd::Invalid { reason: reason.into() };
        write_trial(&*self.view.files, &path, (&episode, &meta), stage)
    }

    /// Removes the trials that are not to be kept. Call it when an iteration is complete and its
    /// checkpoint is on the disk: a resumed run reads the trials after its checkpoint.
    ///
    /// # Errors
    /// The file operation that failed.
    pub fn thin_trials(&mut self, keep: KeepTrials) -> Result<(), StorageError> {
        if keep == KeepTrials::All {
            return Ok(());
        }
        let numbers: Vec<u64> = self.view.trials()?.into_iter().map(|(number, _)| number).collect();
        for number in keep.superfluous(&numbers) {
            self.view.files.remove(&self.trial_path(number))?;
        }
        Ok(())
    }

    fn trial_path(&self, number: u64) -> PathBuf {
        self.view.directory.join(TRIALS).join(format!("{number:06}{TRIAL_ENDING}"))
    }

    /// Stores the last control cycles before a fault, under the next free number.
    ///
    /// # Errors
    /// [`StorageError::Unstorable`], or the file operation that failed.
    pub fn write_black_box(
        &mut self,
        episode: &Episode,
        meta: &TrialMeta,
        stage: Option<&Stage>,
    ) -> Result<PathBuf, StorageError> {
        let files = &*self.view.files;
        let directory = self.view.directory.join(BLACK_BOXES);
        let number = numbered(files, &directory)?.last().map_or(1, |(number, _)| number + 1);
        let path = directory.join(format!("{number:06}{TRIAL_ENDING}"));
        write_trial(files, &path, (episode, meta), stage)?;
        Ok(path)
    }

    /// Appends a line to the metrics; `line` must have a field `iteration`. The line is on the disk
    /// when this returns.
    ///
    /// # Errors
    /// A value that has no JSON form or no iteration, or the file operation that failed. The
    /// previous lines are then intact.
    pub fn append_metrics(&mut self, line: &impl Serialize) -> Result<(), StorageError> {
        let path = self.view.directory.join(METRICS);
        let unstorable = |what| StorageError::Unstorable { path: path.clone(), what };
        let mut bytes = serde_json::to_vec(line).map_err(|e| unstorable(e.to_string()))?;
        serde_json::from_slice::<Numbered>(&bytes).map_err(|e| unstorable(e.to_string()))?;
        bytes.push(b'\n');
        if self.metrics_torn {
            self.truncate_metrics(self.metrics_length)?;
        }
        self.metrics_torn = true;
        self.metrics.write(&bytes)?;
        self.metrics.sync()?;
        self.metrics_torn = false;
        self.metrics_length += bytes.len() as u64;
        Ok(())
    }

    /// Removes the metrics of iterations after `iteration`, the checkpoint's. The resumed run
    /// repeats these iterations.
    ///
    /// # Errors
    /// A damaged earlier line, or the file operation that failed.
    pub fn retain_metrics(&mut self, iteration: u64) -> Result<(), StorageError> {
        let path = self.view.directory.join(METRICS);
        let bytes = self.view.files.read(&path)?;
        let mut kept = 0;
        for line in lines(&path, &bytes)? {
            if line.iteration > iteration {
                break;
            }
            kept += line.bytes.len() as u64 + 1;
        }
        if kept != bytes.len() as u64 {
            self.truncate_metrics(kept)?;
        }
        self.metrics_length = kept;
        Ok(())
    }

    /// Cuts the file. It is synced before the next append, so only its end can be torn.
    fn truncate_metrics(&mut self, length: u64) -> Result<(), StorageError> {
        self.metrics.truncate(length)?;
        self.metrics.sync()?;
        self.metrics_torn = false;
        Ok(())
    }

    /// Saves a checkpoint and keeps the newest `keep` of them, see [`Checkpoint::save`].
    ///
    /// # Errors
    /// As for [`Checkpoint::save`].
    pub fn save_checkpoint<T: Serialize>(
        &mut self,
        checkpoint: &Checkpoint<T>,
        keep: usize,
    ) -> Result<PathBuf, StorageError> {
        checkpoint.save(&*self.view.files, &self.view.directory.join(CHECKPOINTS), keep)
    }

    /// Writes another file of the run, e.g. `learning_curve.svg`, atomically.
    ///
    /// # Errors
    /// The file operation that failed.
    pub fn write_file(&mut self, name: &str, bytes: &[u8]) -> Result<PathBuf, StorageError> {
        let path = self.view.directory.join(name);
        write_atomic(&*self.view.files, &path, bytes)?;
        Ok(path)
    }
}

fn lock(files: &dyn Files, directory: &Path) -> Result<LockGuard, StorageError> {
    files.lock(&directory.join(LOCK))?.ok_or_else(|| StorageError::InUse { path: directory.into() })
}

/// Refuses to start a run in a folder that holds more than the remains of an interrupted start.
fn refuse_used(files: &dyn Files, directory: &Path) -> Result<(), StorageError> {
    let path = || directory.to_path_buf();
    if files.exists(&directory.join(INFO))? {
        return Err(StorageError::RunExists { path: path() });
    }
    for name in files.list(directory)? {
        let begun = match name.as_str() {
            LOCK => true,
            TRIALS | BLACK_BOXES => files.list(&directory.join(&name))?.is_empty(),
            // At most the first checkpoint and its temporary file.
            CHECKPOINTS => files.list(&directory.join(&name))?.len() <= 2,
            // A start writes these files after it made the folders.
            CONFIG_FILE | ROBOT_FILE | METRICS => files.exists(&directory.join(CHECKPOINTS))?,
            other => {
                other.strip_suffix(TEMPORARY).is_some_and(|n| [CONFIG_FILE, ROBOT_FILE, METRICS, INFO].contains(&n))
            }
        };
        if !begun {
            return Err(StorageError::NotEmpty { path: path(), entry: name });
        }
    }
    Ok(())
}
