//! A learned stroke in a file of its own. An experiment writes one per method and seed, for
//! evaluation and display.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::DaemonError;
pub use crate::policy::StoredLaw;
use crate::setup::{Config, ConfigError, Setup};

/// A learned stroke, with the configuration and robot description that it needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LearnedStroke {
    /// The configuration that the stroke was learned with.
    pub config: Config,
    /// Text of the robot description.
    pub urdf: String,
    /// The law that makes the stroke.
    pub law: StoredLaw,
}

impl LearnedStroke {
    /// Ending of the file names of learned strokes.
    pub const ENDING: &'static str = "stroke.json";

    /// Reads a file and checks its robot and task.
    ///
    /// # Errors
    /// The file cannot be read, or its configuration is refused.
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
