//! The seam between an experiment and the methods and tasks it compares.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::swing_up::SwingUpRun;
use super::table_tennis::{StrokeError, TableTennisRun};
use super::{Record, TaskConfig, Variant};
use crate::baselines::dmp::DmpError;
use crate::baselines::episodic::EpisodicError;
use crate::baselines::gps::GpsError;
use crate::daemon;
use crate::moto::MotoError;
use crate::policy::PolicyError;
use crate::tasks::TaskError;
use crate::tasks::swing_up::SwingUpError;

/// Why a run cannot start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The learner refuses its configuration or a batch.
    #[error("method.moto: {0}")]
    Moto(#[from] MotoError),
    /// Guided policy search refuses its configuration or a batch.
    #[error("method.gps: {0}")]
    Gps(#[from] GpsError),
    /// The swing-up refuses its configuration.
    #[error("task.swing_up: {0}")]
    SwingUp(#[from] SwingUpError),
    /// The arm, its control loop or the stroke are refused.
    #[error(transparent)]
    Setup(#[from] daemon::ConfigError),
    /// Table tennis refuses its configuration, or has no demonstration.
    #[error("task.table_tennis: {0}")]
    TableTennis(#[from] TaskError),
    /// The movement primitive.
    #[error("method.movement.{0}")]
    Dmp(#[from] DmpError),
    /// The episodic search.
    #[error("method.movement: {0}")]
    Episodic(#[from] EpisodicError),
    /// Too many trials were ended by a limit or watchdog.
    #[error("only {usable} trials of an iteration could be learned from, {wanted} are needed")]
    TooFewTrials {
        /// Trials that could be learned from.
        usable: usize,
        /// Trials an iteration needs.
        wanted: usize,
    },
    /// Strokes cannot be made.
    #[error(transparent)]
    Stroke(#[from] StrokeError),
    /// The method does not fit the task.
    #[error("method.{method} cannot learn task.{task}")]
    Unfit {
        /// The method.
        method: &'static str,
        /// The task.
        task: &'static str,
    },
    /// A policy cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A value of the variant is refused.
    #[error("{field} is {value}, expected {expected}")]
    Value {
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// A saved state cannot be read or written.
    #[error("the state of the run: {0}")]
    State(String),
}

/// One seed of one variant while it learns. Everything random in it is keyed by the seed and the iteration.
pub trait Run {
    /// The next iteration: rollouts with the current policy, update, judgement of the mean action. The job numbers and times
    /// the record.
    ///
    /// # Errors
    /// If the method breaks down; the job then ends there and is counted as failed.
    fn iterate(&mut self) -> Result<Record, RunError>;

    /// Everything needed to go on elsewhere to the bit ([`encode`]).
    ///
    /// # Errors
    /// If it has no stored form.
    fn state(&self) -> Result<Vec<u8>, RunError>;

    /// Goes on from a state that another run of the same variant and seed saved ([`decode`]).
    ///
    /// # Errors
    /// If the state is not one.
    fn restore(&mut self, state: &[u8]) -> Result<(), RunError>;

    /// What to keep beside the records once the run is complete: a learned policy, a motion.
    ///
    /// # Errors
    /// If it cannot be made.
    fn attachments(&self) -> Result<Vec<Attachment>, RunError> {
        Ok(Vec::new())
    }
}

/// A file kept beside the records of a job, as `seeds/VARIANT-SEED.ENDING`.
pub struct Attachment {
    /// End of its name, e.g. `motion.json`.
    pub ending: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Starts a seed of a variant.
///
/// # Errors
/// What is wrong with the variant, by field and value.
pub fn start(variant: &Variant, seed: u64) -> Result<Box<dyn Run>, RunError> {
    let count = |field, value: usize, expected| {
        if value > 0 { Ok(()) } else { Err(RunError::Value { field, value: value.to_string(), expected }) }
    };
    count("rollouts", variant.rollouts, "at least 1")?;
    count("iterations", variant.iterations, "at least 1")?;
    let (method, rollouts) = (&variant.method, variant.rollouts);
    Ok(match &variant.task {
        TaskConfig::SwingUp(task) => Box::new(SwingUpRun::new(task, method, rollouts, seed)?),
        TaskConfig::TableTennis(task) => Box::new(TableTennisRun::new(task, method, rollouts, seed)?),
    })
}

/// Where a run is: everything needed to go on elsewhere to the bit, since what is random is keyed by the iteration.
#[derive(Serialize, Deserialize)]
pub struct State<M> {
    /// Iterations done.
    pub iteration: u64,
    /// The learner.
    pub method: M,
}

/// The largest stored form that is read, bytes.
const MAX_STATE: usize = 1 << 30;

/// The stored form of a state.
///
/// # Errors
/// [`RunError::State`].
pub fn encode(state: &impl Serialize) -> Result<Vec<u8>, RunError> {
    bincode::serde::encode_to_vec(state, bincode::config::standard()).map_err(|e| RunError::State(e.to_string()))
}

/// A state from its stored form.
///
/// # Errors
/// [`RunError::State`].
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RunError> {
    // Lengths in the bytes may not promise more than there is.
    let limited = bincode::config::standard().with_limit::<MAX_STATE>();
    let decoded = bincode::serde::decode_from_slice(bytes, limited);
    decoded.map(|(state, _)| state).map_err(|e| RunError::State(e.to_string()))
}
