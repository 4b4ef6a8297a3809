//! A law as it is stored.

use super::{CompiledMovement, CompiledPolicy, Law, LinearGaussian, Policy, PolicyError, Primitive};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A law as learners return it and as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoredLaw {
    /// A time-indexed linear-Gaussian policy.
    Policy(Policy),
    /// A movement primitive.
    Movement {
        /// Its trajectories.
        primitive: Primitive,
        /// Distribution of its parameters given the state at the start.
        parameters: LinearGaussian,
        /// Policy steps it lasts.
        horizon: usize,
    },
}

impl StoredLaw {
    /// What kind of law it is, for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Policy(_) => "a policy",
            Self::Movement { .. } => "a movement primitive",
        }
    }

    /// The law as the control loop takes it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn compile(&self) -> Result<Law, PolicyError> {
        match self {
            Self::Policy(policy) => Ok(CompiledPolicy::new(policy)?.into()),
            Self::Movement { primitive, parameters, horizon } => {
                Ok(CompiledMovement::new(Arc::new(primitive.clone()), parameters.clone(), *horizon)?.into())
            }
        }
    }
}
