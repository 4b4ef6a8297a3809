//! The task as the control loop sees it.

use std::time::Duration;

use super::config::ObservedConfig;
use super::context::Context;
use crate::control::Stroke;
use crate::robot::{Reading, TrialKey};

/// The policy's state: joint positions (n), joint velocities (n), observed values, and the trial's
/// context. The stroke needs no trigger.
#[derive(Clone, Debug)]
pub(super) struct PolicyState {
    joints: usize,
    /// Entries of the observed values.
    observed: usize,
    /// Largest age of each observed value, where it has a limit of its own.
    max_ages: Box<[Option<Duration>]>,
    context: Context,
    seed: u64,
    /// Context of the present trial (context).
    drawn: Box<[f64]>,
}

impl PolicyState {
    pub fn new(joints: usize, observed: &[ObservedConfig], context: Context, entries: usize, seed: u64) -> Self {
        let max_ages = observed.iter().map(|value| value.max_age.map(Duration::from_secs_f64)).collect();
        let observed = observed.iter().map(|value| value.observed().len()).sum();
        Self { joints, observed, max_ages, context, seed, drawn: vec![0.; entries].into() }
    }
}

impl Stroke for PolicyState {
    fn state_dim(&self) -> usize {
        2 * self.joints + self.observed + self.drawn.len()
    }

    fn begin_trial(&mut self, key: &TrialKey) {
        self.context.draw(self.seed, key, &mut self.drawn);
    }

    fn policy_state(&mut self, reading: &Reading, state: &mut [f64]) {
        let (position, rest) = state.split_at_mut(self.joints);
        let (velocity, rest) = rest.split_at_mut(self.joints);
        let (observed, context) = rest.split_at_mut(self.observed);
        position.copy_from_slice(&reading.position);
        velocity.copy_from_slice(&reading.velocity);
        observed.copy_from_slice(&reading.task);
        context.copy_from_slice(&self.drawn);
    }

    fn max_ages(&self) -> &[Option<Duration>] {
        &self.max_ages
    }

    fn triggered(&mut self, _reading: &Reading) -> bool {
        true
    }
}
