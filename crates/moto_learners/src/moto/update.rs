//! The exact policy update of one step (Akrour et al. 2018, section 3.1, equations of the dual; the
//! factored one-dimensional form is this project's).
//!
//! The update maximises `E[Q]` over linear-Gaussian laws, with bounds on the expected KL and on the
//! entropy reduction. With `Sigma = CC'` and `C' Qaa C = U diag(lambda) U'`, the solution for a
//! multiplier eta of the KL is `F = CU diag(1/(eta - lambda)) U'C'`, gain `K + FG`, bias `k + Fh`,
//! covariance `tau F`, `tau = eta + omega`.

use super::MotoError;
use super::bisection::{Falling, smallest_within};
use crate::policy::LinearGaussian;
use crate::quadratic::{QBlocks, Quadratic, StateDistribution};
use nalgebra::{DMatrix, DVector, SymmetricEigen};

/// The update of one step, factored once. Every evaluation of the KL then costs O(action).
#[derive(Clone, Debug)]
pub struct StepUpdate {
    law: LinearGaussian,
    /// Eigenvalues of Q's action curvature in whitened coordinates (action).
    curvature: DVector<f64>,
    /// Mean square over states of each component of the natural gradient (action).
    gradient_power: DVector<f64>,
    /// C U (action x action).
    frame: DMatrix<f64>,
    /// Gradient of Q in the action along the old mean: slope (action x state) and offset (action).
    slope: DMatrix<f64>,
    offset: DVector<f64>,
    /// Largest entropy reduction; infinite without the constraint.
    entropy_bound: f64,
    /// The larger of 0 and the largest curvature. Eta must be greater.
    base: f64,
    /// Scale of the problem, the unit of numerical floors; 0 if Q does not depend on the action.
    scale: f64,
}

impl StepUpdate {
    /// Factors the update of `law` by `q`, a quadratic over (state, action), with states
    /// distributed as `states`. `entropy_bound` is beta0 in nats, infinite for no constraint.
    /// `step` is the step's number in errors.
    ///
    /// # Errors
    /// [`MotoError::Numerical`] if Q is not finite or the law's covariance is not positive
    /// definite.
    pub fn new(
        law: &LinearGaussian,
        q: &Quadratic,
        states: &StateDistribution,
        entropy_bound: f64,
        step: usize,
    ) -> Result<Self, MotoError> {
        let q = QBlocks::new(q, law.gain.ncols());
        let factor = law.covariance.clone().cholesky();
        let factor = factor.ok_or(MotoError::Numerical { quantity: "covariance's factor", step })?.unpack();
        let whitened = factor.transpose() * &q.action * &factor;
        let slope = &q.cross + &q.action * &law.gain;
        let offset = &q.action_gradient + &q.action * &law.bias;
        if !whitened.iter().chain(slope.iter()).chain(offset.iter()).all(|x| x.is_finite()) {
            return Err(MotoError::Numerical { quantity: "Q-function's curvature", step });
        }
        let SymmetricEigen { eigenvectors, eigenvalues } =
            SymmetricEigen::new((&whitened + whitened.transpose()) * 0.5);
        let frame = factor * eigenvectors;
        let gradient = frame.transpose() * &slope;
        let at_mean = &gradient * &states.mean + frame.transpose() * &offset;
        let spread = &gradient * &states.covariance;
        let gradient_power = DVector::from_fn(at_mean.len(), |j, _| {
            at_mean[j] * at_mean[j] + spread.row(j).dot(&gradient.row(j)).max(0.0)
        });
        let scale = eigenvalues.amax().max(gradient_power.max().sqrt());
        if !scale.is_finite() {
            return Err(MotoError::Numerical { quantity: "Q-function's natural gradient", step });
        }
        // Below the square root of the smallest number the problem is zero to rounding, and its
        // ratios would underflow.
        let scale = if scale < f64::MIN_POSITIVE.sqrt() { 0.0 } else { scale };
        let base = eigenvalues.max().max(0.0);
        let curvature = eigenvalues;
        Ok(Self { law: law.clone(), curvature, gradient_power, frame, slope, offset, entropy_bound, base, scale })
    }

    /// `eta - lambda_j`, exact for eta close to the largest curvature.
    fn denominator(&self, eta: f64, j: usize) -> f64 {
        (eta - self.base) + (self.base - self.curvature[j])
    }

    /// `tau = eta + omega` with the best omega for this eta, in closed form.
    fn temperature(&self, eta: f64) -> f64 {
        let dim = self.curvature.len();
        let logs: f64 = (0..dim).map(|j| self.denominator(eta, j).ln()).sum();
        eta.max(((logs - 2.0 * self.entropy_bound) / dim as f64).exp())
    }

    /// Expected KL of the update at `eta`; non-increasing for eta above the largest curvature.
    pub fn kl(&self, eta: f64) -> f64 {
        if self.scale == 0.0 {
            return 0.0;
        }
        let tau = self.temperature(eta);
        let term = |j: usize| {
            let denominator = self.denominator(eta, j);
            let excess = ((tau - eta) + self.curvature[j]) / denominator;
            excess - excess.ln_1p() + self.gradient_power[j] / (denominator * denominator)
        };
        0.5 * (0..self.curvature.len()).map(term).sum::<f64>()
    }

    /// The smallest eta whose KL is at most `bound`, to the last representable digit and on the
    /// feasible side. Eta stays a relative 1e-10 away from the largest curvature (or zero). If that
    /// end is feasible, the KL constraint is inactive.
    pub fn smallest_eta(&self, bound: f64) -> f64 {
        if self.scale == 0.0 {
            return 1.0;
        }
        let mut low = self.base + 1e-10 * self.scale;
        if self.kl(low) <= bound {
            return low;
        }
        let mut high = self.base + self.scale;
        while self.kl(high) > bound {
            low = high;
            high = self.base + 2.0 * (high - self.base);
        }
        smallest_within(self, bound, low, high, |low, high| 0.5 * (low + high))
    }

    /// The updated law at `eta`, and omega, the multiplier of the entropy constraint.
    pub fn apply(&self, eta: f64) -> (LinearGaussian, f64) {
        if self.scale == 0.0 {
            return (self.law.clone(), 0.0);
        }
        let tau = self.temperature(eta);
        let mut scaled = self.frame.clone();
        for (j, mut column) in scaled.column_iter_mut().enumerate() {
            column /= self.denominator(eta, j);
        }
        let response = scaled * self.frame.transpose();
        let covariance = (&response + response.transpose()) * (0.5 * tau);
        let gain = &self.law.gain + &response * &self.slope;
        let bias = &self.law.bias + &response * &self.offset;
        (LinearGaussian { gain, bias, covariance }, tau - eta)
    }
}

impl Falling for StepUpdate {
    fn value(&self, eta: f64) -> f64 {
        self.kl(eta)
    }

    fn rounding(&self, eta: f64) -> f64 {
        // Some hundred times the last digit, and that of the denominators, which lose digits near the base.
        1e-13 * (1. + eta / (eta - self.base))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::super::bisection::tests::bisected;
    use super::*;

    /// Updates of up to four actions, their numbers of any size.
    pub fn updates() -> impl Strategy<Value = StepUpdate> {
        let number = || (-1f64..1., -4f64..4.).prop_map(|(sign, size)| sign.signum() * 10f64.powf(size));
        let entropy_bound = prop_oneof![Just(f64::INFINITY), 1e-3f64..1.];
        (prop::collection::vec((number(), number()), 1..5), entropy_bound).prop_map(|(numbers, entropy_bound)| {
            let dim = numbers.len();
            let curvature = DVector::from_fn(dim, |j, _| numbers[j].0);
            let gradient_power = DVector::from_fn(dim, |j, _| numbers[j].1.abs());
            let (zeros, base) = (DMatrix::zeros(dim, dim), curvature.max().max(0.));
            let scale = curvature.amax().max(gradient_power.max().sqrt());
            let offset = DVector::zeros(dim);
            let law = LinearGaussian { gain: zeros.clone(), bias: offset.clone(), covariance: zeros.clone() };
            let (frame, slope) = (zeros.clone(), zeros);
            StepUpdate { law, curvature, gradient_power, frame, slope, offset, entropy_bound, base, scale }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn the_smallest_eta_is_that_of_bisection_alone(update in updates(), log_bound in -3f64..2.) {
            let bound = 10f64.powf(log_bound);
            let (mut low, mut high) = (update.base + 1e-10 * update.scale, update.base + update.scale);
            let found = update.smallest_eta(bound);
            if update.kl(low) <= bound {
                prop_assert_eq!(found, low);
                return Ok(());
            }
            while update.kl(high) > bound {
                low = high;
                high = update.base + 2. * (high - update.base);
            }
            let middle = |low: f64, high: f64| 0.5 * (low + high);
            prop_assert_eq!(found, bisected(low, high, middle, |eta| update.kl(eta) > bound));
        }
    }
}
