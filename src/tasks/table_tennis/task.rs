//! Table tennis as a task of the daemon.

use super::world::{Ball, BallTracker};
use super::{Setting, TableTennis, TableTennisConfig};
use crate::control::{Episode, Stroke};
use crate::robot::{Observed, Plant, Tracker, TrackerConfig};
use crate::tasks::{Judgement, Robot, Scene, Task, TaskError, TaskSettings};
use crate::view::{Mark, Surroundings};
use moto_learners::{Demonstrated, Start};
use serde_json::{Value, json};

impl TaskSettings for TableTennisConfig {
    const NAME: &'static str = "table_tennis";

    fn task(self, robot: &Robot<'_>) -> Result<Box<dyn Task>, TaskError> {
        Ok(Box::new(TableTennis::new(self, robot.arm.clone(), robot.model.clone(), robot.control)?))
    }
}

impl Task for TableTennis {
    fn name(&self) -> &'static str {
        TableTennisConfig::NAME
    }

    fn title(&self) -> String {
        let title = match self.config.setting {
            Setting::Noiseless => "noiseless",
            Setting::Context => "context",
            Setting::NoisyBounce => "noisy-bounce",
        };
        title.into()
    }

    fn observed(&self) -> Vec<Observed> {
        vec![Observed::body("ball")]
    }

    fn tracker(&self, _observed: usize, config: &TrackerConfig) -> Option<Box<dyn Tracker>> {
        Some(Box::new(BallTracker::new(self.config.court.clone(), *config)))
    }

    fn horizon(&self) -> usize {
        self.config.stroke.horizon
    }

    fn state_dim(&self) -> usize {
        2 * self.rest.len() + Ball::DIM
    }

    fn stroke(&self, _seed: u64) -> Box<dyn Stroke> {
        Box::new(self.stroke())
    }

    fn start(&self) -> Result<Start, TaskError> {
        let shown = self.demonstration()?;
        let state_dim = self.state_dim();
        Ok(Start {
            policy: self.policy_of(&shown),
            state_scales: self.state_scales(),
            demonstration: Some(Demonstrated {
                position: shown.position,
                velocity: shown.velocity,
                joints: shown.joints,
                period: self.period.as_secs_f64(),
                goal_time: self.config.player.hit_time,
            }),
            // The context is the ball's velocity.
            context: state_dim - 3..state_dim,
            seed: 0,
        })
    }

    fn varies(&self) -> bool {
        self.config.setting != Setting::Noiseless
    }

    fn plant(&self, seed: u64) -> Result<Box<dyn Plant>, TaskError> {
        Ok(Box::new(self.plant(seed)?))
    }

    fn scene(&self) -> Scene {
        self.scene()
    }

    fn judge(&self, episode: &Episode) -> Judgement {
        let outcome = self.evaluate(episode);
        Judgement {
            outcomes: outcome.outcomes(),
            total_reward: outcome.total_reward,
            success: outcome.success,
            distance: outcome.distance_to_target,
        }
    }

    fn surroundings(&self, _episode: &Episode) -> Surroundings {
        self.drawn()
    }

    fn marks(&self, episode: &Episode) -> Vec<Mark> {
        self.landed(episode)
    }

    fn reward_settings(&self) -> Value {
        let TableTennisConfig { target, reward, base, court, .. } = &self.config;
        json!({ "target": target, "reward": reward, "base": base, "court": court })
    }
}
