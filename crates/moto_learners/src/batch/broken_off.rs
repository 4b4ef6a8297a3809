//! Rollouts that were broken off before their last step.

use super::Batch;
use crate::moto::MotoError;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The rollouts of a batch that were broken off; none by default.
///
/// A broken-off rollout earns the rewards of the steps that it made to their end, less the price of every
/// other step, and no reward of a final state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BrokenOff {
    /// Number of steps that were made to their end, below T, by rollout (column). The rollout was broken off
    /// in the step after them, whose state and actions are recorded too. Outcomes of that step, and
    /// everything later, may be any finite numbers, which no learner reads.
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
    /// Number of steps that a rollout made to their end: T of a whole one.
    pub fn made(&self, rollout: usize) -> usize {
        self.broken_off.steps.get(&rollout).copied().unwrap_or(self.actions.len())
    }

    /// Number of steps in which a rollout acted: those that it made, and the one in which it was broken off.
    pub(crate) fn acted(&self, rollout: usize) -> usize {
        (self.made(rollout) + 1).min(self.actions.len())
    }

    /// Rollouts that acted in step `t`.
    pub(crate) fn that_acted(&self, t: usize) -> impl Iterator<Item = usize> {
        (0..self.rollouts()).filter(move |rollout| self.acted(*rollout) > t)
    }

    /// Number of transitions: states in which a rollout acted.
    pub fn transitions(&self) -> usize {
        (0..self.rollouts()).map(|rollout| self.acted(rollout)).sum()
    }

    /// Whether a rollout was broken off in step `t`.
    pub(crate) fn breaks_in(&self, t: usize, rollout: usize) -> bool {
        self.broken_off.steps.get(&rollout) == Some(&t)
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
