//! Why there is no plan.

use crate::policy::PolicyError;

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The old policy cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The reward, or its expansion, is NaN or infinite near the mean trajectory.
    #[error("the reward of step {step} is not finite on or near the rollouts")]
    NonFiniteReward {
        /// Step of the reward (the horizon for the final state).
        step: usize,
    },
    /// No multiplier of the KL constraint gives a controller.
    #[error("no KL multiplier up to {largest} gives a controller: check the scale of rewards, states and actions")]
    TrustRegion {
        /// Largest multiplier tried.
        largest: f64,
    },
}
