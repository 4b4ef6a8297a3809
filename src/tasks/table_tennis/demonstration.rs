//! The player's demonstration, and the first policy made from it.

use super::player::PlayerError;
use super::world::{Ball, TableTennisPlant};
use super::{TableTennis, TableTennisError};
use crate::control::{Episode, Stroke};
use crate::policy::{LinearGaussian, Policy};
use crate::robot::{Command, Plant, Reading};
use nalgebra::{DMatrix, DVector};
use std::time::Duration;

/// Longest wait for the trigger after the serve.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

impl TableTennis {
    /// Runs one stroke on a plant without the control loop. The plant must have been reset and its
    /// trial must have begun. The player holds the arm at rest while the ball is served. After the
    /// trigger, `law(cycle, reading, effort)` gives the joint efforts (n). `None` if the trigger
    /// does not come.
    ///
    /// For demonstrations and for judging the player; learning uses the control loop.
    pub fn run_directly(
        &self,
        plant: &mut TableTennisPlant,
        mut law: impl FnMut(usize, &Reading, &mut [f64]),
    ) -> Option<Episode> {
        let n = self.arm.model().dof();
        let Self { period, decimation, .. } = *self;
        let horizon = self.config.stroke.horizon;
        let cycles = decimation * horizon;
        let mut player = self.player();
        let mut task = self.stroke();
        let mut reading = Reading::zeros(n, Ball::DIM);
        let mut command = Command::zeros(n);

        plant.launch();
        let served = plant.now();
        plant.read(&mut reading);
        while !task.triggered(&reading) {
            if plant.now() - served > LONGEST_WAIT {
                return None;
            }
            player.effort(None, 0., &reading.position, &reading.velocity, &mut command.effort);
            plant.step(plant.now() + period, &command);
            plant.read(&mut reading);
        }

        let mut episode = Episode::with_capacity(n, Ball::DIM, task.state_dim(), n, cycles, horizon);
        episode.start = plant.now();
        let mut state = vec![0.; task.state_dim()];
        let mut mean_effort = vec![0.; n];
        for cycle in 0..=cycles {
            episode.time.push(plant.now() - episode.start);
            episode.position.extend(&reading.position);
            episode.velocity.extend(&reading.velocity);
            episode.task.extend(&reading.task);
            if cycle % decimation == 0 {
                task.policy_state(&reading, &mut state);
                episode.states.extend(&state);
            }
            if cycle == cycles {
                break;
            }
            law(cycle, &reading, &mut command.effort);
            episode.asked.extend(&command.effort);
            for (effort, joint) in command.effort.iter_mut().zip(self.arm.model().joints()) {
                *effort = effort.clamp(-joint.effort, joint.effort);
            }
            episode.sent.extend(&command.effort);
            for (mean, effort) in mean_effort.iter_mut().zip(&command.effort) {
                *mean += effort / decimation as f64;
            }
            if (cycle + 1) % decimation == 0 {
                let action = mean_effort.iter().zip(&self.action_scale).map(|(mean, scale)| mean / scale);
                episode.sent_actions.extend(action);
                mean_effort.fill(0.);
            }
            plant.step(plant.now() + period, &command);
            plant.read(&mut reading);
        }
        episode.noise.resize(episode.sent_actions.len(), 0.);
        episode.actions.extend(&episode.sent_actions);
        Some(episode)
    }

    /// Runs the player on a plant that was reset and whose trial has begun.
    ///
    /// # Errors
    /// A ball that never triggers the stroke, or that cannot be reached.
    pub fn play(&self, plant: &mut TableTennisPlant) -> Result<Episode, TableTennisError> {
        let mut player = self.player();
        let mut plan: Option<Result<_, PlayerError>> = None;
        let period = self.period.as_secs_f64();
        let episode = self.run_directly(plant, |cycle, reading, effort| {
            let plan = plan.get_or_insert_with(|| player.plan(&Ball::from_slice(&reading.task)));
            let time = cycle as f64 * period;
            player.effort(plan.as_ref().ok(), time, &reading.position, &reading.velocity, effort);
        });
        match plan {
            Some(Err(error)) => Err(error.into()),
            _ => episode.ok_or(TableTennisError::NoTrigger),
        }
    }

    /// The player's demonstration on the configured serve.
    ///
    /// # Errors
    /// As [`Self::play`].
    pub fn demonstration(&self) -> Result<Episode, TableTennisError> {
        self.play(&mut self.plant_with(self.demonstration_serve(), 0)?)
    }

    /// The first policy (Akrour et al. 2018, section 5.4). The bias of a step is the mean of the
    /// demonstrated efforts, in units of the action. The gain is 0, and the covariance is that of
    /// independent exploration.
    ///
    /// # Errors
    /// As [`Self::demonstration`].
    pub fn initial_policy(&self) -> Result<Policy, TableTennisError> {
        Ok(self.policy_of(&self.demonstration()?))
    }

    pub(super) fn policy_of(&self, demonstration: &Episode) -> Policy {
        let (actions, states) = (demonstration.action_dim, demonstration.state_dim);
        let variance = self.config.initial_deviation.powi(2);
        let steps = (0..demonstration.steps()).map(|t| LinearGaussian {
            gain: DMatrix::zeros(actions, states),
            bias: DVector::from_column_slice(demonstration.step(t).sent),
            covariance: DMatrix::from_diagonal_element(actions, actions, variance),
        });
        Policy { steps: steps.collect() }
    }
}
