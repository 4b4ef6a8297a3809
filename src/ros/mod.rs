//! Everything that knows ROS 2 (feature `ros`).

mod config;
mod context;
mod error;
mod executor;
pub mod joints;
pub mod lifecycle;
mod parameters;
mod schema;

pub use config::{ClockSource, DiagnosticsConfig, RosConfig};
pub use context::{context, without_ros_arguments};
pub use error::RosError;
pub use executor::{Executor, Spinning};
pub use parameters::{Parameters, Settings};
