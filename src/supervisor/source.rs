//! Where a configuration comes from.

use std::path::PathBuf;

use crate::setup::{Config, ConfigError, Setup};

/// Where a configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// A file, which names the robot description.
    File(PathBuf),
    /// The table-tennis arm and its settings as they come with the program.
    Shipped,
}

impl ConfigSource {
    /// Reads it, lets `adjust` change it, and checks it.
    ///
    /// # Errors
    /// What is wrong, by file, field and value.
    pub fn load(&self, adjust: impl FnOnce(&mut Config)) -> Result<Setup, ConfigError> {
        match self {
            Self::File(path) => Setup::load(path, adjust),
            Self::Shipped => Setup::shipped(adjust),
        }
    }
}
