//! Sources of an experiment's rollouts: strokes through the control loop, or a chain simulated
//! without it.

mod chains;
mod on_the_loop;
mod strokes;

pub use on_the_loop::OnTheLoop;
pub use strokes::StrokeError;

use moto_learners::policy::StoredLaw;
use moto_learners::{Batch, Learner, Reward, Start};
use moto_settings::FieldError;
use serde_json::Value;

use super::run::{Attachment, RunError};
use super::{TaskConfig, Variant};

/// A task that makes rollouts. Seed, iteration and number of a rollout key its random numbers.
pub trait Rollouts {
    /// The start of a learner.
    ///
    /// # Errors
    /// If the task has no demonstration.
    fn start(&self) -> Result<Start, RunError>;

    /// The reward of the task.
    fn reward(&self) -> &dyn Reward;

    /// Makes `count` rollouts with exploration noise, for the learner's next iteration.
    ///
    /// # Errors
    /// If the law cannot be used, or too few rollouts are usable.
    fn explore(&mut self, learner: &dyn Learner, count: u64) -> Result<Explored, RunError>;

    /// Makes and judges strokes of the mean action.
    ///
    /// # Errors
    /// If the law cannot be used.
    fn judge(&mut self, law: &StoredLaw, iteration: u64) -> Result<Judged, RunError>;

    /// The file to keep of a learned law.
    ///
    /// # Errors
    /// If it cannot be made.
    fn attachment(&self, law: StoredLaw, iteration: u64) -> Result<Attachment, RunError>;

    /// What the file of the variant's robot said when the rollouts were set up. `None` for a task without such a file.
    ///
    /// # Errors
    /// A file of the task that cannot be read.
    fn robot(&self) -> Result<Option<Value>, RunError> {
        Ok(None)
    }
}

/// Rollouts with exploration noise.
pub struct Explored {
    /// The rollouts.
    pub batch: Batch,
    /// Mean return according to the task. `None` if only the learner computes returns.
    pub mean_return: Option<f64>,
    /// Share that succeeded. `None` if the task does not define success.
    pub success: Option<f64>,
    /// Number of further rollouts that were not usable.
    pub discarded: usize,
}

/// Statistics of the mean action's strokes.
pub struct Judged {
    /// Mean return.
    pub mean_return: f64,
    /// Share that succeeded. `None` if the task does not define success.
    pub success: Option<f64>,
}

/// The source of rollouts for a variant's task.
///
/// # Errors
/// The setting of the task that is refused.
pub fn of(variant: &Variant, seed: u64) -> Result<Box<dyn Rollouts>, RunError> {
    Ok(match &variant.task {
        TaskConfig::SwingUp(_) if variant.transfer.is_some() => {
            return Err(
                FieldError::value("transfer", "given", "null: a swing-up has no other robot to go on with").into()
            );
        }
        TaskConfig::SwingUp(task) => Box::new(chains::Chains::new(task, seed)?),
        TaskConfig::TableTennis(_) | TaskConfig::Robot(_) => Box::new(OnTheLoop::of_variant(variant, seed)?),
    })
}
