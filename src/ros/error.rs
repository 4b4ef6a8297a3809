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
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// The robot did not answer in lockstep.
    #[error("the robot did not answer in lockstep: no joint state after {waited:?}, the command was sent {sent} times")]
    Lockstep {
        /// How long was waited.
        waited: Duration,
        /// How often the command was sent.
        sent: u32,
    },
}
