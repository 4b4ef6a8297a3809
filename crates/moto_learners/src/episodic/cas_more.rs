//! Coordinate-ascent MORE with step-size adaptation (Huettenrauch and Neumann, JMLR 25, 2024).
//!
//! Mean and covariance have bounds on the KL of their own, so that the mean may go far while the
//! covariance turns slowly (section 4.1). In the place of MORE's bound on the loss of entropy, the
//! length of an evolution path sets the size of the covariance: it grows while the mean keeps its
//! direction and shrinks where steps cancel (section 4.2). The surrogate is that of [`super::more`].
//!
//! With context, the surrogate is a quadratic of context and parameters, the mean is linear in the
//! context, and both bounds hold on the average over the contexts seen (this project, after MOTO's
//! update); the evolution path is that of the mean at the average context.

use super::samples::Samples;
use super::surrogate::{Whitening, surrogate};
use crate::moto::{MotoError, Ridge};
use crate::policy::LinearGaussian;
use crate::quadratic::{QBlocks, Quadratic, StateDistribution};
use nalgebra::{DMatrix, DVector, SymmetricEigen};
use serde::{Deserialize, Serialize};

/// Cosine that the path's expected length assumes between successive steps, as a share of a right
/// angle (the reference implementation's).
const CORRELATION: f64 = 0.25;
/// Largest change of the entropy by the path, nats.
const LARGEST_CHANGE: f64 = 1.;
/// Share of a bracket at which the search of a multiplier ends.
const PRECISION: f64 = 1e-13;

/// Parameters of the update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CasMoreUpdate {
    /// Bound on the KL of the new from the old mean, nats.
    pub epsilon_mean: f64,
    /// Bound on the KL of the new from the old covariance before its size is set, nats.
    pub epsilon_covariance: f64,
    /// Share of the newest step in the evolution path, in (0, 1].
    pub path_share: f64,
    /// Choice of the surrogate's ridge.
    pub ridge: Ridge,
    /// Penalty of linear terms relative to quadratic terms, in (0, 1].
    pub linear_penalty: f64,
}

/// The decaying sum of the mean's steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvolutionPath {
    /// Sum of the steps in whitened parameters, each in units of the longest that its bound allows
    /// (parameter).
    pub sum: DVector<f64>,
    /// Length of the sum that leaves the entropy as it is.
    pub expected: f64,
}

/// Report of an update.
#[derive(Clone, Debug, PartialEq)]
pub struct CasMoreSolution {
    /// KL of the new from the old mean, nats.
    pub kl_mean: f64,
    /// KL of the new from the old covariance before its size is set, nats.
    pub kl_covariance: f64,
    /// Gain of entropy by the evolution path, nats.
    pub entropy_gain: f64,
}

impl EvolutionPath {
    /// The path before any step.
    pub fn new(parameters: usize) -> Self {
        Self { sum: DVector::zeros(parameters), expected: 0. }
    }

    /// The path after a step, given in whitened parameters and units of the longest step.
    #[must_use]
    pub fn after(&self, step: &DVector<f64>, share: f64) -> Self {
        let (keep, add) = (1. - share, (share * (2. - share)).sqrt());
        let cosine = ((1. - CORRELATION) * std::f64::consts::FRAC_PI_2).cos();
        let kept = keep * self.expected;
        let expected = (kept * kept + add * add + 2. * kept * add * cosine).sqrt();
        Self { sum: &self.sum * keep + step * add, expected }
    }

    /// Whether a path that was read back has this number of parameters and finite numbers.
    pub(super) fn is_sound(&self, parameters: usize) -> bool {
        self.sum.len() == parameters && self.sum.iter().all(|x| x.is_finite()) && self.expected.is_finite()
    }

    /// Gain of entropy that the path asks for, nats.
    pub fn entropy_gain(&self) -> f64 {
        (self.sum.norm() / self.expected - 1.).clamp(-LARGEST_CHANGE, LARGEST_CHANGE)
    }
}

impl CasMoreUpdate {
    /// Fits a surrogate to the samples and updates `law`, the parameters given the context.
    ///
    /// # Errors
    /// [`MotoError::Numerical`] if the surrogate is not finite.
    pub fn apply(
        &self,
        law: &LinearGaussian,
        path: &EvolutionPath,
        samples: &Samples,
    ) -> Result<(LinearGaussian, EvolutionPath, CasMoreSolution), MotoError> {
        let whitening = Whitening::new(law)?;
        let white = whitening.white(samples);
        let surrogate = surrogate(&samples.contexts, &white, samples, self.ridge, self.linear_penalty);
        self.improved(law, path, &surrogate, &moments(samples))
    }

    /// The update of `law` for a given surrogate over (context, whitened parameters): the old law,
    /// given the context, is the standard normal there, by the Cholesky factor of its covariance.
    ///
    /// # Errors
    /// [`MotoError::Numerical`] if the surrogate is not finite.
    pub fn improved(
        &self,
        law: &LinearGaussian,
        path: &EvolutionPath,
        surrogate: &Quadratic,
        contexts: &StateDistribution,
    ) -> Result<(LinearGaussian, EvolutionPath, CasMoreSolution), MotoError> {
        let whitening = Whitening::new(law)?;
        let (step, mut solution) = self.step(surrogate, contexts)?;
        let moved = &whitening.factor * (&step.gain * &contexts.mean + &step.bias);
        let new_path = path.after(&(whitening.inverse_root * moved / (2. * self.epsilon_mean).sqrt()), self.path_share);
        solution.entropy_gain = new_path.entropy_gain();
        let size = (2. * solution.entropy_gain / law.bias.len() as f64).exp();
        let covariance = &whitening.factor * step.covariance * whitening.factor.transpose() * size;
        let updated = LinearGaussian {
            gain: &law.gain + &whitening.factor * step.gain,
            bias: &law.bias + &whitening.factor * step.bias,
            covariance: (&covariance + covariance.transpose()) * 0.5,
        };
        Ok((updated, new_path, solution))
    }

    /// The best mean and the best covariance for a surrogate over (context, whitened parameters),
    /// in which the old law is the standard normal. The covariance has not got its size yet.
    ///
    /// # Errors
    /// [`MotoError::Numerical`] if the surrogate is not finite.
    pub fn step(
        &self,
        surrogate: &Quadratic,
        contexts: &StateDistribution,
    ) -> Result<(LinearGaussian, CasMoreSolution), MotoError> {
        if !surrogate.is_finite() {
            return Err(MotoError::Numerical { quantity: "surrogate", step: 0 });
        }
        let blocks = QBlocks::new(surrogate, contexts.mean.len());
        let SymmetricEigen { eigenvectors: axes, eigenvalues: curvature } =
            SymmetricEigen::new((&blocks.action + blocks.action.transpose()) * 0.5);
        let (slope, offset) = (axes.transpose() * blocks.cross, axes.transpose() * blocks.action_gradient);
        let average = &slope * &contexts.mean + &offset;
        let spread = &slope * &contexts.covariance * slope.transpose();
        let power = DVector::from_fn(average.len(), |j, _| average[j] * average[j] + spread[(j, j)]);
        let kl_mean = |multiplier: f64| {
            0.5 * power.iter().zip(&curvature).map(|(power, c)| power / (multiplier - c).powi(2)).sum::<f64>()
        };
        // A share of 1 / (1 - c / nu) of the variance along each axis.
        let kl_covariance = |multiplier: f64| {
            let shares = curvature.iter().map(|c| multiplier / (multiplier - c));
            0.5 * shares.map(|share| share - 1. - share.ln()).sum::<f64>()
        };
        let base = curvature.max().max(0.);
        let scale = curvature.amax().max(power.max().sqrt());
        if scale == 0. {
            let law = LinearGaussian {
                gain: DMatrix::zeros(average.len(), contexts.mean.len()),
                bias: DVector::zeros(average.len()),
                covariance: DMatrix::identity(average.len(), average.len()),
            };
            return Ok((law, CasMoreSolution { kl_mean: 0., kl_covariance: 0., entropy_gain: 0. }));
        }
        let least = base + 1e-10 * scale;
        let lambda = smallest(kl_mean, self.epsilon_mean, least, scale);
        let nu = smallest(kl_covariance, self.epsilon_covariance, least, scale);
        let to_mean = &axes * DMatrix::from_diagonal(&curvature.map(|c| 1. / (lambda - c)));
        let variances = DMatrix::from_diagonal(&curvature.map(|c| nu / (nu - c)));
        let law = LinearGaussian {
            gain: &to_mean * slope,
            bias: to_mean * offset,
            covariance: &axes * variances * axes.transpose(),
        };
        let solution = CasMoreSolution { kl_mean: kl_mean(lambda), kl_covariance: kl_covariance(nu), entropy_gain: 0. };
        Ok((law, solution))
    }
}

/// Mean and covariance of the samples' contexts.
fn moments(samples: &Samples) -> StateDistribution {
    let mean = &samples.contexts * DVector::from_row_slice(&samples.weights);
    let mut covariance = DMatrix::zeros(mean.len(), mean.len());
    for (context, weight) in samples.contexts.column_iter().zip(&samples.weights) {
        let centred = context - &mean;
        covariance += &centred * centred.transpose() * *weight;
    }
    StateDistribution { mean, covariance }
}

/// The smallest multiplier from `least` on that keeps a non-increasing KL within `bound`, from the
/// feasible side.
fn smallest(kl: impl Fn(f64) -> f64, bound: f64, least: f64, scale: f64) -> f64 {
    if kl(least) <= bound {
        return least;
    }
    let (mut low, mut high) = (least, least + scale);
    while kl(high) > bound {
        (low, high) = (high, least + 2. * (high - least));
    }
    while high - low > PRECISION * high {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if kl(middle) > bound { low = middle } else { high = middle }
    }
    high
}
