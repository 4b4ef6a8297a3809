//! A learned stroke in a file of its own: what an experiment leaves of each method and seed, to be judged and shown.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::DaemonError;
pub use crate::policy::StoredLaw;
use crate::setup::{Config, ConfigError, Setup};

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
