//! What an experiment consists of.

use serde::{Deserialize, Serialize};

use super::run::Run;
use super::{ExperimentError, Record};
use crate::baselines::gps::GpsConfig;
use crate::moto::LearnerConfig;
use crate::tasks::swing_up::SwingUpConfig;
use crate::tasks::table_tennis::TableTennisConfig;
use moto_learners::episodic::{MovementConfig, MovementSearch};
use moto_learners::gps::Gps;
use moto_learners::moto::{Moto, StateScales};
use moto_learners::{Learner, LearnerError, Start};

/// A task of a variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskConfig {
    /// Swinging a chain of links up.
    SwingUp(SwingUpConfig),
    /// Returning table-tennis balls, with the arm and control loop of `config/table_tennis.yaml`.
    TableTennis(Box<TableTennisConfig>),
}

/// A method of a variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodConfig {
    /// MOTO, the learner of this project.
    Moto(LearnerConfig),
    /// Episodic search over a movement primitive.
    Movement(MovementConfig),
    /// Guided policy search, the trajectory-optimisation part.
    Gps(GpsConfig),
}

impl MethodConfig {
    /// The learner.
    ///
    /// # Errors
    /// A setting that is refused, or a task that the learner cannot start from.
    pub fn learner(&self, start: &Start) -> Result<Box<dyn Learner>, LearnerError> {
        let (policy, scales) = (start.policy.clone(), StateScales(start.state_scales.clone()));
        Ok(match self {
            Self::Moto(config) => Box::new(Moto::new(config.clone(), policy, scales)?),
            Self::Movement(config) => Box::new(MovementSearch::new(config, start)?),
            Self::Gps(config) => Box::new(Gps::new(config.clone(), policy)?),
        })
    }
}

/// One line of an experiment's figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name in legend, table and files.
    pub label: String,
    /// Variants of a group share a panel and a table; empty where all do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The task.
    pub task: TaskConfig,
    /// The method.
    pub method: MethodConfig,
    /// Rollouts per iteration M, at least 1.
    pub rollouts: usize,
    /// Iterations, at least 1.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExperimentConfig {
    /// Its name on the command line.
    pub name: String,
    /// The figure's title.
    pub title: String,
    /// Number of seeds, at least 1.
    pub seeds: u64,
    /// The first of them; settings are tuned on others than those that are reported. Default 1.
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
        let refuse = |field: &str, what: &str| Err(ExperimentError::Refused { field: field.into(), what: what.into() });
        if self.seeds == 0 {
            return refuse("seeds", "is 0, expected at least 1");
        }
        if self.first_seed.checked_add(self.seeds).is_none() {
            return refuse("first_seed", "leaves no room for the others");
        }
        if self.measures.is_empty() {
            return refuse("measures", "is empty, expected at least one");
        }
        if self.variants.is_empty() {
            return refuse("variants", "is empty, expected at least one");
        }
        for (i, variant) in self.variants.iter().enumerate() {
            let slug = variant.slug();
            if slug.is_empty() || self.variants[..i].iter().any(|other| other.slug() == slug) {
                return refuse(&format!("variants[{i}].label"), &format!("{:?} is empty or taken", variant.label));
            }
            let wrong = |source| ExperimentError::Variant { label: variant.label.clone(), source: Box::new(source) };
            Run::start(variant, 1).map_err(wrong)?;
        }
        Ok(())
    }
}
