//! A stroke through the control loop, step by step.
//!
//! The loop makes a whole stroke under one law and waits for nobody. A step therefore makes the
//! stroke anew, with the actions so far as a law without feedback and none after them, and takes
//! the state it was in by then. The simulation is deterministic, so that state is the one of an
//! uninterrupted stroke. The task judges whole strokes: the reward comes with the last step.

use moto_learners::policy::StoredLaw;

use super::{Environment, Sizes, Transition, key, scale};
use crate::experiment::Variant;
use crate::experiment::rollouts::OnTheLoop;
use crate::experiment::run::RunError;
use crate::policy::Policy;
use crate::robot::TrialKey;

/// A task on its control loop.
pub struct Replayed {
    task: OnTheLoop,
    sizes: Sizes,
    /// The law of the episode: no gain, and the actions so far.
    law: Policy,
    key: TrialKey,
}

impl Replayed {
    /// Sets up the task of a variant.
    ///
    /// # Errors
    /// The setting that is refused.
    pub fn new(variant: &Variant, seed: u64) -> Result<Self, RunError> {
        let task = OnTheLoop::of_variant(variant, seed)?;
        let mut law = task.first_policy()?;
        let sizes = Sizes {
            state_dim: law.state_dim(),
            action_dim: law.action_dim(),
            horizon: law.horizon(),
            action_scale: scale(&law),
        };
        law.steps.iter_mut().for_each(|step| step.gain.fill(0.));
        Ok(Self { task, sizes, law, key: key(0) })
    }
}

impl Environment for Replayed {
    fn sizes(&self) -> &Sizes {
        &self.sizes
    }

    fn reset(&mut self, episode: u64) -> Result<Vec<f64>, RunError> {
        self.key = key(episode);
        self.law.steps.iter_mut().for_each(|step| step.bias.fill(0.));
        let (states, _) = self.task.replay(&StoredLaw::Policy(self.law.clone()), self.key)?;
        Ok(states[..self.sizes.state_dim].to_vec())
    }

    fn step(&mut self, t: usize, action: &[f64]) -> Result<Transition, RunError> {
        self.law.steps[t].bias.copy_from_slice(action);
        let (states, total) = self.task.replay(&StoredLaw::Policy(self.law.clone()), self.key)?;
        // A limit or a watchdog may end the stroke early.
        let states: Vec<&[f64]> = states.chunks_exact(self.sizes.state_dim).collect();
        let reached = (t + 1).min(states.len().saturating_sub(1));
        let over = t + 1 >= self.sizes.horizon || reached < t + 1;
        let state = states.get(reached).map_or_else(Vec::new, |state| state.to_vec());
        Ok(Transition { state, reward: if over { total } else { 0. }, over })
    }
}
