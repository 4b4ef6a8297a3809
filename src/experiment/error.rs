//! Errors of an experiment.

use std::path::PathBuf;

use moto_settings::FieldError;

use super::{Job, RunError};
use crate::report::DrawError;
use crate::storage::Difference;
use crate::storage::files::FileError;

/// The reason why an experiment cannot be run or shown. Every message names the file, the field and
/// the value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// The experiment does not exist.
    #[error("there is no experiment {name:?}; there are {known} (`experiment --list` explains them)")]
    Unknown {
        /// The requested name.
        name: String,
        /// The known names.
        known: String,
    },
    /// The file of overrides cannot be used.
    #[error("{}{}: {what}", path.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
    Overrides {
        /// The file.
        path: PathBuf,
        /// Line of the fault.
        line: Option<u64>,
        /// The field and the fault.
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
        /// The value and the reason.
        source: Box<RunError>,
    },
    /// The folder holds results of other settings.
    #[error(
        "{} has results of other settings: {field} was {found}, now it is {expected}; give another --out, or move the folder away",
        folder.display()
    )]
    Mismatch {
        /// The folder.
        folder: PathBuf,
        /// The first setting that differs.
        field: String,
        /// Value in the folder.
        found: String,
        /// Value now.
        expected: String,
    },
    /// Another process runs one of the jobs.
    #[error("another process runs {job} in {}; wait for it or give another --out", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// The job.
        job: String,
    },
    /// The folder has no experiment.
    #[error("there is no experiment in {}; give the --out of its jobs", folder.display())]
    NotBegun {
        /// The folder.
        folder: PathBuf,
    },
    /// A folder's settings cannot be read or written.
    #[error("{}: {what}; {mend}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// The damage.
        what: String,
        /// What to do.
        mend: String,
    },
    /// The file of a variant's robot is not what the folder's seeds were made with.
    #[error(
        "variant {label:?}: {} was changed since the first seed: {} was {}, now it is {}; give another --out, or put the file back ({} has what \
         it said)",
        file.display(), difference.setting, difference.before, difference.now, kept_at.display()
    )]
    Robot {
        /// The variant.
        label: String,
        /// The robot's configuration.
        file: PathBuf,
        /// The first setting that differs.
        difference: Box<Difference>,
        /// The file that keeps what it said.
        kept_at: PathBuf,
    },
    /// A file of the folder was changed by hand, or made for other jobs.
    #[error("{} has another content already; remove it to have it written anew", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A file of records is damaged.
    #[error("{}: {what}; remove it to run that seed again", path.display())]
    Records {
        /// The file.
        path: PathBuf,
        /// The damage.
        what: String,
    },
    /// What a finished seed keeps beside its records is damaged.
    #[error("{}: {what}; remove {} to run that seed again", path.display(), records.display())]
    Attachment {
        /// The file.
        path: PathBuf,
        /// The damage.
        what: String,
        /// The records of the seed.
        records: PathBuf,
    },
    /// Seeds are damaged.
    #[error("damaged are {} of {all} seeds:{}", damaged.len(), listed(damaged))]
    Damaged {
        /// What is wrong with each.
        damaged: Vec<String>,
        /// Number of seeds, the damaged ones included.
        all: usize,
    },
    /// A summary or picture cannot be written in its format.
    #[error("{} cannot be made: {what}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The reason.
        what: String,
    },
    /// The file of outside curves cannot be used.
    #[error("{}: {what}; its columns are experiment, label, seed, episodes, rollouts_return", path.display())]
    Peers {
        /// The file.
        path: PathBuf,
        /// The fault.
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

impl ExperimentError {
    /// The damage of some of `all` jobs, if there is any.
    pub(super) fn if_any(damaged: &[(Job<'_>, Self)], all: usize) -> Result<(), Self> {
        let damaged: Vec<_> = damaged.iter().map(|(job, error)| format!("{job}: {error}")).collect();
        if damaged.is_empty() { Ok(()) } else { Err(Self::Damaged { damaged, all }) }
    }
}

fn listed(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n  {line}")).collect()
}
