//! Random problems and a linear plant for the learner's tests.
#![allow(dead_code)]

use moto_learners::policy::{CompiledPolicy, LinearGaussian, Policy};
use moto_learners::{Batch, Reward};
use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

pub struct Random(ChaCha8Rng);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    pub fn matrix(&mut self, rows: usize, columns: usize) -> DMatrix<f64> {
        DMatrix::from_fn(rows, columns, |_, _| self.normal())
    }

    pub fn vector(&mut self, rows: usize) -> DVector<f64> {
        DVector::from_fn(rows, |_, _| self.normal())
    }

    /// A well conditioned symmetric positive definite matrix.
    pub fn positive_definite(&mut self, dim: usize) -> DMatrix<f64> {
        let factor = self.matrix(dim, dim);
        &factor * factor.transpose() + DMatrix::identity(dim, dim) * 0.1
    }

    pub fn law(&mut self, action_dim: usize, state_dim: usize) -> LinearGaussian {
        LinearGaussian {
            gain: self.matrix(action_dim, state_dim),
            bias: self.vector(action_dim),
            covariance: self.positive_definite(action_dim),
        }
    }
}

/// `s' = As + Ba` with a quadratic cost, from `start` plus Gaussian noise.
pub struct Linear {
    pub horizon: usize,
    pub a: DMatrix<f64>,
    pub b: DMatrix<f64>,
    pub state_cost: DMatrix<f64>,
    pub action_cost: DMatrix<f64>,
    pub start: DVector<f64>,
    pub spread: f64,
}

impl Linear {
    pub fn new(horizon: usize) -> Self {
        Self {
            horizon,
            a: DMatrix::from_row_slice(2, 2, &[1.0, 0.2, -0.1, 0.95]),
            b: DMatrix::from_row_slice(2, 1, &[0.05, 0.3]),
            state_cost: DMatrix::from_diagonal(&DVector::from_row_slice(&[1.0, 0.2])),
            action_cost: DMatrix::from_element(1, 1, 0.1),
            start: DVector::from_row_slice(&[1.0, -0.5]),
            spread: 0.5,
        }
    }

    pub fn initial(&self, deviation: f64) -> Policy {
        let law = LinearGaussian {
            gain: DMatrix::zeros(self.b.ncols(), self.a.nrows()),
            bias: DVector::zeros(self.b.ncols()),
            covariance: DMatrix::identity(self.b.ncols(), self.b.ncols()) * deviation * deviation,
        };
        Policy { steps: vec![law; self.horizon] }
    }

    /// Rollouts of a policy.
    pub fn roll_out(&self, policy: &Policy, rollouts: usize, random: &mut Random) -> Batch {
        let compiled = CompiledPolicy::new(policy).unwrap();
        let (ds, da) = (self.a.nrows(), self.b.ncols());
        let mut batch = Batch::zeros(policy, rollouts);
        for rollout in 0..rollouts {
            let mut state = &self.start + random.vector(ds) * self.spread;
            for t in 0..self.horizon {
                let mut action = vec![0.0; da];
                compiled.action(t, state.as_slice(), random.vector(da).as_slice(), &mut action);
                batch.states[t].set_column(rollout, &state);
                batch.actions[t].column_mut(rollout).copy_from_slice(&action);
                batch.received[t].column_mut(rollout).copy_from_slice(&action);
                state = &self.a * state + &self.b * DVector::from_row_slice(&action);
            }
            batch.states[self.horizon].set_column(rollout, &state);
        }
        batch
    }

    /// Optimal gains by the Riccati recursion (horizon).
    pub fn riccati(&self) -> Vec<DMatrix<f64>> {
        let mut value = self.state_cost.clone();
        let mut gains = Vec::new();
        for _ in 0..self.horizon {
            let curvature = &self.action_cost + self.b.transpose() * &value * &self.b;
            let gain = -curvature.try_inverse().unwrap() * self.b.transpose() * &value * &self.a;
            let closed = &self.a + &self.b * &gain;
            value =
                &self.state_cost + gain.transpose() * &self.action_cost * &gain + closed.transpose() * &value * &closed;
            gains.push(gain);
        }
        gains.reverse();
        gains
    }
}

fn cost(weights: &DMatrix<f64>, values: &[f64]) -> f64 {
    let values = DVector::from_row_slice(values);
    values.dot(&(weights * &values))
}

impl Reward for Linear {
    fn step(&self, _t: usize, state: &[f64], action: &[f64], _next: &[f64], _outcome: &[f64]) -> f64 {
        -cost(&self.state_cost, state) - cost(&self.action_cost, action)
    }

    fn last(&self, state: &[f64]) -> f64 {
        -cost(&self.state_cost, state)
    }
}
