//! Errors of the files for Gazebo.

use std::path::{Path, PathBuf};

use crate::dynamics::ModelError;
use crate::setup::ConfigError;

/// Why there are no files for Gazebo.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GazeboError {
    /// The configuration is refused.
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    /// The robot description is refused.
    #[error(transparent)]
    Description(#[from] ModelError),
    /// The arm is to stand elsewhere than its description says, whose root is Gazebo's world.
    #[error(
        "the robot description's root link is called world, which is at Gazebo's origin, and task.{task}.base moves it: call the \
         link otherwise, or leave the base at zero"
    )]
    RootIsTheWorld {
        /// The task.
        task: String,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
}

impl GazeboError {
    pub(super) fn write(path: &Path, source: std::io::Error) -> Self {
        Self::Write { path: path.into(), source }
    }
}
