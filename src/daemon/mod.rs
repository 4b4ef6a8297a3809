//! The supervisor around the control loop: it orders trials, learns from them, and keeps what must not be lost.

mod archive;
mod checkpoint;
mod config;
mod deadlines;
mod dry_run;
mod error;
mod evaluate;
mod interrupt;
mod learner_thread;
mod learning;
pub mod logging;
mod machine;
mod operator;
mod progress;
mod records;
mod robot_run;
mod rollout;
mod runner;
mod soak;

pub use config::{Config, ConfigError, RobotConfig, RunConfig, Setup, TaskConfig};
pub use dry_run::{DryRunOptions, DryRunReport, dry_run};
pub use error::DaemonError;
pub use evaluate::{EvaluateOptions, Evaluation, evaluate};
pub use operator::{LinkError, Operator, Order, RemoteRobot, Watcher};
pub use robot_run::RobotRun;
pub use soak::{Part, SoakOptions, SoakReport, soak};

/// Puts the learner on the disk as it is between two iterations.
fn save(
    setup: &Setup,
    task: &dyn crate::tasks::Task,
    folder: &mut crate::storage::RunFolder,
    saved: &checkpoint::Saved,
) -> Result<(), DaemonError> {
    let header = checkpoint::header(setup, task, saved.learner.iteration() as u64)?;
    folder.save_checkpoint(&crate::storage::Checkpoint { header, value: saved }, setup.config.run.checkpoints)?;
    Ok(())
}

/// Runs the supervisor on this thread, with the signals of its user.
fn block_on<T>(work: impl AsyncFnOnce(interrupt::Interrupt) -> Result<T, DaemonError>) -> Result<T, DaemonError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async { work(interrupt::Interrupt::listen()?).await })
}
