//! What can go wrong between the daemon and ROS 2.

use std::time::Duration;

use super::joints::JointsConfigError;

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
    /// The configuration of the joints is refused.
    #[error(transparent)]
    Joints(#[from] JointsConfigError),
    /// The configuration is refused.
    #[error(transparent)]
    Configuration(#[from] crate::daemon::ConfigError),
    /// The daemon.
    #[error(transparent)]
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
    /// The node was asked to end before that.
    #[error("given up, because the node is to end")]
    GivenUp,
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
    /// The thread that sends the commands does not come back from sending one.
    #[error("the robot may not have the safe command: the thread that sends the commands stands still")]
    CommandsStuck,
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
