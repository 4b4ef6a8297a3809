//! Swing-up of a planar chain of links with a torque at every joint (Akrour et al. 2018, section
//! 6.1), from hanging at rest to upright at rest. The state is (angles, velocities). Angles are
//! relative and not wrapped, and the goal is zero.

mod config;
mod plant;
mod rollouts;
mod task;
#[cfg(test)]
mod tests;

pub use config::{Chain, Goal, JointLimit, LinkInertia, SwingUpConfig};
pub use plant::Plant;

use moto_learners::{Reward, Start};
use moto_settings::FieldError;

use crate::control::ControlConfig;
use crate::dynamics::{Model, ModelError};
use crate::policy::{LinearGaussian, Policy};
use crate::robot::{TrialKey, trial_random};
use nalgebra::{DMatrix, DVector};
use rand_distr::{Distribution, StandardNormal};

/// Why a swing-up cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SwingUpError {
    /// A parameter is refused.
    #[error(transparent)]
    Parameter(#[from] FieldError),
    /// The robot description is refused.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// The task: a simulated chain, its start and its reward.
#[derive(Clone, Debug)]
pub struct SwingUp {
    config: SwingUpConfig,
    model: Model,
}

impl SwingUp {
    /// Sets the task up.
    ///
    /// # Errors
    /// The first parameter that is refused.
    pub fn new(config: SwingUpConfig) -> Result<Self, SwingUpError> {
        let model = Model::from_urdf_str(config.urdf())?;
        Ok(Self::on(model, config)?)
    }

    /// Sets the task up with this chain. `config.chain` and `config.inertia` are not used.
    fn on(model: Model, config: SwingUpConfig) -> Result<Self, FieldError> {
        config.validate()?;
        Ok(Self { config, model })
    }

    /// Sets the swing-up up for a robot on the control loop. The loop's policy steps must match the
    /// task's.
    ///
    /// # Errors
    /// The first parameter that is refused.
    pub fn on_the_loop(model: Model, config: SwingUpConfig, control: &ControlConfig) -> Result<Self, FieldError> {
        let step = control.period * control.decimation as f64;
        if (step - config.step).abs() > 1e-9 {
            let expected = format!("control.period x control.decimation, {step} s");
            return Err(FieldError::value("step", config.step, expected));
        }
        let integrated = config.step / config.substeps as f64;
        if (control.period / integrated).fract().min(1. - (control.period / integrated).fract()) > 1e-9 {
            let expected = format!("as many that control.period, {} s, is a multiple of one", control.period);
            return Err(FieldError::value("substeps", config.substeps, expected));
        }
        Self::on(model, config)
    }

    /// The configuration.
    pub fn config(&self) -> &SwingUpConfig {
        &self.config
    }

    /// The chain.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Policy steps T.
    pub fn horizon(&self) -> usize {
        self.config.horizon
    }

    /// State dimension: angles and velocities.
    pub fn state_dim(&self) -> usize {
        2 * self.model.dof()
    }

    /// Action dimension: one torque per joint.
    pub fn action_dim(&self) -> usize {
        self.model.dof()
    }

    /// Size of a change of each state entry that matters (state): 1 rad and 1 rad/s.
    pub fn state_scales(&self) -> Vec<f64> {
        vec![1.; self.state_dim()]
    }

    /// The first policy: independent noise around zero torque.
    pub fn initial_policy(&self) -> Policy {
        let (actions, states) = (self.action_dim(), self.state_dim());
        let law = LinearGaussian {
            gain: DMatrix::zeros(actions, states),
            bias: DVector::zeros(actions),
            covariance: DMatrix::from_diagonal_element(actions, actions, self.config.initial_deviation.powi(2)),
        };
        Policy { steps: vec![law; self.horizon()] }
    }

    /// The start of a learner.
    pub fn start(&self) -> Start {
        Start {
            policy: self.initial_policy(),
            state_scales: self.state_scales(),
            demonstration: None,
            context: 0..0,
            seed: 0,
        }
    }

    /// The chain at the start of a rollout.
    pub fn placed(&self, seed: u64, key: &TrialKey) -> Plant {
        let mut plant = Plant::new(&self.config, &self.model);
        plant.reset(&self.first_state(seed, key));
        plant
    }

    /// Hanging at rest (state).
    fn hanging(&self) -> Vec<f64> {
        let mut state = vec![0.; self.state_dim()];
        state[0] = std::f64::consts::PI;
        state
    }

    /// First state of a rollout (state): hanging at rest, plus a small deviation.
    fn first_state(&self, seed: u64, key: &TrialKey) -> Vec<f64> {
        let mut random = trial_random(seed, key);
        random.set_stream(1);
        let deviations = StandardNormal.sample_iter(random).map(|x: f64| self.config.start_deviation * x);
        deviations.zip(self.hanging()).map(|(deviation, rest)| deviation + rest).collect()
    }

    /// Cost of the distance from the goal.
    fn distance(&self, state: &[f64]) -> f64 {
        let squares = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>();
        let (angles, velocities) = state.split_at(self.model.dof());
        match self.config.goal {
            Goal::RestAtTheEnd => {
                self.config.position_weight * squares(angles) + self.config.velocity_weight * squares(velocities)
            }
            Goal::TipAlways => self.config.tip_weight * squared_tip_distance(angles),
        }
    }
}

/// Squared distance of the tip of links of length 1 from upright, by the relative angles.
fn squared_tip_distance(angles: &[f64]) -> f64 {
    let (mut angle, mut aside, mut below) = (0., 0., 0.);
    for relative in angles {
        angle += relative;
        aside += f64::sin(angle);
        below += 1. - f64::cos(angle);
    }
    aside * aside + below * below
}

impl Reward for SwingUp {
    fn step(&self, t: usize, state: &[f64], action: &[f64], _next: &[f64], _outcome: &[f64]) -> f64 {
        let effort = self.config.action_weight * action.iter().map(|a| a * a).sum::<f64>();
        let rewarded = match self.config.goal {
            Goal::RestAtTheEnd => t + self.config.rewarded_steps >= self.config.horizon,
            Goal::TipAlways => true,
        };
        -effort - if rewarded { self.distance(state) } else { 0. }
    }

    fn last(&self, state: &[f64]) -> f64 {
        -self.distance(state)
    }
}
