//! The units that a policy draws in: the exploration of the first policy, around its mean.
//!
//! An action of the first policy is `K_t s + k_t + C_t u` with u standard normal, C_t the Cholesky
//! factor of its covariance. The learner's policy is a distribution of u given state and step.

use super::{Gaussian, Mean, Samples};
use crate::Batch;
use crate::policy::{InputScales, LinearGaussian, NeuralDraw, NeuralPolicy, Policy, PolicyError, StoredLaw};
use nalgebra::{DMatrix, DVector};

/// The first policy and its Cholesky factors.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    base: Policy,
    /// Lower factors C_t (horizon of action x action).
    factors: Vec<DMatrix<f64>>,
}

impl Frame {
    /// The frame of a first policy.
    ///
    /// # Errors
    /// A policy that cannot be used.
    pub fn new(base: Policy) -> Result<Self, PolicyError> {
        base.validate()?;
        let factor = |(step, law): (usize, &LinearGaussian)| {
            Ok(law.covariance.clone().cholesky().ok_or(PolicyError::NotPositiveDefinite { step })?.unpack())
        };
        let factors = base.steps.iter().enumerate().map(factor).collect::<Result<_, PolicyError>>()?;
        Ok(Self { base, factors })
    }

    /// The first policy.
    pub fn base(&self) -> &Policy {
        &self.base
    }

    /// Log determinant of C_t, mean over the steps.
    pub fn log_determinant(&self) -> f64 {
        let steps = self.factors.iter().map(|factor| factor.diagonal().iter().map(|x| x.ln()).sum::<f64>());
        steps.sum::<f64>() / self.factors.len() as f64
    }

    /// What a policy saw and drew in a batch, rollout by rollout.
    pub fn samples(&self, batch: &Batch, inputs: impl Fn(usize, &[f64]) -> Vec<f64>) -> Samples {
        let (horizon, rollouts) = (self.base.horizon(), batch.rollouts());
        let (mut steps, mut seen, mut drawn) = (Vec::new(), Vec::new(), Vec::new());
        for rollout in 0..rollouts {
            for (t, (law, factor)) in self.base.steps.iter().zip(&self.factors).enumerate() {
                let state = batch.states[t].column(rollout);
                let mut u = batch.actions[t].column(rollout) - &law.gain * state - &law.bias;
                // A Cholesky factor has a positive diagonal, so the system has a solution.
                factor.solve_lower_triangular_mut(&mut u);
                steps.push(t);
                seen.extend(inputs(t, crate::batch::column(&batch.states[t], rollout)));
                drawn.extend(u.iter());
            }
        }
        let columns =
            |values: Vec<f64>| DMatrix::from_vec(values.len() / (horizon * rollouts), horizon * rollouts, values);
        Samples { steps, inputs: columns(seen), drawn: columns(drawn) }
    }

    /// The law of a policy with these parameters. `scales` are the inputs' scales of a network.
    pub fn law(&self, policy: &Gaussian, parameters: &[f64], scales: &InputScales, state_scales: &[f64]) -> StoredLaw {
        let own = policy.mean.parameters();
        match &policy.mean {
            Mean::Neural(layers) => StoredLaw::Neural(NeuralPolicy {
                base: self.base.clone(),
                draw: NeuralDraw {
                    scales: scales.clone(),
                    layers: *layers,
                    weights: parameters[..own].to_vec(),
                    log_deviation: parameters[own..].to_vec(),
                },
            }),
            Mean::Linear { inputs, outputs, .. } => {
                let step = |(t, (law, factor)): (usize, (&LinearGaussian, &DMatrix<f64>))| {
                    let block = DMatrix::from_row_slice(*outputs, inputs + 1, policy.mean.block(parameters, t));
                    let mut gain = block.columns(0, *inputs).into_owned();
                    gain.column_iter_mut().zip(state_scales).for_each(|(mut column, scale)| column /= *scale);
                    let first = policy.log_deviations(t);
                    let deviations =
                        DVector::from_iterator(*outputs, (0..*outputs).map(|j| parameters[first + j].exp()));
                    let spread = factor * DMatrix::from_diagonal(&deviations);
                    LinearGaussian {
                        gain: &law.gain + factor * gain,
                        bias: &law.bias + factor * block.column(*inputs),
                        covariance: &spread * spread.transpose(),
                    }
                };
                let steps = self.base.steps.iter().zip(&self.factors).enumerate().map(step).collect();
                StoredLaw::Policy(Policy { steps })
            }
        }
    }
}
