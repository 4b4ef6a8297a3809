//! One line of `metrics.jsonl`: the report of an iteration. Non-finite numbers are written as
//! `null` and read as NaN.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::control::LatencySummary;

/// The report of an iteration. In lockstep the same seed gives the same bits in every field but
/// `timing`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IterationMetrics {
    /// Iteration, from 1.
    pub iteration: u64,
    /// Episodes made so far, including discarded ones.
    pub episodes: u64,
    /// Returns of the iteration's rollouts, with exploration noise.
    #[serde(rename = "return")]
    pub return_: Summary,
    /// Standard deviation of those returns.
    #[serde(with = "nullable")]
    pub return_std: f64,
    /// Share of successful rollouts, with exploration noise, 0 to 1.
    #[serde(with = "nullable")]
    pub success: f64,
    /// Mean distance by which the rollouts missed, if the task has one, m.
    pub distance: Option<f64>,
    /// Share of cycles in which a limit changed the asked effort, 0 to 1.
    #[serde(with = "nullable")]
    pub clipped_share: f64,
    /// Predicted improvement of the return by the update that made this iteration's policy.
    pub predicted_improvement: Option<f64>,
    /// Improvement of the mean return over the previous iteration's.
    pub measured_improvement: Option<f64>,
    /// Summary of `steps` over the policy steps; of a learner that does not report step by step, the update as a whole.
    pub summary: PerStep<Summary>,
    /// The update, per policy step (horizon).
    pub steps: PerStep<Vec<f64>>,
    /// Number of the iteration's rollouts that a limit ended and that were learned from.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub broken_off: usize,
    /// Trials that the learner did not use.
    pub discarded: Vec<DiscardedTrial>,
    /// The guard's decision; `None` if the guard is off, or the learner has none.
    pub guard: Option<GuardDecision>,
    /// Another remark of the learner's, in a word or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// Wall-clock times, which differ from run to run.
    pub timing: Timing,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl IterationMetrics {
    /// The line without its values per step and its times, so that many of them need little memory.
    #[must_use]
    pub fn reduced(self) -> Self {
        Self { steps: PerStep::default(), timing: Timing::default(), ..self }
    }
}

/// Quantities of the policy update, per step or summarised over steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(bound = "T: Nullable + Default")]
pub struct PerStep<T> {
    /// Bound on the KL divergence of the update, nats.
    #[serde(with = "nullable")]
    pub kl_asked: T,
    /// Expected KL divergence of the update under the old state distribution, nats.
    #[serde(with = "nullable")]
    pub kl: T,
    /// Expected KL divergence of the previous update under the state distribution of its own
    /// rollouts, nats.
    #[serde(with = "nullable")]
    pub kl_new_states: T,
    /// KL divergence of the state distribution from the previous iteration's, nats.
    #[serde(with = "nullable")]
    pub state_shift: T,
    /// Predicted improvement: expected advantage of the new policy.
    #[serde(with = "nullable")]
    pub predicted_improvement: T,
    /// Multiplier of the KL constraint.
    #[serde(with = "nullable")]
    pub eta: T,
    /// Multiplier of the entropy constraint.
    #[serde(with = "nullable")]
    pub omega: T,
    /// Entropy of the new policy, nats.
    #[serde(with = "nullable")]
    pub entropy: T,
    /// Effective sample size of the importance weights.
    #[serde(with = "nullable")]
    pub effective_samples: T,
    /// Ridge of the Q-function's fit; lacking in runs of older versions.
    #[serde(default, with = "nullable")]
    pub ridge: T,
    /// Degrees of freedom of the Q-function's fit, the intercept included; lacking in runs of older versions.
    #[serde(default, with = "nullable")]
    pub degrees_of_freedom: T,
    /// Weighted root mean square residual of the Q-function's fit.
    #[serde(with = "nullable")]
    pub residual: T,
}

impl PerStep<Vec<f64>> {
    /// Mean, smallest and largest of each quantity.
    pub fn summary(&self) -> PerStep<Summary> {
        PerStep {
            kl_asked: Summary::of(&self.kl_asked),
            kl: Summary::of(&self.kl),
            kl_new_states: Summary::of(&self.kl_new_states),
            state_shift: Summary::of(&self.state_shift),
            predicted_improvement: Summary::of(&self.predicted_improvement),
            eta: Summary::of(&self.eta),
            omega: Summary::of(&self.omega),
            entropy: Summary::of(&self.entropy),
            effective_samples: Summary::of(&self.effective_samples),
            ridge: Summary::of(&self.ridge),
            degrees_of_freedom: Summary::of(&self.degrees_of_freedom),
            residual: Summary::of(&self.residual),
        }
    }
}

/// Mean, smallest and largest of some numbers; NaN if there are none or one of them is NaN.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Mean.
    #[serde(with = "nullable")]
    pub mean: f64,
    /// Smallest.
    #[serde(with = "nullable")]
    pub min: f64,
    /// Largest.
    #[serde(with = "nullable")]
    pub max: f64,
}

impl Default for Summary {
    /// No numbers.
    fn default() -> Self {
        Self::of(&[])
    }
}

impl Summary {
    /// Summary of the values.
    pub fn of(values: &[f64]) -> Self {
        let fold = |f: fn(f64, f64) -> f64| {
            let pick = |a: f64, b: f64| if a.is_nan() || b.is_nan() { f64::NAN } else { f(a, b) };
            values.iter().copied().reduce(pick).unwrap_or(f64::NAN)
        };
        Self { mean: values.iter().sum::<f64>() / values.len() as f64, min: fold(f64::min), max: fold(f64::max) }
    }
}

/// A trial that the learner did not use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscardedTrial {
    /// Its number in the run.
    pub trial: u64,
    /// The reason.
    pub reason: String,
}

/// A decision of the guard against bad updates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuardDecision {
    /// The decision: `kept`, `rolled back to iteration 12`, ...
    pub decision: String,
    /// Bound on the KL divergence per step of the following updates, nats.
    #[serde(with = "nullable")]
    pub epsilon: f64,
}

/// Times, which differ between runs of the same seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Time of each stage (rollouts, weights, fits, update, store, ...), s.
    pub stages: BTreeMap<String, f64>,
    /// The loop's deadline statistics over the iteration.
    pub latency: Option<LatencySummary>,
}

/// A number or a list of numbers. Its JSON form has `null` for NaN and the infinities.
pub trait Nullable: Sized {
    /// The JSON form.
    type Json: Serialize + for<'de> Deserialize<'de>;
    /// Makes the JSON form.
    fn to_json(&self) -> Self::Json;
    /// Reads the JSON form.
    fn from_json(json: Self::Json) -> Self;
}

impl Nullable for f64 {
    type Json = Option<f64>;
    fn to_json(&self) -> Option<f64> {
        self.is_finite().then_some(*self)
    }
    fn from_json(json: Option<f64>) -> f64 {
        json.unwrap_or(f64::NAN)
    }
}

impl Nullable for Vec<f64> {
    type Json = Vec<Option<f64>>;
    fn to_json(&self) -> Self::Json {
        self.iter().map(f64::to_json).collect()
    }
    fn from_json(json: Self::Json) -> Self {
        json.into_iter().map(f64::from_json).collect()
    }
}

impl Nullable for Summary {
    type Json = Self;
    fn to_json(&self) -> Self {
        *self
    }
    fn from_json(json: Self) -> Self {
        json
    }
}

mod nullable {
    use super::Nullable;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Nullable, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.to_json().serialize(serializer)
    }

    pub fn deserialize<'de, T: Nullable, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::Json::deserialize(deserializer).map(T::from_json)
    }
}
