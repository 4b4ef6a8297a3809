//! Errors of guided policy search.

use crate::moto::MotoError;
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
    /// The reward, or its expansion, is NaN or infinite near the mean trajectory.
    #[error("the reward of step {step} is not finite on or near the rollouts")]
    NonFiniteReward {
        /// Step of the reward (the horizon for the final state).
        step: usize,
    },
    /// The dynamics of a step cannot be fitted.
    #[error("the dynamics of step {step} cannot be fitted (covariance not finite or not positive definite)")]
    Dynamics {
        /// Policy step.
        step: usize,
    },
    /// The mixture over transitions cannot be fitted.
    #[error("a cluster of the mixture over transitions has no positive definite covariance: raise mixture.diagonal")]
    Mixture,
    /// No multiplier of the KL constraint gives a controller.
    #[error("no KL multiplier up to {largest} gives a controller: check the scale of rewards, states and actions")]
    TrustRegion {
        /// Largest multiplier tried.
        largest: f64,
    },
}
