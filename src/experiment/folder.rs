//! The results folder of an experiment.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::locks::Locks;
use super::{ExperimentConfig, ExperimentError, Job, Variant};
use crate::setup::read_yaml;
use crate::storage::files::{Disk, Files, create_dir_all, write_atomic, write_once};
use crate::storage::{Difference, differences};

const CONFIG: &str = "config.yaml";
const SEEDS: &str = "seeds";
const UNFINISHED: &str = "unfinished";

/// An experiment's folder. Several processes, on several machines, may each run jobs of their own in it:
///
/// ```text
/// config.yaml                  all settings of the experiment
/// seeds/VARIANT-SEED.csv       a line per iteration of a finished seed
/// unfinished/VARIANT-SEED.bin  saved state of an interrupted seed
/// summary.csv, summary.json, figure.svg, report.html
/// ```
pub struct Folder {
    root: PathBuf,
    locks: Locks,
}

impl Folder {
    /// Opens or makes the folder of an experiment. The first process to come writes the settings; all others compare theirs.
    ///
    /// # Errors
    /// [`ExperimentError::Mismatch`] if the folder holds results of other settings, or an error of a file operation.
    pub fn open(root: &Path, config: &ExperimentConfig) -> Result<Self, ExperimentError> {
        for directory in [root.into(), root.join(SEEDS), root.join(UNFINISHED)] {
            create_dir_all(&Disk, &directory)?;
        }
        write_once(&root.join(CONFIG), settings(config, root)?.as_bytes())?;
        Self::existing(root, config)
    }

    /// Opens the folder of an experiment that was begun.
    ///
    /// # Errors
    /// As [`Folder::open`], and [`ExperimentError::NotBegun`].
    pub fn existing(root: &Path, config: &ExperimentConfig) -> Result<Self, ExperimentError> {
        let path = root.join(CONFIG);
        if !Disk.exists(&path)? {
            return Err(ExperimentError::NotBegun { folder: root.into() });
        }
        let damaged = |what: String| ExperimentError::Settings { path: path.clone(), what };
        let text = String::from_utf8(Disk.read(&path)?).map_err(|_| damaged("this is not a text (UTF-8)".into()))?;
        let tree = read_yaml(&text).map_err(|error| damaged(error.to_string()))?;
        let before: Value = tree.into_typed().map_err(|error| damaged(error.to_string()))?;
        let now = serde_json::to_value(config).map_err(|error| damaged(error.to_string()))?;
        if let Some(first) = differences(&decisive(&before), &decisive(&now), &[]).into_iter().next() {
            let Difference { setting: field, before: found, now: expected } = first;
            return Err(ExperimentError::Mismatch { folder: root.into(), field, found, expected });
        }
        Ok(Self { root: root.into(), locks: Locks::open(&root.join(".lock"))? })
    }

    /// Keeps the settings of now, where they differ in what the folder accepts: more seeds, another title.
    ///
    /// # Errors
    /// The file operation that failed.
    pub fn keep(&self, config: &ExperimentConfig) -> Result<(), ExperimentError> {
        let _held = self.shared_files()?;
        self.write(CONFIG, &settings(config, &self.root)?)
    }

    /// Takes jobs for this process, until the folder is closed.
    ///
    /// # Errors
    /// [`ExperimentError::InUse`] if another process has one of them.
    pub fn take(&self, jobs: &[Job<'_>]) -> Result<(), ExperimentError> {
        jobs.iter().try_for_each(|job| match self.locks.take(job.index)? {
            true => Ok(()),
            false => Err(ExperimentError::InUse { folder: self.root.clone(), job: job.to_string() }),
        })
    }

    /// Holds other processes off the folder's own files (settings, summary, figures) as long as the value lives.
    ///
    /// # Errors
    /// The lock is refused.
    pub fn shared_files(&self) -> Result<Locks, ExperimentError> {
        Ok(self.locks.shared_files()?)
    }

    /// Path of the folder.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Path of the records of a finished seed.
    pub fn records(&self, variant: &Variant, seed: u64) -> PathBuf {
        self.attachment(variant, seed, "csv")
    }

    /// Path of an attachment of a finished seed.
    pub fn attachment(&self, variant: &Variant, seed: u64, ending: &str) -> PathBuf {
        self.root.join(SEEDS).join(format!("{}-{seed}.{ending}", variant.slug()))
    }

    /// Path of the saved state of an unfinished seed.
    pub fn unfinished(&self, variant: &Variant, seed: u64) -> PathBuf {
        self.root.join(UNFINISHED).join(format!("{}-{seed}.bin", variant.slug()))
    }

    /// Adds a file that people change. Gives its path.
    ///
    /// # Errors
    /// [`ExperimentError::Changed`] if there is one with another content, or the file operation that failed.
    pub fn add(&self, name: &str, content: &str) -> Result<PathBuf, ExperimentError> {
        let path = self.root.join(name);
        if write_once(&path, content.as_bytes())? || Disk.read(&path)? == content.as_bytes() {
            return Ok(path);
        }
        Err(ExperimentError::Changed { path })
    }

    /// Writes a file of the folder atomically.
    ///
    /// # Errors
    /// The file operation that failed.
    pub fn write(&self, name: &str, content: &str) -> Result<(), ExperimentError> {
        Ok(write_atomic(&Disk, &self.root.join(name), content.as_bytes())?)
    }
}

/// The settings as the folder's file has them.
fn settings(config: &ExperimentConfig, root: &Path) -> Result<String, ExperimentError> {
    let damaged = |what: String| ExperimentError::Settings { path: root.join(CONFIG), what };
    serde_saphyr::to_string(config).map_err(|error| damaged(error.to_string()))
}

/// Settings that affect the records. A folder accepts changes of all other settings: more seeds,
/// and other figures.
fn decisive(config: &Value) -> Value {
    let mut config = config.clone();
    if let Some(fields) = config.as_object_mut() {
        // Older folders lack what was always 1.
        fields.entry("first_seed").or_insert_with(|| 1.into());
        fields.retain(|name, _| ["variants", "name", "first_seed"].contains(&name.as_str()));
        for variant in fields.get_mut("variants").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(fields) = variant.as_object_mut() {
                fields.remove("thresholds");
                fields.entry("judged_every").or_insert_with(|| 1.into());
            }
        }
    }
    config
}
