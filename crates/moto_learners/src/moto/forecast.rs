//! The forecast of an update before it is rolled out (this project).
//!
//! An update is made where the old states are. Its own states differ, and how much is what the
//! update's step size should depend on. The linear dynamics of every step carry the distribution of
//! the states forward under a candidate policy. That gives the candidate's shift of the states, and
//! the advantage where the candidate will be and not where the old policy was.

use super::theory::expected_advantage;
use super::{ForecastConfig, Quadratic, StateDistribution};
use crate::planning::LinearDynamics;
use crate::policy::{Policy, gaussian_kl};
use nalgebra::{DMatrix, DVector};

/// What is known before the candidates are: the old policy, its states, Q-functions and dynamics.
pub(super) struct Forecaster<'a> {
    pub old: &'a Policy,
    /// State distributions of the old policy (horizon).
    pub states: &'a [StateDistribution],
    /// Q-functions of the old policy (horizon).
    pub q: &'a [Quadratic],
    /// Dynamics of each step (horizon).
    pub dynamics: Vec<LinearDynamics>,
    /// Distribution of the first state.
    pub start: StateDistribution,
    /// Addition to the diagonal of the state covariances (state).
    pub diagonal: DVector<f64>,
}

/// The forecast of a candidate policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Forecast {
    /// Sum over the steps of the advantage under the candidate's own states, in return units.
    pub improvement: f64,
    /// Largest KL over the steps of the candidate's states from the old states, nats.
    pub shift: f64,
}

impl Forecaster<'_> {
    /// The forecast of a policy.
    pub fn forecast(&self, candidate: &Policy) -> Forecast {
        let mut states = self.start.clone();
        let (mut improvement, mut shift) = (0.0, 0f64);
        for (t, law) in candidate.steps.iter().enumerate() {
            let wide = &states.covariance + DMatrix::from_diagonal(&self.diagonal);
            let old = &self.states[t];
            let kl = gaussian_kl((&states.mean, &wide), (&old.mean, &old.covariance)).unwrap_or(f64::INFINITY);
            shift = shift.max(kl);
            improvement += expected_advantage(&self.q[t], &self.old.steps[t], law, &states);
            states = self.dynamics[t].carry(&states, law);
        }
        Forecast { improvement, shift }
    }
}

/// Index of the best candidate: the largest improvement among the shifts that are allowed, or the
/// first, which is the smallest step, if none is.
pub(super) fn best(config: &ForecastConfig, forecasts: &[Forecast]) -> usize {
    let allowed = forecasts.iter().enumerate().filter(|(_, f)| f.shift <= config.largest_shift);
    allowed.max_by(|(_, a), (_, b)| a.improvement.total_cmp(&b.improvement)).map_or(0, |(index, _)| index)
}
