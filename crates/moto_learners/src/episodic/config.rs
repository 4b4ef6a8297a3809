//! Settings of the episodic searches over a movement primitive's parameters.

use super::cas_more::CasMoreUpdate;
use super::{EpisodicMethod, MovementConfig, MovementSearch};
use crate::moto::Ridge;
use crate::{Learner, LearnerError, LearnerSettings, Start};
use moto_settings::FieldError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// REPS over the parameters of a movement primitive (Peters, Muelling and Altun 2010), with or
/// without context.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RepsConfig {
    /// Bound on the KL of the samples' weights.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "nats"))]
    pub epsilon: f64,
    /// Number of iterations whose samples are used.
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    pub stored_iterations: usize,
    /// Weight of a sample per iteration of age.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub sample_decay: f64,
    /// Share of the old covariance in the new covariance. It keeps the new covariance from
    /// collapsing onto few samples.
    #[schemars(extend("minimum" = 0, "exclusiveMaximum" = 1))]
    pub inertia: f64,
    /// Whether the squares and products of the context are matched too. Without context there is
    /// nothing to match.
    pub quadratic_features: bool,
    /// The movement whose parameters are searched. Not used by a bare `EpisodicSearch`.
    pub movement: MovementConfig,
}

impl Default for RepsConfig {
    fn default() -> Self {
        Self {
            epsilon: 0.7,
            stored_iterations: 10,
            sample_decay: 0.9,
            inertia: 0.3,
            quadratic_features: false,
            movement: MovementConfig::default(),
        }
    }
}

/// MORE over the parameters of a movement primitive (Abdolmaleki et al. 2015).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MoreConfig {
    /// Bound on the KL of the search distribution.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "nats"))]
    pub epsilon: f64,
    /// Largest loss of entropy per iteration.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "nats"))]
    pub beta0: f64,
    /// Number of iterations whose samples are used.
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    pub stored_iterations: usize,
    /// Weight of a sample per iteration of age.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub sample_decay: f64,
    /// Penalty of the surrogate's linear terms relative to its quadratic terms.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub linear_penalty: f64,
    /// The movement whose parameters are searched, without context. Not used by a bare
    /// `EpisodicSearch`.
    pub movement: MovementConfig,
}

impl Default for MoreConfig {
    fn default() -> Self {
        Self {
            epsilon: 1.,
            beta0: 0.5,
            stored_iterations: 10,
            sample_decay: 0.9,
            linear_penalty: 0.1,
            movement: MovementConfig::default(),
        }
    }
}

/// CAS-MORE over the parameters of a movement primitive (Huettenrauch and Neumann 2024), with or
/// without context.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CasMoreConfig {
    /// Bound on the KL of the mean.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "nats"))]
    pub epsilon_mean: f64,
    /// Bound on the KL of the covariance; null for `1.5 / (10 + n^1.5)` with n parameters.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "nats"))]
    pub epsilon_covariance: Option<f64>,
    /// Share of the newest step in the evolution path; null for `1 / (2 + n^0.7)`.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub path_share: Option<f64>,
    /// Number of iterations whose samples are used.
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    pub stored_iterations: usize,
    /// Weight of a sample per iteration of age.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub sample_decay: f64,
    /// Penalty of the surrogate's linear terms relative to its quadratic terms.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub linear_penalty: f64,
    /// The movement whose parameters are searched. Not used by a bare `EpisodicSearch`.
    pub movement: MovementConfig,
}

impl Default for CasMoreConfig {
    fn default() -> Self {
        Self {
            epsilon_mean: 0.5,
            epsilon_covariance: None,
            path_share: None,
            stored_iterations: 10,
            sample_decay: 1.,
            linear_penalty: 0.1,
            movement: MovementConfig::default(),
        }
    }
}

impl CasMoreConfig {
    /// The update of a search over this number of parameters, with the paper's rules where a value
    /// is left open.
    pub fn update(&self, parameters: usize) -> CasMoreUpdate {
        let n = parameters as f64;
        CasMoreUpdate {
            epsilon_mean: self.epsilon_mean,
            epsilon_covariance: self.epsilon_covariance.unwrap_or(1.5 / (10. + n.powf(1.5))),
            path_share: self.path_share.unwrap_or(1. / (2. + n.powf(0.7))),
            ridge: Ridge::CrossValidated,
            linear_penalty: self.linear_penalty,
        }
    }
}

impl LearnerSettings for CasMoreConfig {
    const NAME: &'static str = "cas_more";

    fn learner(&self, start: &Start) -> Result<Box<dyn Learner>, LearnerError> {
        Ok(Box::new(MovementSearch::new(EpisodicMethod::CasMore(self.clone()), start)?))
    }
}

impl LearnerSettings for RepsConfig {
    const NAME: &'static str = "reps";

    fn learner(&self, start: &Start) -> Result<Box<dyn Learner>, LearnerError> {
        Ok(Box::new(MovementSearch::new(EpisodicMethod::Reps(self.clone()), start)?))
    }
}

impl LearnerSettings for MoreConfig {
    const NAME: &'static str = "more";

    fn check(&self) -> Result<(), FieldError> {
        if self.movement.context {
            return Err(FieldError::value("movement.context", true, "false: MORE searches without context"));
        }
        Ok(())
    }

    fn learner(&self, start: &Start) -> Result<Box<dyn Learner>, LearnerError> {
        Ok(Box::new(MovementSearch::new(EpisodicMethod::More(self.clone()), start)?))
    }
}
