//! Everything that knows ROS 2 (feature `ros`).

pub mod commands;
mod config;
mod context;
mod error;
mod executor;
pub mod joints;
pub mod lifecycle;
pub mod lockstep;
mod parameters;
mod schema;
pub mod serve;
pub mod sim_time;
mod stamps;
pub mod states;

pub use config::{ClockSource, DiagnosticsConfig, RosConfig};
pub use context::{context, without_ros_arguments};
pub use error::RosError;
pub use executor::{Executor, Spinning};
pub use parameters::{Parameters, Settings};
