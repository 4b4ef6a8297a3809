//! The supervisor around the control loop: it orders trials, learns from them, and keeps what must not be lost.

mod config;
mod deadlines;
mod dry_run;
mod evaluate;
mod exploration;
mod learner_thread;
pub mod logging;
mod machine;
mod progress;
mod records;
mod rollout;
mod runner;

pub use config::{Config, ConfigError, RobotConfig, RunConfig, Setup, TaskConfig};
pub use dry_run::{DryRunOptions, DryRunReport, dry_run};
pub use evaluate::{EvaluateOptions, Evaluation, evaluate};
pub use exploration::exploration_noise;
