//! The value of a state in a step: a network of state and time, or a quadratic per step.

use super::initial;
use super::statistics::Statistics;
use crate::batch::column;
use crate::moto::{Design, Ridge};
use crate::policy::Layers;
use crate::quadratic::{Columns, Quadratic};
use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Decay of Adam's mean gradient and of its mean square (Kingma and Ba 2015), and the offset.
const ADAM: (f64, f64, f64) = (0.9, 0.999, 1e-8);
/// Penalty of a quadratic's linear terms relative to its quadratic terms.
const LINEAR_PENALTY: f64 = 0.1;

/// A network fitted with Adam. Its output is the value in units of the targets' running deviation,
/// from their running mean (this project).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeuralValue {
    layers: Layers,
    weights: Vec<f64>,
    /// Mean gradient and mean square of Adam (weight).
    mean: Vec<f64>,
    square: Vec<f64>,
    updates: u64,
    targets: Statistics,
}

/// Settings of the network's fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Descent {
    /// Passes over the samples.
    pub epochs: usize,
    /// Samples of a gradient.
    pub batch: usize,
    /// Step size of Adam.
    pub rate: f64,
}

impl NeuralValue {
    /// A network with random weights.
    pub fn new(inputs: usize, hidden: usize, random: &mut ChaCha8Rng) -> Self {
        let layers = Layers { inputs, hidden, outputs: 1 };
        let weights = initial::weights(&layers, 1., random);
        let zeros = vec![0.; weights.len()];
        Self { layers, weights, mean: zeros.clone(), square: zeros, updates: 0, targets: Statistics::new(1) }
    }

    /// Value at some inputs.
    pub fn value(&self, inputs: &[f64]) -> f64 {
        let (mean, deviation) = self.unit();
        mean + deviation * self.output(inputs)
    }

    fn output(&self, inputs: &[f64]) -> f64 {
        let mut output = [0.];
        self.layers.forward(&self.weights, inputs, &mut output);
        output[0]
    }

    fn unit(&self) -> (f64, f64) {
        let scales = self.targets.scales();
        (scales.mean[0], scales.deviation[0])
    }

    /// Descends the mean square error on the targets (sample) at the inputs (input x sample).
    pub fn fit(&mut self, inputs: &DMatrix<f64>, targets: &[f64], descent: Descent, random: &mut ChaCha8Rng) {
        targets.iter().for_each(|target| self.targets.add(std::iter::once(*target)));
        let (mean, deviation) = self.unit();
        let mut order: Vec<usize> = (0..targets.len()).collect();
        let mut gradient = vec![0.; self.weights.len()];
        for _ in 0..descent.epochs {
            order.shuffle(random);
            for chosen in order.chunks(descent.batch) {
                gradient.fill(0.);
                for i in chosen {
                    let inputs = column(inputs, *i);
                    let mut output = [0.];
                    let units = self.layers.forward(&self.weights, inputs, &mut output);
                    let error = output[0] - (targets[*i] - mean) / deviation;
                    let slope = [2. * error / chosen.len() as f64];
                    self.layers.pull_back(&self.weights, inputs, &units, &slope, &mut gradient);
                }
                self.descend(&gradient, descent.rate);
            }
        }
    }

    /// One step of Adam.
    fn descend(&mut self, gradient: &[f64], rate: f64) {
        let (keep, keep_square, offset) = ADAM;
        self.updates += 1;
        let after = |keep: f64| 1. - keep.powf(self.updates as f64);
        let rate = rate * after(keep_square).sqrt() / after(keep);
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((weight, gradient), (mean, square)) in self.weights.iter_mut().zip(gradient).zip(moments) {
            *mean = keep * *mean + (1. - keep) * gradient;
            *square = keep_square * *square + (1. - keep_square) * gradient * gradient;
            *weight -= rate * *mean / (square.sqrt() + offset);
        }
    }

    /// Whether a network that was read back has these sizes and finite numbers.
    pub fn is_sound(&self, inputs: usize, hidden: usize) -> bool {
        let Self { layers, weights, mean, square, updates, targets } = self;
        *layers == Layers { inputs, hidden, outputs: 1 }
            && [weights, mean, square].iter().all(|part| part.len() == layers.weights())
            && weights.iter().chain(mean).chain(square).all(|x| x.is_finite())
            && *updates < u64::MAX >> 1
            && targets.is_sound(1)
    }
}

/// Fits a quadratic V_t per step by backward regression, from rewards (T x rollout) and states (T +
/// 1 of state x rollout): the targets are `r_t + discount V_{t+1}(s_{t+1})`, the final state's
/// reward being in the last step's. Ten rollouts have fewer numbers than a quadratic, so the ridge
/// is cross-validated at each step, as in MOTO's regression.
pub fn backward_regression(states: &[DMatrix<f64>], rewards: &DMatrix<f64>, discount: f64) -> Vec<Quadratic> {
    let (horizon, rollouts) = rewards.shape();
    let mut values: Vec<Quadratic> = Vec::with_capacity(horizon);
    for t in (0..horizon).rev() {
        let dims = states[t].nrows();
        let mut inputs = Columns::zeros(rollouts, dims);
        (0..rollouts).for_each(|i| inputs.set(i, 0, column(&states[t], i)));
        let next = |i: usize| values.last().map_or(0., |value| value_at(value, column(&states[t + 1], i)));
        let targets: Vec<f64> = (0..rollouts).map(|i| rewards[(t, i)] + discount * next(i)).collect();
        let weights = vec![1. / rollouts as f64; rollouts];
        let design = Design::new(&inputs, weights, &vec![0.; dims], LINEAR_PENALTY, Ridge::CrossValidated);
        values.push(design.fit(&targets).function);
    }
    values.reverse();
    values
}

/// Value of a quadratic at a state.
pub fn value_at(value: &Quadratic, state: &[f64]) -> f64 {
    value.value(&DVector::from_column_slice(state))
}

/// The generator of an iteration's random numbers. Iteration 0 draws first weights, iteration n the
/// order of the samples in update n.
pub fn random(seed: u64, iteration: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(iteration);
    random
}
