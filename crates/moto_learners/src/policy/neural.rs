//! A Gaussian policy whose mean is a network of state and time (Schulman et al. 2015).
//!
//! The network draws in place of the standard normal noise of a linear-Gaussian policy, the base:
//! `a = K_t s + k_t + C_t u`, `u ~ N(network(x), diag(exp(2 l)))`, with the base's gain, bias and
//! Cholesky factor, and l the log deviations. A network of zeros with l = 0 is the base. The inputs
//! x are the state and the time t / T, each minus a mean, divided by a deviation and clipped.

use super::network::{Layers, WIDEST};
use super::{Policy, PolicyError};
use serde::{Deserialize, Serialize};

/// Largest size of a network's input, in deviations.
const CLIP: f64 = 5.;

/// Centre and scale of a network's inputs: state and time (state + 1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputScales {
    /// Means.
    pub mean: Vec<f64>,
    /// Deviations, positive.
    pub deviation: Vec<f64>,
}

impl InputScales {
    /// Writes the inputs at `state` (d_s) in step `t` of `horizon`: d_s + 1 entries. Real-time
    /// safe.
    pub fn write(&self, state: &[f64], t: usize, horizon: usize, inputs: &mut [f64]) {
        let time = t as f64 / horizon as f64;
        let raw = state.iter().chain(std::iter::once(&time));
        for (((input, x), mean), deviation) in inputs.iter_mut().zip(raw).zip(&self.mean).zip(&self.deviation) {
            *input = ((x - mean) / deviation).clamp(-CLIP, CLIP);
        }
    }

    /// Whether there is a finite mean and a positive deviation for each of the inputs.
    pub fn fits(&self, inputs: usize) -> bool {
        let finite = self.mean.iter().chain(&self.deviation).all(|x| x.is_finite());
        (self.mean.len(), self.deviation.len()) == (inputs, inputs) && finite && self.deviation.iter().all(|d| *d > 0.)
    }
}

/// The network's part of a policy: the distribution of u.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeuralDraw {
    /// Centre and scale of the inputs.
    pub scales: InputScales,
    /// The network: state + 1 inputs, one output per action entry.
    pub layers: Layers,
    /// Its weights.
    pub weights: Vec<f64>,
    /// Logarithms of u's standard deviations (action).
    pub log_deviation: Vec<f64>,
}

impl NeuralDraw {
    /// Writes u for a state and standard normal draws (action), or for zeros its mean. Real-time
    /// safe: no allocation, no system call.
    ///
    /// # Panics
    /// If a slice has the wrong length. The loop checks the lengths when it accepts a trial.
    pub fn draw(&self, step: usize, horizon: usize, state: &[f64], noise: &[f64], drawn: &mut [f64]) {
        let mut inputs = [0.; WIDEST];
        let inputs = &mut inputs[..self.layers.inputs];
        self.scales.write(state, step, horizon, inputs);
        self.layers.forward(&self.weights, inputs, drawn);
        for ((drawn, noise), log_deviation) in drawn.iter_mut().zip(noise).zip(&self.log_deviation) {
            *drawn += log_deviation.exp() * noise;
        }
    }
}

/// A policy whose mean is a network of state and time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeuralPolicy {
    /// The linear-Gaussian policy whose noise the network draws.
    pub base: Policy,
    /// The network.
    pub draw: NeuralDraw,
}

impl NeuralPolicy {
    /// Checks shapes, finiteness and sizes.
    ///
    /// # Errors
    /// What is wrong with the base, or [`PolicyError::Network`].
    pub fn validate(&self) -> Result<(), PolicyError> {
        self.base.validate()?;
        let NeuralDraw { scales, layers, weights, log_deviation } = &self.draw;
        let (inputs, outputs) = (self.base.state_dim() + 1, self.base.action_dim());
        let sound = layers.fits()
            && (layers.inputs, layers.outputs) == (inputs, outputs)
            && scales.fits(inputs)
            && weights.len() == layers.weights()
            && log_deviation.len() == outputs
            && weights.iter().chain(log_deviation).all(|x| x.is_finite());
        let Layers { inputs: found_inputs, hidden, outputs: found_outputs } = *layers;
        let wrong =
            PolicyError::Network { inputs: found_inputs, hidden, outputs: found_outputs, weights: weights.len() };
        if sound { Ok(()) } else { Err(wrong) }
    }
}
