//! Dynamic movement primitives (Ijspeert, Nakanishi and Schaal 2003) with a goal velocity (Kober,
//! Muelling, Kroemer, Lampert, Schoelkopf and Peters 2010): the movement whose parameters the
//! episodic methods learn.
//!
//! A joint obeys `y'' = (1 - x) a (a/4 (g - v (t_h - t) - y) + v - y') + f(x)`. The first term is a
//! critically damped spring on a goal that moves with velocity v and reaches g at the hitting time
//! t_h. The spring fades in while the phase `x = exp(-phase_decay t / t_h)` falls. The forcing term
//! f is a mixture of Gaussians in the phase, times x, fitted to one demonstration. The forcing term
//! is not scaled by the distance from the goal, because that distance is nearly zero for some
//! joints. The trajectory is therefore linear in g and v, and the control loop gets it in that form
//! ([`Primitive`]).

use crate::policy::{Motion, Primitive};
use moto_settings::{FieldError, Joints, check};
use nalgebra::{DMatrix, DVector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of a movement's fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DmpConfig {
    /// Stiffness a of the spring.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1000, "x-unit" = "1/s"))]
    pub stiffness: f64,
    /// Decay of the phase over the hitting time.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 20))]
    pub phase_decay: f64,
    /// Number of basis functions of the forcing term.
    #[schemars(extend("minimum" = 2, "maximum" = 200))]
    pub basis_functions: usize,
}

impl Default for DmpConfig {
    fn default() -> Self {
        Self { stiffness: 50., phase_decay: 3., basis_functions: 30 }
    }
}

/// Why a movement cannot be fitted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DmpError {
    /// A parameter is out of range.
    #[error(transparent)]
    Config(#[from] FieldError),
    /// The demonstration is too short for accelerations, or ends before the hitting time.
    #[error(
        "the demonstration has {rows} rows, expected at least 3 and to last {cycles} cycles, until the hitting time"
    )]
    Short {
        /// Rows found.
        rows: usize,
        /// Cycles to the hitting time.
        cycles: usize,
    },
}

/// A demonstrated movement, sampled at the control period. The first row is the start of the
/// stroke.
#[derive(Clone, Copy, Debug)]
pub struct Demonstration<'a> {
    /// Joint positions (row x joint).
    pub position: &'a [f64],
    /// Joint velocities (row x joint).
    pub velocity: &'a [f64],
    /// Joints n.
    pub joints: usize,
    /// Control period, s.
    pub period: f64,
}

/// A fitted movement.
#[derive(Clone, Debug, PartialEq)]
pub struct Dmp {
    /// Trajectories in the form of the control loop.
    pub primitive: Primitive,
    /// Goals, then goal velocities (2 n), of the demonstration.
    pub demonstrated: DVector<f64>,
}

/// The differential equation of a joint.
struct Dynamics<'a> {
    config: &'a DmpConfig,
    hit: f64,
    /// End of the demonstration, s.
    end: f64,
}

impl Dynamics<'_> {
    fn phase(&self, time: f64) -> f64 {
        (-self.config.phase_decay * time / self.hit).exp()
    }

    /// Acceleration without the forcing term, at position `y` and velocity `dy`, under goal and
    /// goal velocity.
    fn spring(&self, time: f64, y: f64, dy: f64, goal: f64, velocity: f64) -> f64 {
        let a = self.config.stiffness;
        let target = goal - velocity * (self.hit - time);
        (1. - self.phase(time)) * a * (a / 4. * (target - y) + velocity - dy)
    }

    /// Normalised Gaussians in the phase, times the phase. The centres are even in time, and the
    /// width is half their distance.
    fn features(&self, time: f64) -> DVector<f64> {
        let (count, x) = (self.config.basis_functions, self.phase(time));
        let last = (count - 1) as f64;
        let centre = |i: usize| self.phase(self.end * i as f64 / last);
        let features = DVector::from_fn(count, |i, _| {
            let width = 0.7 * (centre(i.max(1) - 1) - centre(i.max(1)));
            (-0.5 * ((x - centre(i)) / width).powi(2)).exp()
        });
        let sum = features.sum().max(f64::MIN_POSITIVE);
        features * (x / sum)
    }

    /// The motion from a position and velocity at time zero, by the classical Runge-Kutta method
    /// (cycles).
    fn integrate(
        &self,
        start: [f64; 2],
        goal: [f64; 2],
        period: f64,
        forcing: &dyn Fn(f64) -> f64,
        cycles: usize,
    ) -> Vec<Motion> {
        let slope = |t: f64, [y, dy]: [f64; 2]| [dy, self.spring(t, y, dy, goal[0], goal[1]) + forcing(t)];
        let step = |[y, dy]: [f64; 2], [k, dk]: [f64; 2], h: f64| [y + h * k, dy + h * dk];
        let mut state = start;
        let mut motion = Vec::with_capacity(cycles);
        for cycle in 0..cycles {
            let t = cycle as f64 * period;
            let k1 = slope(t, state);
            motion.push([state[0], state[1], k1[1]]);
            let k2 = slope(t + 0.5 * period, step(state, k1, 0.5 * period));
            let k3 = slope(t + 0.5 * period, step(state, k2, 0.5 * period));
            let k4 = slope(t + period, step(state, k3, period));
            let mean = std::array::from_fn(|i| (k1[i] + 2. * (k2[i] + k3[i]) + k4[i]) / 6.);
            state = step(state, mean, period);
        }
        motion
    }
}

impl Dmp {
    /// Fits the forcing terms to a demonstration. The goals are the positions of the demonstration
    /// `hit_time` seconds after its start. The movement is as long as the demonstration, with one
    /// row less, and keeps the goal's velocity after the hit.
    ///
    /// # Errors
    /// A parameter out of range, or a demonstration that ends before the hit.
    pub fn fit(config: &DmpConfig, demonstration: &Demonstration<'_>, hit_time: f64) -> Result<Self, DmpError> {
        check(config, Joints::Unknown)?;
        let Demonstration { position, velocity, joints, period } = *demonstration;
        let rows = position.len().min(velocity.len()) / joints.max(1);
        let hit = hit_time / period;
        let before = hit.floor() as usize;
        if rows < 3 || before + 1 >= rows {
            return Err(DmpError::Short { rows, cycles: before + 1 });
        }
        let dynamics = Dynamics { config, hit: hit_time, end: (rows - 1) as f64 * period };
        let cycles = rows - 1;
        let at_hit = |values: &[f64], j: usize| {
            let share = hit - before as f64;
            (1. - share) * values[before * joints + j] + share * values[(before + 1) * joints + j]
        };
        let goal = |j: usize| [at_hit(position, j), at_hit(velocity, j)];
        let design = DMatrix::from_rows(
            &(0..cycles).map(|i| dynamics.features(i as f64 * period).transpose()).collect::<Vec<_>>(),
        );
        let mut normal = design.tr_mul(&design);
        // If no row of the demonstration reaches a basis function, the ridge keeps its weight at
        // zero.
        let least = 1e-9 * normal.diagonal().max();
        (0..normal.nrows()).for_each(|i| normal[(i, i)] += least);
        let factor = nalgebra::Cholesky::new(normal).ok_or(DmpError::Short { rows, cycles: before + 1 })?;
        let row = |values: &[f64], i: usize, j: usize| values[i * joints + j];
        let mut base = vec![vec![[0.; 3]; joints]; cycles];
        for j in 0..joints {
            let [g, v] = goal(j);
            let wanted = DVector::from_fn(cycles, |i, _| {
                let (first, last) = (i.max(1) - 1, i + 1);
                let acceleration =
                    (row(velocity, last, j) - row(velocity, first, j)) / ((last - first) as f64 * period);
                acceleration - dynamics.spring(i as f64 * period, row(position, i, j), row(velocity, i, j), g, v)
            });
            let weights = factor.solve(&design.tr_mul(&wanted));
            let forcing = |t: f64| dynamics.features(t).dot(&weights);
            let start = [row(position, 0, j), row(velocity, 0, j)];
            let motion = dynamics.integrate(start, [0., 0.], period, &forcing, cycles);
            motion.into_iter().zip(&mut base).for_each(|(motion, row)| row[j] = motion);
        }
        let response = |goal: [f64; 2]| dynamics.integrate([0., 0.], goal, period, &|_| 0., cycles);
        let primitive = Primitive { base, goal_response: response([1., 0.]), velocity_response: response([0., 1.]) };
        let demonstrated = DVector::from_fn(2 * joints, |i, _| goal(i % joints)[i / joints]);
        Ok(Self { primitive, demonstrated })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: f64 = 0.002;
    const HIT: f64 = 0.569;

    /// A backswing and a swing of two joints (row x joint). The second joint hardly moves at the
    /// end.
    fn demonstration() -> (Vec<f64>, Vec<f64>) {
        let (mut position, mut velocity) = (Vec::new(), Vec::new());
        for i in 0..=300 {
            let t = f64::from(i) * PERIOD;
            let (w, u) = (2. * std::f64::consts::PI / HIT, 4. * std::f64::consts::PI / HIT);
            position.extend([0.3 - 0.4 * (1. - (w * t).cos()) + 2. * t * t, 0.1 * (1. - (u * t).cos())]);
            velocity.extend([-0.4 * w * (w * t).sin() + 4. * t, 0.1 * u * (u * t).sin()]);
        }
        (position, velocity)
    }

    fn fit() -> (Dmp, Vec<f64>, Vec<f64>) {
        let (position, velocity) = demonstration();
        let data = Demonstration { position: &position, velocity: &velocity, joints: 2, period: PERIOD };
        (Dmp::fit(&DmpConfig::default(), &data, HIT).unwrap(), position, velocity)
    }

    #[test]
    fn reproduces_the_demonstration() {
        let (dmp, position, velocity) = fit();
        assert_eq!((dmp.primitive.cycles(), dmp.primitive.joints()), (300, 2));
        for i in 0..300 {
            for j in 0..2 {
                let [y, dy, _] = dmp.primitive.at(i, j, dmp.demonstrated.as_slice());
                assert!((y - position[2 * i + j]).abs() < 2e-3, "joint {j}, cycle {i}: {y} {}", position[2 * i + j]);
                assert!((dy - velocity[2 * i + j]).abs() < 0.1, "joint {j}, cycle {i}: {dy} {}", velocity[2 * i + j]);
            }
        }
    }

    #[test]
    fn is_at_its_goal_with_the_goals_velocity_at_the_hit() {
        let (dmp, ..) = fit();
        for (goal, velocity) in [(0.9, 1.), (-0.5, -3.), (0.2, 0.)] {
            let mut parameters = dmp.demonstrated.clone();
            (parameters[0], parameters[2]) = (goal, velocity);
            let at = |cycle| dmp.primitive.at(cycle, 0, parameters.as_slice());
            // The hit lies between cycles 284 and 285.
            let meet = |k: usize| 0.5 * (at(284)[k] + at(285)[k]);
            let (missed, off) = ((meet(0) - goal).abs(), (meet(1) - velocity).abs());
            assert!(missed < 0.02 && off < 0.15, "{goal} {velocity}: {missed} {off}");
        }
    }

    #[test]
    fn its_derivatives_are_those_of_its_positions() {
        let (dmp, ..) = fit();
        let parameters = &dmp.demonstrated * 1.3;
        let at = |cycle, k: usize| dmp.primitive.at(cycle, 0, parameters.as_slice())[k];
        for cycle in [5, 100, 250] {
            for k in [0, 1] {
                let slope = (at(cycle + 1, k) - at(cycle - 1, k)) / (2. * PERIOD);
                assert!((slope - at(cycle, k + 1)).abs() < 0.05 * (1. + slope.abs()), "cycle {cycle}: {slope}");
            }
        }
    }

    #[test]
    fn a_demonstration_without_the_hit_is_refused() {
        let (position, velocity) = demonstration();
        let data = Demonstration { position: &position[..400], velocity: &velocity[..400], joints: 2, period: PERIOD };
        assert_eq!(Dmp::fit(&DmpConfig::default(), &data, HIT), Err(DmpError::Short { rows: 200, cycles: 285 }));
        let config = DmpConfig { stiffness: f64::NAN, ..DmpConfig::default() };
        assert!(
            matches!(Dmp::fit(&config, &data, HIT), Err(DmpError::Config(FieldError::Value { field, .. })) if field == "stiffness")
        );
    }
}
