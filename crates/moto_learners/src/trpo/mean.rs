//! The mean of a policy's draw as a function of parameters, with its derivatives.

use crate::policy::network::dot;
use crate::policy::{Activations, Layers};
use serde::{Deserialize, Serialize};

/// A function of parameters, step and inputs x.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mean {
    /// A network, the same at every step.
    Neural(Layers),
    /// `W_t (x, 1)` with a matrix per step, by rows (output x (input + 1)), step 0 first.
    Linear {
        /// Number of steps T.
        horizon: usize,
        /// Number of inputs.
        inputs: usize,
        /// Number of outputs.
        outputs: usize,
    },
}

impl Mean {
    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Neural(layers) => layers.outputs,
            Self::Linear { outputs, .. } => *outputs,
        }
    }

    /// Number of parameters.
    pub fn parameters(&self) -> usize {
        match self {
            Self::Neural(layers) => layers.weights(),
            Self::Linear { horizon, inputs, outputs } => horizon * outputs * (inputs + 1),
        }
    }

    /// Number of groups of log deviations: one for all steps, or one per step.
    pub fn groups(&self) -> usize {
        match self {
            Self::Neural(_) => 1,
            Self::Linear { horizon, .. } => *horizon,
        }
    }

    /// Writes the mean (output) at the inputs of step `t`. Returns the network's units for
    /// the derivatives, if it is one.
    pub fn value(&self, parameters: &[f64], t: usize, inputs: &[f64], mean: &mut [f64]) -> Option<Activations> {
        match self {
            Self::Neural(layers) => Some(layers.forward(parameters, inputs, mean)),
            Self::Linear { .. } => {
                apply(self.block(parameters, t), inputs, mean);
                None
            }
        }
    }

    /// Writes the change of the mean per change `direction` of the parameters, with the units of
    /// [`Self::value`].
    pub fn tangent(
        &self,
        parameters: &[f64],
        direction: &[f64],
        t: usize,
        inputs: &[f64],
        units: Option<&Activations>,
        change: &mut [f64],
    ) {
        match (self, units) {
            (Self::Neural(layers), Some(units)) => layers.tangent(parameters, direction, inputs, units, change),
            _ => apply(self.block(direction, t), inputs, change),
        }
    }

    /// Adds the gradient of `slope . mean` by the parameters to `gradient`, with the units of
    /// [`Self::value`].
    pub fn pull_back(
        &self,
        parameters: &[f64],
        t: usize,
        inputs: &[f64],
        units: Option<&Activations>,
        slope: &[f64],
        gradient: &mut [f64],
    ) {
        match (self, units) {
            (Self::Neural(layers), Some(units)) => layers.pull_back(parameters, inputs, units, slope, gradient),
            _ => {
                let size = self.block_size();
                let block = &mut gradient[t * size..(t + 1) * size];
                for (row, slope) in block.chunks_exact_mut(inputs.len() + 1).zip(slope) {
                    row.iter_mut().zip(inputs).for_each(|(entry, input)| *entry += slope * input);
                    row[inputs.len()] += slope;
                }
            }
        }
    }

    /// Number of parameters of one step.
    fn block_size(&self) -> usize {
        self.parameters() / self.groups()
    }

    /// The parameters of step `t`.
    pub fn block<'a>(&self, parameters: &'a [f64], t: usize) -> &'a [f64] {
        let size = self.block_size();
        &parameters[t * size..(t + 1) * size]
    }
}

fn apply(block: &[f64], inputs: &[f64], values: &mut [f64]) {
    for (value, row) in values.iter_mut().zip(block.chunks_exact(inputs.len() + 1)) {
        *value = dot(&row[..inputs.len()], inputs) + row[inputs.len()];
    }
}
