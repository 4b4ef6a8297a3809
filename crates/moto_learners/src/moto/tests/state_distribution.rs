use super::Random;
use crate::moto::StateDistribution;
use nalgebra::{DMatrix, DVector};

/// First states (state x rollout) around `mean`, with the given factor of their covariance.
fn firsts(random: &mut Random, rollouts: usize, mean: &DVector<f64>, factor: &DMatrix<f64>) -> DMatrix<f64> {
    let mut states = factor * random.matrix(mean.len(), rollouts);
    states.column_iter_mut().for_each(|mut column| column += mean);
    states
}

fn moved(states: &DMatrix<f64>, slope: &DMatrix<f64>, offset: &DVector<f64>) -> DMatrix<f64> {
    let mut moved = slope * states;
    moved.column_iter_mut().for_each(|mut column| column += offset);
    moved
}

#[test]
fn without_noise_all_first_states_are_carried_on_exactly() {
    let mut random = Random::new(21);
    for _ in 0..20 {
        let (slope, offset, factor) = (random.matrix(3, 3), random.vector(3), random.matrix(3, 3));
        let (old, young) =
            (firsts(&mut random, 30, &DVector::zeros(3), &factor), firsts(&mut random, 8, &offset, &factor));
        let later = [moved(&old, &slope, &offset), moved(&young, &slope, &offset)];
        let blocks = [(&old, &later[0], 0.05), (&young, &later[1], 1.0)];
        let found = StateDistribution::of_all_firsts(&blocks, &[1e-3; 3]).unwrap();
        // The closed form: the moments of all first states, once through the map.
        let expected = StateDistribution::fit(&[(&later[0], 1.0), (&later[1], 1.0)], &[1e-3; 3]);
        assert!((&found.mean - &expected.mean).norm() < 1e-4 * (1.0 + expected.mean.norm()));
        let error = (&found.covariance - &expected.covariance).norm();
        assert!(error < 1e-4 * expected.covariance.norm(), "{error}");
    }
}

#[test]
fn with_noise_it_tends_to_the_closed_form() {
    let mut random = Random::new(22);
    let (slope, offset, factor) = (random.matrix(3, 3), random.vector(3), random.matrix(3, 3));
    let (mean, rollouts) = (random.vector(3), 40_000);
    let (old, young) = (firsts(&mut random, rollouts, &mean, &factor), firsts(&mut random, rollouts, &mean, &factor));
    let noisy = |states: &DMatrix<f64>, random: &mut Random| {
        moved(states, &slope, &offset) + random.matrix(3, states.ncols()) * 0.5
    };
    let later = [noisy(&old, &mut random), noisy(&young, &mut random)];
    let blocks = [(&old, &later[0], 0.1), (&young, &later[1], 1.0)];
    let found = StateDistribution::of_all_firsts(&blocks, &[0.0; 3]).unwrap();
    let through = &slope * &factor;
    let covariance = &through * through.transpose() + DMatrix::identity(3, 3) * 0.25;
    // Five standard errors of so many rollouts.
    let tolerance = 5.0 * covariance.norm() / (rollouts as f64).sqrt();
    assert!((&found.mean - (&slope * &mean + &offset)).norm() < tolerance);
    assert!((&found.covariance - &covariance).norm() < 2.0 * tolerance);
}

#[test]
fn first_states_that_do_not_vary_leave_the_plain_fit() {
    let mut random = Random::new(23);
    let first = DMatrix::from_element(2, 12, 0.7);
    let later = random.matrix(2, 12);
    let found = StateDistribution::of_all_firsts(&[(&first, &later, 0.3)], &[1e-3; 2]).unwrap();
    let plain = StateDistribution::fit(&[(&later, 1.0)], &[1e-3; 2]);
    assert!((found.mean - plain.mean).norm() < 1e-12 && (found.covariance - plain.covariance).norm() < 1e-12);
}
