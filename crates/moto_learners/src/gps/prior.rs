//! The normal-inverse-Wishart prior of a Gaussian (Levine and Abbeel 2014, section 4.1).

use nalgebra::{DMatrix, DVector};

/// A normal-inverse-Wishart prior, expressed by imagined samples.
#[derive(Clone, Debug, PartialEq)]
pub struct NormalInverseWishart {
    /// Mean mu0 (dim).
    pub mean: DVector<f64>,
    /// Scatter Phi, a sum over imagined samples (dim x dim), symmetric positive semi-definite.
    pub scatter: DMatrix<f64>,
    /// Number m of imagined samples for the mean (>= 0).
    pub mean_count: f64,
    /// Number n0 of imagined samples for the scatter (>= 0).
    pub scatter_count: f64,
}

impl NormalInverseWishart {
    /// Posterior mean and covariance, given samples (dim x samples). With the samples' mean `x` and
    /// covariance `S` they are `(m mu0 + N x) / (m + N)` and
    /// `(Phi + N S + N m / (N + m) (x - mu0)(x - mu0)') / (N + n0)`.
    pub fn posterior(&self, samples: &DMatrix<f64>) -> (DVector<f64>, DMatrix<f64>) {
        let count = samples.ncols() as f64;
        let mean = samples.column_mean();
        let mut centred = samples.clone();
        centred.column_iter_mut().for_each(|mut column| column -= &mean);
        let shift = &mean - &self.mean;
        let mut scatter = self.scatter.clone();
        scatter.gemm(1.0, &centred, &centred.transpose(), 1.0);
        let total = count + self.mean_count;
        scatter.ger(count * self.mean_count / total, &shift, &shift, 1.0);
        let covariance = scatter / (count + self.scatter_count);
        let transposed = covariance.transpose();
        ((&self.mean * self.mean_count + mean * count) / total, (covariance + transposed) * 0.5)
    }
}
