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
//! | `action_scale` | c m / l, at most a tenth of F - abs(g): each joint's noise moves the tip alike |
//!
//! c is the largest number that satisfies two bounds under the noise of the first policy. The tip
//! spreads by at most a third of the demonstration's miss. The speed of each joint spreads by at
//! most three tenths of v by the end of the stroke.
//!
//! Independent noise of standard deviation s in each policy step of h seconds spreads the position
//! of a unit mass by s sqrt(h t^3 / 3) up to time t, and its speed by s sqrt(h t). M^-1 converts
//! efforts to accelerations.

use nalgebra::{DMatrix, DVector};

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
/// Spread of a joint's speed by the end of the stroke, as a share of its limit.
const SPEED: f64 = 0.3;
/// Largest effort of a unit of the action, as a share of the effort left by gravity.
const SHARE: f64 = 0.1;
/// Smallest lever that counts, as a share of the arm's largest lever.
const LEVER: f64 = 0.2;

/// Gains and scales derived from the arm's own numbers, with an entry per joint.
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
