//! The task as the control loop sees it.

use super::context::Context;
use crate::control::Stroke;
use crate::robot::{Reading, TrialKey};

/// The policy's state: joint positions (n), joint velocities (n), observed values, and the trial's
/// context. The stroke needs no trigger.
#[derive(Clone, Debug)]
pub(super) struct PolicyState {
    joints: usize,
    observed: usize,
    context: Context,
    seed: u64,
    /// Context of the present trial (context).
    drawn: Box<[f64]>,
}

impl PolicyState {
    pub fn new(joints: usize, observed: usize, context: Context, entries: usize, seed: u64) -> Self {
        Self { joints, observed, context, seed, drawn: vec![0.; entries].into() }
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

    fn triggered(&mut self, _reading: &Reading) -> bool {
        true
    }
}
