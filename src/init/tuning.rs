//! Derives gains from the arm's own numbers.
//!
//! Symbols, each of one joint unless stated:
//!
//! | symbol | meaning |
//! |---|---|
//! | m | inertia that the joint moves while the other joints are free |
//! | F | effort limit |
//! | d | margin |
//! | T | control period |
//!
//! | value | formula |
//! |---|---|
//! | `limits.effort_rate` | F / (2 T): from zero to the limit in two periods |
//! | `limits.stiffness` | m w^2 with w = 40 rad/s, at most F / d, so that the spring alone stays within F |
//! | `limits.damping` | m w: half of critical |
//! | `safety.damping` | m / 0.1 s: the arm comes to rest within some tenths of a second |

use super::limits::{JointLimits, Limits, rounded};
use super::posture::Start;
use super::stroke::PERIOD;

/// Natural frequency of the spring at the soft limits, rad/s.
const FREQUENCY: f64 = 40.;
/// Time constant of the safe state, s.
const SAFE_TIME: f64 = 0.1;

/// Gains derived from the arm's own numbers, with an entry per joint.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tuning {
    pub effort_rate: Vec<f64>,
    pub margin: Vec<f64>,
    pub stiffness: Vec<f64>,
    pub damping: Vec<f64>,
    pub safe_damping: Vec<f64>,
}

impl Tuning {
    pub fn of(limits: &Limits, start: &Start) -> Self {
        let n = start.position.len();
        let per_joint = |of: &dyn Fn(usize) -> f64| (0..n).map(|j| rounded(of(j))).collect::<Vec<f64>>();
        let mass = |j: usize| start.inertia[j];
        let margin: Vec<f64> = limits.0.iter().map(JointLimits::margin).collect();
        Self {
            effort_rate: per_joint(&|j| start.effort[j] / (2. * PERIOD)),
            stiffness: per_joint(&|j| (mass(j) * FREQUENCY * FREQUENCY).min(start.effort[j] / margin[j])),
            damping: per_joint(&|j| mass(j) * FREQUENCY),
            safe_damping: per_joint(&|j| mass(j) / SAFE_TIME),
            margin,
        }
    }
}
