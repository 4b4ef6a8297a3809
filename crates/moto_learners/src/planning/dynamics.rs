//! Linear-Gaussian dynamics of one step, `s' = state s + action a + offset + noise`.

use crate::policy::LinearGaussian;
use crate::quadratic::StateDistribution;
use nalgebra::{DMatrix, DVector};

/// Linear-Gaussian dynamics of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearDynamics {
    /// A and B side by side (state x (state + action)).
    pub map: DMatrix<f64>,
    /// c (state).
    pub offset: DVector<f64>,
    /// Covariance of the next state given state and action (state x state), positive semi-definite.
    pub covariance: DMatrix<f64>,
}

impl LinearDynamics {
    /// The distribution of the next state under a law.
    pub(crate) fn carry(&self, states: &StateDistribution, law: &LinearGaussian) -> StateDistribution {
        let StateDistribution { mean, covariance } = states;
        let (a, b) = (self.map.columns(0, mean.len()), self.map.columns(mean.len(), law.bias.len()));
        let closed = a + b * &law.gain;
        let next = &closed * covariance * closed.transpose() + b * &law.covariance * b.transpose() + &self.covariance;
        let mean = &closed * mean + b * &law.bias + &self.offset;
        StateDistribution { mean, covariance: (&next + next.transpose()) * 0.5 }
    }
}
