//! Gaussian fits of the state at each step under the policy that is being improved.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// A Gaussian over states.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StateDistribution {
    /// (state).
    pub mean: DVector<f64>,
    /// (state x state), positive definite.
    #[serde(deserialize_with = "crate::policy::matrices::matrix")]
    pub covariance: DMatrix<f64>,
}

impl StateDistribution {
    /// Maximum-likelihood Gaussian of weighted samples plus a diagonal (Akrour et al. 2018, section
    /// 4.1; the diagonal is this project's).
    ///
    /// `blocks` holds samples (state x rollout), each block with the weight of its columns, in any
    /// unit. `diagonal` (state) is added to the variances.
    pub fn fit(blocks: &[(&DMatrix<f64>, f64)], diagonal: &[f64]) -> Self {
        let dim = diagonal.len();
        let total: f64 = blocks.iter().map(|(samples, weight)| weight * samples.ncols() as f64).sum();
        let mut mean = DVector::zeros(dim);
        for (samples, weight) in blocks {
            mean += samples.column_sum() * (weight / total);
        }
        let mut covariance = DMatrix::from_diagonal(&DVector::from_row_slice(diagonal));
        for (samples, weight) in blocks {
            let mut centred = (*samples).clone();
            centred.column_iter_mut().for_each(|mut column| column -= &mean);
            covariance.gemm(weight / total, &centred, &centred.transpose(), 1.0);
        }
        let transposed = covariance.transpose();
        Self { mean, covariance: (covariance + transposed) * 0.5 }
    }

    /// The distribution of a later state with the first states of all `blocks` alike (this project).
    ///
    /// A block holds first states and later states (state x rollout each) of the same rollouts, with
    /// their weight. The later state is taken as linear in the first one, `s = B c + b` plus noise, as
    /// the weighted rollouts have it; then `c` gets the mean and the covariance of all of them. With
    /// `B` shrunk toward zero, as little as a share of 1e-6 of a variance, the covariance stays
    /// positive definite and exact where first states do not vary.
    pub fn of_all_firsts(blocks: &[(&DMatrix<f64>, &DMatrix<f64>, f64)], diagonal: &[f64]) -> Option<Self> {
        let dim = diagonal.len();
        let none = vec![0.0; dim];
        let firsts: Vec<_> = blocks.iter().map(|(first, _, weight)| (*first, *weight)).collect();
        let alike: Vec<_> = blocks.iter().map(|(first, ..)| (*first, 1.0)).collect();
        let laters: Vec<_> = blocks.iter().map(|(_, later, weight)| (*later, *weight)).collect();
        let (young, all, later) = (Self::fit(&firsts, &none), Self::fit(&alike, &none), Self::fit(&laters, diagonal));
        let total: f64 = blocks.iter().map(|(first, _, weight)| weight * first.ncols() as f64).sum();
        let mut cross = DMatrix::zeros(dim, dim);
        for (first, later_states, weight) in blocks {
            let (mut first, mut later_states) = ((*first).clone(), (*later_states).clone());
            first.column_iter_mut().for_each(|mut column| column -= &young.mean);
            later_states.column_iter_mut().for_each(|mut column| column -= &later.mean);
            cross.gemm(weight / total, &later_states, &first.transpose(), 1.0);
        }
        let mut shrunk = young.covariance.clone();
        for i in 0..dim {
            shrunk[(i, i)] = shrunk[(i, i)] * (1.0 + 1e-6) + f64::MIN_POSITIVE.sqrt();
        }
        let slope = shrunk.cholesky()?.solve(&cross.transpose()).transpose();
        let explained = &slope * cross.transpose();
        let rest =
            later.covariance - &explained - explained.transpose() + &slope * young.covariance * slope.transpose();
        let covariance = rest + &slope * all.covariance * slope.transpose();
        let mean = later.mean + slope * (all.mean - young.mean);
        let transposed = covariance.transpose();
        Some(Self { mean, covariance: (covariance + transposed) * 0.5 })
    }
}
