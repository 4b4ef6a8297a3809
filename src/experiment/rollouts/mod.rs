//! Where an experiment's rollouts come from: strokes through the control loop, or a chain simulated directly.

mod chains;
mod on_the_loop;
mod strokes;

pub use strokes::StrokeError;

use moto_learners::policy::StoredLaw;
use moto_learners::{Batch, Reward, Start};

use super::run::{Attachment, RunError};
use super::{TaskConfig, Variant};

/// A task that rollouts are made of. What is random in a rollout is keyed by seed, iteration and number.
pub trait Rollouts {
    /// What a learner starts from.
    ///
    /// # Errors
    /// If the task has no demonstration.
    fn start(&self) -> Result<Start, RunError>;

    /// The reward.
    fn reward(&self) -> &dyn Reward;

    /// `count` rollouts with exploration noise.
    ///
    /// # Errors
    /// If the law cannot be used, or too few rollouts can be learned from.
    fn explore(&mut self, law: &StoredLaw, iteration: u64, count: u64) -> Result<Explored, RunError>;

    /// Strokes of the mean action.
    ///
    /// # Errors
    /// If the law cannot be used.
    fn judge(&mut self, law: &StoredLaw, iteration: u64) -> Result<Judged, RunError>;

    /// What to keep of a law that was learned.
    ///
    /// # Errors
    /// If it cannot be made.
    fn attachment(&self, law: StoredLaw, iteration: u64) -> Result<Attachment, RunError>;
}

/// Rollouts with exploration noise.
pub struct Explored {
    /// The rollouts.
    pub batch: Batch,
    /// Their mean return as the task counted it; none where the learner's count is the only one.
    pub mean_return: Option<f64>,
    /// Share that succeeded, where the task knows success.
    pub success: Option<f64>,
    /// Others that could not be learned from.
    pub discarded: usize,
}

/// Strokes of the mean action.
pub struct Judged {
    /// Mean return.
    pub mean_return: f64,
    /// Share that succeeded, where the task knows success.
    pub success: Option<f64>,
}

/// The rollouts of a variant's task.
///
/// # Errors
/// What of the task is refused.
pub fn of(variant: &Variant, seed: u64) -> Result<Box<dyn Rollouts>, RunError> {
    Ok(match &variant.task {
        TaskConfig::SwingUp(task) => Box::new(chains::Chains::new(task, seed)?),
        TaskConfig::TableTennis(task) => Box::new(on_the_loop::OnTheLoop::new(task, &variant.method, seed)?),
    })
}
