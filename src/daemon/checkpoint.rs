//! What of a run is checkpointed, and what a checkpoint must fit.

use serde::{Deserialize, Serialize};

use super::{ConfigError, Setup};
use crate::moto::Learner;
use crate::storage::{Expected, Header, Shapes};
use crate::tasks::Task;

/// The state of a run between two iterations.
#[derive(Clone, Serialize, Deserialize)]
pub struct Saved {
    /// The learner: policy, stored batches, guard, iteration.
    pub learner: Learner,
    /// Episodes made, the discarded ones included.
    pub episodes: u64,
}

fn shapes(setup: &Setup, task: &dyn Task) -> Shapes {
    Shapes { state_dim: task.state_dim(), action_dim: setup.model.dof(), horizon: task.horizon() }
}

/// What a checkpoint must be for this setup: of the same robot, task and shapes, and, of the `same_run`, of the same
/// configuration and seed.
///
/// # Errors
/// If the configuration has no fingerprint.
pub fn expected(setup: &Setup, task: &dyn Task, same_run: bool) -> Result<Expected, ConfigError> {
    Ok(Expected {
        robot: setup.model.name().into(),
        task: task.name().into(),
        shapes: shapes(setup, task),
        config_hash: same_run.then(|| setup.fingerprint()).transpose()?,
        seed: same_run.then_some(setup.config.run.seed),
    })
}

/// What a checkpoint of this setup says of itself.
///
/// # Errors
/// If the configuration has no fingerprint.
pub fn header(setup: &Setup, task: &dyn Task, iteration: u64) -> Result<Header, ConfigError> {
    Ok(Header {
        robot: setup.model.name().into(),
        task: task.name().into(),
        shapes: shapes(setup, task),
        config_hash: setup.fingerprint()?,
        seed: setup.config.run.seed,
        iteration,
        package_version: env!("CARGO_PKG_VERSION").into(),
    })
}
