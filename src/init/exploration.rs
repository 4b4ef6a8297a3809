//! The first policy's exploration, derived from the arm's own numbers.
//!
//! Exploration and feedback act on accelerations, so each joint answers as a unit mass on a spring
//! and a damper, by itself. Joint by joint the standard deviation of the acceleration is c / l, with
//! l the joint's lever at the tip, so that all joints move the tip alike. With c the tip spreads by a
//! third of the demonstration's miss. Three bounds hold for each joint:
//!
//! - Its position spreads by at most 0.1 rad or 0.03 m, where the feedback's gains still fit the arm.
//! - Its speed stays within the limit when the exploration adds five standard deviations to the
//!   demonstration's largest speed.
//! - Its effort spreads by at most 15 % of what gravity leaves of the effort limit. For this bound the
//!   exploration of all joints is reduced alike.

use nalgebra::{DMatrix, DVector, Matrix2, Matrix3};

use super::limits::{Limits, rounded};
use super::posture::Start;
use super::stroke::{FirstStroke, STEPS, STRIKE};
use crate::dynamics::JointKind;

/// Spread of the tip at the strike, as a share of the demonstration's miss.
const SPREAD: f64 = 1. / 3.;
/// Largest spread of a joint: rad, and m.
const JOINT_SPREAD: [f64; 2] = [0.1, 0.03];
/// Standard deviations of a joint's speed for which there is room beside the demonstration's.
const DEVIATIONS: f64 = 5.;
/// Largest effort of the exploration, as a share of the effort left by gravity.
const SHARE: f64 = 0.15;

/// The exploration of a stroke.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Exploration {
    /// Standard deviations of the joints' accelerations (n), rad/s^2 or m/s^2.
    pub accelerations: Vec<f64>,
    /// Standard deviations of the efforts (n), N m or N: the actions are of order 1.
    pub action_scale: Vec<f64>,
    /// Spread of the tip's velocity at the strike, m/s.
    pub tip_speed: f64,
}

impl Exploration {
    pub fn of(limits: &Limits, start: &Start, stroke: &FirstStroke) -> Self {
        let n = start.position.len();
        let alike = start.levers().map(f64::recip);
        let ((farthest, fastest), at_strike) = (spreads(stroke, STEPS), spreads(stroke, STRIKE));
        let spread = (&start.jacobian * DMatrix::from_diagonal(&alike)).norm() * at_strike.0;
        let wanted = alike * (SPREAD * stroke.miss / spread);
        let bounded = DVector::from_fn(n, |j, _| {
            let joint = &limits.0[j];
            let largest = JOINT_SPREAD[usize::from(joint.kind == JointKind::Prismatic)];
            let room = (joint.speed() - stroke.peak_speed[j]) / DEVIATIONS;
            wanted[j].min(largest / farthest).min(room / fastest)
        });
        let noise = &start.mass * DMatrix::from_diagonal(&bounded);
        let efforts = DVector::from_fn(n, |j, _| noise.row(j).norm());
        let share = (0..n).map(|j| SHARE * (start.effort[j] - start.gravity[j].abs()) / efforts[j]).fold(1., f64::min);
        let (accelerations, efforts) = (bounded * share, efforts * share);
        let all = |values: &DVector<f64>| values.iter().map(|x| rounded(*x)).collect();
        Self {
            tip_speed: (&start.jacobian * DMatrix::from_diagonal(&accelerations)).norm() * at_strike.1,
            accelerations: all(&accelerations),
            action_scale: all(&efforts),
        }
    }
}

/// Standard deviations of a unit mass's position (s^2) and speed (s) after some policy steps, under
/// unit noise that is drawn anew in each step, and the feedback.
fn spreads(stroke: &FirstStroke, steps: usize) -> (f64, f64) {
    let ((stiffness, damping), step) = (stroke.feedback(), stroke.time / STRIKE as f64);
    // The noise is held within a step, and is therefore part of the state there.
    let held = Matrix3::new(0., 1., 0., -stiffness, -damping, 1., 0., 0., 0.);
    let within = (held * step).exp();
    let (state, noise) = (within.fixed_view::<2, 2>(0, 0).into_owned(), within.fixed_view::<2, 1>(0, 2).into_owned());
    let covariance = (0..steps)
        .fold(Matrix2::zeros(), |covariance, _| state * covariance * state.transpose() + noise * noise.transpose());
    (covariance[(0, 0)].sqrt(), covariance[(1, 1)].sqrt())
}
