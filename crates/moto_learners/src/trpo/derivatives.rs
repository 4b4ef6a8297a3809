//! Derivatives of a network's outputs by its weights: one forward tangent and one backward pass.

use crate::policy::{Activations, Layer, Layers, WIDEST};

impl Layers {
    /// Writes the change of the outputs per change `direction` of the weights. `units` is what
    /// [`Layers::forward`] returned for the inputs.
    ///
    /// # Panics
    /// As [`Layers::forward`].
    pub fn tangent(&self, weights: &[f64], direction: &[f64], inputs: &[f64], units: &Activations, change: &mut [f64]) {
        let ([_, second, last], turns) = (self.split(weights), self.split(direction));
        let (first_units, second_units) = (&units.first[..self.hidden], &units.second[..self.hidden]);
        let mut first_change = [0.; WIDEST];
        let first_change = &mut first_change[..self.hidden];
        turns[0].add_to(inputs, first_change);
        through_tanh(first_units, first_change);
        let mut second_change = [0.; WIDEST];
        let second_change = &mut second_change[..self.hidden];
        turns[1].add_to(first_units, second_change);
        add_product(&second, first_change, second_change);
        through_tanh(second_units, second_change);
        change.fill(0.);
        turns[2].add_to(second_units, change);
        add_product(&last, second_change, change);
    }

    /// Adds the gradient of `slope . outputs` by the weights to `gradient`. `units` is what
    /// [`Layers::forward`] returned for the inputs.
    ///
    /// # Panics
    /// As [`Layers::forward`].
    pub fn pull_back(&self, weights: &[f64], inputs: &[f64], units: &Activations, slope: &[f64], gradient: &mut [f64]) {
        let Activations { first, second } = units;
        let [_, second_layer, last_layer] = self.split(weights);
        let (first, second) = (&first[..self.hidden], &second[..self.hidden]);
        let (first_gradient, rest) = gradient.split_at_mut(self.hidden * (self.inputs + 1));
        let (second_gradient, last_gradient) = rest.split_at_mut(self.hidden * (self.hidden + 1));
        add_outer(slope, second, last_gradient);
        let second_slope = slope_below(&last_layer, slope, second);
        add_outer(&second_slope[..self.hidden], first, second_gradient);
        let first_slope = slope_below(&second_layer, &second_slope[..self.hidden], first);
        add_outer(&first_slope[..self.hidden], inputs, first_gradient);
    }
}

/// Multiplies changes of the units' sums by the slope of tanh at the units' outputs.
fn through_tanh(units: &[f64], changes: &mut [f64]) {
    changes.iter_mut().zip(units).for_each(|(change, unit)| *change *= 1. - unit * unit);
}

/// Adds a layer's product with `inputs`, without its offsets, to `sums`.
fn add_product(layer: &Layer<'_>, inputs: &[f64], sums: &mut [f64]) {
    for (sum, row) in sums.iter_mut().zip(layer.matrix.chunks_exact(inputs.len())) {
        *sum += crate::policy::network::dot(row, inputs);
    }
}

/// Adds the gradient of a layer, matrix and offsets, given the slope at its sums.
fn add_outer(slope: &[f64], inputs: &[f64], gradient: &mut [f64]) {
    let (matrix, offset) = gradient.split_at_mut(slope.len() * inputs.len());
    for (row, slope) in matrix.chunks_exact_mut(inputs.len()).zip(slope) {
        row.iter_mut().zip(inputs).for_each(|(entry, input)| *entry += slope * input);
    }
    offset.iter_mut().zip(slope).for_each(|(entry, slope)| *entry += slope);
}

/// Slope at the sums of the units below a layer, which have these outputs.
fn slope_below(layer: &Layer<'_>, slope: &[f64], units: &[f64]) -> [f64; WIDEST] {
    let mut below = [0.; WIDEST];
    for (row, slope) in layer.matrix.chunks_exact(units.len()).zip(slope) {
        below.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight * slope);
    }
    through_tanh(units, &mut below);
    below
}
