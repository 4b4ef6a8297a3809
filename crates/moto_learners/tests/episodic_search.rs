//! Episodic search: duals against direct minimisation and finite differences, bounds on random problems, runs on functions.

mod support;

use moto_learners::episodic::more::MoreUpdate;
use moto_learners::episodic::reps::{RepsDual, RepsUpdate};
use moto_learners::episodic::samples::{Episodes, Samples};
use moto_learners::episodic::{EpisodicError, EpisodicMethod, EpisodicSearch, MoreConfig, RepsConfig};
use moto_learners::moto::Ridge;
use moto_learners::policy::{LinearGaussian, gaussian_kl};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use support::Random;

/// The same cases in every run.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

/// Returns, weights before, and context features of samples.
fn problem(seed: u64, samples: usize, features: usize, scale: f64) -> (Vec<f64>, Vec<f64>, DMatrix<f64>) {
    let mut random = Random::new(seed);
    let features = random.matrix(features, samples);
    let own = random.vector(samples);
    let trend = features.row_sum().transpose();
    let returns = (own + trend * 2.) * scale;
    let mut weights: Vec<f64> = random.vector(samples).iter().map(|x| (0.5 * x).exp()).collect();
    let total: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= total);
    (returns.as_slice().to_vec(), weights, features)
}

fn kl(p: &[f64], q: &[f64]) -> f64 {
    p.iter().zip(q).filter(|(p, _)| **p > 0.).map(|(p, q)| p * (p / q).ln()).sum()
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn the_gradient_of_the_reps_dual_is_that_of_its_value(
        seed in 0u64..1000, features in 0usize..4, eta in 0.2f64..5.,
    ) {
        let (returns, weights, phi) = problem(seed, 20, features, 1.);
        let dual = RepsDual::new(&returns, &weights, phi, 0.5);
        let v = Random::new(seed + 1).vector(features);
        let (_, slope, gradient) = dual.value(eta, &v);
        let h = 1e-5;
        let difference = |eta_by: f64, v_by: &DVector<f64>| {
            (dual.value(eta + eta_by, &(&v + v_by)).0 - dual.value(eta - eta_by, &(&v - v_by)).0) / (2. * h)
        };
        prop_assert!((difference(h, &DVector::zeros(features)) - slope).abs() < 1e-6 * (1. + slope.abs()));
        for i in 0..features {
            let mut step = DVector::zeros(features);
            step[i] = h;
            prop_assert!((difference(0., &step) - gradient[i]).abs() < 1e-6 * (1. + gradient[i].abs()));
        }
    }

    #[test]
    fn reps_keeps_its_bound_and_matches_its_features(
        seed in 0u64..1000, features in 0usize..5, epsilon in 0.05f64..2., exponent in -3f64..4.,
    ) {
        let (returns, weights, phi) = problem(seed, 40, features, 10f64.powf(exponent));
        let solution = RepsDual::new(&returns, &weights, phi.clone(), epsilon).solve();
        let p = &solution.weights;
        prop_assert!((p.iter().sum::<f64>() - 1.).abs() < 1e-9 && p.iter().all(|p| *p >= 0.));
        let divergence = kl(p, &weights);
        prop_assert!(divergence <= epsilon * (1. + 1e-6), "{divergence} {epsilon}");
        prop_assert!(divergence > 0.99 * epsilon, "the bound is active with 40 samples: {divergence} {epsilon}");
        let mean = |w: &[f64]| &phi * DVector::from_column_slice(w);
        let off = (mean(p) - mean(&weights)).amax();
        prop_assert!(off < 1e-5, "features are off by {off}");
    }

    #[test]
    fn the_reps_solution_minimises_the_dual(seed in 0u64..1000, features in 0usize..4, epsilon in 0.1f64..1.) {
        let (returns, weights, phi) = problem(seed, 30, features, 1.);
        let dual = RepsDual::new(&returns, &weights, phi, epsilon);
        let solution = dual.solve();
        let least = dual.value(solution.eta, &solution.v).0;
        // Direct: descent by the gradient with halving steps, from elsewhere. The function is convex.
        let (mut eta, mut v) = (3., DVector::zeros(features));
        let mut step = 1.;
        for _ in 0..20_000 {
            let (value, slope, gradient) = dual.value(eta, &v);
            let (next_eta, next_v): (f64, _) = (eta - step * slope, &v - &gradient * step);
            if next_eta > 1e-3 && dual.value(next_eta, &next_v).0 < value {
                (eta, v, step) = (next_eta, next_v, step * 1.3);
            } else {
                step *= 0.5;
            }
        }
        let direct = dual.value(eta, &v).0;
        prop_assert!(least <= direct + 1e-9 * (1. + direct.abs()), "{least} {direct}");
        prop_assert!(direct - least < 1e-3 * (1. + direct.abs()), "the descent got there too: {least} {direct}");
    }

    #[test]
    fn more_keeps_its_bounds(seed in 0u64..1000, dim in 1usize..6, epsilon in 0.05f64..2., beta0 in 0.01f64..1.) {
        let mut random = Random::new(seed);
        let law = random.law(dim, 0);
        let count = 30;
        let factor = law.covariance.clone().cholesky().unwrap().unpack();
        let parameters = DMatrix::from_columns(
            &(0..count).map(|_| &law.bias + &factor * random.vector(dim)).collect::<Vec<_>>(),
        );
        let returns: Vec<f64> = parameters.column_iter().map(|x| x.iter().map(|x| (3. * x).sin() * x).sum()).collect();
        let weights = vec![1. / count as f64; count];
        let samples = Samples { contexts: DMatrix::zeros(0, count), parameters, returns, weights };
        let update = MoreUpdate { epsilon, beta0, ridge: Ridge::CrossValidated, linear_penalty: 0.1 };
        let (new, solution) = update.apply(&law, &samples).unwrap();
        let divergence = gaussian_kl((&new.bias, &new.covariance), (&law.bias, &law.covariance)).unwrap();
        let entropy = |law: &LinearGaussian| 0.5 * law.covariance.clone().cholesky().unwrap().ln_determinant();
        prop_assert!(divergence <= epsilon * (1. + 1e-6) + 1e-9, "{divergence} {epsilon}");
        prop_assert!((divergence - solution.kl).abs() < 1e-6 * (1. + divergence), "{divergence} {}", solution.kl);
        prop_assert!(entropy(&law) - entropy(&new) <= beta0 + 1e-7);
    }
}

/// The return of a point.
type Function = fn(&[f64]) -> f64;

fn quadratic(x: &[f64]) -> f64 {
    -x.iter().enumerate().map(|(i, x)| (1. + i as f64) * (x - 1.).powi(2)).sum::<f64>()
}

fn rosenbrock(x: &[f64]) -> f64 {
    -x.windows(2).map(|w| 100. * (w[1] - w[0] * w[0]).powi(2) + (1. - w[0]).powi(2)).sum::<f64>()
}

/// The value of the mean after a search from the origin with unit deviation.
fn search(method: EpisodicMethod, function: Function, dim: usize, rollouts: usize, iterations: usize) -> f64 {
    let initial = LinearGaussian {
        gain: DMatrix::zeros(dim, 0),
        bias: DVector::zeros(dim),
        covariance: DMatrix::identity(dim, dim),
    };
    let mut search = EpisodicSearch::new(method, initial).unwrap();
    let mut random = Random::new(7);
    for _ in 0..iterations {
        let factor = search.law().covariance.clone().cholesky().unwrap().unpack();
        let draws: Vec<_> = (0..rollouts).map(|_| &search.law().bias + &factor * random.vector(dim)).collect();
        let parameters = DMatrix::from_columns(&draws);
        let returns = draws.iter().map(|x| function(x.as_slice())).collect();
        search.update(Episodes { contexts: DMatrix::zeros(0, rollouts), parameters, returns }).unwrap();
    }
    function(search.law().bias.as_slice())
}

#[test]
fn reps_and_more_find_the_top_of_a_quadratic_and_of_rosenbrocks_function() {
    let reps = || EpisodicMethod::Reps(RepsConfig { stored_iterations: 5, ..Default::default() });
    let more = || EpisodicMethod::More(MoreConfig { stored_iterations: 5, ..Default::default() });
    for (name, method, least) in [("REPS", reps as fn() -> _, -1e-3), ("MORE", more as fn() -> _, -1e-6)] {
        let found = search(method(), quadratic, 6, 40, 60);
        assert!(found > least, "{name} on the quadratic: {found}");
        let found = search(method(), rosenbrock, 3, 60, 150);
        assert!(found > -1., "{name} on Rosenbrock's function, from -2: {found}");
    }
}

#[test]
fn contextual_reps_finds_the_map_from_context_to_parameters() {
    let (dim, count) = (3, 50);
    let target = DMatrix::from_row_slice(3, 2, &[1., -0.5, 0.3, 2., 0., -1.]);
    let initial = LinearGaussian {
        gain: DMatrix::zeros(dim, 2),
        bias: DVector::zeros(dim),
        covariance: DMatrix::identity(dim, dim),
    };
    let mut search = EpisodicSearch::new(EpisodicMethod::Reps(RepsConfig::default()), initial).unwrap();
    let mut random = Random::new(3);
    for _ in 0..40 {
        let contexts = random.matrix(2, count);
        let factor = search.law().covariance.clone().cholesky().unwrap().unpack();
        let mean = &search.law().gain * &contexts;
        let mut parameters = mean + &factor * random.matrix(dim, count);
        parameters.column_iter_mut().for_each(|mut column| column += &search.law().bias);
        let off = &parameters - &target * &contexts;
        // Some contexts earn more whatever is done: a search that does not match features would go for them.
        let returns = off.column_iter().zip(contexts.column_iter()).map(|(o, c)| -o.norm_squared() + 5. * c[0]);
        let returns = returns.collect();
        search.update(Episodes { contexts, parameters, returns }).unwrap();
    }
    let error = (&search.law().gain - &target).amax().max(search.law().bias.amax());
    assert!(error < 0.05, "{error}: {}", search.law().gain);
}

#[test]
fn weights_without_a_return_to_prefer_stay() {
    let weights = vec![0.1, 0.2, 0.7];
    let solution = RepsDual::new(&[2.; 3], &weights, DMatrix::zeros(0, 3), 0.5).solve();
    assert_eq!((solution.weights, solution.kl), (weights, 0.));
}

/// A stored learner may hold any finite returns. The multipliers between such are only a handful.
#[test]
fn returns_that_differ_by_the_smallest_numbers_end_the_search() {
    let smallest = f64::from_bits(1);
    for spread in 1..20 {
        let returns = [0., f64::from(spread) * smallest];
        let solution = RepsDual::new(&returns, &[0.5; 2], DMatrix::zeros(0, 2), 0.1).solve();
        assert!(solution.kl <= 0.1 && solution.eta >= smallest, "{spread}: {solution:?}");
    }
}

#[test]
fn too_few_samples_leave_the_distribution() {
    let law =
        LinearGaussian { gain: DMatrix::zeros(3, 0), bias: DVector::zeros(3), covariance: DMatrix::identity(3, 3) };
    let samples = Samples {
        contexts: DMatrix::zeros(0, 2),
        parameters: DMatrix::from_row_slice(3, 2, &[1., 2., 3., 4., 5., 6.]),
        returns: vec![0., 1.],
        weights: vec![0.5; 2],
    };
    let update = RepsUpdate { epsilon: 0.5, quadratic_features: true, inertia: 0. };
    assert_eq!(update.apply(&law, &samples).0, None);
    // With some of the old covariance two do.
    assert!(RepsUpdate { inertia: 0.5, ..update }.apply(&law, &samples).0.is_some());
}

#[test]
fn what_is_out_of_range_is_refused() {
    let law = |context| LinearGaussian {
        gain: DMatrix::zeros(2, context),
        bias: DVector::zeros(2),
        covariance: DMatrix::identity(2, 2),
    };
    let reps = |epsilon| EpisodicMethod::Reps(RepsConfig { epsilon, ..Default::default() });
    let refused = EpisodicSearch::new(reps(f64::NAN), law(0)).unwrap_err();
    assert!(refused.to_string().starts_with("reps.epsilon is NaN"), "{refused}");
    let more = EpisodicMethod::More(MoreConfig::default());
    assert!(matches!(EpisodicSearch::new(more, law(3)), Err(EpisodicError::Context(3))));
    let mut search = EpisodicSearch::new(reps(0.5), law(1)).unwrap();
    let before = search.clone();
    let episodes = |value: f64| Episodes {
        contexts: DMatrix::zeros(1, 2),
        parameters: DMatrix::zeros(2, 2),
        returns: vec![0., value],
    };
    assert!(matches!(search.update(episodes(f64::NAN)), Err(EpisodicError::Episodes { .. })));
    let narrow = Episodes { contexts: DMatrix::zeros(0, 2), ..episodes(1.) };
    assert!(matches!(search.update(narrow), Err(EpisodicError::Episodes { contexts: 0, expected_contexts: 1, .. })));
    assert_eq!(search, before);
}
