//! Reward of a step under a judge: the task's reward plus the judge's.

use crate::tasks::Task;
use moto_learners::{ErrorPrice, Reward};

/// The task's reward plus the judge's. The judge's reward is the last outcome of a step.
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

    fn errors(&self) -> Vec<ErrorPrice> {
        self.0.errors()
    }
}
