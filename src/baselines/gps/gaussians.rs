//! Gaussian log densities of many points at once.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

/// A Gaussian with its covariance factored.
pub struct Gaussian {
    mean: DVector<f64>,
    factor: Cholesky<f64, Dyn>,
    /// Log density at the mean, less the dimension's constant.
    peak: f64,
}

impl Gaussian {
    /// `None` if the covariance is not positive definite.
    pub fn new(mean: &DVector<f64>, covariance: &DMatrix<f64>) -> Option<Self> {
        let factor = covariance.clone().cholesky()?;
        let peak = -factor.l_dirty().diagonal().iter().map(|x| x.ln()).sum::<f64>();
        Some(Self { mean: mean.clone(), factor, peak })
    }

    /// Log density at each point (dim x point), less `dim / 2 log(2 pi)`.
    pub fn log_densities(&self, points: &DMatrix<f64>) -> Vec<f64> {
        let mut centred = points.clone();
        centred.column_iter_mut().for_each(|mut column| column -= &self.mean);
        self.factor.l_dirty().solve_lower_triangular_mut(&mut centred);
        centred.column_iter().map(|z| self.peak - 0.5 * z.norm_squared()).collect()
    }
}
