//! Sources of a configuration.

use std::path::PathBuf;

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
}
