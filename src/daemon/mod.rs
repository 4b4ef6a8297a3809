//! The supervisor around the control loop: it orders trials, learns from them, and keeps what must not be lost.

mod archive;
mod beginning;
mod checkpoint;
mod deadlines;
mod doctor;
mod dry_run;
mod error;
mod evaluate;
#[cfg(test)]
mod exploration_safety;
mod interrupt;
mod learned;
mod learner_thread;
mod learning;
pub mod logging;
mod machine;
mod operator;
pub mod output;
mod places;
mod progress;
mod records;
mod robot_run;
mod rollout;
mod runner;
mod soak;
mod source;

pub use crate::setup::{Config, ConfigError, RobotConfig, RunConfig, Setup, TaskConfig};
pub use beginning::{Beginning, run_configuration};
pub use doctor::{DoctorOptions, DoctorReport, Fact, Grade, Measured, Verdict, doctor};
pub use dry_run::{DryRunOptions, DryRunReport, dry_run};
pub use error::DaemonError;
pub use evaluate::{EvaluateOptions, Evaluation, evaluate};
pub use learned::{LearnedStroke, StoredLaw};
pub(crate) use machine::lockstep;
pub use operator::{Operator, Order, Watcher};
pub use robot_run::RobotRun;
pub(crate) use rollout::{Rollout, batch, is_finite};
pub use soak::{Part, SoakOptions, SoakReport, soak};
pub use source::ConfigSource;

/// The next update of a learner in this process panics.
#[cfg(all(test, feature = "ros"))]
pub fn panic_at_next_update() {
    learner_thread::PANIC.store(true, std::sync::atomic::Ordering::Relaxed);
}

/// Runs the supervisor on this thread, with the signals of its user.
fn block_on<T>(work: impl AsyncFnOnce(interrupt::Interrupt) -> Result<T, DaemonError>) -> Result<T, DaemonError> {
    let runtime = runtime()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let interrupt = interrupt::Interrupt::listen().map_err(DaemonError::system("listen to signals"))?;
        work(interrupt).await
    })
}

/// The supervisor's runtime.
fn runtime() -> Result<tokio::runtime::Runtime, DaemonError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(DaemonError::system("start the supervisor"))
}
