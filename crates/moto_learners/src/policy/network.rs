//! Networks of two hidden layers of tanh, as functions of their weights.

use serde::{Deserialize, Serialize};

/// Largest number of units in a layer. The activations of a forward pass have this room on the
/// stack, so that the control loop can make one.
pub const WIDEST: usize = 64;

/// Sizes of a network's layers. All weights are one slice: the matrix of each layer by rows (one
/// row per unit), followed by its offsets, first layer first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layers {
    /// Number of inputs.
    pub inputs: usize,
    /// Units in each of the two hidden layers.
    pub hidden: usize,
    /// Number of outputs.
    pub outputs: usize,
}

/// Outputs of the units of both hidden layers; entries beyond the layers' size are zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Activations {
    /// First hidden layer.
    pub first: [f64; WIDEST],
    /// Second hidden layer.
    pub second: [f64; WIDEST],
}

/// A layer's weights, from the front of the slice of all weights.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    /// Matrix by rows (unit x input).
    pub matrix: &'a [f64],
    /// Offsets (unit).
    pub offset: &'a [f64],
}

impl<'a> Layer<'a> {
    fn split(weights: &'a [f64], units: usize, inputs: usize) -> (Self, &'a [f64]) {
        let (matrix, rest) = weights.split_at(units * inputs);
        let (offset, rest) = rest.split_at(units);
        (Self { matrix, offset }, rest)
    }

    /// Adds the layer's product with `inputs` and its offsets to `sums` (unit).
    pub fn add_to(&self, inputs: &[f64], sums: &mut [f64]) {
        for ((sum, row), offset) in sums.iter_mut().zip(self.matrix.chunks_exact(inputs.len())).zip(self.offset) {
            *sum += offset + dot(row, inputs);
        }
    }
}

/// Inner product of two vectors of the same length.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Layers {
    /// Number of weights.
    pub fn weights(&self) -> usize {
        let Self { inputs, hidden, outputs } = *self;
        hidden * (inputs + 1) + hidden * (hidden + 1) + outputs * (hidden + 1)
    }

    /// Whether every layer has a unit and fits [`WIDEST`].
    pub fn fits(&self) -> bool {
        [self.inputs, self.hidden, self.outputs].iter().all(|units| (1..=WIDEST).contains(units))
    }

    /// The three layers of a slice of weights.
    ///
    /// # Panics
    /// If the slice has the wrong length.
    pub fn split<'a>(&self, weights: &'a [f64]) -> [Layer<'a>; 3] {
        let (first, rest) = Layer::split(weights, self.hidden, self.inputs);
        let (second, rest) = Layer::split(rest, self.hidden, self.hidden);
        let (last, rest) = Layer::split(rest, self.outputs, self.hidden);
        assert!(rest.is_empty(), "weights beyond the last layer");
        [first, second, last]
    }

    /// Writes the network's outputs for `inputs` and returns the hidden units' outputs. Real-time
    /// safe.
    ///
    /// # Panics
    /// If a slice has the wrong length, or a layer does not fit [`WIDEST`].
    pub fn forward(&self, weights: &[f64], inputs: &[f64], outputs: &mut [f64]) -> Activations {
        let [first, second, last] = self.split(weights);
        let mut units = Activations { first: [0.; WIDEST], second: [0.; WIDEST] };
        let (one, two) = (&mut units.first[..self.hidden], &mut units.second[..self.hidden]);
        first.add_to(inputs, one);
        one.iter_mut().for_each(|unit| *unit = unit.tanh());
        second.add_to(one, two);
        two.iter_mut().for_each(|unit| *unit = unit.tanh());
        outputs.fill(0.);
        last.add_to(two, outputs);
        units
    }
}
