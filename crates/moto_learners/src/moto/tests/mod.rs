//! Tests of the learner's parts against brute force.

mod band;
mod forecast;
mod importance;
mod plan;
mod regression;
mod state_distribution;
mod value;
mod vector_outcomes;

use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Reproducible random numbers.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub(crate) fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    pub(crate) fn matrix(&mut self, rows: usize, columns: usize) -> DMatrix<f64> {
        DMatrix::from_fn(rows, columns, |_, _| self.normal())
    }

    pub(crate) fn vector(&mut self, rows: usize) -> DVector<f64> {
        DVector::from_fn(rows, |_, _| self.normal())
    }

    pub(crate) fn positive_definite(&mut self, dim: usize) -> DMatrix<f64> {
        self.positive_definite_above(dim, 0.3)
    }

    /// A random matrix with no eigenvalue below `floor`.
    pub(crate) fn positive_definite_above(&mut self, dim: usize, floor: f64) -> DMatrix<f64> {
        let factor = self.matrix(dim, dim);
        &factor * factor.transpose() + DMatrix::identity(dim, dim) * floor
    }
}
