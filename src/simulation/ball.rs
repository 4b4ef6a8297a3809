//! The ball in free flight.

use super::parameter::{ParameterError, check_range};
use nalgebra::Vector3;
use serde::{Deserialize, Serialize};

/// Position (m) and velocity (m/s) of the ball's centre in the world frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ball {
    /// Position of the centre, m.
    pub position: Vector3<f64>,
    /// Velocity of the centre, m/s.
    pub velocity: Vector3<f64>,
}

impl Ball {
    /// Numbers a ball takes in a reading: position, then velocity.
    pub const DIM: usize = 6;

    /// Reads position and velocity from the first six entries.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn from_slice(values: &[f64]) -> Self {
        Self { position: Vector3::from_column_slice(&values[..3]), velocity: Vector3::from_column_slice(&values[3..6]) }
    }

    /// Writes position and velocity to the first six entries.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn write(&self, values: &mut [f64]) {
        values[..3].copy_from_slice(self.position.as_slice());
        values[3..6].copy_from_slice(self.velocity.as_slice());
    }
}

/// How a ball flies: gravity and quadratic drag, no spin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Flight {
    /// Radius of the ball, m (0.001 to 0.2).
    pub radius: f64,
    /// Drag per unit mass, 1/m: the deceleration is `drag * speed^2` (0 to 10).
    pub drag: f64,
    /// Acceleration of gravity, m/s^2 (0 to 30).
    pub gravity: f64,
}

impl Default for Flight {
    fn default() -> Self {
        Self { radius: 0.02, drag: 0.12, gravity: 9.81 }
    }
}

impl Flight {
    /// Longest step, s, that [`Self::after`] is meant for: its error is then below 1e-10 m at table-tennis speeds.
    pub const LONGEST_STEP: f64 = 0.01;

    /// Checks every parameter.
    ///
    /// # Errors
    /// The first that is out of range.
    pub fn validate(&self) -> Result<(), ParameterError> {
        check_range("ball.radius", self.radius, 0.001, 0.2)?;
        check_range("ball.drag", self.drag, 0., 10.)?;
        check_range("ball.gravity", self.gravity, 0., 30.)
    }

    /// The ball after `dt` seconds (at most [`Self::LONGEST_STEP`]) of free flight: one classical Runge-Kutta step. The
    /// acceleration depends on the velocity alone, which leaves three evaluations in the position.
    pub fn after(&self, ball: &Ball, dt: f64) -> Ball {
        let acceleration = |v: Vector3<f64>| v * (-self.drag * v.norm()) - Vector3::z() * self.gravity;
        let (p, v) = (ball.position, ball.velocity);
        let a1 = acceleration(v);
        let a2 = acceleration(v + a1 * (0.5 * dt));
        let a3 = acceleration(v + a2 * (0.5 * dt));
        let a4 = acceleration(v + a3 * dt);
        Ball {
            position: p + v * dt + (a1 + a2 + a3) * (dt * dt / 6.),
            velocity: v + (a1 + (a2 + a3) * 2. + a4) * (dt / 6.),
        }
    }
}

/// The first time in `0..=dt` at which `happened` holds, to the last bit, by bisection; it must not hold at 0, must
/// hold at `dt`, and change once in between.
pub(super) fn first_time(dt: f64, happened: impl Fn(f64) -> bool) -> f64 {
    let (mut before, mut after) = (0., dt);
    for _ in 0..60 {
        let middle = 0.5 * (before + after);
        if happened(middle) {
            after = middle;
        } else {
            before = middle;
        }
    }
    after
}
