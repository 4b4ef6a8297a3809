//! A swing-up, step by step.

use moto_learners::Reward;

use super::{Environment, Sizes, Transition, key, scale};
use crate::experiment::run::RunError;
use crate::tasks::swing_up::{Plant, SwingUp, SwingUpConfig};

/// A chain that swings.
pub struct Chain {
    task: SwingUp,
    seed: u64,
    plant: Plant,
    sizes: Sizes,
}

impl Chain {
    /// Sets up the swing-up of a configuration.
    ///
    /// # Errors
    /// The setting that is refused.
    pub fn new(task: &SwingUpConfig, seed: u64) -> Result<Self, RunError> {
        let task = SwingUp::new(task.clone())?;
        let sizes = Sizes {
            state_dim: task.state_dim(),
            action_dim: task.action_dim(),
            horizon: task.horizon(),
            action_scale: scale(&task.initial_policy()),
        };
        Ok(Self { plant: task.placed(seed, &key(0)), task, seed, sizes })
    }
}

impl Environment for Chain {
    fn sizes(&self) -> &Sizes {
        &self.sizes
    }

    fn reset(&mut self, episode: u64) -> Result<Vec<f64>, RunError> {
        self.plant = self.task.placed(self.seed, &key(episode));
        Ok(self.plant.state().to_vec())
    }

    fn step(&mut self, t: usize, action: &[f64]) -> Result<Transition, RunError> {
        let before = self.plant.state().to_vec();
        self.plant.step(action);
        let state = self.plant.state().to_vec();
        let over = t + 1 == self.sizes.horizon;
        let last = if over { self.task.last(&state) } else { 0. };
        let reward = Reward::step(&self.task, t, &before, action, &state, &[]) + last;
        let transition = Transition { state, reward, over };
        if !transition.is_finite() {
            self.plant.reset(&before);
        }
        Ok(transition)
    }
}
