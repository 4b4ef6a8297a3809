//! The learner as a whole: it finds the optimum of a linear-quadratic problem, is deterministic, resumable, guarded.

mod support;

use moto_learners::moto::{
    FirstStates, ForecastConfig, GuardConfig, IterationReport, Moto, MotoConfig, MotoError, Outcomes, Reuse, Ridge,
    StateScales, Targets, TrustRegion,
};
use moto_learners::policy::Policy;
use moto_learners::{Adopted, Batch, ErrorPrice, ErrorShape, Learner, Measured, Reward, Verdict};
use nalgebra::DMatrix;
use support::{Linear, Random};

const REUSES: [Reuse; 4] = [Reuse::TimeAndIterations, Reuse::Iterations, Reuse::SameStepDecay, Reuse::None];

fn learner(task: &Linear, config: MotoConfig) -> Moto {
    Moto::new(config, task.initial(1.0), StateScales::ones(task.a.nrows())).unwrap()
}

/// Some iterations of a fresh learner; the random numbers go on from one to the next.
fn run(
    task: &Linear,
    learner: &mut Moto,
    rollouts: usize,
    iterations: usize,
    random: &mut Random,
) -> Vec<IterationReport> {
    (0..iterations)
        .map(|_| {
            let batch = task.roll_out(learner.policy(), rollouts, random);
            learner.update(batch, task).unwrap()
        })
        .collect()
}

fn gain_error(task: &Linear, policy: &Policy) -> f64 {
    let optimal = task.riccati();
    policy.steps.iter().zip(&optimal).map(|(law, gain)| (&law.gain - gain).norm() / gain.norm()).fold(0.0, f64::max)
}

/// Steps that reach the optimum of a linear-quadratic problem in few iterations.
fn large_steps() -> MotoConfig {
    MotoConfig {
        epsilon: 1.0,
        beta0: Some(0.2),
        stored_iterations: 3,
        guard: GuardConfig { enabled: false, ..GuardConfig::default() },
        ..MotoConfig::default()
    }
}

#[test]
fn converges_to_the_riccati_gains() {
    let task = Linear::new(12);
    for reuse in REUSES {
        for control_variate in [true, false] {
            let config = MotoConfig { reuse, control_variate, ..large_steps() };
            let mut learner = learner(&task, config);
            assert!(gain_error(&task, learner.policy()) > 0.99);
            run(&task, &mut learner, 40, 20, &mut Random::new(3));
            let error = gain_error(&task, learner.policy());
            // The ridge's shrinkage is what is left; the control variate takes most of what it could shrink away.
            let tolerance = if control_variate { 1e-3 } else { 1e-2 };
            assert!(error < tolerance, "{reuse:?}, control variate {control_variate}: relative gain error {error}");
        }
    }
}

/// The same problem, in which the price of the final state is that of an error vector, measured in the last step.
struct FinalError(Linear);

impl FinalError {
    fn roll_out(&self, policy: &Policy, rollouts: usize, random: &mut Random) -> Batch {
        let mut batch = self.0.roll_out(policy, rollouts, random);
        batch.outcomes = vec![DMatrix::zeros(2, rollouts); self.0.horizon];
        let root = self.0.state_cost.map(f64::sqrt);
        batch.outcomes[self.0.horizon - 1] = root * &batch.states[self.0.horizon];
        batch
    }
}

impl Reward for FinalError {
    fn step(&self, t: usize, state: &[f64], action: &[f64], next: &[f64], outcome: &[f64]) -> f64 {
        let error = if t + 1 == self.0.horizon { outcome.iter().map(|e| e * e).sum() } else { 0.0 };
        self.0.step(t, state, action, next, outcome) - error
    }

    fn last(&self, _: &[f64]) -> f64 {
        0.0
    }

    fn errors(&self) -> Vec<ErrorPrice> {
        let measured = Measured::At(self.0.horizon - 1);
        vec![ErrorPrice { rows: 0..2, measured, weight: 1.0, shape: ErrorShape::Squared }]
    }
}

#[test]
fn with_a_model_of_the_errors_it_converges_to_the_riccati_gains_too() {
    let task = FinalError(Linear::new(12));
    // Reuse over time would take other steps' outcomes for those of the last.
    for reuse in [Reuse::Iterations, Reuse::SameStepDecay, Reuse::None] {
        let mut learners = [Outcomes::Vector, Outcomes::Scalar].map(|outcomes| {
            let mut learner = learner(&task.0, MotoConfig { reuse, outcomes, ..large_steps() });
            let random = &mut Random::new(3);
            for _ in 0..20 {
                let batch = task.roll_out(learner.policy(), 40, random);
                learner.update(batch, &task).unwrap();
            }
            learner
        });
        let errors = learners.each_mut().map(|learner| gain_error(&task.0, learner.policy()));
        assert!(errors[0] < 1e-2, "{reuse:?}: relative gain errors {errors:?}, with and without the model");
        assert_ne!(learners[0].policy(), learners[1].policy(), "the model is in the fit");
    }
}

#[test]
fn steps_that_take_turns_with_their_ridge_converge_too() {
    let task = Linear::new(12);
    for reuse in REUSES {
        let config = MotoConfig { reuse, ridge_period: 4, ..large_steps() };
        let mut learner = learner(&task, config);
        let random = &mut Random::new(3);
        let reports = run(&task, &mut learner, 40, 20, random);
        let error = gain_error(&task, learner.policy());
        assert!(error < 1e-3, "{reuse:?}: relative gain error {error}");
        // Between its turns a step keeps its ridge, so no three of four updates in a row change it.
        for t in 0..12 {
            let ridges: Vec<f64> = reports[8..].iter().map(|report| report.steps[t].ridge).collect();
            let changes = ridges.windows(2).filter(|pair| pair[0] != pair[1]).count();
            assert!(changes <= 3, "{reuse:?}, step {t}: {ridges:?}");
        }
        let mut stored: Moto = Moto::clone(&learner);
        stored.restore(&learner.save().unwrap()).unwrap();
        let batch = task.roll_out(learner.policy(), 40, random);
        learner.update(batch.clone(), &task).unwrap();
        stored.update(batch, &task).unwrap();
        assert_eq!(learner, stored);
    }
}

#[test]
fn a_plan_is_taken_where_it_is_better_and_keeps_the_bounds() {
    let task = Linear::new(12);
    let forecast = ForecastConfig { factors: vec![1.0], planned: vec![1.0], largest_shift: 1e6 };
    let mut learner = learner(&task, MotoConfig { forecast, ..large_steps() });
    let reports = run(&task, &mut learner, 40, 20, &mut Random::new(3));
    // A plan has no multipliers of single steps.
    assert!(reports.iter().any(|report| report.steps.iter().all(|step| step.eta == 0.0)));
    for report in &reports {
        assert!(report.mean_kl <= 1.0 + 1e-9, "{}", report.mean_kl);
        assert!(report.steps.iter().all(|step| step.entropy_reduction <= 0.2 + 1e-9));
    }
    let error = gain_error(&task, learner.policy());
    assert!(error < 1e-2, "relative gain error {error}");
}

#[test]
fn first_states_of_all_trials_converge_too() {
    let task = Linear::new(12);
    let config = MotoConfig { first_states: FirstStates::All, reuse: Reuse::SameStepDecay, ..large_steps() };
    let mut learner = learner(&task, config);
    let reports = run(&task, &mut learner, 40, 20, &mut Random::new(3));
    let error = gain_error(&task, learner.policy());
    assert!(error < 1e-2, "relative gain error {error}");
    assert!(reports.iter().all(|report| report.mean_kl <= 1.0 + 1e-9));
}

#[test]
fn monte_carlo_targets_and_free_entropy_learn() {
    let task = Linear::new(6);
    let config = MotoConfig {
        reuse: Reuse::None,
        targets: Targets::MonteCarlo,
        control_variate: false,
        trust_region: TrustRegion::PerStep,
        beta0: None,
        ridge: Ridge::Fixed(1e-6),
        ..MotoConfig::default()
    };
    let mut learner = learner(&task, config);
    let reports = run(&task, &mut learner, 200, 12, &mut Random::new(4));
    assert!(gain_error(&task, learner.policy()) < 0.2);
    assert!(reports[11].mean_return > reports[0].mean_return + 1.0);
}

#[test]
fn reports_keep_the_bounds_and_predict_the_improvement() {
    let task = Linear::new(10);
    let config = MotoConfig { epsilon: 0.05, beta0: Some(0.02), ..MotoConfig::default() };
    let mut learner = learner(&task, config.clone());
    let reports = run(&task, &mut learner, 100, 4, &mut Random::new(5));
    for (i, report) in reports.iter().enumerate() {
        assert_eq!((report.iteration, report.rollouts, report.steps.len()), (i, 100, 10));
        assert!(report.mean_kl <= config.epsilon * (1.0 + 1e-9));
        assert!(report.min_return <= report.mean_return && report.mean_return <= report.max_return);
        assert_eq!(report.last_update.len(), if i == 0 { 0 } else { 10 });
        for step in &report.steps {
            assert!(step.kl <= config.step_cap * config.epsilon * (1.0 + 1e-9));
            assert!(step.entropy_reduction <= 0.02 + 1e-9);
            assert!(step.effective_samples > 1.0 && step.effective_samples <= step.transitions as f64 + 1e-9);
        }
        for outcome in &report.last_update {
            assert!(outcome.kl_new_states >= 0.0 && outcome.state_shift >= 0.0);
        }
    }
    // Small steps on an exactly quadratic problem: what is predicted is what comes, within the noise of 100 rollouts.
    let predicted = reports[0].predicted_improvement;
    let measured = reports[1].measured_improvement.unwrap();
    assert_eq!(reports[1].expected_improvement, Some(predicted));
    assert!(predicted > 0.0);
    let noise = 4.0 * (reports[0].return_error.powi(2) + reports[1].return_error.powi(2)).sqrt();
    assert!((measured - predicted).abs() < noise, "predicted {predicted}, measured {measured}, noise {noise}");
    let realised: f64 = reports[1].last_update.iter().map(|o| o.realised_advantage).sum();
    assert!((realised - predicted).abs() < 0.5 * predicted, "predicted {predicted}, realised advantage {realised}");
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let task = Linear::new(8);
    for reuse in REUSES {
        let config = MotoConfig { reuse, ..MotoConfig::default() };
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut learner = learner(&task, config.clone());
                run(&task, &mut learner, 37, 4, &mut Random::new(6));
                learner
            })
        };
        let one = on(1);
        assert_eq!(one, on(2), "{reuse:?} on two threads");
        assert_eq!(one, on(4), "{reuse:?} on four threads");
    }
}

#[test]
fn a_stored_learner_goes_on_to_the_bit() {
    let task = Linear::new(8);
    for reuse in REUSES {
        let mut learner = learner(&task, MotoConfig { reuse, ..MotoConfig::default() });
        run(&task, &mut learner, 20, 3, &mut Random::new(7));
        let bytes = bincode::serde::encode_to_vec(&learner, bincode::config::standard()).unwrap();
        let (mut restored, read): (Moto, usize) =
            bincode::serde::decode_from_slice(&bytes, bincode::config::standard()).unwrap();
        assert_eq!(read, bytes.len());
        run(&task, &mut learner, 20, 3, &mut Random::new(8));
        run(&task, &mut restored, 20, 3, &mut Random::new(8));
        assert_eq!(learner.iteration(), 6);
        assert_eq!(learner, restored, "{reuse:?}");
    }
}

/// A batch of the policy that ended badly: as if the robot had been pushed away at the start.
fn disturbed(task: &Linear, learner: &Moto, random: &mut Random) -> Batch {
    let pushed = Linear { start: &task.start * 30.0, ..Linear::new(task.horizon) };
    pushed.roll_out(learner.policy(), 30, random)
}

#[test]
fn the_guard_rolls_a_bad_batch_back() {
    let task = Linear::new(8);
    for reuse in REUSES {
        let config = MotoConfig { reuse, trust_region: TrustRegion::PerStep, ..MotoConfig::default() };
        let mut random = Random::new(9);
        let mut guarded = learner(&task, config.clone());
        let reports = run(&task, &mut guarded, 30, 2, &mut random);
        assert_eq!([reports[0].verdict, reports[1].verdict], [Verdict::Unjudged, Verdict::Accepted], "{reuse:?}");
        let mut before_last = learner(&task, config.clone());
        run(&task, &mut before_last, 30, 1, &mut Random::new(9));
        let good = before_last.policy().clone();

        let bad = disturbed(&task, &guarded, &mut random);
        let report = guarded.update(bad.clone(), &task).unwrap();
        assert_eq!(report.verdict, Verdict::RolledBack);
        assert!((report.epsilon - config.epsilon * config.guard.shrink).abs() < 1e-15);
        // The new policy is a step from the good one, within the smaller bound under the good batch's states.
        for (t, step) in report.steps.iter().enumerate() {
            assert!(step.kl <= report.epsilon * (1.0 + 1e-9));
            let (new, old) = (&guarded.policy().steps[t], &good.steps[t]);
            let relative = old.covariance.clone().cholesky().unwrap().inverse() * &new.covariance;
            assert!(relative.trace() < 3.0, "{reuse:?}, step {t}: not a step from the good policy");
        }
        // A good batch lets epsilon grow back.
        let next = run(&task, &mut guarded, 30, 1, &mut random);
        assert_eq!(next[0].verdict, Verdict::Accepted);
        assert!(next[0].epsilon > report.epsilon && next[0].epsilon <= config.epsilon);
        // And repeated bad ones never shrink it below its limit.
        for _ in 0..6 {
            let batch = disturbed(&task, &guarded, &mut random);
            let report = guarded.update(batch, &task).unwrap();
            assert_eq!(report.verdict, Verdict::RolledBack);
            assert!(report.epsilon >= config.epsilon * config.guard.smallest * (1.0 - 1e-12));
        }

        let off = GuardConfig { enabled: false, ..GuardConfig::default() };
        let mut unguarded = learner(&task, MotoConfig { guard: off, ..config });
        run(&task, &mut unguarded, 30, 2, &mut Random::new(9));
        let report = unguarded.update(bad, &task).unwrap();
        assert_eq!(report.verdict, Verdict::Unjudged);
    }
}

#[test]
fn rewards_of_any_sign_survive_the_clipping() {
    /// The same problem with a bonus per step, so that returns are positive.
    struct Bonus(Linear);
    impl Reward for Bonus {
        fn step(&self, t: usize, state: &[f64], action: &[f64], next: &[f64], outcome: &[f64]) -> f64 {
            self.0.step(t, state, action, next, outcome) + 50.0
        }
        fn last(&self, state: &[f64]) -> f64 {
            self.0.last(state)
        }
    }
    let config = MotoConfig { epsilon: 1.0, beta0: Some(0.2), ..MotoConfig::default() };
    let task = Bonus(Linear::new(8));
    let mut learner = learner(&task.0, config);
    let mut random = Random::new(10);
    for _ in 0..12 {
        let batch = task.0.roll_out(learner.policy(), 40, &mut random);
        assert!(learner.update(batch, &task).unwrap().mean_return > 0.0);
    }
    assert!(gain_error(&task.0, learner.policy()) < 1e-3);
}

#[test]
fn what_cannot_be_used_is_refused_and_changes_nothing() {
    /// A reward that is sometimes not a number.
    struct Broken;
    impl Reward for Broken {
        fn step(&self, t: usize, _: &[f64], _: &[f64], _: &[f64], _: &[f64]) -> f64 {
            if t == 3 { f64::NAN } else { 0.0 }
        }
        fn last(&self, _: &[f64]) -> f64 {
            0.0
        }
    }
    let task = Linear::new(5);
    let mut learner = learner(&task, MotoConfig::default());
    let mut random = Random::new(11);
    run(&task, &mut learner, 10, 2, &mut random);
    let before = learner.clone();
    let good = task.roll_out(learner.policy(), 10, &mut random);

    let mut batch = good.clone();
    batch.states[2][(1, 4)] = f64::INFINITY;
    let error = learner.update(batch, &task).unwrap_err();
    assert_eq!(error, MotoError::NonFiniteBatch { field: "states", step: 2, rollout: 4 });
    let mut batch = good.clone();
    batch.actions.pop();
    let error = learner.update(batch, &task).unwrap_err();
    assert_eq!(error, MotoError::BatchLength { field: "actions", found: 4, expected: 5 });
    let mut batch = good.clone();
    batch.received[1] = DMatrix::zeros(2, 10);
    assert!(matches!(learner.update(batch, &task), Err(MotoError::BatchShape { field: "received", step: 1, .. })));
    assert!(matches!(learner.update(good.clone(), &Broken), Err(MotoError::NonFiniteReward { step: 3, .. })));
    // Finite numbers whose squares are not: the fit fails, without a panic and without a policy of NaN.
    let mut batch = good.clone();
    batch.states[2].fill(1e200);
    batch.states[2][(0, 0)] = -1e200;
    assert!(learner.update(batch, &task).is_err());
    assert_eq!(learner, before);
    let empty = task.roll_out(learner.policy(), 0, &mut random);
    assert_eq!(learner.update(empty, &task).unwrap_err(), MotoError::EmptyBatch);
    assert!(learner.update(good, &task).is_ok());

    let initial = task.initial(1.0);
    let scales = Moto::new(MotoConfig::default(), initial.clone(), StateScales(vec![1.0])).unwrap_err();
    assert_eq!(scales, MotoError::ScaleCount { found: 1, expected: 2 });
    let zero = Moto::new(MotoConfig::default(), initial, StateScales(vec![1.0, 0.0])).unwrap_err();
    assert_eq!(zero, MotoError::Scale { dimension: 1, value: 0.0 });
}

#[test]
fn few_and_degenerate_rollouts_do_not_break_it() {
    // One and two rollouts, no spread at all at the start: everything is regularised, nothing is NaN.
    let task = Linear { spread: 0.0, ..Linear::new(6) };
    for reuse in REUSES {
        for rollouts in [1, 2] {
            let guard = GuardConfig { enabled: rollouts > 1, ..GuardConfig::default() };
            let config = MotoConfig { reuse, guard, drop_threshold: 0.01, ..MotoConfig::default() };
            let mut learner = learner(&task, config);
            let reports = run(&task, &mut learner, rollouts, 6, &mut Random::new(12));
            assert!(reports.iter().all(|r| r.mean_kl <= r.epsilon * (1.0 + 1e-9)), "{reuse:?}");
            learner.policy().validate().unwrap();
        }
    }
}

#[test]
fn the_covariance_keeps_its_floor() {
    let task = Linear::new(4);
    let config = MotoConfig {
        beta0: None,
        epsilon: 5.0,
        covariance_floor: 0.01,
        trust_region: TrustRegion::PerStep,
        ..MotoConfig::default()
    };
    let mut learner = learner(&task, config);
    let reports = run(&task, &mut learner, 40, 15, &mut Random::new(13));
    for report in &reports {
        assert!(report.steps.iter().all(|s| s.kl <= report.epsilon * (1.0 + 1e-9)));
    }
    let smallest = learner.policy().steps.iter().map(|law| law.covariance[(0, 0)]).fold(f64::INFINITY, f64::min);
    assert!((smallest - 0.01).abs() < 1e-9, "smallest variance {smallest}: the floor was not reached or not kept");
}

#[test]
fn the_configuration_reads_from_text_and_names_what_is_wrong() {
    let text = r#"{"epsilon": 0.2, "beta0": null, "reuse": "same_step_decay", "ridge": {"fixed": 1e-4},
                   "state_diagonal": {"scale_fraction": 0.01}, "guard": {"enabled": false}}"#;
    let config: MotoConfig = serde_json::from_str(text).unwrap();
    assert_eq!(config.beta0, None);
    assert_eq!(config.reuse, Reuse::SameStepDecay);
    assert_eq!(config.ridge, Ridge::Fixed(1e-4));
    assert!(!config.guard.enabled);
    assert_eq!(config.step_cap, MotoConfig::default().step_cap);
    let read: MotoConfig = serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
    assert_eq!(read, config);
    let error = serde_json::from_str::<MotoConfig>(r#"{"epsilom": 0.2}"#).unwrap_err();
    assert!(error.to_string().contains("epsilom"), "{error}");

    let refused = |config: MotoConfig| config.validate().unwrap_err().to_string();
    let message = refused(MotoConfig { epsilon: -1.0, ..MotoConfig::default() });
    assert!(message.contains("epsilon") && message.contains("-1"), "{message}");
    let message = refused(MotoConfig { sample_decay: f64::NAN, ..MotoConfig::default() });
    assert!(message.contains("sample_decay"), "{message}");
    let message = refused(MotoConfig { targets: Targets::MonteCarlo, ..MotoConfig::default() });
    assert!(message.contains("reuse"), "{message}");
}

#[test]
fn plans_are_refused_where_nothing_chooses_or_bounds_them() {
    let refused = |factors: &[f64], planned: &[f64], trust_region| {
        let forecast = ForecastConfig { factors: factors.into(), planned: planned.into(), ..Default::default() };
        MotoConfig { forecast, trust_region, ..MotoConfig::default() }.validate().map_err(|e| e.to_string())
    };
    for (factors, planned, trust_region, named) in [
        (&[1.0][..], &[-1.0][..], TrustRegion::Trajectory, "forecast.planned[0] is -1, expected above 0"),
        (&[1.0], &[f64::NAN], TrustRegion::Trajectory, "forecast.planned[0] is NaN, expected above 0"),
        (&[0.0], &[], TrustRegion::Trajectory, "forecast.factors[0] is 0, expected above 0"),
        (&[4.0, 1.0], &[], TrustRegion::Trajectory, "ascending order"),
        (
            &[],
            &[1.0],
            TrustRegion::Trajectory,
            "forecast.planned is [1.0], expected an empty list without forecast.factors",
        ),
        (&[1.0], &[1.0], TrustRegion::PerStep, "trust_region: per_step"),
    ] {
        let message = refused(factors, planned, trust_region).unwrap_err();
        assert!(message.contains(named), "{message}");
    }
    assert_eq!(refused(&[1.0], &[1.0], TrustRegion::Trajectory), Ok(()));
    assert_eq!(refused(&[], &[], TrustRegion::PerStep), Ok(()));
}

#[test]
fn the_observed_return_is_refused_where_it_would_be_another_steps() {
    let mixed = |reuse| MotoConfig { reuse, observed_return: 0.3, ..MotoConfig::default() }.validate();
    let message = mixed(Reuse::TimeAndIterations).unwrap_err().to_string();
    for named in ["observed_return is 0.3", "reuse: time_and_iterations"] {
        assert!(message.contains(named), "{named} is not in: {message}");
    }
    for reuse in [Reuse::Iterations, Reuse::SameStepDecay, Reuse::None] {
        assert_eq!(mixed(reuse), Ok(()));
    }
}

#[test]
fn the_guard_refuses_to_judge_by_a_single_rollout() {
    let task = Linear::new(4);
    let mut guarded = learner(&task, MotoConfig::default());
    let before = guarded.clone();
    let batch = task.roll_out(guarded.policy(), 1, &mut Random::new(14));
    let error = guarded.update(batch.clone(), &task).unwrap_err();
    assert_eq!(error, MotoError::GuardWithoutSpread);
    assert!(error.to_string().contains("guard.enabled"), "{error}");
    assert_eq!(guarded, before);
    let off = GuardConfig { enabled: false, ..GuardConfig::default() };
    learner(&task, MotoConfig { guard: off, ..MotoConfig::default() }).update(batch, &task).unwrap();
}

#[test]
fn the_reward_of_the_final_state_is_learned_from_as_it_is() {
    /// Only the final state counts, and one rollout in eleven ends very badly: less than the percentile that values are clipped to.
    struct Cliff;
    impl Reward for Cliff {
        fn step(&self, _: usize, _: &[f64], _: &[f64], _: &[f64], _: &[f64]) -> f64 {
            0.0
        }
        fn last(&self, state: &[f64]) -> f64 {
            if state[0] > 50.0 { -1000.0 } else { -1.0 }
        }
    }
    let task = Linear::new(1);
    let config = MotoConfig { ridge: Ridge::Fixed(1e-6), ..MotoConfig::default() };
    let residual = |clip_values| {
        let mut learner = learner(&task, MotoConfig { clip_values, ..config.clone() });
        let mut batch = task.roll_out(learner.policy(), 22, &mut Random::new(15));
        batch.states[1][(0, 3)] = 100.0;
        learner.update(batch, &Cliff).unwrap().steps[0].residual
    };
    assert!(residual(false) > 10.0, "{}", residual(false));
    assert_eq!(residual(true), residual(false));
}

#[test]
fn a_warm_start_takes_the_policy_and_where_asked_the_transitions() {
    let task = Linear::new(6);
    for reuse in REUSES {
        let config = MotoConfig { reuse, stored_iterations: 3, ..MotoConfig::default() };
        let mut other = learner(&task, config.clone());
        run(&task, &mut other, 20, 5, &mut Random::new(16));
        let started = |transitions| {
            let mut started = learner(&task, config.clone());
            started.start_from(&other.law()).unwrap();
            let adopted = if transitions { started.adopt(&other).unwrap() } else { Adopted::default() };
            assert_eq!((started.policy(), started.iteration()), (other.policy(), 0));
            started.validate().unwrap();
            (started, adopted)
        };
        let ((mut bare, _), (mut full, adopted)) = (started(false), started(true));
        let kept = if reuse == Reuse::None { 0 } else { 3 };
        assert_eq!(adopted, Adopted { iterations: kept, transitions: kept * 20 * 6 });
        // What the guard had expected of the other learner's last update says nothing here: a far worse batch is the first.
        let batch = disturbed(&task, &full, &mut Random::new(17));
        assert_eq!(full.clone().update(batch, &task).unwrap().verdict, Verdict::Unjudged);
        let reports = [&mut bare, &mut full].map(|learner| run(&task, learner, 20, 4, &mut Random::new(18)));
        for learner in [&bare, &full] {
            learner.validate().unwrap();
        }
        let samples = |reports: &[IterationReport]| reports[0].mean_effective_samples;
        let more = samples(&reports[1]) > samples(&reports[0]) + 1.0;
        assert_eq!(more, reuse != Reuse::None, "{reuse:?}: {} {}", samples(&reports[0]), samples(&reports[1]));
    }
}

#[test]
fn a_density_ratio_takes_over_only_batches_whose_origin_was_kept() {
    let task = Linear::new(6);
    let of = |reuse| learner(&task, MotoConfig { reuse, stored_iterations: 3, ..MotoConfig::default() });
    let mut other = of(Reuse::SameStepDecay);
    run(&task, &mut other, 20, 5, &mut Random::new(19));
    let saved = |learner: &Moto| learner.save().unwrap().len();
    let mut with_all = of(Reuse::Iterations);
    run(&task, &mut with_all, 20, 5, &mut Random::new(19));
    assert!(saved(&other) < saved(&with_all), "{} and {} bytes", saved(&other), saved(&with_all));
    for (reuse, kept) in [(Reuse::Iterations, 1), (Reuse::TimeAndIterations, 1), (Reuse::SameStepDecay, 3)] {
        let mut started = of(reuse);
        started.start_from(&other.law()).unwrap();
        assert_eq!(started.adopt(&other).unwrap().iterations, kept, "{reuse:?}");
        started.validate().unwrap();
        run(&task, &mut started, 20, 4, &mut Random::new(20));
        started.validate().unwrap();
    }
}
