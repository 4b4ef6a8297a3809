//! Products with the Fisher matrix (Schulman et al. 2015, appendix C).

use super::{Gaussian, Samples};
use crate::policy::Activations;

/// The Fisher matrix of a policy at its parameters, over samples. It is the Hessian of the KL there, and
/// exactly the Gauss-Newton product `E[J' Sigma^-1 J v]`, with 2 on each log deviation.
pub struct Fisher<'a> {
    policy: &'a Gaussian,
    parameters: &'a [f64],
    samples: &'a Samples,
    /// The network's units at each sample, since every product needs them; empty for a linear law.
    units: Vec<Activations>,
}

impl<'a> Fisher<'a> {
    /// The matrix at `parameters`.
    pub fn new(policy: &'a Gaussian, parameters: &'a [f64], samples: &'a Samples) -> Self {
        let own = &parameters[..policy.mean.parameters()];
        let mut mean = vec![0.; policy.mean.outputs()];
        let units = samples.steps.iter().enumerate();
        let units = units.filter_map(|(i, t)| policy.mean.value(own, *t, samples.inputs_of(i), &mut mean)).collect();
        Self { policy, parameters, samples, units }
    }

    /// The matrix times a vector (parameter).
    pub fn product(&self, vector: &[f64]) -> Vec<f64> {
        let Self { policy: Gaussian { mean }, parameters, samples, units } = self;
        let own = mean.parameters();
        let (mut product, mut change) = (vec![0.; parameters.len()], vec![0.; mean.outputs()]);
        let share = 1. / samples.len() as f64;
        for (i, t) in samples.steps.iter().enumerate() {
            let (inputs, units, first) = (samples.inputs_of(i), units.get(i), self.policy.log_deviations(*t));
            mean.tangent(&parameters[..own], &vector[..own], *t, inputs, units, &mut change);
            for (j, change) in change.iter_mut().enumerate() {
                *change *= share * (-2. * parameters[first + j]).exp();
                product[first + j] += 2. * share * vector[first + j];
            }
            mean.pull_back(&parameters[..own], *t, inputs, units, &change, &mut product[..own]);
        }
        product
    }
}
