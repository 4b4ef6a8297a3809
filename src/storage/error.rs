//! Errors of the store.

use std::path::PathBuf;

use super::files::FileError;

/// Why a store cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The system refused an operation.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file differs from what was written to it.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The damage.
        what: String,
    },
    /// A file of somebody else's is not what is needed.
    #[error("{}: {what}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A file belongs to another robot, task or run.
    #[error("{} does not fit: its {field} is {found}, expected {expected}", path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// The field that differs: `robot`, `task`, `horizon`, `seed`, ...
        field: &'static str,
        /// The file's value.
        found: String,
        /// The caller's value.
        expected: String,
    },
    /// A file has a format this version cannot read.
    #[error("{} has format version {found}, this program reads version {supported}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The file's version.
        found: u32,
        /// This program's version.
        supported: u32,
    },
    /// A value cannot be stored.
    #[error("cannot store {}: {what}", path.display())]
    Unstorable {
        /// The file that was to be written.
        path: PathBuf,
        /// The reason.
        what: String,
    },
    /// A new run was asked for in a folder that holds a run.
    #[error("{} already holds a run: go on with it or give another folder", path.display())]
    RunExists {
        /// The folder.
        path: PathBuf,
    },
    /// A new run was asked for in a folder that holds other files.
    #[error("{} is not empty (it has `{entry}`): give another folder", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
        /// Name of one of these files.
        entry: String,
    },
    /// The folder holds no run.
    #[error("{} is not a run folder: it has no {missing}", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// The file that is missing.
        missing: &'static str,
    },
    /// Another process uses the folder.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// A trial with this number is stored already; trials are never overwritten.
    #[error("{} exists already: trials are never overwritten", path.display())]
    TrialExists {
        /// The trial's file.
        path: PathBuf,
    },
    /// There is no checkpoint to load.
    #[error("no checkpoint in {}", path.display())]
    NoCheckpoint {
        /// The folder of the checkpoints.
        path: PathBuf,
    },
    /// No checkpoint can be loaded.
    #[error("none of the {count} checkpoints in {} can be read; the newest: {newest}", path.display())]
    AllDamaged {
        /// The folder of the checkpoints.
        path: PathBuf,
        /// Number of checkpoints in the folder.
        count: usize,
        /// The error of the newest one.
        newest: Box<StorageError>,
    },
}

/// The remedy for a refused run folder. Callers name their own option or parameter for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Another folder.
    AnotherFolder,
    /// Go on with the run in the folder, or use another folder.
    ResumeOrAnotherFolder,
}

impl StorageError {
    /// The remedy, if the error concerns the choice of the folder.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::RunExists { .. } => Some(Remedy::ResumeOrAnotherFolder),
            Self::NotEmpty { .. } => Some(Remedy::AnotherFolder),
            Self::File(error) if error.asks_for_another_folder() => Some(Remedy::AnotherFolder),
            _ => None,
        }
    }
}
