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
}
