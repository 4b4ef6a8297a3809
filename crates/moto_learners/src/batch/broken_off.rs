//! Rollouts that were broken off before their last step.

use super::Batch;
use crate::moto::MotoError;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The rollouts of a batch that were broken off; none by default.
///
/// A broken-off rollout earns the rewards of the steps that it made, less the price of every step that
/// it lost. It does not earn the reward of a final state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BrokenOff {
    /// Number of steps that were made, below T, by rollout (column). The state after the last made step
    /// is recorded. Columns of later states and steps hold any finite numbers, which no learner reads.
    pub steps: BTreeMap<usize, usize>,
    /// Price of a lost step, in return units, at least 0.
    pub price: f64,
}

impl BrokenOff {
    /// What the loss of this number of steps adds to the return.
    pub(crate) fn loss(&self, steps: usize) -> f64 {
        -self.price * steps as f64
    }

    /// Checks that the steps are those of broken-off rollouts.
    pub(super) fn validate(&self, horizon: usize, rollouts: usize) -> Result<(), MotoError> {
        if let Some((&rollout, &steps)) = self.steps.iter().find(|(i, steps)| **i >= rollouts || **steps >= horizon) {
            return Err(MotoError::BrokenOff { rollout, steps, horizon, rollouts });
        }
        let price = self.price;
        if price.is_finite() && price >= 0.0 { Ok(()) } else { Err(MotoError::LostStepPrice { price }) }
    }
}

impl Batch {
    /// Number of steps that a rollout made: T of a complete one.
    pub fn made(&self, rollout: usize) -> usize {
        self.broken_off.steps.get(&rollout).copied().unwrap_or(self.actions.len())
    }

    /// Rollouts that made step `t`.
    pub(crate) fn that_made(&self, t: usize) -> impl Iterator<Item = usize> {
        (0..self.rollouts()).filter(move |rollout| self.made(*rollout) > t)
    }

    /// Number of transitions: steps that were made.
    pub fn transitions(&self) -> usize {
        (0..self.rollouts()).map(|rollout| self.made(rollout)).sum()
    }

    /// Whether a rollout was broken off in the step after step `t`.
    pub(crate) fn breaks_after(&self, t: usize, rollout: usize) -> bool {
        self.broken_off.steps.get(&rollout) == Some(&(t + 1))
    }

    /// States of step `of` (state x rollout) of the rollouts that reached step `t`.
    pub(crate) fn states_of_those_at(&self, t: usize, of: usize) -> Cow<'_, DMatrix<f64>> {
        let states = &self.states[of];
        if self.broken_off.steps.values().all(|made| *made >= t) {
            return Cow::Borrowed(states);
        }
        let reached: Vec<usize> = (0..self.rollouts()).filter(|rollout| self.made(*rollout) >= t).collect();
        Cow::Owned(states.select_columns(&reached))
    }

    /// Checks that no rollout was broken off, for learners that need whole rollouts.
    ///
    /// # Errors
    /// [`MotoError::NotWhole`].
    pub fn check_whole(&self) -> Result<(), MotoError> {
        self.broken_off.steps.keys().next().map_or(Ok(()), |&rollout| Err(MotoError::NotWhole { rollout }))
    }
}
