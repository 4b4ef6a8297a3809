//! Rollouts that were broken off: what is learned from them, and that nothing after the break is read.

mod support;

use moto_learners::gps::{GpsConfig, GpsError};
use moto_learners::moto::{GuardConfig, Moto, MotoConfig, MotoError, Outcomes, Reuse, StateScales, TrustRegion};
use moto_learners::policy::{CompiledPolicy, LinearGaussian, Policy};
use moto_learners::trpo::TrpoConfig;
use moto_learners::{
    Batch, BrokenOff, ErrorPrice, ErrorShape, Learner, LearnerError, LearnerSettings, Measured, Reward, Start,
};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use support::{Linear, Random};

const REUSES: [Reuse; 4] = [Reuse::TimeAndIterations, Reuse::Iterations, Reuse::SameStepDecay, Reuse::None];
const HORIZON: usize = 6;

fn config(reuse: Reuse) -> MotoConfig {
    let guard = GuardConfig { enabled: false, ..GuardConfig::default() };
    MotoConfig { reuse, guard, stored_iterations: 3, trust_region: TrustRegion::PerStep, ..MotoConfig::default() }
}

fn moto(task: &Linear, config: MotoConfig) -> Moto {
    Moto::new(config, task.initial(1.0), StateScales::ones(2)).unwrap()
}

/// A linear task whose price has the errors of rows 0 and 1, at step 4 and where row 1 is not 0.
struct WithErrors(Linear);

impl Reward for WithErrors {
    fn step(&self, t: usize, state: &[f64], action: &[f64], next: &[f64], outcome: &[f64]) -> f64 {
        let error = if t == 4 { outcome[0].powi(2) } else { 0.0 };
        self.0.step(t, state, action, next, outcome) - error - outcome[1].powi(2)
    }

    fn last(&self, state: &[f64]) -> f64 {
        self.0.last(state)
    }

    fn errors(&self) -> Vec<ErrorPrice> {
        [(0..1, Measured::At(4)), (1..2, Measured::Marked(1))]
            .map(|(rows, measured)| ErrorPrice { rows, measured, weight: 1.0, shape: ErrorShape::Squared })
            .into()
    }
}

impl WithErrors {
    fn roll_out(&self, policy: &Policy, rollouts: usize, random: &mut Random) -> Batch {
        let mut batch = self.0.roll_out(policy, rollouts, random);
        batch.outcomes = vec![DMatrix::zeros(2, rollouts); HORIZON];
        batch.outcomes[4].row_mut(0).copy_from(&batch.states[4].row(0));
        for rollout in 0..rollouts {
            batch.outcomes[rollout % HORIZON][(1, rollout)] = random.normal();
        }
        batch
    }
}

/// Other finite numbers in everything that comes after the breaks.
fn with_garbage(batch: &Batch, random: &mut Random) -> Batch {
    let mut other = batch.clone();
    for (&rollout, &made) in &batch.broken_off.steps {
        let mut fill = |matrices: &mut [DMatrix<f64>]| {
            for matrix in matrices {
                matrix.column_mut(rollout).iter_mut().for_each(|x| *x = 1e3 * random.normal());
            }
        };
        fill(&mut other.states[made + 1..]);
        for field in [&mut other.actions, &mut other.received] {
            fill(&mut field[made + 1..]);
        }
        fill(&mut other.outcomes[made..]);
    }
    other
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_after_a_break_is_read(
        seed in any::<u64>(),
        reuse in prop::sample::select(REUSES.to_vec()),
        lengths in prop::collection::vec(prop::collection::vec(0..=HORIZON, 14), 3),
        all_broken in prop::option::of(0..3_usize),
    ) {
        let task = WithErrors(Linear::new(HORIZON));
        let mut learner = moto(&task.0, MotoConfig { outcomes: Outcomes::Vector, ..config(reuse) });
        let mut other = learner.clone();
        let random = &mut Random::new(seed);
        for (iteration, lengths) in lengths.iter().enumerate() {
            let mut batch = task.roll_out(learner.policy(), lengths.len(), random);
            let longest = if all_broken == Some(iteration) { 3 } else { HORIZON };
            let made = lengths.iter().map(|made| (*made).min(longest)).enumerate();
            batch.broken_off = BrokenOff { steps: made.filter(|(_, made)| *made < HORIZON).collect(), price: 0.7 };
            let garbage = with_garbage(&batch, random);
            prop_assert_eq!(batch.returns(&task).unwrap(), garbage.returns(&task).unwrap());
            let [mut ours, mut theirs] = [learner.update(batch, &task).unwrap(), other.update(garbage, &task).unwrap()];
            (ours.seconds, theirs.seconds) = Default::default();
            // NaN stands where no rollout came.
            prop_assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
            prop_assert_eq!(learner.policy(), other.policy());
        }
    }
}

#[test]
fn a_return_is_the_rewards_of_the_steps_that_were_made_and_the_price_of_the_others() {
    let task = Linear::new(HORIZON);
    let mut batch = task.roll_out(&task.initial(1.0), 3, &mut Random::new(1));
    let whole = batch.returns(&task).unwrap();
    batch.broken_off = BrokenOff { steps: [(1, 4), (2, 0)].into(), price: 1.5 };
    let returns = batch.returns(&task).unwrap();
    let column = |matrix: &DMatrix<f64>| matrix.column(1).iter().copied().collect::<Vec<f64>>();
    let step = |t: usize| {
        let (state, next) = (column(&batch.states[t]), column(&batch.states[t + 1]));
        task.step(t, &state, &column(&batch.received[t]), &next, &[])
    };
    assert_eq!(returns[0], whole[0]);
    assert!((returns[1] - ((0..4).map(step).sum::<f64>() - 3.0)).abs() < 1e-12, "{returns:?}");
    assert_eq!(returns[2], -9.0);
}

#[test]
fn later_steps_are_as_without_the_rollout_that_was_broken_off() {
    const MADE: usize = 2;
    let task = Linear::new(HORIZON);
    for reuse in [Reuse::Iterations, Reuse::SameStepDecay, Reuse::None] {
        let config = MotoConfig { clip_values: false, ..config(reuse) };
        let [mut with, mut without] = [moto(&task, config.clone()), moto(&task, config)];
        let random = &mut Random::new(2);
        for iteration in 0..3 {
            let mut whole = task.roll_out(with.policy(), 20, random);
            let rest = |matrix: &DMatrix<f64>| matrix.clone().remove_column(7);
            let fewer = Batch {
                states: whole.states.iter().map(rest).collect(),
                actions: whole.actions.iter().map(rest).collect(),
                received: whole.received.iter().map(rest).collect(),
                outcomes: whole.outcomes.iter().map(rest).collect(),
                ..Batch::zeros(with.policy(), 19)
            };
            whole.broken_off = BrokenOff { steps: [(7, MADE)].into(), price: 2.0 };
            let [ours, theirs] = [with.update(whole, &task).unwrap(), without.update(fewer, &task).unwrap()];
            // The state at the break still counts among the states of its step.
            let later = MADE + 1..;
            assert_eq!(
                with.policy().steps[later.clone()],
                without.policy().steps[later.clone()],
                "{reuse:?}, {iteration}"
            );
            assert_eq!(ours.steps[later.clone()], theirs.steps[later], "{reuse:?}, {iteration}");
            assert_ne!(with.policy().steps[..MADE], without.policy().steps[..MADE], "{reuse:?}, {iteration}");
        }
    }
}

/// A point on a line that an action moves. It earns most at 2, and is stopped beyond 1.
struct Cliff;

impl Reward for Cliff {
    fn step(&self, _t: usize, state: &[f64], action: &[f64], _next: &[f64], _outcome: &[f64]) -> f64 {
        -0.1 * (state[0] - 2.0).powi(2) - 0.01 * action[0].powi(2)
    }

    fn last(&self, state: &[f64]) -> f64 {
        -0.1 * (state[0] - 2.0).powi(2)
    }
}

impl Cliff {
    fn first() -> Policy {
        let law = LinearGaussian {
            gain: DMatrix::zeros(1, 1),
            bias: DVector::zeros(1),
            covariance: DMatrix::from_element(1, 1, 0.09),
        };
        Policy { steps: vec![law; HORIZON] }
    }

    /// Rollouts, each broken off in the step that leads beyond 1.
    fn roll_out(policy: &Policy, rollouts: usize, random: &mut Random) -> Batch {
        let compiled = CompiledPolicy::new(policy).unwrap();
        let mut batch = Batch::zeros(policy, rollouts);
        batch.broken_off.price = 1.0;
        for rollout in 0..rollouts {
            let mut state = 0.1 * random.normal();
            for t in 0..HORIZON {
                batch.states[t][rollout] = state;
                let mut action = [0.0];
                compiled.action(t, &[state], &[random.normal()], &mut action);
                (batch.actions[t][rollout], batch.received[t][rollout]) = (action[0], action[0]);
                state += action[0];
                if state > 1.0 {
                    batch.broken_off.steps.insert(rollout, t);
                    break;
                }
            }
            batch.states[HORIZON][rollout] = state;
        }
        batch
    }
}

/// The whole rollouts of a batch.
fn left_out(batch: &Batch) -> Batch {
    let broken_off: Vec<usize> = batch.broken_off.steps.keys().copied().collect();
    let rest = |matrices: &[DMatrix<f64>]| -> Vec<DMatrix<f64>> {
        matrices.iter().map(|matrix| matrix.clone().remove_columns_at(&broken_off)).collect()
    };
    let rollouts = batch.rollouts() - broken_off.len();
    Batch {
        states: rest(&batch.states),
        actions: rest(&batch.actions),
        received: rest(&batch.received),
        ..Batch::zeros(&Cliff::first(), rollouts)
    }
}

/// Share of 30 rollouts that are broken off, by iteration, until almost all are.
fn shares(reuse: Reuse, heard: bool) -> Vec<f64> {
    let mut learner = Moto::new(config(reuse), Cliff::first(), StateScales::ones(1)).unwrap();
    let random = &mut Random::new(3);
    let mut shares = Vec::new();
    for _ in 0..30 {
        let batch = Cliff::roll_out(learner.policy(), 30, random);
        shares.push(batch.broken_off.steps.len() as f64 / 30.0);
        if batch.broken_off.steps.len() > 24 {
            break;
        }
        learner.learn(if heard { batch } else { left_out(&batch) }, &Cliff).unwrap();
    }
    shares
}

#[test]
fn the_policy_leaves_what_ends_in_a_break() {
    for reuse in REUSES {
        let (heard, unheard) = (shares(reuse, true), shares(reuse, false));
        let late = heard.iter().rev().take(10).sum::<f64>() / 10.0;
        assert!(heard.len() == 30 && late < 0.3, "{reuse:?}: {heard:?}");
        // A learner that never hears of them goes where all end so.
        assert!(unheard.last().is_some_and(|share| *share > 0.6), "{reuse:?}: {unheard:?}");
    }
}

#[test]
fn a_step_that_nobody_reached_keeps_its_law_and_the_others_are_learned() {
    let task = Linear::new(HORIZON);
    for reuse in [Reuse::Iterations, Reuse::SameStepDecay, Reuse::None] {
        let mut config = config(reuse);
        config.forecast.factors = vec![0.5, 1.0];
        let mut learner = moto(&task, config);
        let first = learner.policy().clone();
        let mut batch = task.roll_out(&first, 20, &mut Random::new(4));
        batch.broken_off = BrokenOff { steps: (0..20).map(|rollout| (rollout, rollout % 4)).collect(), price: 2.0 };
        let report = learner.update(batch, &task).unwrap();
        assert_eq!(learner.policy().steps[4..], first.steps[4..], "{reuse:?}");
        assert!(learner.policy().steps.iter().zip(&first.steps).take(4).all(|(new, old)| new != old), "{reuse:?}");
        assert_eq!((report.steps[2].transitions, report.steps[3].transitions, report.steps[4].transitions), (10, 5, 0));
        // Whole rollouts go on from there, and a stored learner does to the bit.
        let mut again = moto(&task, learner.config().clone());
        again.restore(&learner.save().unwrap()).unwrap();
        let next = task.roll_out(learner.policy(), 20, &mut Random::new(5));
        for learner in [&mut learner, &mut again] {
            learner.learn(next.clone(), &task).unwrap();
        }
        assert_eq!(learner.policy(), again.policy());
        assert_ne!(learner.policy().steps[5], first.steps[5]);
    }
}

#[test]
fn a_batch_that_says_nonsense_of_its_breaks_is_refused() {
    let task = Linear::new(HORIZON);
    let mut learner = moto(&task, config(Reuse::None));
    let good = task.roll_out(learner.policy(), 5, &mut Random::new(6));
    let mut refused = |steps: &[(usize, usize)], price: f64| {
        let broken_off = BrokenOff { steps: steps.iter().copied().collect(), price };
        learner.update(Batch { broken_off, ..good.clone() }, &task).unwrap_err().to_string()
    };
    assert_eq!(refused(&[(5, 1)], 1.0), "rollout 5 of 5 is said to be broken off after 1 steps of 6");
    assert_eq!(refused(&[(2, 6)], 1.0), "rollout 2 of 5 is said to be broken off after 6 steps of 6");
    for price in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(refused(&[(2, 3)], price).contains(&format!("costs {price}, expected a finite price")));
    }
}

#[test]
fn learners_of_whole_rollouts_say_so_and_refuse_others() {
    let task = Linear::new(HORIZON);
    let policy = task.initial(1.0);
    let start =
        Start { policy: policy.clone(), state_scales: vec![1.0; 2], demonstration: None, context: 0..0, seed: 1 };
    let mut batch = task.roll_out(&policy, 8, &mut Random::new(7));
    batch.broken_off = BrokenOff { steps: [(3, 2)].into(), price: 1.0 };
    let learners = [GpsConfig::default().learner(&start).unwrap(), TrpoConfig::default().learner(&start).unwrap()];
    for mut learner in learners {
        assert!(!learner.takes_broken_off());
        let error = learner.learn(batch.clone(), &task).unwrap_err();
        let expected = MotoError::NotWhole { rollout: 3 };
        assert!(
            matches!(&error, LearnerError::Moto(e) | LearnerError::Gps(GpsError::Batch(e)) if *e == expected),
            "{error}"
        );
    }
    assert!(moto(&task, config(Reuse::None)).takes_broken_off());
}
