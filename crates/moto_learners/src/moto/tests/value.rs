use super::Random;
use crate::moto::{Quadratic, StateDistribution, backup, expected_advantage};
use crate::policy::LinearGaussian;
use nalgebra::DVector;

fn problem(random: &mut Random) -> (Quadratic, LinearGaussian, LinearGaussian) {
    let hessian = random.matrix(5, 5);
    let q =
        Quadratic { hessian: &hessian + hessian.transpose(), gradient: random.vector(5), constant: random.normal() };
    let mut law = || LinearGaussian {
        gain: random.matrix(2, 3),
        bias: random.vector(2),
        covariance: random.positive_definite(2),
    };
    (q, law(), law())
}

/// Points whose mean is exactly zero and whose covariance is exactly one. The average of a
/// quadratic over them is its expectation.
fn sigma_points(dim: usize) -> Vec<DVector<f64>> {
    let radius = (dim as f64).sqrt();
    (0..2 * dim)
        .map(|i| {
            let mut point = DVector::zeros(dim);
            point[i / 2] = if i % 2 == 0 { radius } else { -radius };
            point
        })
        .collect()
}

/// `E_a Q(s, a)` by averaging over actions.
fn average(q: &Quadratic, law: &LinearGaussian, state: &DVector<f64>) -> f64 {
    let factor = law.covariance.clone().cholesky().unwrap().l();
    let mean = &law.gain * state + &law.bias;
    let points = sigma_points(law.bias.len());
    let values = points.iter().map(|p| {
        let action = &mean + &factor * p;
        q.value(&DVector::from_iterator(5, state.iter().chain(action.iter()).copied()))
    });
    values.sum::<f64>() / points.len() as f64
}

#[test]
fn the_backup_is_the_expectation_over_actions() {
    let random = &mut Random::new(1);
    for _ in 0..20 {
        let (q, law, _) = problem(random);
        let value = backup(&q, &law);
        let state = random.vector(3);
        let expected = average(&q, &law, &state);
        assert!((value.value(&state) - expected).abs() < 1e-10 * (1.0 + expected.abs()));
    }
}

#[test]
fn the_expected_advantage_is_the_difference_of_expectations() {
    let random = &mut Random::new(2);
    for _ in 0..20 {
        let (q, old, new) = problem(random);
        let states = StateDistribution { mean: random.vector(3), covariance: random.positive_definite(3) };
        let factor = states.covariance.clone().cholesky().unwrap().l();
        let points = sigma_points(3);
        let difference = points.iter().map(|p| {
            let state = &states.mean + &factor * p;
            average(&q, &new, &state) - average(&q, &old, &state)
        });
        let expected = difference.sum::<f64>() / points.len() as f64;
        let ours = expected_advantage(&q, &old, &new, &states);
        assert!((ours - expected).abs() < 1e-9 * (1.0 + expected.abs()), "{ours} against {expected}");
    }
}

#[test]
fn the_state_fit_weights_its_samples() {
    let random = &mut Random::new(3);
    let (old, new) = (random.matrix(2, 8), random.matrix(2, 5).add_scalar(4.0));
    let fit = StateDistribution::fit(&[(&old, 0.5), (&new, 1.0)], &[0.1, 0.2]);
    let total = 8.0 * 0.5 + 5.0;
    let mut samples = old.column_iter().map(|c| (c, 0.5 / total)).collect::<Vec<_>>();
    samples.extend(new.column_iter().map(|c| (c, 1.0 / total)));
    let mean: DVector<f64> = samples.iter().map(|(c, w)| c * *w).sum();
    let mut covariance: nalgebra::DMatrix<f64> =
        samples.iter().map(|(c, w)| (c - &mean) * (c - &mean).transpose() * *w).sum();
    covariance[(0, 0)] += 0.1;
    covariance[(1, 1)] += 0.2;
    assert!((fit.mean - mean).norm() < 1e-13 && (fit.covariance - covariance).norm() < 1e-12);
}
