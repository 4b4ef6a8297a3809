//! Errors of the daemon's commands.

use std::path::PathBuf;
use std::time::Duration;

use moto_learners::LearnerError;

use super::archive::ArchiveError;
use super::learner_thread::LearnerLost;
use super::machine::MachineError;
use super::recording::TooShort;
use super::runner::RunnerError;
use crate::control::{Fault, LoopError};
use crate::live::LiveError;
use crate::policy::PolicyError;
use crate::programs::ProgramError;
use crate::report::DrawError;
use crate::setup::ConfigError;
use crate::storage::files::FileError;
use crate::storage::{Remedy, StorageError};
use crate::tasks::TaskError;

/// The reason why a command of the daemon failed. The robot has the safe command before the error
/// is returned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The task could not be set up.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The run folder cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The thread that writes to the run folder is lost.
    #[error("{}", ArchiveError::Lost)]
    ArchiveLost,
    /// The loop or the plant did not start.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// The loop ended with an error.
    #[error(transparent)]
    Loop(#[from] LoopError),
    /// The loop gives no more trials.
    #[error(transparent)]
    Runner(#[from] RunnerError),
    /// A user's program could not be started or asked.
    #[error("{}{}", .0, .0.last_words())]
    Program(Box<ProgramError>),
    /// A user's program failed in several trials in a row.
    #[error("{}, the third time in a row{}", .0, .0.last_words())]
    GivenUp(Box<ProgramError>),
    /// The learner could not learn from its batch.
    #[error("the learner: {0}")]
    Learner(#[from] LearnerError),
    /// The learner's thread is lost.
    #[error(transparent)]
    LearnerLost(#[from] LearnerLost),
    /// The connection to the robot was lost.
    #[error("the robot is lost: {0}")]
    Robot(crate::robot::LinkError),
    /// The learned policy cannot be run.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The learner cannot start from the given run or stroke.
    #[error(
        "learner.{learner} cannot start from what {} learned: {source}. See what it does with `evaluate --realtime`, or start from \
         the demonstration",
        path.display()
    )]
    WarmStart {
        /// Folder of the run, or file of the stroke.
        path: PathBuf,
        /// The learner that was to start.
        learner: String,
        /// The learner's reason.
        source: Box<LearnerError>,
    },
    /// The learned law does not fit the robot or the task.
    #[error("the learned law has (steps, state, action) dimensions {found:?}, expected {expected:?}")]
    LawShape {
        /// Shape found.
        found: (usize, usize, usize),
        /// Shape expected.
        expected: (usize, usize, usize),
    },
    /// The learned movement and the stroke differ in duration.
    #[error("the learned movement lasts {found} control periods, expected {expected}")]
    LawCycles {
        /// Control cycles found.
        found: usize,
        /// Control cycles expected.
        expected: usize,
    },
    /// There is no live page.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// The learning curve could not be drawn.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// The path does not belong to a run.
    #[error("{} {what}", path.display())]
    NotARun {
        /// The path.
        path: PathBuf,
        /// The thing found at the path, and the path to give instead.
        what: String,
    },
    /// The run has no such trial on the disk.
    #[error("{} has no trial {trial}: {}", folder.display(), trials(*ends))]
    NoTrial {
        /// The run's folder.
        folder: PathBuf,
        /// The trial asked for.
        trial: u64,
        /// First and last trial on the disk; `None` if there is none.
        ends: Option<(u64, u64)>,
    },
    /// The trial is not one of this configuration.
    #[error("{} does not fit the trial: {what}", path.display())]
    OtherTrial {
        /// The configuration, or the run's folder.
        path: PathBuf,
        /// What differs, with both values.
        what: String,
    },
    /// The recorded stroke has no cycles.
    #[error("trial {trial} cannot be replayed: its stroke ended before its first control cycle")]
    NotBegun {
        /// The trial.
        trial: u64,
    },
    /// The movement that made the trial is not stored any more.
    #[error(
        "trial {trial} was made by a movement, whose parameters no trial has, and the newest checkpoint is that of iteration \
         {iteration}: only the trials made after it can be replayed"
    )]
    NoMovement {
        /// The trial.
        trial: u64,
        /// Iterations done at the newest checkpoint.
        iteration: u64,
    },
    /// The run to resume was made with another learner.
    #[error(
        "the run in {0} was made with learner.{found}, and the configuration has learner.{expected}: set it as it was, or start \
         another run from what it learned (dry-run --warm-start {0}; on a robot ros.warm_start)",
        folder.display()
    )]
    OtherLearner {
        /// The run's folder.
        folder: PathBuf,
        /// The learner of the run.
        found: String,
        /// The learner of the configuration.
        expected: String,
    },
    /// The run to resume was made with other settings.
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
    /// A learned policy has another meaning under this setup.
    #[error(
        "what {} learned does not fit: {what}. A warm start needs the same robot, task, shapes and units; limits, gains, rewards, \
         rollouts and seed may differ. Set what differs as it is there, or start from the demonstration",
        path.display()
    )]
    Unfit {
        /// Folder of the run, or file of the stroke.
        path: PathBuf,
        /// The settings that differ, with both values.
        what: String,
    },
    /// The system refused a request of the command.
    #[error("cannot {what}: {source}")]
    System {
        /// The action that was tried.
        what: &'static str,
        /// The system's error.
        source: std::io::Error,
    },
    /// The file to write exists.
    #[error("{} exists already: name another file (option --out)", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The task demonstrates nothing.
    #[error("the task {task} has no demonstration of its own: say where the hand leads the arm (option --hand)")]
    NothingShown {
        /// The task's name.
        task: &'static str,
    },
    /// The arm was stopped while it was led by hand.
    #[error("after {:.3} s the arm that was led by hand was stopped: {fault}", at.as_secs_f64())]
    Stopped {
        /// The reason.
        fault: Fault,
        /// The loop's time.
        at: Duration,
    },
    /// The recording of the arm that was led by hand is of no use.
    #[error(transparent)]
    TooShort(#[from] TooShort),
    /// An iteration has too few usable trials.
    #[error(
        "only {usable} of {attempts} trials of iteration {iteration} could be learned from, {wanted} are needed; \
         the last was left out because {reason}"
    )]
    TooFewTrials {
        /// 1-based iteration.
        iteration: u64,
        /// Usable trials.
        usable: usize,
        /// Trials made.
        attempts: usize,
        /// Trials that the iteration needs.
        wanted: usize,
        /// The reason why the last trial was discarded.
        reason: String,
    },
}

fn trials(ends: Option<(u64, u64)>) -> String {
    ends.map_or("it has none".into(), |(first, last)| {
        format!(
            "its first is {first} and its last {last}, and some between may have been thinned out (run.keep_trials)"
        )
    })
}

impl DaemonError {
    /// Adds the attempted action to an error of the system.
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
    /// The remedy, for errors of the run folder.
    pub fn remedy(&self) -> Option<Remedy> {
        if let Self::Storage(error) = self { error.remedy() } else { None }
    }
}
