//! Relative entropy policy search over the parameters of an episode (Peters, Muelling and Altun
//! 2010; Deisenroth, Neumann and Peters 2013, section 2.4.3) and its contextual form (Kupcsik,
//! Deisenroth, Peters and Neumann 2013).
//!
//! Samples drawn from q are weighted by p ~ q exp((R - v'phi) / eta). This p has the largest mean
//! return among the distributions with `KL(p || q) <= epsilon` and the mean context features of the
//! samples. A linear-Gaussian distribution of the parameters is then fitted to the weighted samples
//! by maximum likelihood. Eta and v minimise the convex dual
//! `g(eta, v) = eta epsilon + v'E_q[phi] + eta log E_q[exp((R - v'phi) / eta)]`. Without context
//! there is no v.

use super::samples::{Samples, effective};
use crate::policy::LinearGaussian;
use nalgebra::{Cholesky, DMatrix, DVector};

/// The dual of a set of samples.
#[derive(Clone, Debug)]
pub struct RepsDual<'a> {
    returns: &'a [f64],
    /// Old weights, which sum to one (sample).
    prior: &'a [f64],
    /// Context features, less their mean over the samples (feature x sample).
    features: DMatrix<f64>,
    epsilon: f64,
}

/// The minimum of the dual and its weights.
#[derive(Clone, Debug, PartialEq)]
pub struct RepsSolution {
    /// Multiplier of the KL bound, above 0.
    pub eta: f64,
    /// Multipliers of the features' means (feature).
    pub v: DVector<f64>,
    /// New weights, which sum to one (sample).
    pub weights: Vec<f64>,
    /// KL of the new from the old weights, nats.
    pub kl: f64,
}

/// Largest number of Newton steps for v at a given eta; a dozen are enough.
const NEWTON_STEPS: usize = 100;
/// Smallest eta of the search, as a share of the spread of the returns.
const LEAST_ETA: f64 = 1e-6;

impl<'a> RepsDual<'a> {
    /// The dual for returns and the old weights of their samples, which sum to one. `features` are
    /// context features (feature x sample, without a constant one; zero rows without context).
    /// `epsilon` bounds the KL, in nats.
    pub fn new(returns: &'a [f64], prior: &'a [f64], mut features: DMatrix<f64>, epsilon: f64) -> Self {
        let mean = &features * DVector::from_column_slice(prior);
        features.column_iter_mut().for_each(|mut column| column -= &mean);
        Self { returns, prior, features, epsilon }
    }

    /// Weights (sample), `log E_q[exp(advantage / eta)]`, and each sample's advantage over eta.
    fn weigh(&self, eta: f64, v: &DVector<f64>) -> (Vec<f64>, f64, Vec<f64>) {
        let baseline = self.features.tr_mul(v);
        let scaled: Vec<f64> = self.returns.iter().zip(&baseline).map(|(r, b)| (r - b) / eta).collect();
        let largest = scaled.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut weights: Vec<f64> = scaled.iter().zip(self.prior).map(|(z, q)| q * (z - largest).exp()).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
        (weights, largest + sum.ln(), scaled)
    }

    /// Value and gradient, in eta and in v (feature), for eta above 0. The mean of the features is
    /// zero here.
    pub fn value(&self, eta: f64, v: &DVector<f64>) -> (f64, f64, DVector<f64>) {
        let (weights, log_mean, scaled) = self.weigh(eta, v);
        let mean: f64 = weights.iter().zip(&scaled).map(|(w, z)| w * z).sum();
        let gradient = -(&self.features * DVector::from_vec(weights));
        (eta * (self.epsilon + log_mean), self.epsilon + log_mean - mean, gradient)
    }

    /// The best v for an eta, from a nearby start, by Newton's method with step halving on a convex
    /// function.
    fn match_features(&self, eta: f64, mut v: DVector<f64>) -> DVector<f64> {
        if v.is_empty() {
            return v;
        }
        for _ in 0..NEWTON_STEPS {
            let (weights, log_mean, _) = self.weigh(eta, &v);
            let weights = DVector::from_vec(weights);
            let mean = &self.features * &weights;
            let mut curvature = weighted(&self.features, &weights) * self.features.transpose();
            curvature -= &mean * mean.transpose();
            let least = 1e-10 * curvature.trace().max(f64::MIN_POSITIVE);
            (0..v.len()).for_each(|i| curvature[(i, i)] += least);
            let Some(factor) = Cholesky::new(curvature) else { return v };
            let step = factor.solve(&mean) * eta;
            // The decrease that a full step predicts, in the unit of the logarithm.
            let promise = mean.dot(&step) / eta;
            if promise < 1e-14 {
                return v;
            }
            let mut share = 1.;
            loop {
                let candidate = &v + &step * share;
                if self.weigh(eta, &candidate).1 <= log_mean - 0.1 * share * promise {
                    v = candidate;
                    break;
                }
                share *= 0.5;
                if share < 1e-6 {
                    return v;
                }
            }
        }
        v
    }

    fn at(&self, eta: f64, v: DVector<f64>) -> RepsSolution {
        let v = self.match_features(eta, v);
        let (weights, log_mean, scaled) = self.weigh(eta, &v);
        let mean: f64 = weights.iter().zip(&scaled).map(|(w, z)| w * z).sum();
        RepsSolution { eta, v, weights, kl: (mean - log_mean).max(0.) }
    }

    /// The minimum, on the feasible side, by bisection. The dual at the best v is convex in eta,
    /// and its slope is epsilon minus the KL, so the KL does not increase with eta.
    pub fn solve(&self) -> RepsSolution {
        let (low, high) =
            self.returns.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), r| (l.min(*r), h.max(*r)));
        let spread = high - low;
        let none = DVector::zeros(self.features.nrows());
        if spread.is_nan() || spread <= 0. {
            let v = none;
            return RepsSolution { eta: 1., v, weights: self.prior.to_vec(), kl: 0. };
        }
        let mut feasible = self.at(spread, none);
        while feasible.kl > self.epsilon {
            feasible = self.at(2. * feasible.eta, feasible.v);
        }
        let mut infeasible = 0.;
        while feasible.eta > LEAST_ETA * spread && feasible.eta - infeasible > 1e-10 * feasible.eta {
            // Eta is halved until there is a bracket.
            let middle = 0.5 * (infeasible + feasible.eta);
            if middle <= infeasible || middle >= feasible.eta {
                break; // Nothing lies between neighbouring numbers, as subnormal ones soon are.
            }
            let candidate = self.at(middle, feasible.v.clone());
            if candidate.kl > self.epsilon { infeasible = middle } else { feasible = candidate }
        }
        feasible
    }
}

/// Parameters of the fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RepsUpdate {
    /// Bound on the KL of the weights, nats.
    pub epsilon: f64,
    /// Whether the context features include the squares and products of the context.
    pub quadratic_features: bool,
    /// Share of the old covariance in the new covariance, in [0, 1). It keeps the new covariance
    /// from collapsing onto few samples.
    pub inertia: f64,
}

impl RepsUpdate {
    /// Solves the dual for the samples and fits `law` (parameter x context) to them.
    ///
    /// The mean is the weighted ridge regression on the context (ridge 1e-6 of its variance). The
    /// covariance is that of the residuals with the unbiased normaliser `1 - sum p^2`. `None` if
    /// the covariance is not positive definite, because there are too few samples.
    pub fn apply(&self, law: &LinearGaussian, samples: &Samples) -> (Option<LinearGaussian>, RepsSolution) {
        let features = self.features(&samples.contexts, &samples.weights);
        let solution = RepsDual::new(&samples.returns, &samples.weights, features, self.epsilon).solve();
        (self.fit(law, samples, &solution.weights), solution)
    }

    /// Standardised features of contexts (feature x sample).
    fn features(&self, contexts: &DMatrix<f64>, weights: &[f64]) -> DMatrix<f64> {
        let mut features = standardised(contexts, weights);
        if self.quadratic_features {
            let linear = features.nrows();
            let pairs = (0..linear).flat_map(|i| (i..linear).map(move |j| (i, j)));
            let products: Vec<_> = pairs.map(|(i, j)| features.row(i).component_mul(&features.row(j))).collect();
            for product in products {
                let row = features.nrows();
                features = features.insert_row(row, 0.);
                features.row_mut(row).copy_from(&product);
            }
            features = standardised(&features, weights);
        }
        features
    }

    fn fit(&self, law: &LinearGaussian, samples: &Samples, weights: &[f64]) -> Option<LinearGaussian> {
        let Samples { contexts, parameters, .. } = samples;
        let p = DVector::from_column_slice(weights);
        let (context_mean, mean) = (contexts * &p, parameters * &p);
        let centred = |values: &DMatrix<f64>, mean: &DVector<f64>| {
            let mut centred = values.clone();
            centred.column_iter_mut().for_each(|mut column| column -= mean);
            centred
        };
        let (c, theta) = (centred(contexts, &context_mean), centred(parameters, &mean));
        let weighted_context = weighted(&c, &p);
        let mut scatter = &weighted_context * c.transpose();
        for i in 0..scatter.nrows() {
            scatter[(i, i)] = scatter[(i, i)] * (1. + 1e-6) + f64::MIN_POSITIVE;
        }
        let gain = if c.nrows() == 0 {
            DMatrix::zeros(mean.len(), 0)
        } else {
            Cholesky::new(scatter)?.solve(&(weighted_context * theta.transpose())).transpose()
        };
        let residual = &theta - &gain * &c;
        let normaliser = 1. - weights.iter().map(|w| w * w).sum::<f64>();
        let likely = weighted(&residual, &p) * residual.transpose() / normaliser;
        let covariance = &law.covariance * self.inertia + (&likely + likely.transpose()) * (0.5 * (1. - self.inertia));
        let bias = mean - &gain * context_mean;
        covariance.clone().cholesky()?;
        Some(LinearGaussian { gain, bias, covariance })
    }
}

/// Columns multiplied by their weights.
fn weighted(values: &DMatrix<f64>, weights: &DVector<f64>) -> DMatrix<f64> {
    let mut values = values.clone();
    values.column_iter_mut().zip(weights).for_each(|(mut column, weight)| column *= *weight);
    values
}

/// Standardised rows: minus the weighted mean, over the weighted deviation. Rows that do not vary
/// are zero.
fn standardised(values: &DMatrix<f64>, weights: &[f64]) -> DMatrix<f64> {
    let mut values = values.clone();
    for mut row in values.row_iter_mut() {
        let mean: f64 = row.iter().zip(weights).map(|(x, w)| x * w).sum();
        row.add_scalar_mut(-mean);
        let deviation = row.iter().zip(weights).map(|(x, w)| w * x * x).sum::<f64>().sqrt();
        if deviation > 1e-12 * (1. + mean.abs()) { row /= deviation } else { row.fill(0.) }
    }
    values
}

impl RepsSolution {
    /// Effective sample size after the update.
    pub fn effective_samples(&self) -> f64 {
        effective(&self.weights)
    }
}
