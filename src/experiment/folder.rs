//! The results folder of an experiment.

use std::path::{Path, PathBuf};

use super::locks::Locks;
use super::robots::Robots;
use super::settings::{self, CONFIG, Missing};
use super::{ExperimentConfig, ExperimentError, Job, Run, Variant};
use crate::storage::files::{Disk, Files, create_dir_all, write_atomic, write_once};

/// The finished seeds.
pub const SEEDS: &str = "seeds";
/// The saved states.
pub const UNFINISHED: &str = "unfinished";

/// An experiment's folder. Several processes, on several machines, may each run jobs of their own in it:
///
/// ```text
/// config.yaml                  all settings of the experiment; .config.yaml: as the folder was begun
/// robots.yaml                  what the files of the variants' robots say, if there are any
/// seeds/VARIANT-SEED.csv       a line per iteration of a finished seed
/// seeds/VARIANT-SEED.*.json    what it learned
/// unfinished/VARIANT-SEED.bin  saved state of an interrupted seed; .bin.before: the one before
/// summary.csv, summary.json, figure.svg, report.html
/// ```
pub struct Folder {
    root: PathBuf,
    locks: Locks,
    robots: Robots,
}

impl Folder {
    /// Opens or makes the folder of an experiment. The first process to come writes the settings; all others compare theirs.
    ///
    /// # Errors
    /// [`ExperimentError::Mismatch`] or [`ExperimentError::Robot`] if the folder holds results of other settings, settings that are
    /// damaged, or an error of a file operation.
    pub fn open(root: &Path, config: &ExperimentConfig) -> Result<Self, ExperimentError> {
        for directory in [root.into(), root.join(SEEDS), root.join(UNFINISHED)] {
            create_dir_all(&Disk, &directory)?;
        }
        Self::agreed(root, config, Missing::Begin)
    }

    /// Opens the folder of an experiment that was begun.
    ///
    /// # Errors
    /// As [`Folder::open`], and [`ExperimentError::NotBegun`].
    pub fn existing(root: &Path, config: &ExperimentConfig) -> Result<Self, ExperimentError> {
        Self::agreed(root, config, Missing::Refuse)
    }

    fn agreed(root: &Path, config: &ExperimentConfig, missing: Missing) -> Result<Self, ExperimentError> {
        settings::agreed(root, config, missing)?;
        let robots = Robots::agreed(root, config)?;
        Ok(Self { root: root.into(), locks: Locks::open(&root.join(".lock"))?, robots })
    }

    /// Keeps the settings of now, where they differ in what the folder accepts: more seeds, another title.
    ///
    /// # Errors
    /// The file operation that failed.
    pub fn keep(&self, config: &ExperimentConfig) -> Result<(), ExperimentError> {
        let _held = self.shared_files()?;
        self.write(CONFIG, &settings::text(config, &self.root)?)
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

    /// Compares what a run was started with, as the file of its robot may be edited while jobs run.
    ///
    /// # Errors
    /// [`ExperimentError::Robot`], or a file that cannot be read.
    pub(super) fn check(&self, variant: &Variant, run: &Run) -> Result<(), ExperimentError> {
        let wrong = |source| ExperimentError::Variant { label: variant.label.clone(), source: Box::new(source) };
        self.robots.check(variant, run.robot().map_err(wrong)?)
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
