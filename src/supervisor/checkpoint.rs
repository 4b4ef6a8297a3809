//! The checkpointed state of a run, and its checks.

use moto_learners::{Learner, LearnerError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;

use crate::policy::{Law, StoredLaw};
use crate::setup::{ConfigError, Setup};
use crate::storage::{Checkpoint, Expected, Header, RunView, Shapes, StorageError, differences, listed};
use crate::supervisor::DaemonError;
use crate::tasks::Task;

/// A number of episodes that no run reaches. Arithmetic on smaller numbers cannot overflow.
const MOST_EPISODES: u64 = 1 << 48;

/// The state of a run between two iterations.
#[derive(Clone)]
pub struct Saved {
    /// The learner, with its memory.
    pub learner: Box<dyn Learner>,
    /// Episodes made, discarded episodes included.
    pub episodes: u64,
}

/// The stored form of [`Saved`].
#[derive(Serialize, Deserialize)]
pub struct Stored {
    /// State saved by the learner.
    #[serde(with = "serde_bytes")]
    learner: Vec<u8>,
    episodes: u64,
}

impl Saved {
    /// The checkpoint of this state.
    ///
    /// # Errors
    /// If the learner's state has no stored form.
    pub fn checkpoint(&self, header: Header) -> Result<Checkpoint<Stored>, LearnerError> {
        let value = Stored { learner: self.learner.save()?, episodes: self.episodes };
        Ok(Checkpoint { header, value })
    }
}

fn shapes(setup: &Setup, task: &dyn Task) -> Shapes {
    Shapes { state_dim: task.state_dim(), action_dim: setup.model.dof(), horizon: task.horizon() }
}

/// The header that a checkpoint must have for this setup: same robot, task and shapes; with
/// `same_run`, also the same configuration and seed.
///
/// # Errors
/// If the configuration has no fingerprint.
fn expected(setup: &Setup, task: &dyn Task, same_run: bool) -> Result<Expected, ConfigError> {
    Ok(Expected {
        robot: setup.model.name().into(),
        task: task.name().into(),
        learner: setup.config.learner.name().into(),
        shapes: shapes(setup, task),
        config_hash: same_run.then(|| setup.fingerprint()).transpose()?,
        seed: same_run.then_some(setup.config.run.seed),
    })
}

/// Compiles a law for the loop, after checking that it fits the robot and the task.
///
/// # Errors
/// The shape that differs, or a policy that cannot be used.
pub fn compiled(law: &StoredLaw, setup: &Setup, task: &dyn Task) -> Result<Law, DaemonError> {
    let law = law.compile()?;
    let Shapes { state_dim, action_dim, horizon } = shapes(setup, task);
    let (found, expected) = ((law.horizon(), law.state_dim(), law.action_dim()), (horizon, state_dim, action_dim));
    if found != expected {
        return Err(DaemonError::LawShape { found, expected });
    }
    let cycles = horizon * setup.config.control.decimation;
    match law.cycles() {
        Some(found) if found != cycles => Err(DaemonError::LawCycles { found, expected: cycles }),
        _ => Ok(law),
    }
}

/// Loads the newest checkpoint of a run and checks its content. A checksum proves that a file is
/// intact, not that its content makes sense.
///
/// # Errors
/// If no checkpoint fits, or its policy cannot be used.
pub fn load(view: &RunView, setup: &Setup, task: &dyn Task, same_run: bool) -> Result<Saved, DaemonError> {
    if same_run {
        same_settings(view, setup)?;
    }
    let loaded = view.checkpoint::<Stored>(&expected(setup, task, same_run)?)?;
    for damaged in &loaded.damaged {
        warn!("passed over: {damaged}");
    }
    let Checkpoint { value: Stored { learner: state, episodes }, header } = loaded.checkpoint;
    let mut learner = setup.learner(&task.start()?)?;
    let restored = learner.restore(&state).map_err(DaemonError::from);
    let what = match restored.and_then(|()| compiled(&learner.law(), setup, task)) {
        Err(error) => error.to_string(),
        Ok(_) if episodes > MOST_EPISODES => format!("it says {episodes} episodes"),
        Ok(_) if learner.iteration() as u64 != header.iteration => {
            format!("it says iteration {}, its learner {}", header.iteration, learner.iteration())
        }
        Ok(_) => return Ok(Saved { learner, episodes }),
    };
    Err(StorageError::Damaged { path: loaded.path, what }.into())
}

/// Checks that a resumed run keeps the settings that it was made with.
fn same_settings(view: &RunView, setup: &Setup) -> Result<(), DaemonError> {
    let before = &view.info().settings;
    if before.is_null() {
        return Ok(()); // The checkpoint has their hash.
    }
    let now = setup.decisive()?;
    if let (Some(found), Some(expected)) = (learner_of(before), learner_of(&now))
        && found != expected
    {
        let (found, expected) = (found.into(), expected.into());
        return Err(DaemonError::OtherLearner { folder: view.directory().into(), found, expected });
    }
    let found = differences(before, &now, &setup.config.robot.joints);
    if found.is_empty() {
        return Ok(());
    }
    Err(DaemonError::OtherSettings { folder: view.directory().into(), what: listed(&found) })
}

/// The name of the learner in the settings.
fn learner_of(settings: &Value) -> Option<&str> {
    settings.get("learner")?.as_object()?.keys().next().map(String::as_str)
}

/// The header of this setup's checkpoint at an iteration.
///
/// # Errors
/// If the configuration has no fingerprint.
pub fn header(setup: &Setup, task: &dyn Task, iteration: u64) -> Result<Header, ConfigError> {
    Ok(Header {
        robot: setup.model.name().into(),
        task: task.name().into(),
        learner: setup.config.learner.name().into(),
        shapes: shapes(setup, task),
        config_hash: setup.fingerprint()?,
        seed: setup.config.run.seed,
        iteration,
        package_version: env!("CARGO_PKG_VERSION").into(),
    })
}
