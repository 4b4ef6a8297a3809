//! Table tennis as the daemon sees it.

use super::TableTennis;
use crate::control::{Episode, Stroke};
use crate::dynamics::JointKind;
use crate::policy::Policy;
use crate::robot::Plant;
use crate::simulation::Ball;
use crate::tasks::{Judgement, Task, TaskError};
use nalgebra::DMatrix;

impl Task for TableTennis {
    fn name(&self) -> &'static str {
        "table_tennis"
    }

    fn task_values(&self) -> usize {
        Ball::DIM
    }

    fn horizon(&self) -> usize {
        self.config.stroke.horizon
    }

    fn state_dim(&self) -> usize {
        2 * self.rest.len() + Ball::DIM
    }

    fn state_scales(&self) -> Vec<f64> {
        let joints = |sliding: f64, turning: f64| {
            let scale = move |kind| if kind == JointKind::Prismatic { sliding } else { turning };
            self.arm.model().joints().iter().map(move |joint| scale(joint.kind))
        };
        joints(0.02, 0.1).chain(joints(0.1, 0.5)).chain([0.05; 3]).chain([0.5; 3]).collect()
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
            outcomes: DMatrix::from_row_slice(1, outcome.miss.len(), &outcome.miss),
            total_reward: outcome.total_reward,
            success: outcome.success,
            distance: outcome.distance_to_target,
        }
    }

    fn ball_values(&self) -> Option<usize> {
        Some(0)
    }
}
