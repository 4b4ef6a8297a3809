//! Gains and scales from the arm's own numbers.
//!
//! With m the inertia that a joint moves at the start posture while the others are free to move, 1 / (M^-1)_jj, M the
//! mass matrix; F the effort limit, g the effort that gravity takes there, v the speed limit, d the margin, T the control
//! period:
//!
//! | value | formula |
//! |---|---|
//! | `limits.effort_rate` | F / (2 T): from nothing to the limit in two periods |
//! | `limits.stiffness` | m w^2 with w = 40 rad/s, at most F / d: the spring alone never asks for more than the drive has |
//! | `limits.damping` | m w: half of critical |
//! | `safety.damping` | m / 0.1 s: what moves is at rest after some tenths of a second |
//! | `action_scale` | c m / l, l the lever of the joint at the tip: each joint's noise moves the tip alike. c such that the noise of the first policy spreads the tip by a third of what the demonstration misses, or the speed of a joint by three tenths of v by the end of the stroke, whichever is less; at most a tenth of F - abs(g) |
//!
//! Independent noise of standard deviation s in each of the policy steps, of h seconds, up to time t spreads the position of
//! a unit mass by s sqrt(h t^3 / 3) and its speed by s sqrt(h t); M^-1 makes accelerations of the efforts.

use nalgebra::{DMatrix, DVector};

use super::arm::Arm;
use super::limits::{Limits, rounded};
use super::posture::Start;
use super::stroke::{FirstStroke, PERIOD, STEPS, STRIKE};

/// Natural frequency of the envelope, rad/s.
const FREQUENCY: f64 = 40.;
/// Time constant of the safe state, s.
const SAFE_TIME: f64 = 0.1;
/// Spread of the tip at the strike, as a share of what the demonstration misses.
const SPREAD: f64 = 1. / 3.;
/// Spread of a joint's speed by the end of the stroke, as a share of its limit.
const SPEED: f64 = 0.3;
/// Largest share of the effort left over gravity that a unit of the action is.
const SHARE: f64 = 0.1;
/// Smallest lever that is counted, as a share of the arm's largest.
const LEVER: f64 = 0.2;

/// What follows from the arm's own numbers, an entry per joint.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tuning {
    pub action_scale: Vec<f64>,
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
        Self {
            action_scale: action_scale(limits, start, stroke),
            effort_rate: per_joint(&|j| start.effort[j] / (2. * PERIOD)),
            stiffness: per_joint(&|j| (mass(j) * FREQUENCY * FREQUENCY).min(start.effort[j] / margin[j])),
            damping: per_joint(&|j| mass(j) * FREQUENCY),
            safe_damping: per_joint(&|j| mass(j) / SAFE_TIME),
            margin,
        }
    }
}

fn action_scale(limits: &Limits, start: &Start, stroke: &FirstStroke) -> Vec<f64> {
    let n = start.position.len();
    let levers: Vec<f64> = start.jacobian.column_iter().map(|column| column.norm()).collect();
    let least = LEVER * levers.iter().copied().fold(0., f64::max);
    let shape = DVector::from_fn(n, |j, _| start.inertia[j] / levers[j].max(least));
    let step = stroke.time / STRIKE as f64;
    let response = &start.inverse * DMatrix::from_diagonal(&shape);
    let spread = (&start.jacobian * &response).norm() * (step * stroke.time.powi(3) / 3.).sqrt();
    let in_speed = (step * step * STEPS as f64).sqrt();
    let speeds = response.row_iter().zip(&limits.0).map(|(row, joint)| SPEED * joint.speed() / (row.norm() * in_speed));
    let scale = speeds.fold(SPREAD * stroke.miss / spread, f64::min);
    (0..n).map(|j| rounded((scale * shape[j]).min(SHARE * (start.effort[j] - start.gravity[j].abs())))).collect()
}
