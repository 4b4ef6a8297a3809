//! What a step is worth with a judge: what the task says of it, and what the judge said.

use crate::tasks::Task;
use moto_learners::Reward;

/// The task's reward, and the judge's, which is the last of a step's outcomes.
pub struct JudgedReward(pub Box<dyn Task>);

impl Reward for JudgedReward {
    fn step(&self, t: usize, state: &[f64], action: &[f64], next: &[f64], outcome: &[f64]) -> f64 {
        match outcome.split_last() {
            Some((judged, outcome)) => self.0.step(t, state, action, next, outcome) + judged,
            None => self.0.step(t, state, action, next, outcome),
        }
    }

    fn last(&self, state: &[f64]) -> f64 {
        self.0.last(state)
    }
}
