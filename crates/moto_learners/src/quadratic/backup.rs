//! Policy evaluation: the value of a state from the Q-function, under the policy that is being
//! improved.

use super::Quadratic;
use crate::policy::LinearGaussian;
use nalgebra::{DMatrix, DVector};

/// The blocks of a Q-function over (state, action).
pub struct QBlocks {
    /// Action curvature (action x action).
    pub action: DMatrix<f64>,
    /// Cross term (action x state).
    pub cross: DMatrix<f64>,
    /// State curvature (state x state).
    pub state: DMatrix<f64>,
    /// Action gradient (action).
    pub action_gradient: DVector<f64>,
    /// State gradient (state).
    pub state_gradient: DVector<f64>,
}

impl QBlocks {
    /// Splits a quadratic over (state, action) into its blocks.
    pub fn new(q: &Quadratic, state_dim: usize) -> Self {
        let action_dim = q.gradient.len() - state_dim;
        let block = |r, c, rows, columns| q.hessian.view((r, c), (rows, columns)).into_owned();
        Self {
            action: block(state_dim, state_dim, action_dim, action_dim),
            cross: block(state_dim, 0, action_dim, state_dim),
            state: block(0, 0, state_dim, state_dim),
            action_gradient: q.gradient.rows(state_dim, action_dim).into_owned(),
            state_gradient: q.gradient.rows(0, state_dim).into_owned(),
        }
    }
}

/// `V(s) = E_a Q(s, a)` under `law` (Akrour et al. 2018, section 3.2), as a quadratic over the
/// state.
pub fn backup(q: &Quadratic, law: &LinearGaussian) -> Quadratic {
    let state_dim = law.gain.ncols();
    let blocks = QBlocks::new(q, state_dim);
    let (gain, bias) = (&law.gain, &law.bias);
    let feedback = blocks.cross.transpose() * gain;
    let hessian = &blocks.state + gain.transpose() * &blocks.action * gain + &feedback + feedback.transpose();
    let slope = &blocks.action * bias + &blocks.action_gradient;
    let gradient = &blocks.state_gradient + gain.transpose() * &slope + blocks.cross.transpose() * bias;
    let constant = q.constant
        + 0.5 * bias.dot(&(&blocks.action * bias))
        + bias.dot(&blocks.action_gradient)
        + 0.5 * blocks.action.component_mul(&law.covariance).sum();
    let transposed = hessian.transpose();
    Quadratic { hessian: (hessian + transposed) * 0.5, gradient, constant }
}
