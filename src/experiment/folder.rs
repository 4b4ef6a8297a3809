//! The results folder of an experiment.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{ExperimentConfig, ExperimentError, Variant};
use crate::setup::read_yaml;
use crate::storage::files::{Disk, Files, LockGuard, create_dir_all, write_atomic};
use crate::storage::{Difference, differences};

const CONFIG: &str = "config.yaml";
const SEEDS: &str = "seeds";
const UNFINISHED: &str = "unfinished";

/// An experiment's folder, locked by this process:
///
/// ```text
/// config.yaml                  all settings of the experiment
/// seeds/VARIANT-SEED.csv       a line per iteration of a finished seed
/// unfinished/VARIANT-SEED.bin  saved state of an interrupted seed
/// summary.csv, summary.json, figure.svg, report.html
/// ```
pub struct Folder {
    root: PathBuf,
    _lock: LockGuard,
}

impl Folder {
    /// Opens or makes the folder of an experiment.
    ///
    /// # Errors
    /// [`ExperimentError::Mismatch`] if the folder holds results of other settings,
    /// [`ExperimentError::InUse`], or an error of a file operation.
    pub fn open(root: &Path, config: &ExperimentConfig) -> Result<Self, ExperimentError> {
        for directory in [root.into(), root.join(SEEDS), root.join(UNFINISHED)] {
            create_dir_all(&Disk, &directory)?;
        }
        let lock = Disk.lock(&root.join(".lock"))?.ok_or_else(|| ExperimentError::InUse { folder: root.into() })?;
        let path = root.join(CONFIG);
        let damaged = |what: String| ExperimentError::Records { path: path.clone(), what };
        if Disk.exists(&path)? {
            let text =
                String::from_utf8(Disk.read(&path)?).map_err(|_| damaged("this is not a text (UTF-8)".into()))?;
            let tree = read_yaml(&text).map_err(|error| damaged(error.to_string()))?;
            let before: Value = tree.into_typed().map_err(|error| damaged(error.to_string()))?;
            let now = serde_json::to_value(config).map_err(|e| damaged(e.to_string()))?;
            if let Some(first) = differences(&decisive(&before), &decisive(&now), &[]).into_iter().next() {
                let Difference { setting: field, before: found, now: expected } = first;
                return Err(ExperimentError::Mismatch { folder: root.into(), field, found, expected });
            }
        }
        let text = serde_saphyr::to_string(config).map_err(|e| damaged(e.to_string()))?;
        write_atomic(&Disk, &path, text.as_bytes())?;
        Ok(Self { root: root.into(), _lock: lock })
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

    /// Writes a file of the folder atomically.
    ///
    /// # Errors
    /// The file operation that failed.
    pub fn write(&self, name: &str, content: &str) -> Result<(), ExperimentError> {
        Ok(write_atomic(&Disk, &self.root.join(name), content.as_bytes())?)
    }
}

/// Settings that affect the records. A folder accepts changes of all other settings: more seeds,
/// and other figures.
fn decisive(config: &Value) -> Value {
    let mut config = config.clone();
    if let Some(fields) = config.as_object_mut() {
        // Older folders lack `first_seed`, which was always 1.
        fields.entry("first_seed").or_insert_with(|| 1.into());
        fields.retain(|name, _| ["variants", "name", "first_seed"].contains(&name.as_str()));
        for variant in fields.get_mut("variants").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(fields) = variant.as_object_mut() {
                fields.remove("thresholds");
            }
        }
    }
    config
}
