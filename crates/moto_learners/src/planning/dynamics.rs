//! Linear-Gaussian dynamics of one step, `s' = state s + action a + offset + noise`.

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
