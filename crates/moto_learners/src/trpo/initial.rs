//! Random first weights of a network.

use crate::policy::Layers;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Weights whose units each have incoming weights of length 1 in a random direction, `last` in the
/// last layer, and no offset (as in the reference implementation of TRPO, OpenAI baselines).
pub fn weights(layers: &Layers, last: f64, random: &mut ChaCha8Rng) -> Vec<f64> {
    let Layers { inputs, hidden, outputs } = *layers;
    let mut weights = Vec::with_capacity(layers.weights());
    for (units, inputs, length) in [(hidden, inputs, 1.), (hidden, hidden, 1.), (outputs, hidden, last)] {
        for _ in 0..units {
            let row: Vec<f64> = (0..inputs).map(|_| StandardNormal.sample(random)).collect();
            let norm = row.iter().map(|w| w * w).sum::<f64>().sqrt();
            weights.extend(row.iter().map(|w| w * length / norm));
        }
        weights.extend(std::iter::repeat_n(0., units));
    }
    weights
}
