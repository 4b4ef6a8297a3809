//! The settings that the results of a folder were made with: `config.yaml` for people, and a copy that no editor shows.
//!
//! Results say nothing of their settings. A folder that lost `config.yaml` would take any command's results in.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use moto_settings::{FieldError, Joints, Refusal, Schema, Tree};
use serde_json::Value;

use super::folder::{SEEDS, UNFINISHED};
use super::{ExperimentConfig, ExperimentError};
use crate::setup::read_yaml;
use crate::storage::files::{Disk, Files, write_atomic, write_once};
use crate::storage::{Difference, differences};

/// The settings, for people.
pub const CONFIG: &str = "config.yaml";
/// The copy of the settings as the folder was begun.
const COPY: &str = ".config.yaml";

/// What becomes of a folder without settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It is begun.
    Begin,
    /// It is refused.
    Refuse,
}

/// Compares the settings of a folder with those of now. The first process to come writes them. A lost `config.yaml` is written anew
/// where the copy says that the results are of these settings.
///
/// # Errors
/// [`ExperimentError::Mismatch`] for results of other settings, [`ExperimentError::Settings`] for settings that cannot be read,
/// [`ExperimentError::NotBegun`], or an error of a file operation.
pub fn agreed(root: &Path, config: &ExperimentConfig, missing: Missing) -> Result<(), ExperimentError> {
    let kept = Kept { root, config: root.join(CONFIG), copy: root.join(COPY) };
    // Before the settings, which another process may write just now, with results behind them.
    let results = kept.has_results()?;
    let copied = kept.copied()?;
    let now = serde_json::to_value(config).map_err(|error| kept.unwritable(error.to_string()))?;
    let written = text(config, root)?;
    if let Some(found) = copied.as_ref().and_then(|copied| first(copied, &now)) {
        return Err(kept.mismatch(found));
    }
    if !Disk.exists(&kept.config)? {
        if results && copied.is_none() {
            return Err(kept.damaged("it is missing, and nothing else says what settings the results here have", false));
        }
        if missing == Missing::Refuse && copied.is_none() {
            return Err(ExperimentError::NotBegun { folder: root.into() });
        }
        write_once(&kept.config, written.as_bytes())?;
    }
    let mendable = copied.is_some() || !results;
    let tree = kept.read(mendable)?;
    let before = tree.clone().into_typed().map_err(|error| kept.cut(&error, mendable))?;
    if let Some(found) = first(&before, &now) {
        // A cut file lacks settings that no version leaves out.
        whole(tree).map_err(|error| kept.cut(&error, mendable))?;
        return Err(match copied {
            None => kept.mismatch(found),
            Some(_) => {
                let Difference { setting, before, now } = found;
                let what =
                    format!("it was changed after the results here were made: {setting} was {now}, now it is {before}");
                kept.damaged(&what, true)
            }
        });
    }
    if copied.is_none() && !write_once(&kept.copy, written.as_bytes())? && kept.copied()?.is_none() {
        write_atomic(&Disk, &kept.copy, written.as_bytes())?;
    }
    Ok(())
}

/// The settings as the folder's file has them.
pub fn text(config: &ExperimentConfig, root: &Path) -> Result<String, ExperimentError> {
    let kept = Kept { root, config: root.join(CONFIG), copy: root.join(COPY) };
    serde_saphyr::to_string(config).map_err(|error| kept.unwritable(error.to_string()))
}

/// The files of a folder that say what its settings are.
struct Kept<'a> {
    root: &'a Path,
    config: PathBuf,
    copy: PathBuf,
}

impl Kept<'_> {
    fn has_results(&self) -> Result<bool, ExperimentError> {
        for directory in [SEEDS, UNFINISHED].map(|name| self.root.join(name)) {
            if Disk.exists(&directory)? && !Disk.list(&directory)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The copy. `None` in a folder from before there was one, or if it is damaged: then `config.yaml` alone counts.
    fn copied(&self) -> Result<Option<Value>, ExperimentError> {
        if !Disk.exists(&self.copy)? {
            return Ok(None);
        }
        let text = String::from_utf8(Disk.read(&self.copy)?).ok();
        let tree = text.and_then(|text| read_yaml(&text).ok()).filter(|tree| whole(tree.clone()).is_ok());
        Ok(tree.and_then(|tree| tree.into_typed().ok()))
    }

    fn read(&self, mendable: bool) -> Result<Tree, ExperimentError> {
        let text = String::from_utf8(Disk.read(&self.config)?);
        let text = text.map_err(|_| self.cut(&"this is not a text (UTF-8)", mendable))?;
        match text.trim().is_empty() {
            true => Err(self.damaged("it is empty", mendable)),
            false => read_yaml(&text).map_err(|error| self.cut(&error, mendable)),
        }
    }

    fn cut(&self, why: &dyn Display, mendable: bool) -> ExperimentError {
        self.damaged(&format!("it is cut short or damaged: {why}"), mendable)
    }

    fn mismatch(&self, found: Difference) -> ExperimentError {
        let Difference { setting: field, before: found, now: expected } = found;
        ExperimentError::Mismatch { folder: self.root.into(), field, found, expected }
    }

    /// `mendable`: whether the command may write the file anew, once it is gone.
    fn damaged(&self, what: &str, mendable: bool) -> ExperimentError {
        let mend = match mendable {
            true => "move it away, and a command with the settings of the results here writes it anew".into(),
            false => format!(
                "put a whole one in its place: a copy of it or, if the results in {} are of this command's settings, the one that \
                 this command with `--submit slurm` and another --out writes, which runs nothing",
                self.root.display()
            ),
        };
        ExperimentError::Settings { path: self.config.clone(), what: what.into(), mend }
    }

    fn unwritable(&self, what: String) -> ExperimentError {
        let mend = "change the setting that no file can hold".into();
        ExperimentError::Settings { path: self.config.clone(), what, mend }
    }
}

/// Checks that the settings are a whole experiment's.
fn whole(mut tree: Tree) -> Result<(), FieldError> {
    Schema::of::<ExperimentConfig>().check(&mut tree, Joints::Unknown).map_err(|Refusal { error, .. }| error)?;
    tree.into_typed::<ExperimentConfig>().map(drop)
}

/// The first difference that affects results.
fn first(before: &Value, now: &Value) -> Option<Difference> {
    differences(&decisive(before), &decisive(now), &[]).into_iter().next()
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
