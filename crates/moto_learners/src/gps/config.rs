//! Parameters of guided policy search.

use super::GpsError;
use serde::{Deserialize, Serialize};

/// The Gaussian mixture over transitions that the dynamics' prior comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MixtureConfig {
    /// Most clusters (>= 1). Default 20.
    pub clusters: usize,
    /// Transitions per cluster below which there are fewer clusters (>= 1). Default 40.
    pub cluster_size: usize,
    /// Newest rollouts whose transitions the mixture is fitted to, of one or several iterations (>= 1). Default 60.
    pub rollouts: usize,
    /// Most passes of expectation maximisation (>= 1). Default 10.
    pub passes: usize,
    /// Weight of the prior, in rollouts (> 0): both m and n0 of the paper. Default 1.
    pub strength: f64,
    /// Added to the variances of every cluster, relative to the variance of each dimension over all steps (> 0). Default 1e-6.
    pub diagonal: f64,
    /// Seed of the first cluster centres. Default 0.
    pub seed: u64,
}

impl Default for MixtureConfig {
    fn default() -> Self {
        Self { clusters: 20, cluster_size: 40, rollouts: 60, passes: 10, strength: 1.0, diagonal: 1e-6, seed: 0 }
    }
}

/// How the KL bound follows the success of earlier steps.
///
/// The published rule also shrinks the step, to a hundredth and less. On the swing-ups that stalls (what the model gets wrong
/// is due to the exploration noise, which short steps hardly reduce), so by default it may only grow.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StepSizeConfig {
    /// Whether it does. Default true.
    pub enabled: bool,
    /// Smallest multiple of epsilon (0 < smallest <= 1). Default 1.
    pub smallest: f64,
    /// Largest multiple of epsilon (>= 1). Default 3.
    pub largest: f64,
    /// Largest factor from one iteration to the next (>= 1); 5 as published. Default 1.5, as a first step that did well
    /// makes the second too long on the quad link.
    pub growth: f64,
}

impl Default for StepSizeConfig {
    fn default() -> Self {
        Self { enabled: true, smallest: 1.0, largest: 3.0, growth: 1.5 }
    }
}

/// Parameters of [`super::Gps`]. Every field has a default; unknown fields are refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GpsConfig {
    /// Bound on the KL of the new from the old trajectory distribution, nats per step (0 < epsilon <= 100): over the
    /// trajectory the KLs of the steps sum to at most the horizon times this, times the step size's multiple. Default 0.2.
    pub epsilon: f64,
    /// How the bound follows the success of earlier steps.
    pub step_size: StepSizeConfig,
    /// Whether the value of a state is that of going on with the new laws, as in guided policy search. False: with the old ones,
    /// as MOTO's is, to tell what planning ahead is worth. Default true.
    pub plan_ahead: bool,
    /// The mixture that the dynamics' prior comes from; null for a weak prior around the mean of the step's rollouts. It
    /// pays where a step's rollouts are hardly more than its states and actions. Default null.
    pub mixture: Option<MixtureConfig>,
    /// Scatter of the weak prior, relative to the variance of each dimension over all steps (> 0). Default 1e-9: more shrinks
    /// the fitted effect of the actions once exploration is small.
    pub diagonal: f64,
}

impl Default for GpsConfig {
    fn default() -> Self {
        Self { epsilon: 0.2, step_size: StepSizeConfig::default(), plan_ahead: true, mixture: None, diagonal: 1e-9 }
    }
}

impl GpsConfig {
    /// Checks every field.
    ///
    /// # Errors
    /// [`GpsError::Config`] with the first field out of its range.
    pub fn validate(&self) -> Result<(), GpsError> {
        let check = |field, value: f64, ok: bool, expected| {
            if ok { Ok(()) } else { Err(GpsError::Config { field, value: value.to_string(), expected }) }
        };
        let positive = |field, x: f64| check(field, x, x > 0.0 && x.is_finite(), "positive and finite");
        check("epsilon", self.epsilon, self.epsilon > 0.0 && self.epsilon <= 100.0, "in (0, 100] nats")?;
        let StepSizeConfig { smallest, largest, growth, .. } = self.step_size;
        check("step_size.smallest", smallest, smallest > 0.0 && smallest <= 1.0, "in (0, 1]")?;
        check("step_size.largest", largest, largest >= 1.0 && largest.is_finite(), "at least 1")?;
        check("step_size.growth", growth, growth >= 1.0 && growth.is_finite(), "at least 1")?;
        if let Some(mixture) = self.mixture {
            let counts = [
                ("mixture.clusters", mixture.clusters),
                ("mixture.cluster_size", mixture.cluster_size),
                ("mixture.rollouts", mixture.rollouts),
                ("mixture.passes", mixture.passes),
            ];
            for (field, count) in counts {
                check(field, count as f64, count >= 1, "at least 1")?;
            }
            positive("mixture.strength", mixture.strength)?;
            positive("mixture.diagonal", mixture.diagonal)?;
        }
        positive("diagonal", self.diagonal)
    }
}
