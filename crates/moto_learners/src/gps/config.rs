//! Settings of guided policy search.

use super::{Gps, GpsError};
use crate::{Learner, LearnerError, LearnerSettings, Start};
use moto_settings::{Joints, check};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The Gaussian mixture over transitions that gives the dynamics' prior.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MixtureConfig {
    /// Largest number of clusters.
    #[schemars(extend("minimum" = 1))]
    pub clusters: usize,
    /// Least number of transitions per cluster. With fewer transitions there are fewer clusters.
    #[schemars(extend("minimum" = 1))]
    pub cluster_size: usize,
    /// Number of newest rollouts in the mixture's fit, from one or more iterations.
    #[schemars(extend("minimum" = 1))]
    pub rollouts: usize,
    /// Largest number of passes of expectation maximisation.
    #[schemars(extend("minimum" = 1))]
    pub passes: usize,
    /// Weight of the prior, in rollouts: both m and n0 of the paper.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub strength: f64,
    /// Addition to the variances of every cluster, relative to the variance of each dimension over
    /// all steps.
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

/// Adaptation of the KL bound to the success of earlier updates.
///
/// The published rule also shrinks the bound, to a hundredth and less. On the swing-ups this stalls
/// learning: the model's errors come from exploration noise, which short steps hardly reduce. By
/// default the bound may therefore only grow.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StepSizeConfig {
    /// Whether the bound adapts.
    pub enabled: bool,
    /// Smallest multiple of epsilon.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub smallest: f64,
    /// Largest multiple of epsilon.
    #[schemars(extend("minimum" = 1))]
    pub largest: f64,
    /// Largest factor from one iteration to the next; 5 in the paper. The default is smaller,
    /// because a successful first step makes the second too long on the quad link.
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
    /// Bound on the KL of the new from the old trajectory distribution. The KLs of the steps sum to
    /// at most the horizon times `epsilon`, times the multiple of `step_size`.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 100, "x-unit" = "nats per step"))]
    pub epsilon: f64,
    /// Adaptation of the bound to the success of earlier updates.
    pub step_size: StepSizeConfig,
    /// Whether the value of a state assumes the new laws from there on, as in guided policy search.
    /// If false, it assumes the old laws, as in MOTO, which shows the worth of planning ahead.
    pub plan_ahead: bool,
    /// The mixture that gives the dynamics' prior; null for a weak prior around the mean of the
    /// step's rollouts. A mixture pays if a step has hardly more rollouts than states and actions.
    pub mixture: Option<MixtureConfig>,
    /// Scatter of the weak prior, relative to the variance of each dimension over all steps. A
    /// larger scatter than the default shrinks the fitted effect of the actions once exploration is
    /// small.
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
