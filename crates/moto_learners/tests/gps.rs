//! Guided policy search as a whole: it finds the optimum of a linear-quadratic problem, is deterministic and resumable.

mod support;

use moto_learners::gps::{Gps, GpsConfig, GpsError, GpsReport, MixtureConfig, StepSizeConfig};
use moto_learners::moto::MotoError;
use moto_learners::policy::Policy;
use moto_learners::{Batch, Reward};
use support::{Linear, Random};

fn run(task: &Linear, gps: &mut Gps, rollouts: usize, iterations: usize, random: &mut Random) -> Vec<GpsReport> {
    (0..iterations)
        .map(|_| {
            let batch = task.roll_out(gps.policy(), rollouts, random);
            gps.update(batch, task).unwrap()
        })
        .collect()
}

/// Largest relative error of a gain, and largest bias: the optimum has none.
fn errors(task: &Linear, policy: &Policy) -> (f64, f64) {
    let optimal = task.riccati();
    let gain = policy.steps.iter().zip(&optimal).map(|(law, gain)| (&law.gain - gain).norm() / gain.norm());
    (gain.fold(0.0, f64::max), policy.steps.iter().map(|law| law.bias.amax()).fold(0.0, f64::max))
}

#[test]
fn converges_to_the_riccati_solution() {
    let task = Linear::new(12);
    let weak = MixtureConfig { strength: 1e-3, diagonal: 1e-9, ..MixtureConfig::default() };
    // Without planning ahead it is policy iteration, which needs more of them.
    for (mixture, plan_ahead, iterations) in [(None, true, 8), (Some(weak), true, 8), (None, false, 16)] {
        // Steps of one nat: the exploration that the dynamics are seen by is down to a millionth at the end, not to nothing.
        let step_size = StepSizeConfig { enabled: false, ..StepSizeConfig::default() };
        let config = GpsConfig { epsilon: 1.0, diagonal: 1e-12, step_size, mixture, plan_ahead };
        let mut gps = Gps::new(config, task.initial(1.0)).unwrap();
        assert!(errors(&task, gps.policy()).0 > 0.99);
        let reports = run(&task, &mut gps, 40, iterations, &mut Random::new(3));
        let (gain, bias) = errors(&task, gps.policy());
        assert!(
            gain < 1e-3 && bias < 1e-3,
            "mixture {mixture:?}, plan ahead {plan_ahead}: relative gain error {gain}, bias {bias}"
        );
        // There is next to nothing left to gain, and the dynamics are noiseless.
        let last = &reports[iterations - 1];
        assert!((last.predicted_return - last.expected_return).abs() < 1e-3 * last.expected_return.abs());
        assert!(last.steps.iter().all(|step| step.dynamics_noise < 1e-2));
    }
}

#[test]
fn reports_keep_the_bound_and_predict_the_improvement() {
    // Starts close together: those of a batch are part of its model, and their chance would look like success or failure.
    let task = Linear { spread: 0.02, ..Linear::new(10) };
    let config = GpsConfig { epsilon: 0.05, ..GpsConfig::default() };
    let mut gps = Gps::new(config, task.initial(1.0)).unwrap();
    let reports = run(&task, &mut gps, 200, 5, &mut Random::new(5));
    for (i, report) in reports.iter().enumerate() {
        assert_eq!((report.iteration, report.rollouts, report.steps.len()), (i, 200, 10));
        assert!((report.kl_bound - 10.0 * 0.05 * report.step_size).abs() < 1e-12);
        assert!(report.kl <= report.kl_bound && report.kl > 0.99 * report.kl_bound);
        assert!((report.steps.iter().map(|s| s.kl).sum::<f64>() - report.kl).abs() < 1e-12);
        assert!(report.min_return <= report.mean_return && report.mean_return <= report.max_return);
        assert!(report.predicted_return > report.expected_return);
        // Linear dynamics and a quadratic reward: the model is the problem, up to the rollouts' start.
        let noise = 4.0 * report.return_error;
        assert!((report.expected_return - report.mean_return).abs() < noise);
        assert_eq!(report.expected_improvement.is_some(), i > 0);
    }
    // A step that brings what was predicted is followed by a longer one.
    assert!(reports[4].step_size > 1.0);
}

#[test]
fn without_adaptation_the_step_stays() {
    let task = Linear::new(6);
    let step_size = StepSizeConfig { enabled: false, ..StepSizeConfig::default() };
    let mut gps = Gps::new(GpsConfig { step_size, ..GpsConfig::default() }, task.initial(1.0)).unwrap();
    let reports = run(&task, &mut gps, 20, 4, &mut Random::new(6));
    assert!(reports.iter().all(|report| report.step_size == 1.0));
}

fn configs() -> [GpsConfig; 2] {
    let mixture = Some(MixtureConfig { rollouts: 30, ..MixtureConfig::default() });
    [GpsConfig { mixture: None, ..GpsConfig::default() }, GpsConfig { mixture, ..GpsConfig::default() }]
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let task = Linear::new(8);
    for config in configs() {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut gps = Gps::new(config.clone(), task.initial(1.0)).unwrap();
                run(&task, &mut gps, 20, 4, &mut Random::new(7));
                gps
            })
        };
        let alone = on(1);
        assert_eq!(alone, on(2));
        assert_eq!(alone, on(5));
    }
}

#[test]
fn a_restored_learner_goes_on_to_the_bit() {
    let task = Linear::new(6);
    for config in configs() {
        let mut random = Random::new(8);
        let mut gps = Gps::new(config, task.initial(1.0)).unwrap();
        run(&task, &mut gps, 15, 3, &mut random);
        let mut restored: Gps = serde_json::from_str(&serde_json::to_string(&gps).unwrap()).unwrap();
        assert_eq!(gps, restored);
        let batch = task.roll_out(gps.policy(), 15, &mut random);
        gps.update(batch.clone(), &task).unwrap();
        restored.update(batch, &task).unwrap();
        assert_eq!(gps, restored);
        assert_eq!(gps.iteration(), 4);
    }
}

#[test]
fn few_rollouts_are_enough_to_go_on() {
    let task = Linear::new(6);
    for config in configs() {
        for rollouts in [1, 2, 3] {
            let mut gps = Gps::new(config.clone(), task.initial(1.0)).unwrap();
            run(&task, &mut gps, rollouts, 5, &mut Random::new(9));
            gps.policy().validate().unwrap();
        }
    }
}

#[test]
fn bad_configurations_are_refused_with_the_field_named() {
    let mixture = |change: fn(&mut MixtureConfig)| {
        let mut mixture = MixtureConfig::default();
        change(&mut mixture);
        GpsConfig { mixture: Some(mixture), ..GpsConfig::default() }
    };
    let step = |smallest, largest| {
        let step_size = StepSizeConfig { smallest, largest, ..StepSizeConfig::default() };
        GpsConfig { step_size, ..GpsConfig::default() }
    };
    let step_size = StepSizeConfig { growth: 0.5, ..StepSizeConfig::default() };
    let growth = GpsConfig { step_size, ..GpsConfig::default() };
    let cases = [
        ("epsilon", GpsConfig { epsilon: 0.0, ..GpsConfig::default() }),
        ("epsilon", GpsConfig { epsilon: f64::NAN, ..GpsConfig::default() }),
        ("diagonal", GpsConfig { diagonal: 0.0, ..GpsConfig::default() }),
        ("step_size.smallest", step(0.0, 2.0)),
        ("step_size.largest", step(0.5, 0.9)),
        ("step_size.growth", growth),
        ("mixture.clusters", mixture(|m| m.clusters = 0)),
        ("mixture.cluster_size", mixture(|m| m.cluster_size = 0)),
        ("mixture.rollouts", mixture(|m| m.rollouts = 0)),
        ("mixture.passes", mixture(|m| m.passes = 0)),
        ("mixture.strength", mixture(|m| m.strength = -1.0)),
        ("mixture.diagonal", mixture(|m| m.diagonal = f64::INFINITY)),
    ];
    let task = Linear::new(3);
    for (expected, config) in cases {
        match Gps::new(config, task.initial(1.0)) {
            Err(GpsError::Config(error)) => {
                assert_eq!(error.field(), Some(expected));
                assert!(error.to_string().contains(expected), "{error}");
            }
            other => panic!("{expected}: {other:?}"),
        }
    }
    assert!(serde_json::from_str::<GpsConfig>(r#"{"epsilom": 1.0}"#).unwrap_err().to_string().contains("epsilom"));
    assert!(serde_json::from_str::<GpsConfig>(r#"{"mixture": {"cluster": 3}}"#).is_err());
}

/// A linear task whose reward cannot be used at one step.
struct Broken<'a>(&'a Linear);

impl Reward for Broken<'_> {
    fn step(&self, t: usize, state: &[f64], action: &[f64], next: &[f64], outcome: &[f64]) -> f64 {
        if t == 2 { f64::NAN } else { self.0.step(t, state, action, next, outcome) }
    }

    fn last(&self, state: &[f64]) -> f64 {
        self.0.last(state)
    }
}

#[test]
fn a_refused_batch_leaves_the_learner_as_it_was() {
    let task = Linear::new(4);
    let mut gps = Gps::new(GpsConfig::default(), task.initial(1.0)).unwrap();
    let good = task.roll_out(gps.policy(), 10, &mut Random::new(10));
    let before = gps.clone();
    let mut bad = good.clone();
    bad.received[3][(0, 6)] = f64::INFINITY;
    let expected = MotoError::NonFiniteBatch { field: "received", step: 3, rollout: 6 };
    assert_eq!(gps.update(bad, &task), Err(GpsError::Batch(expected)));
    let short = Batch { states: good.states[..4].to_vec(), ..good.clone() };
    assert!(matches!(gps.update(short, &task), Err(GpsError::Batch(MotoError::BatchLength { field: "states", .. }))));
    let refusal = gps.update(good, &Broken(&task));
    assert!(matches!(refusal, Err(GpsError::Batch(MotoError::NonFiniteReward { step: 2, .. }))), "{refusal:?}");
    assert_eq!(gps, before);
}
