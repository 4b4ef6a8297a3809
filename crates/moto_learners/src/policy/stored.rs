//! The stored form of a law.

use super::{CompiledMovement, CompiledPolicy, Law, LinearGaussian, NeuralPolicy, Policy, PolicyError, Primitive};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A law in the form that learners return and that is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoredLaw {
    /// A time-indexed linear-Gaussian policy.
    Policy(Policy),
    /// A movement primitive.
    Movement {
        /// Trajectories of the movement.
        primitive: Primitive,
        /// Distribution of the parameters given the state at the start of the stroke.
        parameters: LinearGaussian,
        /// Number of policy steps.
        horizon: usize,
    },
    /// A policy whose mean is a network of state and time.
    Neural(NeuralPolicy),
}

impl StoredLaw {
    /// Name of the kind of law, in messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Policy(_) => "a linear-Gaussian policy",
            Self::Movement { .. } => "a movement primitive",
            Self::Neural(_) => "a neural policy",
        }
    }

    /// The law in the form of the control loop.
    ///
    /// # Errors
    /// An invalid law.
    pub fn compile(&self) -> Result<Law, PolicyError> {
        match self {
            Self::Policy(policy) => Ok(CompiledPolicy::new(policy)?.into()),
            Self::Neural(policy) => Ok(CompiledPolicy::with_network(policy)?.into()),
            Self::Movement { primitive, parameters, horizon } => {
                Ok(CompiledMovement::new(Arc::new(primitive.clone()), parameters.clone(), *horizon)?.into())
            }
        }
    }
}
