//! The demonstrated motion, sampled at the control period.

use moto_settings::FieldError;

use crate::control::LimitsConfig;
use crate::dynamics::Model;

/// The demonstrated motion and its efforts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reference {
    /// Joint positions (cycle + 1 x n), rad or m.
    pub position: Vec<f64>,
    /// Joint velocities (cycle + 1 x n), rad/s or m/s.
    pub velocity: Vec<f64>,
    /// Joint accelerations (cycle + 1 x n), rad/s^2 or m/s^2.
    pub acceleration: Vec<f64>,
    /// Mean efforts of each policy step (step x n), N m or N; recorded or computed by the model.
    pub effort: Vec<f64>,
    /// Time at which the motion reaches its goal, s.
    pub goal_time: f64,
}

impl Reference {
    /// Adds the state of all joints at the next control period.
    pub fn push(&mut self, states: impl IntoIterator<Item = (f64, f64, f64)>) {
        for (position, velocity, acceleration) in states {
            self.position.push(position);
            self.velocity.push(velocity);
            self.acceleration.push(acceleration);
        }
    }

    /// The efforts that the model needs for the motion. The effort of a policy step is the mean
    /// over its control periods. Within a control period the effort is interpolated linearly.
    pub fn model_efforts(&self, model: &Model, decimation: usize) -> Vec<f64> {
        let n = model.dof();
        let mut workspace = model.workspace();
        let mut effort = vec![0.; self.position.len()];
        for (row, out) in effort.chunks_exact_mut(n).enumerate() {
            let at = row * n..(row + 1) * n;
            let (q, qd, qdd) = (&self.position[at.clone()], &self.velocity[at.clone()], &self.acceleration[at]);
            model.inverse_dynamics(&mut workspace, q, qd, qdd, out);
        }
        let rows = effort.len() / n;
        let mut means = Vec::with_capacity(rows / decimation * n);
        for first in (0..rows.saturating_sub(decimation)).step_by(decimation) {
            for joint in 0..n {
                let at = |cycle: usize| effort[(first + cycle) * n + joint];
                let sum: f64 = (0..decimation).map(|cycle| 0.5 * (at(cycle) + at(cycle + 1))).sum();
                means.push(sum / decimation as f64);
            }
        }
        means
    }

    /// Checks the motion against the limits of the joints.
    ///
    /// # Errors
    /// The first limit that is exceeded, with joint, time and value.
    pub fn check(
        &self,
        model: &Model,
        limits: &LimitsConfig,
        period: f64,
        decimation: usize,
    ) -> Result<(), FieldError> {
        let n = model.dof();
        let joints = model.joints();
        let found = |what: &str, index: usize, step: f64, value: f64, expected: String| {
            let (joint, time) = (&joints[index % n].name, (index / n) as f64 * step);
            let field = format!("demonstration: the {what} of joint {joint} after {time:.3} s");
            FieldError::value(field, format!("{value:.4}"), expected)
        };
        for (i, &position) in self.position.iter().enumerate() {
            let (lower, upper) = (limits.lower[i % n], limits.upper[i % n]);
            if !(lower..=upper).contains(&position) {
                let expected = format!("within control.limits.lower and upper, {lower} to {upper}");
                return Err(found("position", i, period, position, expected));
            }
        }
        for (i, &velocity) in self.velocity.iter().enumerate() {
            let most = limits.velocity[i % n];
            if velocity.abs() > most || velocity.is_nan() {
                let expected = format!("at most control.limits.velocity, {most}: give it more time or less of a way");
                return Err(found("velocity", i, period, velocity, expected));
            }
        }
        for (i, &effort) in self.effort.iter().enumerate() {
            let most = limits.effort[i % n];
            if effort.abs() > most || effort.is_nan() {
                let expected = format!("at most control.limits.effort, {most}: give it more time or less of a way");
                return Err(found("effort", i, period * decimation as f64, effort, expected));
            }
        }
        Ok(())
    }
}
