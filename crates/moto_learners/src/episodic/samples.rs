//! Data of episodic search: the drawn parameters, the contexts and the returns.

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

/// Episodes of one iteration, by columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Episodes {
    /// Contexts (context x episode); zero rows without context.
    #[serde(deserialize_with = "crate::policy::matrices::matrix")]
    pub contexts: DMatrix<f64>,
    /// Parameters (parameter x episode).
    #[serde(deserialize_with = "crate::policy::matrices::matrix")]
    pub parameters: DMatrix<f64>,
    /// Returns (episode).
    pub returns: Vec<f64>,
}

/// Weighted episodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// Contexts (context x sample).
    pub contexts: DMatrix<f64>,
    /// Parameters (parameter x sample).
    pub parameters: DMatrix<f64>,
    /// Returns (sample).
    pub returns: Vec<f64>,
    /// Weights before the update, which sum to one (sample).
    pub weights: Vec<f64>,
}

impl Samples {
    /// Episodes of several iterations, oldest first. The weight of a sample is `decay` to the power
    /// of its age in iterations.
    pub fn new(batches: &[Episodes], decay: f64) -> Self {
        let columns = |of: fn(&Episodes) -> &DMatrix<f64>| {
            let rows = batches.first().map_or(0, |batch| of(batch).nrows());
            let all: Vec<f64> = batches.iter().flat_map(|batch| of(batch).iter().copied()).collect();
            DMatrix::from_vec(rows, batches.iter().map(|batch| of(batch).ncols()).sum(), all)
        };
        let aged = batches.iter().rev().zip(0..).map(|(batch, age)| (batch, decay.powi(age)));
        let mut weights: Vec<f64> =
            aged.collect::<Vec<_>>().into_iter().rev().flat_map(|(b, w)| vec![w; b.returns.len()]).collect();
        let total: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= total);
        Self {
            contexts: columns(|batch| &batch.contexts),
            parameters: columns(|batch| &batch.parameters),
            returns: batches.iter().flat_map(|batch| batch.returns.iter().copied()).collect(),
            weights,
        }
    }
}

/// Effective sample size, `(sum w)^2 / sum w^2`.
pub fn effective(weights: &[f64]) -> f64 {
    weights.iter().sum::<f64>().powi(2) / weights.iter().map(|w| w * w).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_episode_counts_less() {
        let batch = |value: f64| Episodes {
            contexts: DMatrix::zeros(0, 2),
            parameters: DMatrix::from_element(1, 2, value),
            returns: vec![value; 2],
        };
        let samples = Samples::new(&[batch(1.), batch(2.)], 0.5);
        assert_eq!(samples.parameters.as_slice(), [1., 1., 2., 2.]);
        assert_eq!(samples.contexts.shape(), (0, 4));
        assert_eq!(samples.returns, [1., 1., 2., 2.]);
        for (weight, expected) in samples.weights.iter().zip([1., 1., 2., 2.]) {
            assert!((weight - expected / 6.).abs() < 1e-15);
        }
        assert!((effective(&samples.weights) - 36. / 10.).abs() < 1e-12);
    }
}
