//! CAS-MORE: bounds and optimality of its update on random surrogates, the evolution path, and runs on functions.

mod support;

use moto_learners::episodic::cas_more::{CasMoreUpdate, EvolutionPath};
use moto_learners::episodic::samples::Episodes;
use moto_learners::episodic::{CasMoreConfig, EpisodicMethod, EpisodicSearch};
use moto_learners::moto::{Quadratic, StateDistribution};
use moto_learners::policy::LinearGaussian;
use nalgebra::{DMatrix, DVector};
use support::Random;

const DIM: usize = 4;

fn update() -> CasMoreUpdate {
    CasMoreConfig { epsilon_covariance: Some(0.1), ..Default::default() }.update(DIM)
}

fn surrogate(contexts: usize, random: &mut Random) -> Quadratic {
    let root = random.matrix(contexts + DIM, contexts + DIM);
    Quadratic { hessian: &root + root.transpose(), gradient: random.vector(contexts + DIM) * 5., constant: 0. }
}

fn contexts(count: usize, random: &mut Random) -> StateDistribution {
    StateDistribution { mean: random.vector(count), covariance: random.positive_definite(count) }
}

fn covariance_kl(covariance: &DMatrix<f64>) -> f64 {
    0.5 * (covariance.trace() - DIM as f64 - covariance.determinant().ln())
}

#[test]
fn mean_and_covariance_keep_their_bounds_and_are_the_best_within_them() {
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let (update, surrogate) = (update(), surrogate(0, &mut random));
        let (law, solution) = update.step(&surrogate, &contexts(0, &mut random)).unwrap();
        assert!((0.5 * law.bias.norm_squared() - 0.5).abs() < 1e-6, "the mean's bound is used: {}", law.bias);
        assert!((covariance_kl(&law.covariance) - 0.1).abs() < 1e-6);
        assert!((solution.kl_mean - 0.5).abs() < 1e-6 && (solution.kl_covariance - 0.1).abs() < 1e-6);
        let at_mean = surrogate.value(&law.bias);
        let gained = objective(&surrogate, &law.covariance);
        for _ in 0..200 {
            let other = random.vector(DIM).normalize();
            assert!(surrogate.value(&other) <= at_mean + 1e-9, "a mean on the bound is better");
            let turned = random.positive_definite(DIM);
            // Shrunk towards the old covariance until it keeps the bound.
            let other = (0..60).map(|k| {
                let share = 0.8f64.powi(k);
                DMatrix::identity(DIM, DIM) * (1. - share) + &turned * share
            });
            let other = other.into_iter().find(|other| covariance_kl(other) <= 0.1).unwrap();
            let gain = objective(&surrogate, &other);
            assert!(gain <= gained + 1e-6, "a covariance within the bound is better: {gain} {gained}");
        }
    }
}

/// The covariance's part of the expected surrogate.
fn objective(surrogate: &Quadratic, covariance: &DMatrix<f64>) -> f64 {
    0.5 * (&surrogate.hessian * covariance).trace()
}

#[test]
fn with_context_the_mean_keeps_its_bound_on_average() {
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let (surrogate, contexts) = (surrogate(3, &mut random), contexts(3, &mut random));
        let (law, _) = update().step(&surrogate, &contexts).unwrap();
        let at_mean = &law.gain * &contexts.mean + &law.bias;
        let spread = (&law.gain * &contexts.covariance * law.gain.transpose()).trace();
        let kl = 0.5 * (at_mean.norm_squared() + spread);
        assert!((kl - 0.5).abs() < 1e-6, "{kl}");
        assert!(law.gain.amax() > 0.01);
    }
}

#[test]
fn the_path_grows_along_a_line_and_shrinks_where_steps_cancel() {
    let ahead = DVector::from_fn(DIM, |i, _| if i == 0 { 1. } else { 0. });
    let after = |signs: &[f64]| {
        signs.iter().fold(EvolutionPath::new(DIM), |path, sign| path.after(&(&ahead * *sign), 0.3)).entropy_gain()
    };
    assert!(after(&[1.; 10]) > 0.2, "{}", after(&[1.; 10]));
    assert!(after(&[1., -1., 1., -1., 1., -1., 1., -1., 1., -1.]) < -0.2);
}

/// Runs a search on a function from a distance of 10 with a standard deviation of 0.1; returns the largest entropy on the way
/// relative to the first one, and the value at the last mean.
fn run(function: impl Fn(&DVector<f64>) -> f64, iterations: usize) -> (f64, f64) {
    let config = CasMoreConfig { stored_iterations: 3, linear_penalty: 1., ..Default::default() };
    let initial = LinearGaussian {
        gain: DMatrix::zeros(DIM, 0),
        bias: DVector::from_element(DIM, 5.),
        covariance: DMatrix::identity(DIM, DIM) * 0.01,
    };
    let mut search = EpisodicSearch::new(EpisodicMethod::CasMore(config), initial).unwrap();
    let (mut random, mut entropies) = (Random::new(1), Vec::new());
    for _ in 0..iterations {
        let factor = search.law().covariance.clone().cholesky().unwrap().unpack();
        let mut parameters = DMatrix::zeros(DIM, 10);
        parameters
            .column_iter_mut()
            .for_each(|mut column| column.copy_from(&(&search.law().bias + &factor * random.vector(DIM))));
        let returns = parameters.column_iter().map(|column| function(&column.into_owned())).collect();
        let episodes = Episodes { contexts: DMatrix::zeros(0, 10), parameters, returns };
        entropies.push(search.update(episodes).unwrap().entropy);
    }
    let highest = entropies.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (highest - entropies[0], function(&search.law().bias))
}

#[test]
fn a_far_start_is_left_in_growing_steps_and_the_optimum_found() {
    let (grown, last) = run(|x| -x.norm_squared(), 150);
    assert!(grown > 2., "the entropy grew by {grown} nats only");
    assert!(last > -1e-4, "{last}");
    let scales = DVector::from_row_slice(&[1., 10., 100., 1000.]);
    let (_, last) = run(move |x| -x.component_mul(x).dot(&scales), 400);
    assert!(last > -1e-2, "{last}");
}
