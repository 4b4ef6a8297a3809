//! Derives gains and scales from the arm's own numbers.
//!
//! Symbols, each of one joint unless stated:
//!
//! | symbol | meaning |
//! |---|---|
//! | M | mass matrix of the arm at the start posture |
//! | m | inertia that the joint moves while the other joints are free, 1 / (M^-1)_jj |
//! | F | effort limit |
//! | g | effort against gravity at the start posture |
//! | v | speed limit |
//! | d | margin |
//! | l | lever of the joint at the tip |
//! | T | control period |
//!
//! | value | formula |
//! |---|---|
//! | `limits.effort_rate` | F / (2 T): from zero to the limit in two periods |
//! | `limits.stiffness` | m w^2 with w = 40 rad/s, at most F / d, so that the spring alone stays within F |
//! | `limits.damping` | m w: half of critical |
//! | `safety.damping` | m / 0.1 s: the arm comes to rest within some tenths of a second |
//! | `exploration` | c / l, within two bounds for each joint |
//! | `action_scale` | effort of the exploration: its action is of order 1 |
//!
//! The first policy's exploration and feedback act on accelerations, so each joint answers as a
//! unit mass on a spring and a damper, by itself. With c the tip spreads by a third of the
//! demonstration's miss. A joint spreads by at most 0.1 rad or 0.03 m, where the feedback's gains
//! still fit the arm. Its speed stays within v when the exploration adds five standard
//! deviations to the demonstration's largest speed. The exploration of no joint needs more than a
//! tenth of F - abs(g).

use nalgebra::{DMatrix, DVector, Matrix2, Matrix3};

use crate::dynamics::JointKind;

use super::arm::Arm;
use super::limits::{Limits, rounded};
use super::posture::Start;
use super::stroke::{FirstStroke, PERIOD, STEPS, STRIKE};

/// Natural frequency of the spring at the soft limits, rad/s.
const FREQUENCY: f64 = 40.;
/// Time constant of the safe state, s.
const SAFE_TIME: f64 = 0.1;
/// Spread of the tip at the strike, as a share of the demonstration's miss.
const SPREAD: f64 = 1. / 3.;
/// Largest spread of a joint: rad, and m.
const JOINT_SPREAD: [f64; 2] = [0.1, 0.03];
/// Standard deviations of a joint's speed for which there is room beside the demonstration's.
const DEVIATIONS: f64 = 5.;
/// Largest effort of the exploration, as a share of the effort left by gravity.
const SHARE: f64 = 0.1;
/// Smallest lever that counts, as a share of the arm's largest lever.
const LEVER: f64 = 0.2;

/// Gains and scales derived from the arm's own numbers, with an entry per joint.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tuning {
    pub exploration: Vec<f64>,
    pub action_scale: Vec<f64>,
    /// Spread of the tip's velocity under the exploration, m/s.
    pub tip_speed: f64,
    pub effort_rate: Vec<f64>,
    pub margin: Vec<f64>,
    pub stiffness: Vec<f64>,
    pub damping: Vec<f64>,
    pub safe_damping: Vec<f64>,
}

impl Tuning {
    pub fn of(arm: &Arm, limits: &Limits, start: &Start, stroke: &FirstStroke) -> Self {
        let n = arm.model.dof();
        let per_joint = |of: &dyn Fn(usize) -> f64| (0..n).map(|j| rounded(of(j))).collect::<Vec<f64>>();
        let mass = |j: usize| start.inertia[j];
        let margin: Vec<f64> = limits.0.iter().map(super::limits::JointLimits::margin).collect();
        let tip_speed = spreads(stroke, STRIKE).1;
        let (exploration, efforts) = exploration(limits, start, stroke);
        Self {
            exploration: per_joint(&|j| exploration[j]),
            action_scale: per_joint(&|j| efforts[j]),
            tip_speed: (&start.jacobian * DMatrix::from_diagonal(&exploration)).norm() * tip_speed,
            effort_rate: per_joint(&|j| start.effort[j] / (2. * PERIOD)),
            stiffness: per_joint(&|j| (mass(j) * FREQUENCY * FREQUENCY).min(start.effort[j] / margin[j])),
            damping: per_joint(&|j| mass(j) * FREQUENCY),
            safe_damping: per_joint(&|j| mass(j) / SAFE_TIME),
            margin,
        }
    }
}

/// Standard deviations of the exploration as accelerations (n), rad/s^2 or m/s^2, and as efforts
/// (n), N m or N.
fn exploration(limits: &Limits, start: &Start, stroke: &FirstStroke) -> (DVector<f64>, DVector<f64>) {
    let n = start.position.len();
    let levers: Vec<f64> = start.jacobian.column_iter().map(|column| column.norm()).collect();
    let least = LEVER * levers.iter().copied().fold(0., f64::max);
    let alike = DVector::from_fn(n, |j, _| 1. / levers[j].max(least));
    let (farthest, fastest) = spreads(stroke, STEPS);
    let spread = (&start.jacobian * DMatrix::from_diagonal(&alike)).norm() * spreads(stroke, STRIKE).0;
    let wanted = alike * (SPREAD * stroke.miss / spread);
    let accelerations = DVector::from_fn(n, |j, _| {
        let joint = &limits.0[j];
        let largest = JOINT_SPREAD[usize::from(joint.kind == JointKind::Prismatic)];
        let room = (joint.speed() - stroke.peak_speed[j]) / DEVIATIONS;
        wanted[j].min(largest / farthest).min(room / fastest)
    });
    let noise = &start.mass * DMatrix::from_diagonal(&accelerations);
    let efforts = DVector::from_fn(n, |j, _| noise.row(j).norm());
    let share = (0..n).map(|j| SHARE * (start.effort[j] - start.gravity[j].abs()) / efforts[j]).fold(1., f64::min);
    (accelerations * share, efforts * share)
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
