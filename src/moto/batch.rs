//! What the learner is given: the rollouts of one iteration, and the task's reward.

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

/// The rollouts of one iteration, all made with the same policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// States per step, the final one included (T + 1 entries of state x rollout).
    pub states: Vec<DMatrix<f64>>,
    /// Actions the policy drew, before any limit (T entries of action x rollout). Densities use these.
    pub actions: Vec<DMatrix<f64>>,
    /// Actions the robot received, in the policy's units (T entries of action x rollout). The Q-function is fitted on these.
    pub received: Vec<DMatrix<f64>>,
    /// What the task measured within each step, for its reward (T entries of outcome x rollout); zero rows if it needs nothing.
    pub outcomes: Vec<DMatrix<f64>>,
}

/// The task's reward, evaluated anew whenever a stored transition is used.
pub trait Reward: Sync {
    /// Reward of taking `action` in `state` at step `t`, ending in `next`.
    fn step(&self, t: usize, state: &[f64], action: &[f64], next: &[f64], outcome: &[f64]) -> f64;

    /// Reward of the state the rollout ends in.
    fn last(&self, state: &[f64]) -> f64;
}
