//! Errors of setting up or showing a task.

use std::error::Error;

use moto_settings::FieldError;

/// Why a task cannot be set up or shown. It wraps the task's own errors.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// A setting of the task is refused. The field's name starts at the task's settings.
    #[error(transparent)]
    Setting(#[from] FieldError),
    /// A setting of the robot or its loop does not suit the task.
    #[error(transparent)]
    Robot(FieldError),
    /// An error of the task's own.
    #[error("{0}")]
    Other(Box<dyn Error + Send + Sync>),
}

impl TaskError {
    /// Wraps an error of the task's own.
    pub fn of(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Other(Box::new(error))
    }
}
