//! Why an experiment fails.

use std::path::PathBuf;

use moto_settings::FieldError;

use super::RunError;
use crate::report::DrawError;
use crate::storage::files::FileError;

/// Why an experiment cannot be run or shown. Every message names the file, the field and the value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// There is no such experiment.
    #[error("there is no experiment {name:?}; there are {known} (`experiment --list` explains them)")]
    Unknown {
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The file of overrides cannot be used.
    #[error("{}{}: {what}", path.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
    Overrides {
        /// The file.
        path: PathBuf,
        /// Line in it.
        line: Option<u64>,
        /// The field, and what is wrong with it.
        what: String,
    },
    /// A value is refused.
    #[error(transparent)]
    Refused(#[from] FieldError),
    /// A variant is refused.
    #[error("variant {label:?}: {source}")]
    Variant {
        /// The variant.
        label: String,
        /// Which value and why.
        source: Box<RunError>,
    },
    /// The folder has results of other settings.
    #[error(
        "{} has results of other settings: {field} was {found}, now it is {expected}; give another --out, or remove the folder",
        folder.display()
    )]
    Mismatch {
        /// The folder.
        folder: PathBuf,
        /// The first setting that differs.
        field: String,
        /// Its value there.
        found: String,
        /// Its value now.
        expected: String,
    },
    /// Another process works in the folder.
    #[error("another process runs an experiment in {}; wait for it or give another --out", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// A file of records or settings is damaged.
    #[error("{}: {what}; remove it to run that seed again", path.display())]
    Records {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A picture could not be drawn.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// A thread pool could not be made.
    #[error("cannot start the threads of a job: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}
