//! Everything that knows ROS 2 (feature `ros`): the node `moto_controller`, and the simulated arm as a node of its own.
//!
//! One thread, the executor's, waits on ROS. It passes joint states to the control loop through the triple buffer of
//! [`crate::robot::link`]; commands leave on a thread of their own, or on the loop's where time is not the wall clock's.
//! The supervisor, on the main thread, makes the transitions of the managed life cycle and starts and ends runs.
//!
//! Its rooms know each other in one direction: `node` -> `link`, `parameters` -> `rcl`. All of them know the configuration and the
//! errors.

mod config;
mod error;
mod link;
mod node;
mod parameters;
mod rcl;
mod simulate;

pub use config::{ClockSource, DiagnosticsConfig, RosConfig};
pub use error::RosError;
pub use link::input_error::InputError;
pub use link::joints::{Joints, JointsConfig, VelocitySource};
pub use node::run;
pub use parameters::{Parameters, Settings};
pub use rcl::context::{context, without_ros_arguments};
pub use rcl::rosout::{LogLines, RosoutLayer, rosout};
pub use simulate::simulate;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The system's time since the Unix epoch. A clock before 1970 reads as zero.
fn system_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The parameters that the command line and its files give to a node.
fn overrides(node: &r2r::Node) -> Vec<(String, r2r::ParameterValue)> {
    let given = node.params.lock();
    let given = given.unwrap_or_else(std::sync::PoisonError::into_inner);
    given.iter().map(|(name, parameter)| (name.clone(), parameter.value.clone())).collect()
}
