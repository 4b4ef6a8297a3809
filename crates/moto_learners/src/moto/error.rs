//! Errors of the learner.

use crate::policy::PolicyError;
use moto_settings::FieldError;

/// Why the learner refuses a configuration or a batch, or cannot finish an update. The learner is
/// then unchanged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MotoError {
    /// A configuration field is out of its range.
    #[error(transparent)]
    Config(#[from] FieldError),
    /// The number of state scales differs from the state dimension.
    #[error("{found} state scales for a policy of {expected} state dimensions")]
    ScaleCount {
        /// Scales given.
        found: usize,
        /// State dimension of the policy.
        expected: usize,
    },
    /// A state scale is not positive and finite.
    #[error("the scale of state dimension {dimension} is {value}; it must be positive and finite")]
    Scale {
        /// State dimension.
        dimension: usize,
        /// Value found.
        value: f64,
    },
    /// The initial policy cannot be used, or an update made a policy that cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The batch has no rollout.
    #[error("the batch has no rollout")]
    EmptyBatch,
    /// The guard cannot judge batches of one rollout.
    #[error(
        "guard.enabled is true with 1 rollout per iteration; one return has no spread by which the guard could tell a loss from \
         noise: make at least 2 rollouts, or set guard.enabled to false"
    )]
    GuardWithoutSpread,
    /// A field of the batch has the wrong number of steps.
    #[error("batch field {field} has {found} entries, expected {expected}")]
    BatchLength {
        /// `states`, `actions`, `received` or `outcomes`.
        field: &'static str,
        /// Entries found.
        found: usize,
        /// Entries expected.
        expected: usize,
    },
    /// A matrix of the batch has the wrong shape.
    #[error("batch field {field}, step {step}: {rows} x {columns}, expected {expected_rows} x {expected_columns}")]
    BatchShape {
        /// `states`, `actions`, `received` or `outcomes`.
        field: &'static str,
        /// Policy step.
        step: usize,
        /// Rows found.
        rows: usize,
        /// Columns found.
        columns: usize,
        /// Rows expected.
        expected_rows: usize,
        /// Columns (rollouts) expected.
        expected_columns: usize,
    },
    /// An entry of the batch is NaN or infinite. The caller leaves out such rollouts.
    #[error("batch field {field}, step {step}, rollout {rollout}: not finite")]
    NonFiniteBatch {
        /// `states`, `actions`, `received` or `outcomes`.
        field: &'static str,
        /// Policy step.
        step: usize,
        /// Rollout (column).
        rollout: usize,
    },
    /// A rollout cannot have been broken off after so many steps.
    #[error("rollout {rollout} of {rollouts} is said to be broken off after {steps} steps of {horizon}")]
    BrokenOff {
        /// Rollout (column).
        rollout: usize,
        /// Steps that it is said to have made.
        steps: usize,
        /// Steps of a complete rollout.
        horizon: usize,
        /// Number of rollouts.
        rollouts: usize,
    },
    /// The price of a lost step is negative, NaN or infinite.
    #[error("a step that a broken-off rollout lost costs {price}, expected a finite price of at least 0")]
    LostStepPrice {
        /// Value found.
        price: f64,
    },
    /// A rollout was broken off, and the learner takes whole rollouts only.
    #[error("rollout {rollout} was broken off, and this learner takes whole rollouts only")]
    NotWhole {
        /// Rollout (column).
        rollout: usize,
    },
    /// The task's reward is NaN or infinite on a stored transition.
    #[error("the reward at step {step} is {value}")]
    NonFiniteReward {
        /// Step of the reward (the horizon for the final state).
        step: usize,
        /// Value found.
        value: f64,
    },
    /// A stored learner is inconsistent.
    #[error("the stored learner does not fit together: {what}")]
    Stored {
        /// The inconsistent part.
        what: &'static str,
    },
    /// A quantity of the update could not be computed.
    #[error("the {quantity} of step {step} cannot be computed (not finite or not positive definite)")]
    Numerical {
        /// Name of the quantity.
        quantity: &'static str,
        /// Policy step.
        step: usize,
    },
}
