//! TRPO's step against closed forms and on random problems; learning in all three variants.

mod support;

use moto_learners::policy::{Law, Layers, StoredLaw};
use moto_learners::trpo::{
    Fisher, Gaussian, Mean, NaturalStep, PolicyForm, Samples, TrpoConfig, ValueForm, conjugate_gradients,
};
use moto_learners::{Batch, LearnerSettings, Start};
use nalgebra::{DMatrix, DVector};
use support::{Linear, Random};

const HORIZON: usize = 3;

fn samples(count: usize, inputs: usize, outputs: usize, random: &mut Random) -> Samples {
    Samples {
        steps: (0..count).map(|i| i % HORIZON).collect(),
        inputs: random.matrix(inputs, count),
        drawn: random.matrix(outputs, count),
    }
}

fn parameters(policy: &Gaussian, random: &mut Random) -> Vec<f64> {
    (random.vector(policy.parameters()) * 0.3).as_slice().to_vec()
}

#[test]
fn conjugate_gradients_find_the_closed_form_of_a_linear_law() {
    let (mut random, inputs, outputs) = (Random::new(1), 2, 2);
    let policy = Gaussian { mean: Mean::Linear { horizon: HORIZON, inputs, outputs } };
    let (samples, at) = (samples(60, inputs, outputs, &mut random), parameters(&policy, &mut random));
    let target = random.vector(policy.parameters()) * 1e5;
    let product = |vector: &[f64]| Fisher::new(&policy, &at, &samples).product(vector);
    let found = conjugate_gradients(product, target.as_slice(), 1000);
    // The Fisher matrix is Sigma^-1 (x) E[phi phi'] per step, and 2 per log deviation, each with the step's share.
    let share = 1. / HORIZON as f64;
    for t in 0..HORIZON {
        let chosen: Vec<usize> = (t..60).step_by(HORIZON).collect();
        let phi = samples.inputs.select_columns(&chosen).insert_row(inputs, 1.);
        let moments = &phi * phi.transpose() * (share / chosen.len() as f64);
        for j in 0..outputs {
            let log_deviation = policy.log_deviations(t) + j;
            let precision = (-2. * at[log_deviation]).exp();
            let first = (t * outputs + j) * (inputs + 1);
            let exact = moments.clone().try_inverse().unwrap() * target.rows(first, inputs + 1) / precision;
            let found_rows = DVector::from_row_slice(&found[first..=first + inputs]);
            assert!((found_rows - &exact).norm() < 1e-8 * exact.norm(), "step {t}, output {j}");
            let exact = target[log_deviation] / (2. * share);
            assert!((found[log_deviation] - exact).abs() < 1e-8 * exact.abs(), "deviation {j} of step {t}");
        }
    }
}

fn forms() -> [Mean; 2] {
    [
        Mean::Neural(Layers { inputs: 3, hidden: 4, outputs: 2 }),
        Mean::Linear { horizon: HORIZON, inputs: 3, outputs: 2 },
    ]
}

#[test]
fn the_gradient_is_that_of_finite_differences() {
    let mut random = Random::new(2);
    for mean in forms() {
        let policy = Gaussian { mean };
        let (samples, at) = (samples(30, 3, 2, &mut random), parameters(&policy, &mut random));
        let advantages = random.vector(30);
        let old = policy.log_densities(&at, &samples);
        let surrogate = |at: &[f64]| policy.surrogate(at, &samples, &old, advantages.as_slice());
        let gradient = policy.gradient(&at, &samples, advantages.as_slice());
        for (k, slope) in gradient.iter().enumerate() {
            let moved = |by: f64| {
                let mut at = at.clone();
                at[k] += by;
                surrogate(&at)
            };
            assert!((slope - (moved(1e-5) - moved(-1e-5)) / 2e-5).abs() < 1e-8, "{mean:?} {k}");
        }
    }
}

#[test]
fn an_accepted_step_gains_and_keeps_its_bound() {
    let (mut taken, mut halved) = (0, 0);
    for seed in 0..60 {
        let mut random = Random::new(seed);
        for mean in forms() {
            let policy = Gaussian { mean };
            let (samples, at) = (samples(40, 3, 2, &mut random), parameters(&policy, &mut random));
            let advantages = random.vector(40);
            let max_kl = [0.001, 0.01, 1., 30.][seed as usize % 4];
            let step = NaturalStep { max_kl, iterations: 10, damping: 1e-3, fisher_every: 1 };
            let Some(accepted) = step.take(&policy, &at, &samples, advantages.as_slice()) else { continue };
            let old = policy.log_densities(&at, &samples);
            let surrogate = |at: &[f64]| policy.surrogate(at, &samples, &old, advantages.as_slice());
            assert!(surrogate(&accepted.parameters) >= surrogate(&at));
            assert!(policy.kl(&at, &accepted.parameters, &samples) <= 1.5 * max_kl);
            (taken, halved) = (taken + 1, halved + i32::from(accepted.halvings > 0));
        }
    }
    assert!(taken > 100 && halved > 10, "{taken} steps, {halved} of them halved");
}

#[test]
fn without_advantages_there_is_no_step() {
    let (mut random, policy) = (Random::new(3), Gaussian { mean: forms()[0] });
    let (samples, at) = (samples(30, 3, 2, &mut random), parameters(&policy, &mut random));
    let step = NaturalStep { max_kl: 0.01, iterations: 10, damping: 0.1, fisher_every: 1 };
    assert_eq!(step.take(&policy, &at, &samples, &[0.; 30]), None);
    assert_eq!(step.take(&policy, &at, &samples, &[f64::NAN; 30]), None);
}

fn roll_out(plant: &Linear, law: &StoredLaw, rollouts: usize, random: &mut Random) -> Batch {
    let Law::Policy(law) = law.compile().unwrap() else { panic!("a movement") };
    let mut batch = Batch::zeros(&plant.initial(1.), rollouts);
    for i in 0..rollouts {
        let mut state = &plant.start + random.vector(2) * plant.spread;
        for t in 0..plant.horizon {
            let mut action = [0.];
            law.action(t, state.as_slice(), &[random.normal()], &mut action);
            batch.states[t].set_column(i, &state);
            (batch.actions[t][(0, i)], batch.received[t][(0, i)]) = (action[0], action[0]);
            state = &plant.a * state + &plant.b * action[0];
        }
        batch.states[plant.horizon].set_column(i, &state);
    }
    batch
}

fn variants() -> [TrpoConfig; 3] {
    let neural = TrpoConfig { hidden: 8, max_kl: 0.03, ..Default::default() };
    let quadratic = TrpoConfig { value: ValueForm::Quadratic, ..neural.clone() };
    let linear = TrpoConfig { policy: PolicyForm::LinearGaussian, fisher_every: 1, damping: 1e-3, ..quadratic.clone() };
    [neural, quadratic, linear]
}

#[test]
fn every_variant_learns_a_linear_quadratic_problem() {
    let plant = Linear { b: DMatrix::from_row_slice(2, 1, &[0.15, 0.9]), ..Linear::new(20) };
    for config in variants() {
        let start =
            Start { policy: plant.initial(1.), state_scales: vec![1.; 2], demonstration: None, context: 0..0, seed: 1 };
        let (mut learner, mut random) = (config.learner(&start).unwrap(), Random::new(1));
        let mut returns = Vec::new();
        for _ in 0..80 {
            let batch = roll_out(&plant, &learner.law(), 20, &mut random);
            let report = learner.learn(batch, &plant).unwrap();
            assert!(report.kl.unwrap() <= 1.5 * 0.03, "{:?}", report.kl);
            returns.push(report.mean_return);
        }
        let mean = |some: &[f64]| some.iter().sum::<f64>() / some.len() as f64;
        let (first, last) = (mean(&returns[..5]), mean(&returns[75..]));
        assert!(last > 0.6 * first, "{:?} {:?}: {last} from {first}", config.policy, config.value);
    }
}

#[test]
fn a_linear_law_with_a_thinned_fisher_matrix_is_refused() {
    let config = TrpoConfig { policy: PolicyForm::LinearGaussian, ..Default::default() };
    let error = LearnerSettings::check(&config).unwrap_err().to_string();
    assert!(error.starts_with("fisher_every is 5, expected 1 with policy: linear_gaussian"), "{error}");
}
