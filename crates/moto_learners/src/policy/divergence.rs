//! Kullback-Leibler divergence and entropy of linear-Gaussian laws, in nats.

use super::LinearGaussian;
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

fn log_determinant(factor: &Cholesky<f64, Dyn>) -> f64 {
    2.0 * factor.l_dirty().diagonal().iter().map(|x| x.ln()).sum::<f64>()
}

/// `KL(N(mean, covariance) || N(other_mean, other_covariance))`; `None` if a covariance is not
/// positive definite.
pub fn gaussian_kl(
    (mean, covariance): (&DVector<f64>, &DMatrix<f64>),
    (other_mean, other_covariance): (&DVector<f64>, &DMatrix<f64>),
) -> Option<f64> {
    let factor = covariance.clone().cholesky()?;
    let other = other_covariance.clone().cholesky()?;
    let whitened = other.l_dirty().solve_lower_triangular(&factor.l())?;
    let shift = other.l_dirty().solve_lower_triangular(&(mean - other_mean))?;
    let dim = mean.len() as f64;
    Some(
        0.5 * (whitened.norm_squared() - dim + log_determinant(&other) - log_determinant(&factor)
            + shift.norm_squared()),
    )
}

impl LinearGaussian {
    /// Differential entropy of the action given the state; `None` if the covariance is not positive
    /// definite.
    pub fn entropy(&self) -> Option<f64> {
        let dim = self.bias.len() as f64;
        let factor = self.covariance.clone().cholesky()?;
        Some(0.5 * (dim * (2.0 * std::f64::consts::PI * std::f64::consts::E).ln() + log_determinant(&factor)))
    }

    /// `E_s KL(self(.|s) || other(.|s))` over states of the given mean (state) and covariance
    /// (state x state); `None` if an action covariance is not positive definite.
    pub fn expected_kl(&self, other: &Self, state_mean: &DVector<f64>, state_covariance: &DMatrix<f64>) -> Option<f64> {
        let gain = &self.gain - &other.gain;
        let mean = &gain * state_mean + &self.bias;
        let spread = &gain * state_covariance * gain.transpose();
        let at_mean = gaussian_kl((&mean, &self.covariance), (&other.bias, &other.covariance))?;
        let factor = other.covariance.clone().cholesky()?;
        Some(at_mean + 0.5 * factor.solve(&spread).trace())
    }
}
