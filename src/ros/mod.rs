//! Everything that knows ROS 2 (feature `ros`): the node `moto_controller`, and the simulated arm
//! as a node of its own.
//!
//! One thread, the executor's, waits on ROS. It passes joint states to the control loop through the
//! triple buffer of [`crate::robot::link`]. A thread of their own sends the commands if the loop is
//! on the wall clock; otherwise the loop sends them. The supervisor, on the main thread, makes the
//! transitions of the managed life cycle and starts and ends runs.
//!
//! Its rooms know each other in one direction: `node` -> `link`, `parameters` -> `rcl`. All of them
//! know the configuration and the errors.

mod ask_robot;
mod config;
mod error;
mod link;
mod node;
mod parameters;
mod rcl;
mod simulate;

pub use ask_robot::ask_robot;
pub use config::{BallSource, ClockSource, DiagnosticsConfig, RosConfig};
pub use error::RosError;
pub use node::run;
pub use parameters::{Parameters, Settings};
pub use rcl::context::{context, without_ros_arguments};
pub use rcl::rosout::rosout;
pub use simulate::simulate;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The system's time since the Unix epoch. A clock before 1970 reads as zero.
fn system_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The parameters given to a node by the command line and its files.
fn overrides(node: &r2r::Node) -> Vec<(String, r2r::ParameterValue)> {
    let given = node.params.lock();
    let given = given.unwrap_or_else(std::sync::PoisonError::into_inner);
    given.iter().map(|(name, parameter)| (name.clone(), parameter.value.clone())).collect()
}
