//! A task that a learner outside this program steps through, as it is in an experiment.

mod chain;
mod protocol;
mod replayed;

pub use protocol::Session;

use super::run::RunError;
use super::{TaskConfig, Variant};
use crate::robot::{TrialKey, TrialKind};

/// Sizes of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes {
    /// State dimension d_s.
    pub state_dim: usize,
    /// Action dimension d_a.
    pub action_dim: usize,
    /// Policy steps T.
    pub horizon: usize,
    /// Standard deviation of the first policy's actions (action), in the policy's units.
    pub action_scale: Vec<f64>,
}

/// The result of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The next state (d_s).
    pub state: Vec<f64>,
    /// The step's reward. The last step's has the final state's in it.
    pub reward: f64,
    /// Whether the episode is over.
    pub over: bool,
}

impl Transition {
    /// Whether the state and the reward are finite.
    pub fn is_finite(&self) -> bool {
        self.reward.is_finite() && self.state.iter().all(|x| x.is_finite())
    }
}

/// A task, step by step.
pub trait Environment {
    /// Sizes of the task.
    fn sizes(&self) -> &Sizes;

    /// Begins an episode and returns its first state (d_s).
    ///
    /// # Errors
    /// If the episode cannot be begun.
    fn reset(&mut self, episode: u64) -> Result<Vec<f64>, RunError>;

    /// Makes step `t` with an action (d_a) that is finite. A transition that is not finite leaves the episode
    /// before the step.
    ///
    /// # Errors
    /// If the step cannot be made.
    fn step(&mut self, t: usize, action: &[f64]) -> Result<Transition, RunError>;
}

/// The environment of a variant's task.
///
/// # Errors
/// The setting of the task that is refused.
pub fn environment(variant: &Variant, seed: u64) -> Result<Box<dyn Environment>, RunError> {
    Ok(match &variant.task {
        TaskConfig::SwingUp(task) => Box::new(chain::Chain::new(task, seed)?),
        TaskConfig::TableTennis(_) | TaskConfig::Robot(_) => Box::new(replayed::Replayed::new(variant, seed)?),
    })
}

/// The key of an episode's random numbers.
fn key(episode: u64) -> TrialKey {
    TrialKey { kind: TrialKind::Learn, iteration: episode, rollout: 0 }
}

/// Standard deviations of the first policy's actions.
fn scale(policy: &crate::policy::Policy) -> Vec<f64> {
    policy.steps.first().map_or_else(Vec::new, |law| law.covariance.diagonal().iter().map(|x| x.sqrt()).collect())
}
