//! The forecast against an exact linear problem.

use super::Random;
use crate::moto::forecast::{Forecast, Forecaster, best};
use crate::moto::{ForecastConfig, Quadratic, StateDistribution, expected_advantage};
use crate::planning::LinearDynamics;
use crate::policy::{LinearGaussian, Policy, gaussian_kl};
use nalgebra::{DMatrix, DVector};

const STEPS: usize = 4;

fn law(random: &mut Random) -> LinearGaussian {
    LinearGaussian { gain: random.matrix(1, 2) * 0.3, bias: random.vector(1), covariance: random.positive_definite(1) }
}

/// The moments of sampled states follow the forecast's distributions: improvement and shift are those
/// of the states that a simulation reaches.
#[test]
fn the_forecast_is_that_of_simulated_states() {
    let mut random = Random::new(5);
    let model = |random: &mut Random| LinearDynamics {
        map: random.matrix(2, 3) * 0.5,
        offset: random.vector(2),
        covariance: random.positive_definite(2) * 0.05,
    };
    let models: Vec<LinearDynamics> = (0..STEPS).map(|_| model(&mut random)).collect();
    let quadratic = |random: &mut Random| {
        let half = random.matrix(3, 3);
        Quadratic { hessian: &half + half.transpose(), gradient: random.vector(3), constant: random.normal() }
    };
    let q: Vec<Quadratic> = (0..STEPS).map(|_| quadratic(&mut random)).collect();
    let old = Policy { steps: (0..STEPS).map(|_| law(&mut random)).collect() };
    let candidate = Policy { steps: (0..STEPS).map(|_| law(&mut random)).collect() };
    let state =
        |random: &mut Random| StateDistribution { mean: random.vector(2), covariance: random.positive_definite(2) };
    let states: Vec<StateDistribution> = (0..STEPS).map(|_| state(&mut random)).collect();
    let start = state(&mut random);
    let diagonal = DVector::from_vec(vec![0.01, 0.02]);
    let forecaster = Forecaster {
        old: &old,
        states: &states,
        q: &q,
        dynamics: models.clone(),
        start: start.clone(),
        diagonal: diagonal.clone(),
    };
    let forecast = forecaster.forecast(&candidate);

    const SAMPLES: usize = 100_000;
    let root = |covariance: &DMatrix<f64>| covariance.clone().cholesky().unwrap().l();
    let mut samples = root(&start.covariance) * random.matrix(2, SAMPLES);
    samples.column_iter_mut().for_each(|mut s| s += &start.mean);
    let (mut improvement, mut shift) = (0., 0f64);
    for t in 0..STEPS {
        let seen = StateDistribution::fit(&[(&samples, 1.)], &[0.; 2]);
        improvement += expected_advantage(&q[t], &old.steps[t], &candidate.steps[t], &seen);
        let wide = &seen.covariance + DMatrix::from_diagonal(&diagonal);
        shift = shift.max(gaussian_kl((&seen.mean, &wide), (&states[t].mean, &states[t].covariance)).unwrap());
        let (law, step) = (&candidate.steps[t], &models[t]);
        let (exploration, noise) = (root(&law.covariance), root(&step.covariance));
        for mut sample in samples.column_iter_mut() {
            let action = &law.gain * &sample + &law.bias + &exploration * random.vector(1);
            let both = DVector::from_iterator(3, sample.iter().chain(action.iter()).copied());
            sample.copy_from(&(&step.map * both + &step.offset + &noise * random.vector(2)));
        }
    }
    assert!((forecast.improvement - improvement).abs() < 0.03 * improvement.abs(), "{forecast:?} {improvement}");
    assert!((forecast.shift - shift).abs() < 0.03 * shift, "{forecast:?} {shift}");
}

#[test]
fn the_best_candidate_is_the_largest_improvement_within_the_shift() {
    let config = ForecastConfig { factors: vec![0.25, 1., 4.], largest_shift: 8., ..Default::default() };
    let forecasts = |of: [(f64, f64); 3]| of.map(|(improvement, shift)| Forecast { improvement, shift });
    assert_eq!(best(&config, &forecasts([(1., 1.), (2., 5.), (9., 14.)])), 1);
    assert_eq!(best(&config, &forecasts([(3., 1.), (2., 5.), (2.5, 7.)])), 0);
    assert_eq!(best(&config, &forecasts([(1., 9.), (2., 10.), (9., 14.)])), 0);
}
