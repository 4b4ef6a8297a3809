//! What of a run is checkpointed, and what a checkpoint must fit.

use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{ConfigError, DaemonError, Setup};
use crate::moto::Learner;
use crate::policy::Policy;
use crate::storage::{Expected, Header, RunView, Shapes, StorageError, differences, listed};
use crate::tasks::Task;

/// Episodes no run reaches; numbers below can be counted on.
const MOST_EPISODES: u64 = 1 << 48;

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
fn expected(setup: &Setup, task: &dyn Task, same_run: bool) -> Result<Expected, ConfigError> {
    Ok(Expected {
        robot: setup.model.name().into(),
        task: task.name().into(),
        shapes: shapes(setup, task),
        config_hash: same_run.then(|| setup.fingerprint()).transpose()?,
        seed: same_run.then_some(setup.config.run.seed),
    })
}

/// Checks the shape of a policy, which the learner and the loop rely on.
///
/// # Errors
/// What of it is otherwise.
pub fn check_shape(policy: &Policy, horizon: usize, state_dim: usize, action_dim: usize) -> Result<(), DaemonError> {
    let found = (policy.horizon(), policy.state_dim(), policy.action_dim());
    let expected = (horizon, state_dim, action_dim);
    if found == expected { Ok(()) } else { Err(DaemonError::PolicyShape { found, expected }) }
}

/// Loads the newest checkpoint of a run and checks what it holds: a checksum says that a file is what was written, not that
/// it makes sense.
///
/// # Errors
/// If there is none that fits, or its policy cannot be used.
pub fn load(view: &RunView, setup: &Setup, task: &dyn Task, same_run: bool) -> Result<Saved, DaemonError> {
    if same_run {
        same_settings(view, setup)?;
    }
    let loaded = view.checkpoint::<Saved>(&expected(setup, task, same_run)?)?;
    for damaged in &loaded.damaged {
        warn!("passed over: {damaged}");
    }
    let (saved, header) = (loaded.checkpoint.value, loaded.checkpoint.header);
    let Shapes { state_dim, action_dim, horizon } = shapes(setup, task);
    let checked = saved.learner.validate().map_err(DaemonError::from);
    let checked = checked.and_then(|()| check_shape(saved.learner.policy(), horizon, state_dim, action_dim));
    let what = match checked {
        Err(error) => error.to_string(),
        Ok(()) if saved.episodes > MOST_EPISODES => format!("it says {} episodes", saved.episodes),
        Ok(()) if saved.learner.iteration() as u64 != header.iteration => {
            format!("it says iteration {}, its learner {}", header.iteration, saved.learner.iteration())
        }
        Ok(()) => return Ok(saved),
    };
    Err(StorageError::Damaged { path: loaded.path, what }.into())
}

/// Checks that a run was made with the settings it is to go on with.
fn same_settings(view: &RunView, setup: &Setup) -> Result<(), DaemonError> {
    let before = &view.info().settings;
    if before.is_null() {
        return Ok(()); // The checkpoint has their hash.
    }
    let found = differences(before, &setup.decisive()?, &setup.config.robot.joints);
    if found.is_empty() {
        return Ok(());
    }
    Err(DaemonError::OtherSettings { folder: view.directory().into(), what: listed(&found) })
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
