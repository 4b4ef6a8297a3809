//! A swing-up as a task of the daemon: the chain through the control loop.

use std::time::Duration;

use moto_learners::{Reward, Start};
use nalgebra::DMatrix;
use serde_json::{Value, json};

use super::plant::Plant as Chain;
use super::{SwingUp, SwingUpConfig};
use crate::control::{Episode, Stroke};
use crate::robot::{Command, Plant, Reading, TrialKey};
use crate::tasks::{Judgement, Robot, Task, TaskError, TaskSettings};

impl TaskSettings for SwingUpConfig {
    const NAME: &'static str = "swing_up";

    fn task(self, robot: &Robot<'_>) -> Result<Box<dyn Task>, TaskError> {
        Ok(Box::new(SwingUp::on_the_loop(robot.model.clone(), self, robot.control)?))
    }
}

impl Task for SwingUp {
    fn name(&self) -> &'static str {
        SwingUpConfig::NAME
    }

    fn horizon(&self) -> usize {
        self.config.horizon
    }

    fn state_dim(&self) -> usize {
        2 * self.model.dof()
    }

    fn stroke(&self, _seed: u64) -> Box<dyn Stroke> {
        Box::new(JointStates { joints: self.model.dof() })
    }

    fn start(&self) -> Result<Start, TaskError> {
        Ok(self.start())
    }

    fn varies(&self) -> bool {
        self.config.start_deviation > 0.
    }

    fn plant(&self, seed: u64) -> Result<Box<dyn Plant>, TaskError> {
        Ok(Box::new(ChainPlant::new(self.clone(), seed)))
    }

    fn judge(&self, episode: &Episode) -> Judgement {
        let states: Vec<_> = episode.states.chunks_exact(episode.state_dim.max(1)).collect();
        let steps = episode.steps().min(states.len().saturating_sub(1));
        let rewards = (0..steps).map(|t| self.step(t, states[t], episode.step(t).sent, states[t + 1], &[]));
        let end = states.last();
        let up =
            |state: &&[f64]| state[..self.model.dof()].iter().all(|angle| angle.abs() <= self.config.success_angle);
        Judgement {
            outcomes: DMatrix::zeros(0, steps),
            total_reward: rewards.sum::<f64>() + end.map_or(0., |state| self.last(state)),
            success: steps == self.config.horizon && end.is_some_and(up),
            distance: None,
        }
    }

    fn reward_settings(&self) -> Value {
        let SwingUpConfig { goal, rewarded_steps, position_weight, velocity_weight, tip_weight, action_weight, .. } =
            self.config;
        json!({
            "goal": goal,
            "rewarded_steps": rewarded_steps,
            "position_weight": position_weight,
            "velocity_weight": velocity_weight,
            "tip_weight": tip_weight,
            "action_weight": action_weight,
        })
    }
}

/// The policy's state: joint positions (n) and joint velocities (n). The stroke needs no trigger.
#[derive(Clone, Debug)]
struct JointStates {
    joints: usize,
}

impl Stroke for JointStates {
    fn state_dim(&self) -> usize {
        2 * self.joints
    }

    fn policy_state(&mut self, reading: &Reading, state: &mut [f64]) {
        state[..self.joints].copy_from_slice(&reading.position);
        state[self.joints..].copy_from_slice(&reading.velocity);
    }

    fn triggered(&mut self, _reading: &Reading) -> bool {
        true
    }
}

/// The chain as a simulated robot.
struct ChainPlant {
    task: SwingUp,
    chain: Chain,
    period: Duration,
    seed: u64,
    now: Duration,
    /// Whether the chain has not moved since it was placed.
    fresh: bool,
}

impl ChainPlant {
    fn new(task: SwingUp, seed: u64) -> Self {
        let SwingUpConfig { step, substeps, .. } = task.config;
        let mut plant = Self {
            chain: Chain::new(&task.config, &task.model),
            task,
            period: Duration::from_secs_f64(step / substeps as f64),
            seed,
            now: Duration::ZERO,
            fresh: true,
        };
        plant.reset(Duration::ZERO);
        plant
    }
}

impl Plant for ChainPlant {
    fn period(&self) -> Duration {
        self.period
    }

    fn reset(&mut self, now: Duration) {
        (self.now, self.fresh) = (now, true);
        self.chain.reset(&self.task.hanging());
    }

    fn begin_trial(&mut self, trial: &TrialKey) {
        if self.fresh {
            self.chain.reset(&self.task.first_state(self.seed, trial));
        }
    }

    fn launch(&mut self) {}

    fn step(&mut self, until: Duration, command: &Command) {
        while self.now + self.period <= until {
            self.chain.advance(&command.effort, self.period.as_secs_f64());
            self.now += self.period;
            self.fresh = false;
        }
    }

    fn read(&mut self, reading: &mut Reading) {
        let joints = self.task.model.dof();
        (reading.stamp, reading.task_stamp) = (self.now, self.now);
        reading.position.copy_from_slice(&self.chain.state()[..joints]);
        reading.velocity.copy_from_slice(&self.chain.state()[joints..]);
    }
}
