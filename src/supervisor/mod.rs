//! The supervisor of the control loop. It orders trials, learns from them, stores the run, and
//! stops the robot safely.

mod advice;
pub(crate) mod archive;
pub(crate) mod beginning;
pub(crate) mod checkpoint;
mod ended;
mod error;
#[cfg(test)]
mod exploration_safety;
pub(crate) mod interrupt;
mod learned;
mod learner_thread;
pub(crate) mod learning;
pub(crate) mod machine;
mod operator;
pub(crate) mod places;
pub(crate) mod programs;
mod progress;
mod recording;
mod records;
mod robot_run;
mod rollout;
pub(crate) mod runner;
mod source;
pub(crate) mod terminal;

pub use advice::Advice;
pub use beginning::{Beginning, run_configuration};
pub(crate) use ended::EndedRule;
pub use error::DaemonError;
pub use learned::{LearnedStroke, StoredLaw};
pub(crate) use machine::lockstep;
pub use operator::{Operator, Order, Watcher};
pub use recording::{Recording, TooShort};
pub use robot_run::RobotRun;
pub(crate) use rollout::{Rollout, batch, is_finite};
pub use source::ConfigSource;

/// Makes the next update of a learner in this process panic.
#[cfg(all(test, feature = "ros"))]
pub fn panic_at_next_update() {
    learner_thread::PANIC.store(true, std::sync::atomic::Ordering::Relaxed);
}

/// Runs the supervisor on this thread and listens for signals.
///
/// # Errors
/// If the system refuses a request, or the error of the work.
pub(crate) fn block_on<T>(
    work: impl AsyncFnOnce(interrupt::Interrupt) -> Result<T, DaemonError>,
) -> Result<T, DaemonError> {
    let runtime = runtime()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let interrupt = interrupt::Interrupt::listen().map_err(DaemonError::system("listen to signals"))?;
        work(interrupt).await
    })
}

/// The supervisor's asynchronous runtime.
fn runtime() -> Result<tokio::runtime::Runtime, DaemonError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(DaemonError::system("start the supervisor"))
}
