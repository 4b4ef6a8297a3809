//! A Gaussian policy by its parameters: density, KL and gradient of the surrogate (Schulman et al. 2015,
//! section 3).

use super::Mean;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

/// `u ~ N(mean(x), diag(exp(2 l)))`. The parameters are those of the mean, followed by the log
/// deviations l by groups (output each): one for all steps, or one per step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gaussian {
    /// The mean.
    pub mean: Mean,
}

/// What a policy saw and drew.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// Step (sample).
    pub steps: Vec<usize>,
    /// Inputs (input x sample).
    pub inputs: DMatrix<f64>,
    /// Draws u (output x sample).
    pub drawn: DMatrix<f64>,
}

impl Samples {
    /// Number of samples.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Every `stride`th sample.
    #[must_use]
    pub fn every(&self, stride: usize) -> Self {
        let chosen: Vec<usize> = (0..self.len()).step_by(stride).collect();
        Self {
            steps: chosen.iter().map(|i| self.steps[*i]).collect(),
            inputs: self.inputs.select_columns(&chosen),
            drawn: self.drawn.select_columns(&chosen),
        }
    }

    pub(super) fn inputs_of(&self, sample: usize) -> &[f64] {
        crate::batch::column(&self.inputs, sample)
    }
}

impl Gaussian {
    /// Number of parameters.
    pub fn parameters(&self) -> usize {
        self.mean.parameters() + self.mean.groups() * self.mean.outputs()
    }

    /// Index of the first log deviation of step `t`.
    pub fn log_deviations(&self, t: usize) -> usize {
        let group = if self.mean.groups() == 1 { 0 } else { t };
        self.mean.parameters() + group * self.mean.outputs()
    }

    /// Means (output x sample).
    pub fn means(&self, parameters: &[f64], samples: &Samples) -> DMatrix<f64> {
        let (own, outputs) = (&parameters[..self.mean.parameters()], self.mean.outputs());
        let mut means = DMatrix::zeros(outputs, samples.len());
        for (i, t) in samples.steps.iter().enumerate() {
            self.mean.value(own, *t, samples.inputs_of(i), means.column_mut(i).as_mut_slice());
        }
        means
    }

    /// Log densities of the draws (sample), without the constant.
    pub fn log_densities(&self, parameters: &[f64], samples: &Samples) -> Vec<f64> {
        let (means, outputs) = (self.means(parameters, samples), self.mean.outputs());
        let log_density = |(i, t): (usize, &usize)| {
            let first = self.log_deviations(*t);
            let terms = (0..outputs).map(|j| {
                let log_deviation = parameters[first + j];
                let z = (samples.drawn[(j, i)] - means[(j, i)]) / log_deviation.exp();
                -0.5 * z * z - log_deviation
            });
            terms.sum::<f64>()
        };
        samples.steps.iter().enumerate().map(log_density).collect()
    }

    /// The surrogate of the return: the mean over the samples of the advantage times the ratio of
    /// the new and the old density.
    pub fn surrogate(&self, parameters: &[f64], samples: &Samples, old: &[f64], advantages: &[f64]) -> f64 {
        let new = self.log_densities(parameters, samples);
        let terms = new.iter().zip(old).zip(advantages).map(|((new, old), advantage)| (new - old).exp() * advantage);
        terms.sum::<f64>() / samples.len() as f64
    }

    /// Gradient of the surrogate at the old parameters.
    pub fn gradient(&self, parameters: &[f64], samples: &Samples, advantages: &[f64]) -> Vec<f64> {
        let outputs = self.mean.outputs();
        let (mut gradient, mut slope, mut mean) = (vec![0.; self.parameters()], vec![0.; outputs], vec![0.; outputs]);
        let own = self.mean.parameters();
        for (i, t) in samples.steps.iter().enumerate() {
            let inputs = samples.inputs_of(i);
            let units = self.mean.value(&parameters[..own], *t, inputs, &mut mean);
            let (share, first) = (advantages[i] / samples.len() as f64, self.log_deviations(*t));
            for j in 0..outputs {
                let deviation = parameters[first + j].exp();
                let z = (samples.drawn[(j, i)] - mean[j]) / deviation;
                slope[j] = share * z / deviation;
                gradient[first + j] += share * (z * z - 1.);
            }
            self.mean.pull_back(&parameters[..own], *t, inputs, units.as_ref(), &slope, &mut gradient[..own]);
        }
        gradient
    }

    /// Mean over the samples of the KL of the old from the new policy, nats.
    pub fn kl(&self, old: &[f64], new: &[f64], samples: &Samples) -> f64 {
        let (before, after) = (self.means(old, samples), self.means(new, samples));
        let mut sum = 0.;
        for (i, t) in samples.steps.iter().enumerate() {
            let first = self.log_deviations(*t);
            for j in 0..self.mean.outputs() {
                let (old, new) = (old[first + j], new[first + j]);
                let shift = (before[(j, i)] - after[(j, i)]) / new.exp();
                sum += new - old + 0.5 * ((2. * (old - new)).exp() + shift * shift - 1.);
            }
        }
        sum / samples.len() as f64
    }
}
