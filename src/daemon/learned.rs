//! A learned stroke in a file of its own: what an experiment leaves of each method and seed, to be judged and shown.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::DaemonError;
use super::{Config, ConfigError, Setup};
use crate::policy::{CompiledMovement, CompiledPolicy, Law, LinearGaussian, Policy, PolicyError, Primitive};

/// A law as it is stored.
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

/// A learned stroke with all it needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LearnedStroke {
    /// The configuration it was learned with.
    pub config: Config,
    /// Text of the robot description.
    pub urdf: String,
    /// What makes the stroke.
    pub law: StoredLaw,
}

impl LearnedStroke {
    /// End of the name of such a file.
    pub const ENDING: &'static str = "stroke.json";

    /// Reads a file, and checks what it says of robot and task.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn load(path: &Path) -> Result<(Setup, StoredLaw), DaemonError> {
        let unreadable = |source| ConfigError::Unreadable { path: path.into(), source };
        let text = std::fs::read(path).map_err(unreadable)?;
        let wrong = |error: serde_json::Error| {
            let reason = if error.is_data() {
                "this is not a stroke that an experiment of this version learned"
            } else {
                "this is not JSON: is the file cut off?"
            };
            ConfigError::Syntax { path: path.into(), line: Some(error.line() as u64), reason: reason.into() }
        };
        let Self { config, urdf, law } = serde_json::from_slice(&text).map_err(wrong)?;
        Ok((Setup::stored(config, urdf, path)?, law))
    }
}
