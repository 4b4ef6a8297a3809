//! The fit of linear-Gaussian dynamics to a step's transitions.

use super::NormalInverseWishart;
use crate::planning::LinearDynamics;
use nalgebra::DMatrix;

impl LinearDynamics {
    /// The maximum a posteriori fit of the Gaussian of (s, a, s'), conditioned on (s, a) (Levine
    /// and Abbeel 2014, section 4.1). `transitions` is (state + action + state) x rollouts. `None`
    /// if the covariance of (s, a) is not positive definite or a value is not finite.
    pub fn fit(transitions: &DMatrix<f64>, state_dim: usize, prior: &NormalInverseWishart) -> Option<Self> {
        let (mean, covariance) = prior.posterior(transitions);
        let inputs = mean.len() - state_dim;
        let cross = covariance.view((0, inputs), (inputs, state_dim)).into_owned();
        let map = covariance.view((0, 0), (inputs, inputs)).into_owned().cholesky()?.solve(&cross).transpose();
        let offset = mean.rows(inputs, state_dim) - &map * mean.rows(0, inputs);
        let residual = covariance.view((inputs, inputs), (state_dim, state_dim)) - &map * cross;
        let covariance = (&residual + residual.transpose()) * 0.5;
        let finite = map.iter().chain(offset.iter()).chain(covariance.iter()).all(|x| x.is_finite());
        finite.then_some(Self { map, offset, covariance })
    }
}
