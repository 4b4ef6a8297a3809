//! Table tennis as the daemon sees it.

use nalgebra::DMatrix;

use super::{TableTennis, TaskError};
use crate::control::{Episode, Stroke};
use crate::policy::Policy;
use crate::robot::Plant;
use crate::tasks::{Judgement, Task};

impl Task for TableTennis {
    fn name(&self) -> &'static str {
        "table_tennis"
    }

    fn task_values(&self) -> usize {
        self.task_values()
    }

    fn horizon(&self) -> usize {
        self.config().stroke.horizon
    }

    fn state_dim(&self) -> usize {
        self.state_dim()
    }

    fn state_scales(&self) -> Vec<f64> {
        self.state_scales()
    }

    fn stroke(&self) -> Box<dyn Stroke> {
        Box::new(self.stroke())
    }

    fn initial_policy(&self) -> Result<Policy, TaskError> {
        self.initial_policy()
    }

    fn plant(&self, seed: u64) -> Result<Box<dyn Plant>, TaskError> {
        Ok(Box::new(self.plant(seed)?))
    }

    fn judge(&self, episode: &Episode) -> Judgement {
        let outcome = self.evaluate(episode);
        Judgement {
            outcomes: DMatrix::from_row_slice(Self::OUTCOME_DIM, outcome.miss.len(), &outcome.miss),
            total_reward: outcome.total_reward,
            success: outcome.success,
            distance: outcome.distance_to_target,
        }
    }

    fn ball_values(&self) -> Option<usize> {
        Some(0)
    }
}
