//! What can go wrong between the daemon and ROS 2.

use std::time::Duration;

use crate::schema::FieldError;
use crate::storage::Remedy;

/// The parameters with which a run folder is chosen.
fn parameters_for(remedy: Option<Remedy>) -> &'static str {
    match remedy {
        Some(Remedy::ResumeOrAnotherFolder) => " (parameters ros.resume and ros.run_folder)",
        Some(Remedy::AnotherFolder) => " (parameter ros.run_folder)",
        None => "",
    }
}

/// Why the node does not start, or ends.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RosError {
    /// rcl refuses the command line or the environment.
    #[error("ROS 2 does not start: {reason}")]
    Context {
        /// What rcl says.
        reason: String,
    },
    /// rcl refuses something else.
    #[error("rcl: {0}")]
    Rcl(#[from] r2r::Error),
    /// A parameter is refused.
    #[error("parameter {name}: {reason}")]
    Parameter {
        /// The parameter.
        name: String,
        /// Why.
        reason: String,
    },
    /// A name that no parameter of the node has, but which begins as theirs do.
    #[error("there is no such parameter: {name}; {hint}")]
    NoParameter {
        /// The name, as far as it is known with the first part that is not.
        name: String,
        /// What it was meant to be, or the names there are.
        hint: String,
    },
    /// A value of a parameter is refused.
    #[error("parameter {0}")]
    Value(#[from] FieldError),
    /// The configuration is refused.
    #[error(transparent)]
    Configuration(#[from] crate::daemon::ConfigError),
    /// The daemon.
    #[error("{0}{mend}", mend = parameters_for(.0.remedy()))]
    Daemon(#[from] crate::daemon::DaemonError),
    /// A transition that the life cycle does not have.
    #[error("there is no transition {name} from {from}")]
    NoTransition {
        /// What was asked.
        name: String,
        /// Where the node is.
        from: String,
    },
    /// A transition panicked.
    #[error("{what} panicked; the run can be resumed from its folder")]
    Panicked {
        /// The transition.
        what: String,
    },
    /// The thread of the run panicked. The robot got the safe command.
    #[error("the run's thread panicked; the run can be resumed from its folder")]
    RunLost,
    /// What was done may not be on the disk.
    #[error("the run could not be stored; resume it from its folder once that is mended")]
    NotStored,
    /// The thread that waits on ROS panicked. The robot got the safe command.
    #[error("the ROS executor is lost")]
    ExecutorLost,
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// The thread that sends the commands panicked; it sent zero first.
    #[error("the thread that sends the commands is lost")]
    CommandsLost,
    /// In lockstep nobody takes the robot's messages any more.
    #[error("joint states are not received any more")]
    StatesLost,
    /// The robot did not answer in lockstep.
    #[error("the robot did not answer in lockstep: no joint state after {waited:?}, the command was sent {sent} times")]
    Lockstep {
        /// How long was waited.
        waited: Duration,
        /// How often the command was sent.
        sent: u32,
    },
    /// Whoever is to serve the ball is not there, or does not answer.
    #[error("{service} did not answer within {waited:?}")]
    NoServer {
        /// The service.
        service: String,
        /// How long was waited.
        waited: Duration,
    },
    /// The ball is refused.
    #[error("{service} refused to serve: {reason}")]
    ServeRefused {
        /// The service.
        service: String,
        /// Why.
        reason: String,
    },
    /// The robot is silent, or what it says is of no use.
    #[error("{reason}")]
    NoStates {
        /// What is missing.
        reason: String,
    },
}
