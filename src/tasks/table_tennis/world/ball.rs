//! The ball in free flight.

use nalgebra::Vector3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The ball: position and velocity of its centre in the world frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ball {
    /// Position of the centre, m.
    pub position: Vector3<f64>,
    /// Velocity of the centre, m/s.
    pub velocity: Vector3<f64>,
}

impl Ball {
    /// Entries of a ball in a reading: position, then velocity.
    pub const DIM: usize = 6;

    /// Reads position and velocity from the first six entries.
    ///
    /// # Panics
    /// If there are fewer than six entries.
    pub fn from_slice(values: &[f64]) -> Self {
        Self { position: Vector3::from_column_slice(&values[..3]), velocity: Vector3::from_column_slice(&values[3..6]) }
    }

    /// Writes position and velocity to the first six entries.
    ///
    /// # Panics
    /// If there are fewer than six entries.
    pub fn write(&self, values: &mut [f64]) {
        values[..3].copy_from_slice(self.position.as_slice());
        values[3..6].copy_from_slice(self.velocity.as_slice());
    }
}

/// The ball's flight: gravity and quadratic drag, no spin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Flight {
    /// Radius of the ball.
    #[schemars(extend("minimum" = 0.001, "maximum" = 0.2, "x-unit" = "m"))]
    pub radius: f64,
    /// Drag per unit mass: the deceleration is `drag * speed^2`.
    #[schemars(extend("minimum" = 0, "maximum" = 10, "x-unit" = "1/m"))]
    pub drag: f64,
    /// Acceleration of gravity, m/s^2, from `robot.gravity`.
    #[serde(skip)]
    pub gravity: f64,
}

impl Default for Flight {
    fn default() -> Self {
        Self { radius: 0.02, drag: 0.12, gravity: 9.81 }
    }
}

#[cfg(test)]
std::thread_local! {
    /// Integration steps made on this thread: the cost of a prediction.
    pub static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

impl Flight {
    /// Longest step of [`Self::after`], s. The error of a step is below 1e-9 m at speeds up to 10
    /// m/s.
    pub const LONGEST_STEP: f64 = 0.01;

    /// The ball after `dt` seconds (at most [`Self::LONGEST_STEP`]) of free flight, by one
    /// classical Runge-Kutta step. The acceleration depends on the velocity alone, so the position
    /// needs only three evaluations.
    pub fn after(&self, ball: &Ball, dt: f64) -> Ball {
        #[cfg(test)]
        STEPS.set(STEPS.get() + 1);
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

    /// Bound on the horizontal way, m, of a ball with this horizontal `speed` in `duration` seconds.
    /// The drag is that of a ball without vertical speed, which is least.
    pub fn farthest(&self, speed: f64, duration: f64) -> f64 {
        let way = speed.max(0.) * duration;
        if self.drag > 0. { (self.drag * way).ln_1p() / self.drag } else { way }
    }

    /// The ball `duration` seconds earlier, in free flight.
    pub fn before(&self, ball: &Ball, duration: f64) -> Ball {
        let mut ball = *ball;
        let mut left = duration;
        while left > 0. {
            let dt = left.min(Self::LONGEST_STEP);
            ball = self.after(&ball, -dt);
            left -= dt;
        }
        ball
    }
}

/// The time in `0..=dt` at which `height` falls to zero, to a part in 10^12 of `dt`, by false
/// position (the Illinois method). `height` must be at least 0 at time 0 and at most 0 at `dt`,
/// with one change of sign. It may start at 0 and rise first.
pub(super) fn time_of_zero(dt: f64, height: impl Fn(f64) -> f64) -> f64 {
    let (mut before, mut after) = ((0., height(0.)), (dt, height(dt)));
    let (mut last, mut was_above) = (f64::NAN, None);
    for _ in 0..100 {
        let time = if before.1 > 0. {
            (before.0 * after.1 - after.0 * before.1) / (after.1 - before.1)
        } else {
            0.5 * (before.0 + after.0)
        };
        if (time - last).abs() <= 1e-12 * dt {
            break;
        }
        let now = height(time);
        let above = now > 0.;
        let (end, other) = if above { (&mut before, &mut after) } else { (&mut after, &mut before) };
        *end = (time, now);
        if was_above == Some(above) {
            other.1 *= 0.5; // or this end alone would creep to the root
        }
        (last, was_above) = (time, Some(above));
    }
    last
}
