//! Gaussian log densities of many points at once.

use nalgebra::{DMatrix, DVector};

/// A Gaussian in the form that its log density needs.
pub struct Gaussian {
    /// Inverse of the covariance's Cholesky factor (dim x dim).
    whitening: DMatrix<f64>,
    /// The mean, whitened (dim).
    mean: DVector<f64>,
    /// Log density at the mean, without the dimension's constant.
    peak: f64,
}

impl Gaussian {
    /// The Gaussian; `None` if the covariance is not positive definite.
    pub fn new(mean: &DVector<f64>, covariance: &DMatrix<f64>) -> Option<Self> {
        let factor = covariance.clone().cholesky()?.unpack();
        let peak = -factor.diagonal().iter().map(|x| x.ln()).sum::<f64>();
        let whitening = factor.solve_lower_triangular(&DMatrix::identity(mean.len(), mean.len()))?;
        Some(Self { mean: &whitening * mean, whitening, peak })
    }

    /// Log density at each point (dim x point), without `dim / 2 log(2 pi)`.
    pub fn log_densities(&self, points: &DMatrix<f64>) -> Vec<f64> {
        let whitened = &self.whitening * points;
        let square = |z: &[f64]| z.iter().zip(self.mean.iter()).map(|(z, m)| (z - m) * (z - m)).sum::<f64>();
        whitened.as_slice().chunks_exact(self.mean.len()).map(|z| self.peak - 0.5 * square(z)).collect()
    }
}
