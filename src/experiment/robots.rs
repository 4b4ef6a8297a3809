//! What the files of robots say: the configuration of a variant is a path, which says nothing of the seeds once the file is edited.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::{ExperimentConfig, ExperimentError, RunError, TaskConfig, Variant};
use crate::setup::{Setup, read_yaml};
use crate::storage::differences;
use crate::storage::files::{Disk, Files, write_once};

/// The file of an experiment's folder that keeps them.
const ROBOTS: &str = "robots.yaml";

/// The settings of robots by the path of their configuration, as the folder's seeds are made with.
pub struct Robots {
    kept_at: PathBuf,
    settings: BTreeMap<String, Value>,
}

impl Robots {
    /// Reads the files of all variants, and compares them with what the folder keeps. The first process to come, or the first to
    /// open a folder from before this was kept, writes it.
    ///
    /// # Errors
    /// [`ExperimentError::Robot`] if a file says something else, or a file that cannot be read.
    pub fn agreed(folder: &Path, config: &ExperimentConfig) -> Result<Self, ExperimentError> {
        let mut now = Self { kept_at: folder.join(ROBOTS), settings: BTreeMap::new() };
        for variant in &config.variants {
            let Some(file) = file(variant) else { continue };
            if let std::collections::btree_map::Entry::Vacant(entry) = now.settings.entry(name(file)) {
                let wrong =
                    |source| ExperimentError::Variant { label: variant.label.clone(), source: Box::new(source) };
                let setup = Setup::load(file, |_| ()).map_err(|error| wrong(error.into()))?;
                entry.insert(settings(&setup).map_err(wrong)?);
            }
        }
        if now.settings.is_empty() {
            return Ok(now);
        }
        let text = serde_saphyr::to_string(&now.settings).map_err(|error| now.damaged(error.to_string()))?;
        write_once(&now.kept_at, text.as_bytes())?;
        let kept = now.kept()?;
        config.variants.iter().try_for_each(|variant| now.compare(variant, &kept))?;
        Ok(now)
    }

    /// Compares what a run of a variant was started with, as a file may be edited while jobs run.
    ///
    /// # Errors
    /// [`ExperimentError::Robot`].
    pub fn check(&self, variant: &Variant, started: Option<Value>) -> Result<(), ExperimentError> {
        let (Some(file), Some(settings)) = (file(variant), started) else { return Ok(()) };
        let now = Self { kept_at: self.kept_at.clone(), settings: [(name(file), settings)].into() };
        now.compare(variant, &self.settings)
    }

    fn kept(&self) -> Result<BTreeMap<String, Value>, ExperimentError> {
        let bytes = Disk.read(&self.kept_at)?;
        let text = str::from_utf8(&bytes).map_err(|_| self.damaged("this is not a text (UTF-8)".into()))?;
        let tree = read_yaml(text).map_err(|error| self.damaged(error.to_string()))?;
        tree.into_typed().map_err(|error| self.damaged(error.to_string()))
    }

    /// Refuses the variant if its file differs from what is kept of it.
    fn compare(&self, variant: &Variant, kept: &BTreeMap<String, Value>) -> Result<(), ExperimentError> {
        let Some(file) = file(variant) else { return Ok(()) };
        let (Some(before), Some(now)) = (kept.get(&name(file)), self.settings.get(&name(file))) else {
            return Err(self.damaged(format!("it says nothing of {}", file.display())));
        };
        match differences(before, now, &[]).into_iter().next() {
            None => Ok(()),
            Some(difference) => Err(ExperimentError::Robot {
                label: variant.label.clone(),
                file: file.into(),
                difference: Box::new(difference),
                kept_at: self.kept_at.clone(),
            }),
        }
    }

    fn damaged(&self, what: String) -> ExperimentError {
        let mend =
            "put it back; or remove it, if no robot was changed since the first seed, and it is written anew".into();
        ExperimentError::Settings { path: self.kept_at.clone(), what, mend }
    }
}

/// The settings of a robot's file that affect a seed. The variant has its own learner, rollouts and seeds. Hashes stand for the robot
/// description and for the files that the task is made of.
///
/// # Errors
/// A file that cannot be read.
pub fn settings(setup: &Setup) -> Result<Value, RunError> {
    let mut settings = setup.decisive()?;
    if let Some(fields) = settings.as_object_mut() {
        fields.remove("learner");
        for field in ["seed", "rollouts"] {
            fields.get_mut("run").and_then(Value::as_object_mut).map(|run| run.remove(field));
        }
        let mut files = Map::new();
        for file in setup.task()?.files() {
            let hash = blake3::hash(&Disk.read(&file)?);
            files.insert(name(&file), json!(format!("a file with BLAKE3 {hash:.16}")));
        }
        if !files.is_empty() {
            fields.insert("files".into(), files.into());
        }
    }
    Ok(settings)
}

fn file(variant: &Variant) -> Option<&Path> {
    match &variant.task {
        TaskConfig::Robot(robot) => Some(&robot.config),
        TaskConfig::SwingUp(_) | TaskConfig::TableTennis(_) => None,
    }
}

fn name(file: &Path) -> String {
    file.to_string_lossy().into_owned()
}
