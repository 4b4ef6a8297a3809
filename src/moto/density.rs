//! Densities of state and action at a step, for many transitions at once.

use super::{MotoError, StateDistribution};
use crate::policy::LinearGaussian;
use nalgebra::DMatrix;

/// Transitions evaluated side by side.
pub(super) const LANES: usize = 32;
pub(super) type Lanes = [f64; LANES];

/// The joint Gaussian `rho_t(s) pi_t(a|s)`, whitened.
pub(super) struct Density {
    /// (state + action).
    mean: Vec<f64>,
    /// Rows of the inverse Cholesky factor's lower triangle, one after the other.
    whitening: Vec<f64>,
    log_normaliser: f64,
}

impl Density {
    pub fn new(states: &StateDistribution, law: &LinearGaussian, step: usize) -> Result<Self, MotoError> {
        let (action_dim, state_dim) = law.gain.shape();
        let inverse = |matrix: &DMatrix<f64>, quantity| {
            let factor = matrix.clone().cholesky().ok_or(MotoError::Numerical { quantity, step })?.unpack();
            let identity = DMatrix::identity(factor.nrows(), factor.nrows());
            factor.solve_lower_triangular(&identity).ok_or(MotoError::Numerical { quantity, step })
        };
        let state = inverse(&states.covariance, "state covariance's factor")?;
        let action = inverse(&law.covariance, "covariance's factor")?;
        let feedback = -&action * &law.gain;
        let expected = &law.gain * &states.mean + &law.bias;
        let mut whitening = Vec::new();
        for i in 0..state_dim {
            whitening.extend(state.row(i).iter().take(i + 1));
        }
        for i in 0..action_dim {
            whitening.extend(feedback.row(i).iter());
            whitening.extend(action.row(i).iter().take(i + 1));
        }
        let diagonals = state.diagonal().iter().chain(action.diagonal().iter()).map(|x| x.ln()).sum::<f64>();
        let dim = (state_dim + action_dim) as f64;
        Ok(Self {
            mean: states.mean.iter().chain(expected.iter()).copied().collect(),
            whitening,
            log_normaliser: diagonals - 0.5 * dim * (2.0 * std::f64::consts::PI).ln(),
        })
    }

    /// Log density of the transitions in `points` (dim x lane); `centred` is scratch of the same size.
    #[inline(always)]
    pub fn log(&self, points: &[Lanes], centred: &mut [Lanes]) -> Lanes {
        for ((c, p), m) in centred.iter_mut().zip(points).zip(&self.mean) {
            for l in 0..LANES {
                c[l] = p[l] - m;
            }
        }
        let mut distance = [0.0; LANES];
        let mut start = 0;
        for i in 0..points.len() {
            let row = &self.whitening[start..=start + i];
            start += i + 1;
            let mut sum = [0.0; LANES];
            for (c, coefficient) in centred.iter().zip(row) {
                for l in 0..LANES {
                    sum[l] = c[l].mul_add(*coefficient, sum[l]);
                }
            }
            for l in 0..LANES {
                distance[l] = sum[l].mul_add(sum[l], distance[l]);
            }
        }
        std::array::from_fn(|l| (-0.5f64).mul_add(distance[l], self.log_normaliser))
    }
}

/// `log sum exp` over the terms, lane by lane.
#[inline(always)]
pub(super) fn log_sum_exp(terms: &[Lanes]) -> Lanes {
    // Beyond this distance from the largest term another one does not change the sum's last digit.
    const NEGLIGIBLE: f64 = -42.0;
    let mut largest = [f64::NEG_INFINITY; LANES];
    for term in terms {
        for l in 0..LANES {
            largest[l] = largest[l].max(term[l]);
        }
    }
    let mut sum = [0.0; LANES];
    for term in terms {
        for l in 0..LANES {
            let below = term[l] - largest[l];
            if below > NEGLIGIBLE {
                sum[l] += below.exp();
            }
        }
    }
    std::array::from_fn(|l| largest[l] + sum[l].ln())
}
