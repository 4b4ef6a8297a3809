//! Errors of guided policy search.

use crate::moto::MotoError;
use crate::planning::PlanError;
use crate::policy::PolicyError;
use moto_settings::FieldError;

/// Why GPS refuses a configuration or a batch, or cannot finish an update. The learner is then
/// unchanged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GpsError {
    /// A configuration field is out of its range.
    #[error(transparent)]
    Config(#[from] FieldError),
    /// The initial policy cannot be used, or an update made a policy that cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The batch cannot be used.
    #[error(transparent)]
    Batch(#[from] MotoError),
    /// The dynamics of a step cannot be fitted.
    #[error("the dynamics of step {step} cannot be fitted (covariance not finite or not positive definite)")]
    Dynamics {
        /// Policy step.
        step: usize,
    },
    /// The mixture over transitions cannot be fitted.
    #[error("a cluster of the mixture over transitions has no positive definite covariance: raise mixture.diagonal")]
    Mixture,
    /// There is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
}
