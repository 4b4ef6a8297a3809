//! The interface between an experiment and its methods and tasks.

use moto_learners::{Learner, LearnerError, Learners, Start};
use moto_settings::{FieldError, Joints, check};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::rollouts::{self, Explored, Judged, Rollouts, StrokeError};
use super::{Record, Transfer, Variant};
use crate::policy::PolicyError;
use crate::storage::files::FileError;
use crate::tasks::TaskError;
use crate::tasks::swing_up::SwingUpError;

/// The reason why a run cannot start or continue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The learner refuses its configuration or a batch.
    #[error("method: {0}")]
    Learner(#[from] LearnerError),
    /// The swing-up refuses its configuration.
    #[error("task.swing_up: {0}")]
    SwingUp(#[from] SwingUpError),
    /// The arm, its control loop or the stroke is refused.
    #[error(transparent)]
    Setup(#[from] crate::setup::ConfigError),
    /// The task refuses its configuration or lacks a demonstration.
    #[error("task: {0}")]
    Task(#[from] TaskError),
    /// A limit or a watchdog ended too many trials.
    #[error(
        "only {usable} trials of an iteration could be learned from, {wanted} are needed; the last that could not: {reason}"
    )]
    TooFewTrials {
        /// Usable trials.
        usable: usize,
        /// Trials that the iteration needs.
        wanted: usize,
        /// Why the last of the others could not be learned from.
        reason: String,
    },
    /// Strokes cannot be made.
    #[error(transparent)]
    Stroke(#[from] StrokeError),
    /// A law of this kind cannot do the task.
    #[error("task.{task} cannot be done by {law}")]
    Unfit {
        /// Kind of the law.
        law: &'static str,
        /// The task.
        task: &'static str,
    },
    /// A policy cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A value of the variant is refused.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// A file of the task cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A saved state cannot be read or written.
    #[error("the state of the run: {0}")]
    State(String),
}

/// One seed of one variant while it learns. Seed and iteration key all random numbers.
pub struct Run {
    task: Box<dyn Rollouts>,
    learner: Box<dyn Learner>,
    variant: Variant,
    /// What has to be learned before the first iteration.
    before: Option<Before>,
}

/// Learning on the robot as configured.
struct Before {
    run: Box<Run>,
    transfer: Transfer,
}

/// Stored form of a run.
#[derive(Serialize, Deserialize)]
struct Saved {
    learner: Vec<u8>,
    /// That of the run before, while it goes on.
    before: Option<Vec<u8>>,
}

/// Keeps the random numbers before a transfer apart from those after it.
const BEFORE: u64 = 1 << 63;

impl Run {
    /// Starts a seed of a variant.
    ///
    /// # Errors
    /// The value of the variant that is refused, by field.
    pub fn start(variant: &Variant, seed: u64) -> Result<Self, RunError> {
        check(variant, Joints::Unknown)?;
        Learners::check(&variant.method).map_err(|error| error.within("method"))?;
        let task = rollouts::of(variant, seed)?;
        let learner = Learners::start(&variant.method, &Start { seed, ..task.start()? })?;
        learner.check_rollouts(variant.rollouts)?;
        let before = match variant.transfer.filter(|transfer| transfer.iterations > 0) {
            Some(transfer) => {
                let run = Self::start(&variant.before_transfer(), seed ^ BEFORE)?;
                Some(Before { run: Box::new(run), transfer })
            }
            None => None,
        };
        Ok(Self { task, learner, variant: variant.clone(), before })
    }

    /// Makes an iteration of what has to be learned before the first one. Returns whether there was any left to make.
    ///
    /// # Errors
    /// The method broke down, or cannot go on with what another run learned.
    pub fn prepare(&mut self) -> Result<bool, RunError> {
        let Some(Before { run, transfer }) = &mut self.before else {
            return Ok(false);
        };
        run.iterate()?;
        if run.iteration() >= transfer.iterations as u64 {
            self.learner.start_from(&run.learner.law())?;
            if transfer.transitions {
                self.learner.adopt(&*run.learner)?;
            }
            self.before = None;
        }
        Ok(true)
    }

    fn iteration(&self) -> u64 {
        self.learner.iteration() as u64
    }

    /// Makes the next iteration: rollouts with the current law, update, evaluation of the mean
    /// action where it is due. The first one comes after what [`Self::prepare`] does. The job fills in the record's
    /// numbers and time.
    ///
    /// # Errors
    /// The method broke down. The job then ends and counts as failed.
    pub fn iterate(&mut self) -> Result<Record, RunError> {
        while self.prepare()? {}
        let Explored { batch, mean_return, success, discarded } =
            self.task.explore(&*self.learner, self.variant.rollouts as u64)?;
        let broken_off = batch.broken_off.steps.len();
        let report = self.learner.learn(batch, self.task.reward())?;
        let iteration = self.iteration();
        let judged = match self.variant.is_judged(iteration) {
            true => Some(self.task.judge(&self.learner.law(), iteration)?),
            false => None,
        };
        let mut record = Record {
            rollouts_return: mean_return.unwrap_or(report.mean_return),
            rollouts_success: success,
            mean_action_return: judged.as_ref().map(|judged: &Judged| judged.mean_return),
            success: judged.and_then(|judged| judged.success),
            ..Record::from(&report)
        };
        for (count, what) in [(broken_off, "broken off"), (discarded, "discarded")] {
            if count > 0 {
                let remark = record.remark.take().map_or_else(String::new, |remark| format!("{remark}, "));
                record.remark = Some(format!("{remark}{count} {what}"));
            }
        }
        Ok(record)
    }

    /// The state of the run. Restoring it elsewhere gives the same bits.
    ///
    /// # Errors
    /// If the state has no stored form.
    pub fn state(&self) -> Result<Vec<u8>, RunError> {
        let before = self.before.as_ref().map(|before| before.run.state()).transpose()?;
        encode(&Saved { learner: self.learner.save()?, before })
    }

    /// Restores the state of another run of the same variant and seed.
    ///
    /// # Errors
    /// If the bytes are not such a state.
    pub fn restore(&mut self, state: &[u8]) -> Result<(), RunError> {
        let Saved { learner, before } = decode(state)?;
        self.learner.restore(&learner)?;
        match (&mut self.before, before) {
            (Some(Before { run, .. }), Some(state)) => run.restore(&state)?,
            (None, Some(_)) => return Err(RunError::State("it is of a variant with `transfer`".into())),
            (_, None) => self.before = None,
        }
        Ok(())
    }

    /// What the file of the variant's robot said when the run was started. `None` for a variant without one.
    ///
    /// # Errors
    /// A file of the task that cannot be read.
    pub fn robot(&self) -> Result<Option<Value>, RunError> {
        self.task.robot()
    }

    /// The file to keep beside the records of a complete run: a learned law or a motion.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn attachment(&self) -> Result<Attachment, RunError> {
        self.task.attachment(self.learner.law(), self.iteration())
    }
}

/// A file kept beside the records of a job, as `seeds/VARIANT-SEED.ENDING`.
pub struct Attachment {
    /// Ending of the file name, such as `motion.json`.
    pub ending: &'static str,
    /// Content of the file.
    pub bytes: Vec<u8>,
}

/// Largest size of a stored state, bytes.
const MAX_STATE: usize = 1 << 30;

/// The stored form of a state.
///
/// # Errors
/// [`RunError::State`].
pub fn encode(state: &impl Serialize) -> Result<Vec<u8>, RunError> {
    bincode::serde::encode_to_vec(state, bincode::config::standard()).map_err(|e| RunError::State(e.to_string()))
}

/// Decodes a state from its stored form.
///
/// # Errors
/// [`RunError::State`].
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RunError> {
    // The limit rejects lengths that exceed the data.
    let limited = bincode::config::standard().with_limit::<MAX_STATE>();
    let decoded = bincode::serde::decode_from_slice(bytes, limited);
    decoded.map(|(state, _)| state).map_err(|e| RunError::State(e.to_string()))
}
