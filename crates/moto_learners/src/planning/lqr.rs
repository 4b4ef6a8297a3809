//! The maximum-entropy LQR backward pass (Levine and Abbeel 2014, section 3).

use super::model::Model;
use crate::policy::{LinearGaussian, Policy};
use crate::quadratic::{Quadratic, backup};
use nalgebra::{DMatrix, DVector};

/// `log law(a | s)` without its constant, a quadratic over (s, a); `None` if the covariance is not
/// positive definite.
pub fn log_density(law: &LinearGaussian) -> Option<Quadratic> {
    let (action_dim, state_dim) = law.gain.shape();
    // The residual a - K s - k as a linear map of (s, a).
    let mut residual = DMatrix::zeros(action_dim, state_dim + action_dim);
    residual.columns_mut(0, state_dim).copy_from(&-&law.gain);
    residual.columns_mut(state_dim, action_dim).fill_with_identity();
    let precise = law.covariance.clone().cholesky()?.solve(&residual);
    let hessian = -residual.transpose() * &precise;
    Some(Quadratic { hessian, gradient: precise.transpose() * &law.bias, constant: 0.0 })
}

/// The policy that maximises the expected `reward / eta + log old(a|s)` plus its own entropy under
/// `model`. With `Q = reward / eta + log old + V(s')` its laws are `exp Q`, normalised: the gain is
/// `-Qaa^-1 Qas`, the bias `-Qaa^-1 qa` and the covariance `-Qaa^-1`. `None` if `-Qaa` is not
/// positive definite, because eta is too small.
///
/// `densities` are the log densities of the old laws. With `evaluated`, V is the expected
/// `reward / eta` under the old laws instead.
pub fn backward(model: &Model, densities: &[Quadratic], evaluated: Option<&Policy>, eta: f64) -> Option<Policy> {
    let state_dim = model.last.gradient.len();
    let mut hessian = &model.last.hessian / eta;
    let mut gradient = &model.last.gradient / eta;
    let mut steps = Vec::with_capacity(densities.len());
    for (t, ((dynamics, reward), old)) in model.dynamics.iter().zip(&model.rewards).zip(densities).enumerate().rev() {
        let curved = &hessian * &dynamics.map;
        let mut q = &reward.hessian / eta + &old.hessian;
        q.gemm_tr(1.0, &dynamics.map, &curved, 1.0);
        let slope = gradient + hessian * &dynamics.offset;
        let linear = &reward.gradient / eta + &old.gradient + dynamics.map.tr_mul(&slope);

        let action_dim = linear.len() - state_dim;
        let negated = q.view((state_dim, state_dim), (action_dim, action_dim)) * -0.5;
        let factor = (&negated + negated.transpose()).cholesky()?;
        let cross = q.view((state_dim, 0), (action_dim, state_dim)).into_owned();
        let gain = factor.solve(&cross);
        let bias: DVector<f64> = factor.solve(&linear.rows(state_dim, action_dim));
        let inverse = factor.inverse();
        let covariance = (&inverse + inverse.transpose()) * 0.5;

        if let Some(policy) = evaluated {
            let reward = Quadratic { hessian: q - &old.hessian, gradient: linear - &old.gradient, constant: 0.0 };
            let value = backup(&reward, &policy.steps[t]);
            (hessian, gradient) = (value.hessian, value.gradient);
        } else {
            let state = q.view((0, 0), (state_dim, state_dim)) + cross.tr_mul(&gain);
            hessian = (&state + state.transpose()) * 0.5;
            gradient = linear.rows(0, state_dim) + cross.tr_mul(&bias);
        }
        let finite = hessian.iter().chain(gradient.iter()).chain(covariance.iter()).all(|x| x.is_finite());
        if !finite {
            return None;
        }
        steps.push(LinearGaussian { gain, bias, covariance });
    }
    steps.reverse();
    Some(Policy { steps })
}
