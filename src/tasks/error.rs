//! Why a task cannot be set up or shown.

use std::error::Error;

use moto_settings::FieldError;

/// Why a task cannot be set up or shown. A task's own errors are inside.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// A setting of the task is refused. The field is named from the task's settings on.
    #[error(transparent)]
    Setting(#[from] FieldError),
    /// A setting of the robot or its loop that this task cannot be learned with.
    #[error(transparent)]
    Robot(FieldError),
    /// Something of the task's own.
    #[error("{0}")]
    Other(Box<dyn Error + Send + Sync>),
}

impl TaskError {
    /// An error of the task's own.
    pub fn of(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Other(Box::new(error))
    }
}
