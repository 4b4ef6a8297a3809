//! The posterior of the dynamics.

use crate::gps::NormalInverseWishart;
use crate::moto::tests::Random;
use crate::planning::LinearDynamics;
use nalgebra::{DMatrix, DVector};

/// The closed form equals the moments of the data joined with imagined samples. The test makes
/// samples with exactly the prior's moments and computes the moments of both sets together.
#[test]
fn the_posterior_is_that_of_the_samples_with_the_imagined_ones_beside_them() {
    let mut random = Random::new(1);
    let (dim, count) = (3, 7);
    let samples = random.matrix(dim, count);
    let (mean, root) = (random.vector(dim), random.matrix(dim, dim));
    // 2 x dim imagined samples, symmetric around the mean.
    let imagined = DMatrix::from_fn(dim, 2 * dim, |i, j| {
        let sign = if j < dim { 1.0 } else { -1.0 };
        mean[i] + sign * root[(i, j % dim)]
    });
    let weight = 2.0 * dim as f64;
    let scatter = &root * root.transpose() * 2.0;
    let prior = NormalInverseWishart { mean, scatter, mean_count: weight, scatter_count: weight };
    let (found_mean, found) = prior.posterior(&samples);

    let all: Vec<_> = samples.column_iter().chain(imagined.column_iter()).collect();
    let expected_mean = all.iter().fold(DVector::zeros(dim), |sum, x| sum + x) / all.len() as f64;
    let outer = |x: &nalgebra::DVectorView<f64>| (x - &expected_mean) * (x - &expected_mean).transpose();
    let expected = all.iter().fold(DMatrix::zeros(dim, dim), |sum, x| sum + outer(x)) / all.len() as f64;
    assert!((found_mean - expected_mean).amax() < 1e-13);
    assert!((found - expected).amax() < 1e-12);
}

#[test]
fn one_dimension_by_hand() {
    // Samples 1 and 3: mean 2, scatter 2. Prior: mean 0, one imagined sample, scatter 4 of two.
    let prior = NormalInverseWishart {
        mean: DVector::zeros(1),
        scatter: DMatrix::from_element(1, 1, 4.0),
        mean_count: 1.0,
        scatter_count: 2.0,
    };
    let (mean, covariance) = prior.posterior(&DMatrix::from_row_slice(1, 2, &[1.0, 3.0]));
    assert!((mean[0] - 4.0 / 3.0).abs() < 1e-15);
    // (4 + 2 + 2 * 1 / 3 * 2^2) / (2 + 2)
    assert!((covariance[(0, 0)] - (6.0 + 8.0 / 3.0) / 4.0).abs() < 1e-15);
}

#[test]
fn linear_dynamics_are_found_and_their_noise_measured() {
    let mut random = Random::new(2);
    let (state_dim, action_dim, count) = (3, 2, 4000);
    let map = random.matrix(state_dim, state_dim + action_dim);
    let offset = random.vector(state_dim);
    let noise = random.matrix(state_dim, state_dim) * 0.1;
    let mut transitions = DMatrix::zeros(2 * state_dim + action_dim, count);
    for mut column in transitions.column_iter_mut() {
        let inputs = random.vector(state_dim + action_dim);
        let next = &map * &inputs + &offset + &noise * random.vector(state_dim);
        column.rows_mut(0, inputs.len()).copy_from(&inputs);
        column.rows_mut(inputs.len(), state_dim).copy_from(&next);
    }
    let dim = transitions.nrows();
    let scatter = DMatrix::identity(dim, dim) * 1e-9;
    let prior = NormalInverseWishart { mean: DVector::zeros(dim), scatter, mean_count: 0.0, scatter_count: 0.0 };
    let fit = LinearDynamics::fit(&transitions, state_dim, &prior).unwrap();
    // The standard errors are about .1 / sqrt(4000) = .002 times the size of the noise.
    assert!((fit.map - map).amax() < 0.02);
    assert!((fit.offset - offset).amax() < 0.02);
    assert!((fit.covariance - &noise * noise.transpose()).amax() < 0.005);
}
