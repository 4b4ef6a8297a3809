//! The supervisor around the control loop: it orders trials, learns from them, and keeps what must not be lost.

mod checkpoint;
mod config;
mod deadlines;
mod dry_run;
mod error;
mod evaluate;
mod exploration;
mod interrupt;
mod learner_thread;
mod learning;
pub mod logging;
mod machine;
mod progress;
mod records;
mod rollout;
mod runner;

pub use config::{Config, ConfigError, RobotConfig, RunConfig, Setup, TaskConfig};
pub use dry_run::{DryRunOptions, DryRunReport, dry_run};
pub use error::DaemonError;
pub use evaluate::{EvaluateOptions, Evaluation, evaluate};
pub use exploration::exploration_noise;

/// Runs the supervisor on this thread, with the signals of its user.
fn block_on<T>(work: impl AsyncFnOnce(interrupt::Interrupt) -> Result<T, DaemonError>) -> Result<T, DaemonError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async { work(interrupt::Interrupt::listen()?).await })
}
