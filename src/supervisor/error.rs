//! Why a command of the daemon failed.

use std::path::PathBuf;

use moto_learners::LearnerError;

use super::archive::ArchiveError;
use super::learner_thread::LearnerLost;
use super::machine::MachineError;
use super::runner::RunnerError;
use crate::control::LoopError;
use crate::policy::PolicyError;
use crate::programs::ProgramError;
use crate::report::DrawError;
use crate::setup::ConfigError;
use crate::storage::files::FileError;
use crate::storage::{Remedy, StorageError};
use crate::tasks::TaskError;

/// Why a command of the daemon failed. By then the robot has the safe command.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The task could not be set up.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The run folder.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The thread that writes to it.
    #[error("{}", ArchiveError::Lost)]
    ArchiveLost,
    /// The loop or the plant did not start.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// The loop ended badly.
    #[error(transparent)]
    Loop(#[from] LoopError),
    /// No more trials come.
    #[error(transparent)]
    Runner(#[from] RunnerError),
    /// A program of the user's could not be started, or asked.
    #[error("{}{}", .0, .0.last_words())]
    Program(Box<ProgramError>),
    /// A program of the user's failed in one trial after the other.
    #[error("{}, the third time in a row{}", .0, .0.last_words())]
    GivenUp(Box<ProgramError>),
    /// The learner could not learn from what it was given.
    #[error("the learner: {0}")]
    Learner(#[from] LearnerError),
    /// The learner is gone.
    #[error(transparent)]
    LearnerLost(#[from] LearnerLost),
    /// The robot was lost.
    #[error("the robot is lost: {0}")]
    Robot(crate::robot::LinkError),
    /// The learned policy cannot be run.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The learner cannot begin with what was learned elsewhere.
    #[error(
        "learner.{learner} cannot start from what {} learned: {source}. See what it does with `evaluate --realtime`, or start from \
         the demonstration",
        path.display()
    )]
    WarmStart {
        /// The run's folder, or the stroke's file.
        path: PathBuf,
        /// The learner that was to start from it.
        learner: String,
        /// Why it cannot.
        source: Box<LearnerError>,
    },
    /// The learned law does not fit the robot or the task.
    #[error("the learned law has (steps, state, action) dimensions {found:?}, expected {expected:?}")]
    LawShape {
        /// Found.
        found: (usize, usize, usize),
        /// Expected.
        expected: (usize, usize, usize),
    },
    /// The learned movement does not last as long as the stroke.
    #[error("the learned movement lasts {found} control periods, expected {expected}")]
    LawCycles {
        /// Found.
        found: usize,
        /// Expected.
        expected: usize,
    },
    /// The learning curve.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// The path is not a run's.
    #[error("{} {what}", path.display())]
    NotARun {
        /// The path.
        path: PathBuf,
        /// What it is, and what to give instead.
        what: String,
    },
    /// A run is to go on with another learner than it was made with.
    #[error(
        "the run in {0} was made with learner.{found}, and the configuration has learner.{expected}: set it as it was, or start \
         another run from what it learned (dry-run --warm-start {0}; on a robot ros.warm_start)",
        folder.display()
    )]
    OtherLearner {
        /// The run's folder.
        folder: PathBuf,
        /// Its learner.
        found: String,
        /// The configuration's.
        expected: String,
    },
    /// A run is to go on with other settings than it was made with.
    #[error(
        "the run in {0} was made with other settings than it is to go on with: {what}. Set them as they were, or start another \
         run from what it learned (dry-run --warm-start {0}; on a robot ros.warm_start)",
        folder.display()
    )]
    OtherSettings {
        /// The run's folder.
        folder: PathBuf,
        /// The settings that differ, with both values.
        what: String,
    },
    /// A policy does not mean here what it meant where it was learned.
    #[error(
        "what {} learned does not fit: {what}. A warm start needs the same robot, task, shapes and units; limits, gains, rewards, \
         rollouts and seed may differ. Set what differs as it is there, or start from the demonstration",
        path.display()
    )]
    Unfit {
        /// The run's folder, or the stroke's file.
        path: PathBuf,
        /// What differs, with both values.
        what: String,
    },
    /// The system refuses what the command needs.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system answered.
        source: std::io::Error,
    },
    /// Too few trials could be learned from.
    #[error(
        "only {usable} of {attempts} trials of iteration {iteration} could be learned from, {wanted} are needed; \
         the last was left out because {reason}"
    )]
    TooFewTrials {
        /// Iteration, from 1.
        iteration: u64,
        /// Trials that could be learned from.
        usable: usize,
        /// Trials made.
        attempts: usize,
        /// Trials an iteration needs.
        wanted: usize,
        /// Why the last was left out.
        reason: String,
    },
}

impl DaemonError {
    /// Names what was tried where the system refused it.
    pub(crate) fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}

impl From<ProgramError> for DaemonError {
    fn from(error: ProgramError) -> Self {
        Self::Program(Box::new(error))
    }
}

impl From<FileError> for DaemonError {
    fn from(error: FileError) -> Self {
        Self::Storage(error.into())
    }
}

impl From<ArchiveError> for DaemonError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Storage(error) => Self::Storage(error),
            ArchiveError::Lost => Self::ArchiveLost,
        }
    }
}

impl DaemonError {
    /// What mends it, where that is a matter of the run folder.
    pub fn remedy(&self) -> Option<Remedy> {
        if let Self::Storage(error) = self { error.remedy() } else { None }
    }
}
