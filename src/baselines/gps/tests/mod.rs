//! Tests of the inner parts against closed forms and brute force.

mod constraint;
mod mixture;
mod prior;

use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Reproducible random numbers.
struct Random(ChaCha8Rng);

impl Random {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    fn matrix(&mut self, rows: usize, columns: usize) -> DMatrix<f64> {
        DMatrix::from_fn(rows, columns, |_, _| self.normal())
    }

    fn vector(&mut self, rows: usize) -> DVector<f64> {
        DVector::from_fn(rows, |_, _| self.normal())
    }

    fn positive_definite(&mut self, dim: usize) -> DMatrix<f64> {
        let factor = self.matrix(dim, dim);
        &factor * factor.transpose() + DMatrix::identity(dim, dim) * 0.1
    }
}
