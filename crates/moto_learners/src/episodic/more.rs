//! Model-based relative entropy stochastic search (Abdolmaleki, Lioutikov, Peters, Lau, Pualo Reis
//! and Neumann 2015).
//!
//! A quadratic surrogate of the return is fitted to weighted samples, and the Gaussian search
//! distribution pi is replaced by the best distribution within a bound on the KL and on the loss of
//! entropy: `pi' ~ pi^{eta/(eta+omega)} exp(R / (eta+omega))`. This update is MOTO's update of one
//! step without a state, so [`StepUpdate`] computes it. MOTO's cross-validated ridge regression
//! fits the surrogate, in coordinates in which pi is the standard normal (the paper reduces the
//! dimension by a Bayesian projection instead).

use super::samples::Samples;
use super::surrogate::{Whitening, surrogate};
use crate::moto::{MotoError, Ridge, StepUpdate};
use crate::policy::LinearGaussian;
use crate::quadratic::{Quadratic, StateDistribution};
use nalgebra::{DMatrix, DVector};

/// Parameters of the update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MoreUpdate {
    /// Bound on the KL of the new from the old distribution, nats.
    pub epsilon: f64,
    /// Largest loss of entropy, nats.
    pub beta0: f64,
    /// Choice of the surrogate's ridge.
    pub ridge: Ridge,
    /// Penalty of linear terms relative to quadratic terms, in (0, 1].
    pub linear_penalty: f64,
}

/// Report of an update.
#[derive(Clone, Debug, PartialEq)]
pub struct MoreSolution {
    /// Multiplier of the KL bound.
    pub eta: f64,
    /// Multiplier of the entropy bound.
    pub omega: f64,
    /// KL of the new from the old distribution, nats.
    pub kl: f64,
}

impl MoreUpdate {
    /// Fits a surrogate to the samples and updates `law`, a Gaussian over parameters (a law without
    /// state).
    ///
    /// # Errors
    /// [`MotoError::Numerical`] if the surrogate is not finite.
    pub fn apply(&self, law: &LinearGaussian, samples: &Samples) -> Result<(LinearGaussian, MoreSolution), MotoError> {
        let whitening = Whitening::new(law)?;
        let (white, factor) = (whitening.white(samples), &whitening.factor);
        let standard = LinearGaussian {
            gain: DMatrix::zeros(white.nrows(), 0),
            bias: DVector::zeros(white.nrows()),
            covariance: DMatrix::identity(white.nrows(), white.nrows()),
        };
        let surrogate = surrogate(&DMatrix::zeros(0, white.ncols()), &white, samples, self.ridge, self.linear_penalty);
        let (updated, solution) = self.step(&standard, &surrogate)?;
        let covariance = factor * updated.covariance * factor.transpose();
        let law = LinearGaussian {
            gain: law.gain.clone(),
            bias: &law.bias + factor * updated.bias,
            covariance: (&covariance + covariance.transpose()) * 0.5,
        };
        Ok((law, solution))
    }

    /// The best Gaussian for a given surrogate of the return.
    ///
    /// # Errors
    /// [`MotoError::Numerical`] if the surrogate is not finite.
    pub fn step(
        &self,
        law: &LinearGaussian,
        surrogate: &Quadratic,
    ) -> Result<(LinearGaussian, MoreSolution), MotoError> {
        let nowhere = StateDistribution { mean: DVector::zeros(0), covariance: DMatrix::zeros(0, 0) };
        let update = StepUpdate::new(law, surrogate, &nowhere, self.beta0, 0)?;
        let eta = update.smallest_eta(self.epsilon);
        let (law, omega) = update.apply(eta);
        Ok((law, MoreSolution { eta, omega, kl: update.kl(eta) }))
    }
}
