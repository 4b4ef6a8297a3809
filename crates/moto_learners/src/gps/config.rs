//! Parameters of guided policy search.

use super::{Gps, GpsError};
use crate::{Learner, LearnerError, LearnerSettings, Start};
use moto_settings::{Joints, check};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The Gaussian mixture over transitions that the dynamics' prior comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MixtureConfig {
    /// Most clusters.
    #[schemars(extend("minimum" = 1))]
    pub clusters: usize,
    /// Transitions per cluster below which there are fewer clusters.
    #[schemars(extend("minimum" = 1))]
    pub cluster_size: usize,
    /// Newest rollouts whose transitions the mixture is fitted to, of one or several iterations.
    #[schemars(extend("minimum" = 1))]
    pub rollouts: usize,
    /// Most passes of expectation maximisation.
    #[schemars(extend("minimum" = 1))]
    pub passes: usize,
    /// Weight of the prior, in rollouts: both m and n0 of the paper.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub strength: f64,
    /// Added to the variances of every cluster, relative to the variance of each dimension over all steps.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub diagonal: f64,
    /// Seed of the first cluster centres.
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
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StepSizeConfig {
    /// Whether it does.
    pub enabled: bool,
    /// Smallest multiple of epsilon.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub smallest: f64,
    /// Largest multiple of epsilon.
    #[schemars(extend("minimum" = 1))]
    pub largest: f64,
    /// Largest factor from one iteration to the next; 5 as published. The default is less, as a first step that did
    /// well makes the second too long on the quad link.
    #[schemars(extend("minimum" = 1))]
    pub growth: f64,
}

impl Default for StepSizeConfig {
    fn default() -> Self {
        Self { enabled: true, smallest: 1.0, largest: 3.0, growth: 1.5 }
    }
}

/// Guided policy search, the trajectory-optimisation part (Levine and Abbeel 2014).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GpsConfig {
    /// Bound on the KL of the new from the old trajectory distribution: over the trajectory the KLs of the steps sum to
    /// at most the horizon times this, times the step size's multiple.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 100, "x-unit" = "nats per step"))]
    pub epsilon: f64,
    /// How the bound follows the success of earlier steps.
    pub step_size: StepSizeConfig,
    /// Whether the value of a state is that of going on with the new laws, as in guided policy search. False: with the
    /// old ones, as MOTO's is, to tell what planning ahead is worth.
    pub plan_ahead: bool,
    /// The mixture that the dynamics' prior comes from; null for a weak prior around the mean of the step's rollouts.
    /// It pays where a step's rollouts are hardly more than its states and actions.
    pub mixture: Option<MixtureConfig>,
    /// Scatter of the weak prior, relative to the variance of each dimension over all steps. More than the default shrinks
    /// the fitted effect of the actions once exploration is small.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub diagonal: f64,
}

impl Default for GpsConfig {
    fn default() -> Self {
        Self { epsilon: 0.2, step_size: StepSizeConfig::default(), plan_ahead: true, mixture: None, diagonal: 1e-9 }
    }
}

impl LearnerSettings for GpsConfig {
    const NAME: &'static str = "gps";

    fn learner(&self, start: &Start) -> Result<Box<dyn Learner>, LearnerError> {
        Ok(Box::new(Gps::new(self.clone(), start.policy.clone())?))
    }
}

impl GpsConfig {
    /// Checks every field.
    ///
    /// # Errors
    /// [`GpsError::Config`] with the first field out of its range.
    pub fn validate(&self) -> Result<(), GpsError> {
        Ok(check(self, Joints::Unknown)?)
    }
}
