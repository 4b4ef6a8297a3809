//! What an experiment consists of.

use moto_learners::Learners;
use moto_settings::{Choice, FieldError, Joints, check};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::run::Run;
use super::{ExperimentError, Record, RunError};
use crate::tasks::swing_up::SwingUpConfig;
use crate::tasks::table_tennis::TableTennisConfig;

/// A task of a variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskConfig {
    /// Swinging a chain of links up.
    SwingUp(SwingUpConfig),
    /// Returning table-tennis balls, with the arm and control loop of `config/table_tennis.yaml`.
    TableTennis(Box<TableTennisConfig>),
}

/// One line of an experiment's figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name in legend, table and files.
    pub label: String,
    /// Variants of a group share a panel and a table; empty where all do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The task.
    pub task: TaskConfig,
    /// The learner. One of them.
    pub method: Choice<Learners>,
    /// Rollouts per iteration M.
    #[schemars(extend("minimum" = 1))]
    pub rollouts: usize,
    /// Iterations.
    #[schemars(extend("minimum" = 1))]
    pub iterations: usize,
    /// Values of the first measure for which the episodes to get there are counted.
    #[serde(default)]
    pub thresholds: Vec<f64>,
}

impl Variant {
    /// Episodes in all.
    pub fn episodes(&self) -> u64 {
        (self.rollouts * self.iterations) as u64
    }

    /// Its name in file names: lower case, `-` for what is neither letter nor digit.
    pub fn slug(&self) -> String {
        let name = if self.group.is_empty() { self.label.clone() } else { format!("{} {}", self.group, self.label) };
        let plain = name.chars().map(|c| if c.is_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { ' ' });
        plain.collect::<String>().split_whitespace().collect::<Vec<_>>().join("-")
    }
}

/// What is drawn and summarised of the records. Larger is better.
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
    /// Its value in a record; NaN where the record has none.
    pub fn of(self, record: &Record) -> f64 {
        match self {
            Self::MeanAction => record.mean_action_return,
            Self::Rollouts => record.rollouts_return,
            Self::Success => record.success.unwrap_or(f64::NAN),
            Self::RolloutsSuccess => record.rollouts_success.unwrap_or(f64::NAN),
        }
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::MeanAction => "return of the mean action",
            Self::Rollouts => "return with exploration",
            Self::Success => "success of the mean action",
            Self::RolloutsSuccess => "success with exploration",
        }
    }
}

/// An experiment: variants over seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentConfig {
    /// Its name on the command line.
    pub name: String,
    /// The figure's title.
    pub title: String,
    /// Number of seeds.
    #[schemars(extend("minimum" = 1))]
    pub seeds: u64,
    /// The first of them; settings are tuned on others than those that are reported.
    #[serde(default = "one")]
    pub first_seed: u64,
    /// What is drawn, a panel each; thresholds are about the first.
    pub measures: Vec<Measure>,
    /// What is compared.
    pub variants: Vec<Variant>,
}

fn one() -> u64 {
    1
}

impl ExperimentConfig {
    /// The seeds that are run.
    pub fn seeds(&self) -> impl Iterator<Item = u64> + use<> {
        (self.first_seed..).take(self.seeds as usize)
    }

    /// Checks every value, by setting every variant up once.
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
            // A variant goes by its label and not by its number.
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

    /// Run with UPDATE_DOCUMENTATION=1 to write it.
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
