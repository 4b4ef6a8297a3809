//! Sources of a configuration.

use std::path::{Path, PathBuf};

use crate::setup::{Config, ConfigError, Setup};

/// A source of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// A file, which names the robot description.
    File(PathBuf),
    /// The table-tennis arm and its settings, as shipped with the program.
    Shipped,
}

impl ConfigSource {
    /// Reads the configuration, applies `adjust`, and checks the result.
    ///
    /// # Errors
    /// The value that is refused, by file, field and value.
    pub fn load(&self, adjust: impl FnOnce(&mut Config)) -> Result<Setup, ConfigError> {
        match self {
            Self::File(path) => Setup::load(path, adjust),
            Self::Shipped => Setup::shipped(adjust),
        }
    }

    /// As [`Self::load`], with further [parameters](Config::with_parameters), which errors name so.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_with(&self, parameters: &str) -> Result<Setup, ConfigError> {
        let mut refusal = None;
        let setup = self.load(|config| match config.with_parameters(parameters, Path::new("parameters")) {
            Ok(changed) => *config = changed,
            Err(error) => refusal = Some(error),
        });
        refusal.map_or(setup, Err)
    }
}
