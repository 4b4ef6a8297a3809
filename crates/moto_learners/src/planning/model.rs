//! The local model of an iteration: start, linear-Gaussian dynamics and quadratic rewards.

use super::expansion::expand;
use super::{LinearDynamics, PlanError};
use crate::policy::Policy;
use crate::quadratic::{Quadratic, StateDistribution, backup};
use crate::{Batch, Reward};
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

/// The model that an iteration plans with.
#[derive(Clone, Debug)]
pub struct Model {
    /// Distribution of the first state.
    pub start: StateDistribution,
    /// Dynamics (horizon).
    pub dynamics: Vec<LinearDynamics>,
    /// Expected reward of (s, a) (horizon). The dynamics give the expectation over the next state.
    pub rewards: Vec<Quadratic>,
    /// Reward of the final state.
    pub last: Quadratic,
}

/// The transitions of each step, (s, a, s') x rollout, with the action that the robot received
/// (horizon).
pub fn transitions(batch: &Batch) -> Vec<DMatrix<f64>> {
    let stack = |t: usize| {
        let parts = [&batch.states[t], &batch.received[t], &batch.states[t + 1]];
        let mut all = DMatrix::zeros(parts.iter().map(|p| p.nrows()).sum(), batch.rollouts());
        let mut row = 0;
        for part in parts {
            all.rows_mut(row, part.nrows()).copy_from(part);
            row += part.nrows();
        }
        all
    };
    (0..batch.received.len()).map(stack).collect()
}

/// Standard deviation of each dimension over the samples of all blocks (dim); 1 for a dimension
/// without spread.
pub fn spreads(blocks: &[DMatrix<f64>]) -> DVector<f64> {
    let count: usize = blocks.iter().map(DMatrix::ncols).sum();
    let dim = blocks.first().map_or(0, DMatrix::nrows);
    let mean = blocks.iter().fold(DVector::zeros(dim), |sum, b| sum + b.column_sum()) / count as f64;
    let squares = blocks.iter().flat_map(DMatrix::column_iter);
    let squares = squares.fold(DVector::zeros(dim), |sum: DVector<f64>, x| sum + (x - &mean).map(|d| d * d));
    (squares / count as f64).map(|v| if v > 0.0 { v.sqrt() } else { 1.0 })
}

impl Model {
    /// The model with these dynamics (horizon), of rollouts with these `transitions`. Expands the reward
    /// around the mean trajectory over differences of `width` (s, a, s'), or of the rollouts' own spread
    /// if it is larger.
    ///
    /// # Errors
    /// A reward that is not finite there.
    pub fn new(
        batch: &Batch,
        transitions: &[DMatrix<f64>],
        dynamics: Vec<LinearDynamics>,
        reward: &dyn Reward,
        width: &DVector<f64>,
    ) -> Result<Self, PlanError> {
        let state_dim = batch.states[0].nrows();
        let action_dim = batch.received[0].nrows();
        let expansion = |(step, samples): (usize, &DMatrix<f64>)| {
            let outcome = batch.outcomes[step].column_mean();
            let value = |z: &[f64]| {
                let (state, rest) = z.split_at(state_dim);
                let (action, next) = rest.split_at(action_dim);
                reward.step(step, state, action, next, outcome.as_slice())
            };
            let expansion = expand(value, samples.column_mean().as_slice(), widths(samples, width).as_slice());
            finite(&expansion, step)?;
            Ok(expected(&expansion, &dynamics[step]))
        };
        let rewards: Result<Vec<_>, PlanError> = transitions.par_iter().enumerate().map(expansion).collect();
        let rewards = rewards?;
        let end = &batch.states[transitions.len()];
        let width = width.rows(0, state_dim).into_owned();
        let last = expand(|s| reward.last(s), end.column_mean().as_slice(), widths(end, &width).as_slice());
        finite(&last, transitions.len())?;
        let start = StateDistribution::fit(&[(&batch.states[0], 1.0)], &vec![0.0; state_dim]);
        Ok(Self { start, dynamics, rewards, last })
    }

    /// State distributions under `policy` (horizon + 1).
    pub fn states(&self, policy: &Policy) -> Vec<StateDistribution> {
        let mut states = Vec::with_capacity(self.dynamics.len() + 1);
        states.push(self.start.clone());
        for (t, (dynamics, law)) in self.dynamics.iter().zip(&policy.steps).enumerate() {
            states.push(dynamics.carry(&states[t], law));
        }
        states
    }

    /// Expected return of `policy`.
    pub fn expected_return(&self, policy: &Policy) -> f64 {
        let states = self.states(policy);
        let step = |t: usize| {
            let value = backup(&self.rewards[t], &policy.steps[t]);
            expectation(&value, &states[t])
        };
        (0..self.rewards.len()).map(step).sum::<f64>() + expectation(&self.last, &states[self.rewards.len()])
    }
}

/// Differences of the expansion: the rollouts' standard deviation, but at least a hundredth of
/// `width`, the standard deviation over all steps.
fn widths(samples: &DMatrix<f64>, width: &DVector<f64>) -> DVector<f64> {
    samples.column_variance().zip_map(width, |variance, width| variance.sqrt().max(0.01 * width))
}

fn finite(function: &Quadratic, step: usize) -> Result<(), PlanError> {
    let mut entries = function.hessian.iter().chain(function.gradient.iter()).chain([&function.constant]);
    if entries.all(|x| x.is_finite()) { Ok(()) } else { Err(PlanError::NonFiniteReward { step }) }
}

/// Expectation of a quadratic over (s, a, s') given (s, a), under the dynamics.
fn expected(reward: &Quadratic, dynamics: &LinearDynamics) -> Quadratic {
    let (state_dim, inputs) = dynamics.map.shape();
    let mut map = DMatrix::zeros(inputs + state_dim, inputs);
    map.rows_mut(0, inputs).fill_with_identity();
    map.rows_mut(inputs, state_dim).copy_from(&dynamics.map);
    let mut offset = DVector::zeros(inputs + state_dim);
    offset.rows_mut(inputs, state_dim).copy_from(&dynamics.offset);
    let mut function = reward.after(&map, &offset);
    let curvature = reward.hessian.view((inputs, inputs), (state_dim, state_dim));
    function.constant += 0.5 * curvature.component_mul(&dynamics.covariance).sum();
    function
}

/// Expectation of a quadratic under a Gaussian.
fn expectation(function: &Quadratic, states: &StateDistribution) -> f64 {
    function.value(&states.mean) + 0.5 * function.hessian.component_mul(&states.covariance).sum()
}
