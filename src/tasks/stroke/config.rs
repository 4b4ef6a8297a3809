//! What a user may set of the task.

mod demonstration;
mod term;

pub use demonstration::{Demonstration, FeedbackConfig, Posture, RecordingConfig, Rest, ViaPoint};
pub use term::{ConditionConfig, End, Measured, Moment, OneOrMore, Shape, Target, TermConfig, Timing};

use std::collections::BTreeMap;

use moto_settings::{FieldError, Joints, check};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A value that is drawn anew for each trial, uniformly and entry by entry, and stays as it is through the trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContextConfig {
    /// Lowest value of each entry, in the unit of what it stands for.
    pub low: Vec<f64>,
    /// Highest value of each entry, as many as in `low`.
    pub high: Vec<f64>,
}

/// A value that the task observes besides the joints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObservedConfig {
    /// Its name, of your choice.
    pub name: String,
    /// How many numbers it is.
    #[schemars(extend("minimum" = 1, "maximum" = 100))]
    pub size: usize,
    /// A change of each of these numbers that matters, in their unit.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1000000))]
    #[serde(default = "observed_scale")]
    pub scale: f64,
}

fn observed_scale() -> f64 {
    0.05
}

/// Everything a user may set of a stroke.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StrokeTaskConfig {
    /// Policy steps T; each takes `control.period` x `control.decimation`.
    #[schemars(extend("minimum" = 1, "maximum" = 10000))]
    pub horizon: usize,
    /// What the first policy is made of.
    pub demonstration: Demonstration,
    /// How a recorded demonstration is read.
    pub recording: RecordingConfig,
    /// Feedback of the first policy about the demonstration; none by default.
    pub feedback: FeedbackConfig,
    /// Standard deviation of the first policy's exploration, in units of the action.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 100))]
    pub initial_deviation: f64,
    /// Standard deviation of each joint's position about the start posture when a trial of the simulated arm begins. Beyond
    /// `control.homing.position_tolerance` the loop brings the arm back first.
    #[schemars(extend("minimum" = 0, "maximum" = 1, "x-unit" = "m or rad"))]
    pub start_deviation: f64,
    /// Values drawn per trial, by names of your choice. The policy sees them, in the alphabetical order of their names.
    pub context: BTreeMap<String, ContextConfig>,
    /// Values that the policy sees besides joints and context. The embedded arm leaves them at 0.
    pub observe: Vec<ObservedConfig>,
    /// The reward: minus the sum of the prices of these terms.
    pub reward: Vec<TermConfig>,
    /// When a stroke succeeded: if this holds, or each of a list. Without a condition no stroke counts as a success.
    pub success: OneOrMore<ConditionConfig>,
}

impl Default for StrokeTaskConfig {
    fn default() -> Self {
        Self {
            horizon: 40,
            demonstration: Demonstration::Hold,
            recording: RecordingConfig::default(),
            feedback: FeedbackConfig::default(),
            initial_deviation: 1.,
            start_deviation: 0.,
            context: BTreeMap::new(),
            observe: vec![],
            reward: vec![],
            success: OneOrMore::default(),
        }
    }
}

impl StrokeTaskConfig {
    /// Checks every parameter by itself, and the names and lengths of what the policy sees.
    ///
    /// # Errors
    /// The first that is not accepted, by its name in the configuration.
    pub fn validate(&self) -> Result<(), FieldError> {
        check(self, Joints::Unknown)?;
        for (name, ContextConfig { low, high }) in &self.context {
            let field = format!("context.{name}");
            if low.is_empty() || low.len() != high.len() {
                let expected = format!("low has {}: each entry needs both bounds", low.len());
                return Err(FieldError::Length { field: format!("{field}.high"), found: high.len(), expected });
            }
            if let Some((i, (low, high))) = low.iter().zip(high).enumerate().find(|(_, (low, high))| low > high) {
                return Err(FieldError::value(format!("{field}.high[{i}]"), high, format!("at least low, {low}")));
            }
        }
        let mut names: Vec<&str> = self.context.keys().map(String::as_str).collect();
        for (i, ObservedConfig { name, .. }) in self.observe.iter().enumerate() {
            if names.contains(&name.as_str()) {
                let expected = "a name that nothing else of context and observe has";
                return Err(FieldError::value(format!("observe[{i}].name"), format!("{name:?}"), expected));
            }
            names.push(name);
        }
        if self.reward.is_empty() {
            let expected =
                "expected a term at least; where a judge says what counts, the price of the effort will do".into();
            return Err(FieldError::Length { field: "reward".into(), found: 0, expected });
        }
        Ok(())
    }
}
