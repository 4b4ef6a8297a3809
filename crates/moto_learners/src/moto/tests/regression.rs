use super::Random;
use crate::moto::control_variate::LinearPrediction;
use crate::moto::regression::{Design, Fit, Ridges};
use crate::moto::ridge::{Candidate, grid};
use crate::moto::spare::Spare;
use crate::moto::{Quadratic, Ridge};
use crate::quadratic::columns::Columns;
use faer::Mat;
use nalgebra::{DMatrix, DVector};

/// Samples as columns, with offsets and scales far from standard.
fn columns(random: &mut Random, samples: usize, dims: usize) -> Columns {
    let mut inputs = Columns::zeros(samples, dims);
    for k in 0..dims {
        let scale = 10f64.powi(k as i32 % 4 - 2);
        for i in 0..samples {
            inputs.dim_mut(k)[i] = 3.0 * scale + scale * random.normal();
        }
    }
    inputs
}

fn weights(random: &mut Random, samples: usize) -> Vec<f64> {
    let raw: Vec<f64> = (0..samples).map(|_| 0.1 + random.normal().powi(2)).collect();
    let total: f64 = raw.iter().sum();
    raw.into_iter().map(|w| w / total).collect()
}

fn quadratic(random: &mut Random, dim: usize) -> Quadratic {
    let hessian = random.matrix(dim, dim);
    Quadratic { hessian: &hessian + hessian.transpose(), gradient: random.vector(dim), constant: random.normal() }
}

fn row(inputs: &Columns, sample: usize) -> DVector<f64> {
    DVector::from_fn(inputs.dims(), |k, _| inputs.dim(k)[sample])
}

/// A design with a ridge that is known, in memory that was used before.
fn known(inputs: &Columns, weights: Vec<f64>, thresholds: &[f64], candidate: Candidate) -> Design {
    let spare = Spare::default();
    let dims = inputs.dims();
    for order in [inputs.samples(), dims * (dims + 3) / 2] {
        spare.give(Mat::full(order, order, f64::NAN));
    }
    Design::with(inputs, weights, thresholds, 0.1, Ridges::Known(candidate), &spare)
}

/// Ridge regression by its definition, with explicit features and a dense solve per candidate.
fn dense(inputs: &Columns, weights: &[f64], targets: &[f64], penalty: f64) -> (f64, f64, Vec<f64>) {
    let (n, dims) = (inputs.samples(), inputs.dims());
    let moments = |values: &[f64]| {
        let mean: f64 = values.iter().zip(weights).map(|(x, w)| x * w).sum();
        let variance: f64 = values.iter().zip(weights).map(|(x, w)| w * (x - mean).powi(2)).sum();
        (mean, variance.sqrt())
    };
    let mut standard = DMatrix::zeros(dims, n);
    for k in 0..dims {
        let (mean, deviation) = moments(inputs.dim(k));
        (0..n).for_each(|i| standard[(k, i)] = (inputs.dim(k)[i] - mean) / (deviation + 1e-8));
    }
    let mut features: Vec<DVector<f64>> = (0..dims).map(|k| standard.row(k).transpose() / penalty.sqrt()).collect();
    for k in 0..dims {
        features.extend((k..dims).map(|l| standard.row(k).component_mul(&standard.row(l)).transpose()));
    }
    let weights_vector = DVector::from_row_slice(weights);
    let centred: Vec<DVector<f64>> = features.iter().map(|f| f.add_scalar(-f.dot(&weights_vector))).collect();
    let x = DMatrix::from_columns(&centred);
    let (mean, deviation) = moments(targets);
    let y = DVector::from_iterator(n, targets.iter().map(|y| (y - mean) / (deviation + 1e-12)));
    let weighted = DMatrix::from_diagonal(&weights_vector);
    let gram = x.transpose() * &weighted * &x;
    let effective = 1.0 / weights_vector.norm_squared();
    let mut best = (f64::INFINITY, f64::NAN, f64::NAN, Vec::new());
    for ridge in grid() {
        let regularised = &gram + DMatrix::identity(gram.nrows(), gram.nrows()) * ridge;
        let inverse = regularised.cholesky().unwrap().inverse();
        let freedom = 1.0 + (&gram * &inverse).trace();
        if freedom > 0.9 * effective {
            continue;
        }
        let fitted = &x * (inverse * x.transpose() * &weighted * &y);
        let residual = &y - &fitted;
        let score = residual.component_mul(&residual).dot(&weights_vector) / (1.0 - freedom / effective).powi(2);
        if score < best.0 {
            let values = fitted.iter().map(|f| mean + f * (deviation + 1e-12)).collect();
            best = (score, ridge, freedom, values);
        }
    }
    (best.1, best.2, best.3)
}

#[test]
fn cross_validation_agrees_with_dense_solves() {
    // Three inputs have nine features. So 8 samples use the dual form, with few degrees of freedom;
    // more samples use the primal form.
    for (seed, samples, dims) in [(1, 8, 3), (2, 40, 3), (3, 15, 5), (4, 60, 5), (5, 19, 5), (6, 21, 5), (7, 33, 1)] {
        let random = &mut Random::new(seed);
        let inputs = columns(random, samples, dims);
        let weights = weights(random, samples);
        let truth = quadratic(random, dims);
        let targets: Vec<f64> = truth.values(&inputs).iter().map(|v| v + 20.0 * random.normal()).collect();
        for penalty in [1.0, 0.1] {
            let design = Design::new(&inputs, weights.clone(), &vec![0.0; dims], penalty, Ridge::CrossValidated);
            let Fit { function, candidate, residual } = design.fit(&targets);
            let (ridge, freedom, values) = dense(&inputs, &weights, &targets, penalty);
            assert_eq!(candidate.ridge, ridge, "{samples} samples, {dims} inputs, penalty {penalty}");
            assert!((candidate.degrees_of_freedom - freedom).abs() < 1e-8);
            let size = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
            let fitted = function.values(&inputs);
            for (ours, dense) in fitted.iter().zip(&values) {
                assert!((ours - dense).abs() < 1e-8 * size, "{ours} against {dense}");
            }
            let squares: f64 = fitted.iter().zip(&targets).zip(&weights).map(|((f, y), w)| w * (f - y).powi(2)).sum();
            assert!((residual - squares.sqrt()).abs() < 1e-7 * squares.sqrt());
        }
    }
}

#[test]
fn a_kept_ridge_gives_what_its_choice_gave() {
    // Dual and primal form.
    for (seed, samples, dims) in [(21, 8, 3), (22, 40, 3), (23, 150, 16), (24, 400, 8)] {
        let random = &mut Random::new(seed);
        let inputs = columns(random, samples, dims);
        let weights = weights(random, samples);
        let truth = quadratic(random, dims);
        let targets: Vec<f64> = truth.values(&inputs).iter().map(|v| v + 20.0 * random.normal()).collect();
        let thresholds = vec![0.0; dims];
        let chosen = Design::new(&inputs, weights.clone(), &thresholds, 0.1, Ridge::CrossValidated).fit(&targets);
        let kept = known(&inputs, weights, &thresholds, chosen.candidate).fit(&targets);
        assert_eq!(kept.candidate, chosen.candidate);
        let (expected, found) = (chosen.function.values(&inputs), kept.function.values(&inputs));
        let size = expected.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        assert!(expected.iter().zip(&found).all(|(a, b)| (a - b).abs() < 1e-8 * size), "{samples} samples");
        assert!((kept.residual - chosen.residual).abs() < 1e-6 * chosen.residual);
    }
}

#[test]
fn a_kept_ridge_that_has_no_solution_is_chosen_anew() {
    let random = &mut Random::new(25);
    let inputs = columns(random, 60, 4);
    let candidate = Candidate { ridge: -1.0, degrees_of_freedom: 2.0 };
    let fit = known(&inputs, weights(random, 60), &[0.0; 4], candidate).fit(&vec![1.0; 60]);
    assert!(fit.candidate.ridge > 0.0 && fit.function.is_finite());
}

#[test]
fn no_candidate_that_qualifies_means_the_largest() {
    let random = &mut Random::new(8);
    let inputs = columns(random, 2, 4);
    let design = Design::new(&inputs, vec![0.5; 2], &[0.0; 4], 0.1, Ridge::CrossValidated);
    let fit = design.fit(&[1.0, -1.0]);
    assert_eq!(fit.candidate.ridge, grid()[18]);
}

#[test]
fn exact_quadratics_are_recovered() {
    for (samples, dims) in [(200, 4), (600, 6)] {
        let random = &mut Random::new(samples as u64);
        let inputs = columns(random, samples, dims);
        let truth = quadratic(random, dims);
        let targets = truth.values(&inputs);
        let weights = weights(random, samples);
        let design = Design::new(&inputs, weights, &vec![0.0; dims], 0.1, Ridge::Fixed(1e-13));
        let fit = design.fit(&targets).function;
        assert!((&fit.hessian - &truth.hessian).norm() < 1e-5 * truth.hessian.norm());
        let other = columns(random, 50, dims);
        let scale = targets.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        for i in 0..50 {
            let point = row(&other, i);
            assert!((fit.value(&point) - truth.value(&point)).abs() < 1e-7 * scale);
        }
    }
}

#[test]
fn the_dual_form_interpolates_with_few_samples() {
    let random = &mut Random::new(9);
    let inputs = columns(random, 30, 9);
    let targets: Vec<f64> = (0..30).map(|_| random.normal()).collect();
    let design = Design::new(&inputs, vec![1.0 / 30.0; 30], &[0.0; 9], 0.1, Ridge::Fixed(1e-10));
    let fitted = design.fit(&targets).function.values(&inputs);
    for (f, y) in fitted.iter().zip(&targets) {
        assert!((f - y).abs() < 1e-6);
    }
}

#[test]
fn inputs_that_hardly_vary_are_left_out() {
    let random = &mut Random::new(10);
    let mut inputs = columns(random, 300, 4);
    inputs.dim_mut(1).iter_mut().for_each(|x| *x = 5.0 + 1e-4 * (*x - 0.3));
    inputs.dim_mut(3).fill(-2.0);
    let truth = quadratic(random, 4);
    let targets = truth.values(&inputs);
    for (thresholds, left_out) in [([0.01; 4], 2), ([0.0; 4], 0)] {
        let design = Design::new(&inputs, weights(random, 300), &thresholds, 0.1, Ridge::CrossValidated);
        assert_eq!(design.dropped(), left_out);
        let fit = design.fit(&targets).function;
        if left_out == 2 {
            assert_eq!([fit.gradient[1], fit.gradient[3]], [0.0; 2]);
            assert!(fit.hessian.row(1).iter().chain(fit.hessian.row(3).iter()).all(|x| *x == 0.0));
        }
        let scale = targets.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        for (f, y) in fit.values(&inputs).iter().zip(&targets) {
            assert!((f - y).abs() < 2e-2 * scale, "{f} against {y}");
        }
    }
    // No input varies, so the fit is the mean.
    let constant = Design::new(&inputs, weights(random, 300), &[1e3; 4], 0.1, Ridge::CrossValidated);
    assert!(constant.fit(&vec![7.0; 300]).function.values(&inputs).iter().all(|v| (v - 7.0).abs() < 1e-12));
}

#[test]
fn the_control_variate_is_added_back_exactly() {
    let random = &mut Random::new(11);
    let inputs = columns(random, 120, 5);
    let mut next = Columns::zeros(120, 3);
    let (map, offset) = (random.matrix(3, 5), random.vector(3));
    for i in 0..120 {
        let state = &map * row(&inputs, i) + &offset;
        next.set(i, 0, state.as_slice());
    }
    let weights = weights(random, 120);
    let design = Design::new(&inputs, weights, &[0.0; 5], 0.1, Ridge::Fixed(1e-13));
    let (dynamics, predicted) =
        LinearPrediction::fit(&design, &next, &vec![false; next.samples()], 0).unwrap().unwrap();
    // The dynamics are linear, so the model finds them up to its small ridge.
    assert!((&dynamics.map - &map).norm() < 1e-4 * map.norm());
    for i in 0..120 {
        let expected = &dynamics.map * row(&inputs, i) + &dynamics.offset;
        assert!((row(&predicted, i) - expected).norm() < 1e-9);
    }
    // Subtraction at the samples and addition as a function cancel, for any model.
    let value = quadratic(random, 3);
    let reward = quadratic(random, 5);
    let targets: Vec<f64> = reward.values(&inputs).iter().zip(value.values(&next)).map(|(r, v)| r + v).collect();
    let remainder: Vec<f64> = targets.iter().zip(value.values(&predicted)).map(|(y, v)| y - v).collect();
    let mut with = design.fit(&remainder).function;
    with.add(&value.after(&dynamics.map, &dynamics.offset));
    let scale = targets.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    for (f, y) in with.values(&inputs).iter().zip(&targets) {
        assert!((f - y).abs() < 1e-7 * scale);
    }
}

/// Root of the mean squared difference of two functions at the samples.
fn distance(a: &Quadratic, b: &Quadratic, inputs: &Columns) -> f64 {
    let squares = a.values(inputs).into_iter().zip(b.values(inputs)).map(|(a, b)| (a - b) * (a - b));
    (squares.sum::<f64>() / inputs.samples() as f64).sqrt()
}

#[test]
fn with_and_without_the_control_variate_the_fits_agree_in_the_limit() {
    const NOISE: f64 = 0.3;
    let mut random = Random::new(31);
    let value = quadratic(&mut random, 2);
    let (map, offset) = (random.matrix(2, 3), random.vector(2));
    // E[V(map x + offset + noise)] is V along the map, and a constant.
    let mut exact = Quadratic { hessian: DMatrix::zeros(3, 3), gradient: DVector::zeros(3), constant: 0.0 };
    exact.add(&value.after(&map, &offset));
    exact.constant += 0.5 * NOISE * NOISE * value.hessian.trace();
    let mut errors = Vec::new();
    for samples in [200, 20_000] {
        let mut inputs = Columns::zeros(samples, 3);
        (0..3).for_each(|k| inputs.dim_mut(k).iter_mut().for_each(|x| *x = random.normal()));
        let mut next = Columns::zeros(samples, 2);
        for i in 0..samples {
            let state = &map * row(&inputs, i) + &offset + random.vector(2) * NOISE;
            (0..2).for_each(|k| next.dim_mut(k)[i] = state[k]);
        }
        let weights = vec![1.0 / samples as f64; samples];
        let design = Design::new(&inputs, weights, &[0.0; 3], 0.1, Ridge::CrossValidated);
        let targets = value.values(&next);
        let plain = design.fit(&targets).function;
        let (dynamics, predicted) =
            LinearPrediction::fit(&design, &next, &vec![false; next.samples()], 0).unwrap().unwrap();
        let rest: Vec<f64> = targets.iter().zip(value.values(&predicted)).map(|(y, v)| y - v).collect();
        let mut with = design.fit(&rest).function;
        with.add(&value.after(&dynamics.map, &dynamics.offset));
        errors.push([
            distance(&plain, &exact, &inputs),
            distance(&with, &exact, &inputs),
            distance(&plain, &with, &inputs),
        ]);
    }
    // A hundred times the samples: a tenth of the error, of each and of their difference.
    let (few, many) = (errors[0], errors[1]);
    for (few, many) in few.iter().zip(many) {
        assert!(many < 0.3 * few, "errors {errors:?}");
    }
}
