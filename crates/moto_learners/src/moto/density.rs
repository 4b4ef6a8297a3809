//! Densities of state and action at a step, for many transitions at once.

use super::{MotoError, StateDistribution};
use crate::policy::LinearGaussian;
use crate::quadratic::columns::{LANES, Lanes, registers, registers_mut};
use nalgebra::DMatrix;
use pulp::Simd;

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

    /// Log density of the transitions in `points` (dim x lane); `centred` is scratch of the same
    /// size.
    #[inline(always)]
    pub fn log<S: Simd>(&self, simd: S, points: &[Lanes], centred: &mut [Lanes], log: &mut Lanes) {
        for ((c, p), m) in centred.iter_mut().zip(points).zip(&self.mean) {
            let m = simd.splat_f64s(*m);
            for (c, p) in registers_mut::<S>(c).iter_mut().zip(registers::<S>(p)) {
                for (c, p) in c.iter_mut().zip(p) {
                    *c = simd.sub_f64s(*p, m);
                }
            }
        }
        let half = simd.splat_f64s(-0.5);
        for (group, log) in registers_mut::<S>(log).iter_mut().enumerate() {
            let mut distance = [simd.splat_f64s(0.0); 4];
            let mut start = 0;
            for i in 0..points.len() {
                let row = &self.whitening[start..=start + i];
                start += i + 1;
                let mut sum = [simd.splat_f64s(0.0); 4];
                for (c, coefficient) in centred.iter().zip(row) {
                    let coefficient = simd.splat_f64s(*coefficient);
                    for (sum, c) in sum.iter_mut().zip(&registers::<S>(c)[group]) {
                        *sum = simd.mul_add_e_f64s(*c, coefficient, *sum);
                    }
                }
                for (distance, sum) in distance.iter_mut().zip(&sum) {
                    *distance = simd.mul_add_e_f64s(*sum, *sum, *distance);
                }
            }
            let normaliser = simd.splat_f64s(self.log_normaliser);
            for (log, distance) in log.iter_mut().zip(&distance) {
                *log = simd.mul_add_e_f64s(*distance, half, normaliser);
            }
        }
    }
}

/// `log sum exp` over the terms, lane by lane.
#[inline(always)]
pub(super) fn log_sum_exp<S: Simd>(simd: S, terms: &[Lanes]) -> Lanes {
    // A term further than this below the largest term does not change the sum's last digit.
    const NEGLIGIBLE: f64 = -42.0;
    let mut largest = [f64::NEG_INFINITY; LANES];
    for term in terms {
        for (largest, term) in registers_mut::<S>(&mut largest).iter_mut().zip(registers::<S>(term)) {
            for (largest, term) in largest.iter_mut().zip(term) {
                *largest = simd.max_f64s(*largest, *term);
            }
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
    for (sum, largest) in sum.iter_mut().zip(&largest) {
        *sum = largest + sum.ln();
    }
    sum
}
