//! Everything that knows ROS 2 (feature `ros`): the node `moto_controller`, and the simulated arm as a node of its own.
//!
//! One thread, the executor's, waits on ROS. It passes joint states to the control loop through the triple buffer of
//! [`crate::robot::link`]; commands leave on a thread of their own, or on the loop's where time is not the wall clock's.
//! The supervisor, on the main thread, makes the transitions of the managed life cycle and starts and ends runs.

mod commands;
mod complaints;
mod config;
mod context;
mod error;
mod executor;
mod graph;
mod input_error;
mod joint_states;
mod joints;
mod lifecycle;
mod lockstep;
mod message_time;
mod node;
mod outlet;
mod parameter_services;
mod parameters;
mod robot;
mod rosout;
mod serve;
mod sim_time;
mod simulate;
mod stamps;
mod states;
mod topic_name;

pub use config::{ClockSource, DiagnosticsConfig, RosConfig};
pub use context::{context, without_ros_arguments};
pub use error::RosError;
pub use input_error::InputError;
pub use joints::{Joints, JointsConfig, VelocitySource};
pub use node::run;
pub use parameters::{Parameters, Settings};
pub use rosout::{LogLines, RosoutLayer, rosout};
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
