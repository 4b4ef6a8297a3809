//! Gains and scales from the arm's own numbers.
//!
//! With M the diagonal of the mass matrix at the start posture, F the effort limit, g the effort that gravity takes there,
//! v the speed limit, m the margin, T the control period:
//!
//! | value | formula |
//! |---|---|
//! | `limits.effort_rate` | F / (2 T): from nothing to the limit in two periods |
//! | `limits.stiffness` | M w^2 with w = 40 rad/s, at most F / m: the spring alone never asks for more than the drive has |
//! | `limits.damping` | M w: half of critical |
//! | `safety.damping` | M / 0.1 s: what moves is at rest after some tenths of a second |
//! | `action_scale` | c M / l, l the lever of the joint at the tip: each joint's noise moves the tip alike; c such that the noise of the first policy spreads the tip by a third of what it misses at the strike; at most a tenth of F - abs(g) |
//!
//! Independent noise of standard deviation s in each of the policy steps, of h seconds, up to time t spreads a unit mass by
//! s sqrt(h t^3 / 3); joints are coupled, so that M^-1 of the whole mass matrix makes accelerations of the efforts.

use nalgebra::{DMatrix, DVector};

use super::arm::Arm;
use super::limits::{Limits, rounded};
use super::posture::Start;
use super::stroke::{FirstStroke, PERIOD};

/// Natural frequency of the envelope, rad/s.
const FREQUENCY: f64 = 40.;
/// Time constant of the safe state, s.
const SAFE_TIME: f64 = 0.1;
/// Spread of the tip at the strike, as a share of what the demonstration misses.
const SPREAD: f64 = 1. / 3.;
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
        let mass = |j: usize| start.mass[(j, j)];
        let margin: Vec<f64> = limits.0.iter().map(super::limits::JointLimits::margin).collect();
        Self {
            action_scale: action_scale(start, stroke),
            effort_rate: per_joint(&|j| start.effort[j] / (2. * PERIOD)),
            stiffness: per_joint(&|j| (mass(j) * FREQUENCY * FREQUENCY).min(start.effort[j] / margin[j])),
            damping: per_joint(&|j| mass(j) * FREQUENCY),
            safe_damping: per_joint(&|j| mass(j) / SAFE_TIME),
            margin,
        }
    }
}

fn action_scale(start: &Start, stroke: &FirstStroke) -> Vec<f64> {
    let n = start.position.len();
    let levers: Vec<f64> = start.jacobian.column_iter().map(|column| column.norm()).collect();
    let least = LEVER * levers.iter().copied().fold(0., f64::max);
    let shape = DVector::from_fn(n, |j, _| start.mass[(j, j)] / levers[j].max(least));
    let step = stroke.time / super::stroke::STRIKE as f64;
    let in_time = (step * stroke.time.powi(3) / 3.).sqrt();
    // The mass matrix is positive definite: every joint was found to move some inertia of its own.
    let inverse = start.mass.clone().cholesky().map_or_else(|| DMatrix::identity(n, n), |factors| factors.inverse());
    let spread = (&start.jacobian * inverse * DMatrix::from_diagonal(&shape)).norm() * in_time;
    let scale = SPREAD * stroke.miss / spread;
    (0..n).map(|j| rounded((scale * shape[j]).min(SHARE * (start.effort[j] - start.gravity[j].abs())))).collect()
}
