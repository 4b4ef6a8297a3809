//! Configuration of an experiment.

use std::path::{Path, PathBuf};

use moto_learners::Learners;
use moto_settings::{Choice, FieldError, Joints, check};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::run::Run;
use super::{ExperimentError, Record, RunError, Transfer};
use crate::tasks::swing_up::SwingUpConfig;
use crate::tasks::table_tennis::TableTennisConfig;

/// Task of a variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskConfig {
    /// Swing up a chain of links.
    SwingUp(SwingUpConfig),
    /// Return table-tennis balls, with the arm and the control loop of `config/table_tennis.yaml`.
    TableTennis(Box<TableTennisConfig>),
    /// Robot, control loop and task of a configuration file, such as a stroke after `init`.
    Robot(RobotFile),
}

/// A robot and its task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RobotFile {
    /// Path of the configuration, as for a dry run. In an experiment's file, a relative path starts
    /// at the file's folder.
    pub config: PathBuf,
}

/// One curve of an experiment's figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Name of the variant in legend, table and files.
    pub label: String,
    /// Name of the variant's group. Variants of a group share a panel and a table. If empty for all
    /// variants, all share one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The task.
    pub task: TaskConfig,
    /// The learner.
    pub method: Choice<Learners>,
    /// Rollouts per iteration M.
    #[schemars(extend("minimum" = 1))]
    pub rollouts: usize,
    /// Number of iterations.
    #[schemars(extend("minimum" = 1))]
    pub iterations: usize,
    /// The mean action is judged after the first iteration, the last, and every so many in between.
    /// Judging takes most of the time where iterations are of few rollouts; it affects no learner.
    #[serde(default = "every")]
    #[schemars(extend("minimum" = 1))]
    pub judged_every: usize,
    /// Thresholds of the first measure. The summary counts the episodes to each.
    #[serde(default)]
    pub thresholds: Vec<f64>,
    /// Another robot for each seed, on which the variant goes on with what it learned on the robot as
    /// configured; null for the robot as configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<Transfer>,
}

fn every() -> usize {
    1
}

impl Variant {
    /// Makes the path of a robot's configuration absolute. A relative path starts at `folder`.
    pub(super) fn locate(&mut self, folder: &Path) {
        if let TaskConfig::Robot(RobotFile { config }) = &mut self.task {
            // Without a working directory the path stays relative.
            *config = std::path::absolute(folder.join(&*config)).unwrap_or_else(|_| folder.join(&*config));
        }
    }

    /// The variant without what went before on another robot: learning begins on the robot as configured. Nothing of it is
    /// recorded, so it is hardly judged.
    pub(super) fn before_transfer(&self) -> Self {
        Self { transfer: None, judged_every: usize::MAX, ..self.clone() }
    }

    /// Whether the mean action is judged after an iteration, counted from 1.
    pub(super) fn is_judged(&self, iteration: u64) -> bool {
        iteration.is_multiple_of(self.judged_every as u64) || iteration == 1 || iteration == self.iterations as u64
    }

    /// Total number of episodes.
    pub fn episodes(&self) -> u64 {
        (self.rollouts * self.iterations) as u64
    }

    /// Name of the variant in file names: lower case, with `-` in place of characters that are
    /// neither letters nor digits.
    pub fn slug(&self) -> String {
        let name = if self.group.is_empty() { self.label.clone() } else { format!("{} {}", self.group, self.label) };
        let plain = name.chars().map(|c| if c.is_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { ' ' });
        plain.collect::<String>().split_whitespace().collect::<Vec<_>>().join("-")
    }
}

/// Quantity of the records that is drawn and summarised. Larger values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Return of the mean action.
    MeanAction,
    /// Return of the rollouts, exploration noise included.
    Rollouts,
    /// Share of the mean action's strokes that succeeded.
    Success,
    /// Share of the rollouts that succeeded, exploration noise included.
    RolloutsSuccess,
}

impl Measure {
    /// Value of the measure in a record. `None` if the record lacks it.
    pub fn of(self, record: &Record) -> Option<f64> {
        match self {
            Self::MeanAction => record.mean_action_return,
            Self::Rollouts => Some(record.rollouts_return),
            Self::Success => record.success,
            Self::RolloutsSuccess => record.rollouts_success,
        }
    }

    /// The newest value of the measure in a seed's records. `None` if no record has one.
    pub fn newest(self, records: &[Record]) -> Option<f64> {
        records.iter().rev().find_map(|record| self.of(record))
    }

    /// Title of the measure, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::MeanAction => "return of the mean action",
            Self::Rollouts => "return with exploration",
            Self::Success => "success of the mean action",
            Self::RolloutsSuccess => "success with exploration",
        }
    }
}

/// An experiment: several variants, each over several seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentConfig {
    /// Name of the experiment on the command line.
    pub name: String,
    /// Title of the figure.
    pub title: String,
    /// Number of seeds.
    #[schemars(extend("minimum" = 1))]
    pub seeds: u64,
    /// First seed. Settings are tuned on other seeds than the reported ones.
    #[serde(default = "one")]
    pub first_seed: u64,
    /// Measures, with a panel for each. Thresholds refer to the first measure.
    pub measures: Vec<Measure>,
    /// Variants that are compared.
    pub variants: Vec<Variant>,
}

fn one() -> u64 {
    1
}

impl ExperimentConfig {
    /// The short version: two seeds, and the beginning of each curve, a share of 1 / `divisor`.
    pub fn quick(mut self, divisor: usize) -> Self {
        self.title.push_str(" (quick)");
        self.seeds = 2;
        for variant in &mut self.variants {
            variant.iterations = (variant.iterations / divisor).max(2);
        }
        self
    }

    /// The seeds of the experiment.
    pub fn seeds(&self) -> impl Iterator<Item = u64> + use<> {
        (self.first_seed..).take(self.seeds as usize)
    }

    /// Checks every value, by setting up each variant once.
    ///
    /// # Errors
    /// The first value that is refused.
    pub fn validate(&self) -> Result<(), ExperimentError> {
        let Self { seeds, first_seed, measures, variants, .. } = self;
        let lists = [("measures", measures.is_empty()), ("variants", variants.is_empty())];
        if let Some((field, _)) = lists.iter().find(|(_, empty)| *empty) {
            return Err(FieldError::value(*field, "empty", "at least one").into());
        }
        let wrong = |variant: &Variant, source| ExperimentError::Variant {
            label: variant.label.clone(),
            source: Box::new(source),
        };
        for variant in variants {
            // An error names a variant by its label, not by its index.
            check(variant, Joints::Unknown).map_err(|error| wrong(variant, RunError::Field(error)))?;
        }
        check(self, Joints::Unknown)?;
        if first_seed.checked_add(*seeds).is_none() {
            let expected = format!("at most {}, to leave room for the others", u64::MAX - seeds);
            return Err(FieldError::value("first_seed", first_seed, expected).into());
        }
        for (i, variant) in variants.iter().enumerate() {
            let slug = variant.slug();
            if slug.is_empty() || variants[..i].iter().any(|other| other.slug() == slug) {
                let found = format!("{:?}", variant.label);
                return Err(FieldError::value("label of a variant", found, "a name that no other variant has").into());
            }
            Run::start(variant, 1).map_err(|source| wrong(variant, source))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use moto_settings::{Schema, Tree, document};
    use std::path::Path;

    /// `UPDATE_DOCUMENTATION=1` makes this test write the document.
    #[test]
    fn the_documentation_is_that_of_the_fields() {
        let sample = crate::experiment::catalogue::find("1c").unwrap();
        let sample = Tree::of(&(sample.config)().variants[0]).unwrap();
        let text = format!(
            "# Variants of an experiment\n\nEvery field of a variant, as in the `config.yaml` of an experiment's folder and under `all:` and `variants:` \
             of a file of changes (`moto_controller experiment NAME --config FILE`). Made from the code (`crates/moto_settings`).\n\n{}",
            document(&Schema::of::<Variant>(), &sample).trim_end(),
        ) + "\n";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/experiment_variants.md");
        if std::env::var_os("UPDATE_DOCUMENTATION").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert!(std::fs::read_to_string(&path).unwrap() == text, "{} is not up to date", path.display());
    }
}
