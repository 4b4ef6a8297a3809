//! What learners saved, and what was learned elsewhere: taken where it fits, refused where it does not, never a panic.

mod support;

use moto_learners::episodic::{CasMoreConfig, MoreConfig, MovementConfig, RepsConfig};
use moto_learners::gps::{GpsConfig, MixtureConfig};
use moto_learners::moto::{ForecastConfig, GuardConfig, MotoConfig};
use moto_learners::policy::{LinearGaussian, Policy, StoredLaw};
use moto_learners::trpo::{PolicyForm, TrpoConfig, ValueForm};
use moto_learners::{Batch, Demonstrated, Learner, LearnerError, LearnerSettings, Reward, Start};
use nalgebra::{DMatrix, DVector};
use support::Random;

/// Rollouts of a batch.
const ROLLOUTS: usize = 6;

/// One joint whose last position is to be 1.
struct Reach;

impl Reward for Reach {
    fn step(&self, _t: usize, _state: &[f64], action: &[f64], _next: &[f64], _outcome: &[f64]) -> f64 {
        -0.1 * action[0].powi(2)
    }

    fn last(&self, state: &[f64]) -> f64 {
        -(state[0] - 1.).powi(2)
    }
}

/// A start with two control cycles in each of two policy steps.
fn start() -> Start {
    let law = LinearGaussian {
        gain: DMatrix::from_row_slice(1, 2, &[0.5, -0.25]),
        bias: DVector::from_element(1, 0.125),
        covariance: DMatrix::identity(1, 1),
    };
    let demonstration = Demonstrated {
        position: vec![0., 0.1, 0.4, 0.8, 1.],
        velocity: vec![0., 2., 3.5, 3., 0.],
        joints: 1,
        period: 0.1,
        goal_time: 0.3,
    };
    Start {
        policy: Policy { steps: vec![law; 2] },
        state_scales: vec![1., 2.],
        demonstration: Some(demonstration),
        context: 0..1,
        seed: 1,
    }
}

fn learners() -> Vec<Box<dyn Learner>> {
    let start = start();
    let contextual =
        RepsConfig { movement: MovementConfig { context: true, ..Default::default() }, ..Default::default() };
    let mixture = Some(MixtureConfig { cluster_size: 4, clusters: 2, ..Default::default() });
    vec![
        MotoConfig::default().learner(&start).unwrap(),
        GpsConfig { mixture, ..Default::default() }.learner(&start).unwrap(),
        contextual.learner(&start).unwrap(),
        MoreConfig::default().learner(&start).unwrap(),
        TrpoConfig { hidden: 2, ..Default::default() }.learner(&start).unwrap(),
        TrpoConfig {
            policy: PolicyForm::LinearGaussian,
            value: ValueForm::Quadratic,
            fisher_every: 1,
            ..Default::default()
        }
        .learner(&start)
        .unwrap(),
        CasMoreConfig::default().learner(&start).unwrap(),
    ]
}

/// Settings whose state is another one.
fn with_other_settings() -> Vec<Box<dyn Learner>> {
    let start = start();
    let guard = GuardConfig { pooled_batches: 3, ..GuardConfig::default() };
    let forecast = ForecastConfig { factors: vec![0.25, 1.], planned: vec![1.], ..ForecastConfig::default() };
    let movement = MovementConfig { context: true, ..Default::default() };
    vec![
        MotoConfig { guard, forecast, ridge_period: 4, ..MotoConfig::default() }.learner(&start).unwrap(),
        TrpoConfig { hidden: 2, value: ValueForm::Quadratic, ..Default::default() }.learner(&start).unwrap(),
        CasMoreConfig { movement, ..Default::default() }.learner(&start).unwrap(),
    ]
}

/// Rollouts of a learner's law on a point that goes where it is pushed.
fn roll_out(law: &StoredLaw, random: &mut Random) -> Batch {
    let (law, policy) = (law.compile().unwrap(), start().policy);
    let mut batch = Batch::zeros(&policy, ROLLOUTS);
    let mut parameters = Vec::new();
    for i in 0..ROLLOUTS {
        let mut state = random.vector(2) * 0.1;
        let noise = random.vector(law.noise_len());
        let drawn = law.parameters(state.as_slice(), noise.as_slice());
        for t in 0..policy.horizon() {
            batch.states[t].set_column(i, &state);
            let action = drawn.first().copied().unwrap_or_else(|| noise[t % noise.len()]);
            (batch.actions[t][(0, i)], batch.received[t][(0, i)]) = (action, action);
            state = DVector::from_vec(vec![state[0] + 0.5 * action, action]) + random.vector(2) * 0.01;
        }
        batch.states[policy.horizon()].set_column(i, &state);
        parameters.extend(drawn);
    }
    batch.parameters = DMatrix::from_vec(parameters.len() / ROLLOUTS, ROLLOUTS, parameters);
    batch
}

fn after_two_updates(mut learner: Box<dyn Learner>) -> Box<dyn Learner> {
    let mut random = Random::new(1);
    for _ in 0..2 {
        learner.learn(roll_out(&learner.law(), &mut random), &Reach).unwrap();
    }
    learner
}

#[test]
fn every_learner_goes_on_from_what_it_saved_to_the_bit() {
    for fresh in learners().into_iter().chain(with_other_settings()) {
        let mut learner = after_two_updates(fresh.clone());
        let mut again = fresh;
        again.restore(&learner.save().unwrap()).unwrap();
        assert_eq!((again.law(), again.iteration()), (learner.law(), 2));
        let batch = roll_out(&learner.law(), &mut Random::new(2));
        for learner in [&mut learner, &mut again] {
            learner.learn(batch.clone(), &Reach).unwrap();
        }
        assert_eq!(again.law(), learner.law());
        assert_eq!(again.save().unwrap(), learner.save().unwrap());
    }
}

/// Every byte changed: what a learner accepts it can be updated from.
#[test]
fn a_forged_state_is_refused_or_can_be_updated() {
    for fresh in learners() {
        let state = after_two_updates(fresh.clone()).save().unwrap();
        let batch = roll_out(&fresh.law(), &mut Random::new(2));
        let (mut refused, mut accepted) = (0, 0);
        for at in 0..state.len() {
            for mask in [0x01, 0x80, 0xff] {
                let (mut forged, mut learner) = (state.clone(), fresh.clone());
                forged[at] ^= mask;
                if learner.restore(&forged).is_err() {
                    refused += 1;
                    assert_eq!((learner.law(), learner.iteration()), (fresh.law(), 0));
                    continue;
                }
                accepted += 1;
                // Other numbers may make an update impossible, which it says.
                let _ = learner.learn(batch.clone(), &Reach);
            }
        }
        assert!(refused > 50 && accepted > 50, "{refused} {accepted}");
    }
}

#[test]
fn a_law_is_a_start_for_learners_of_its_kind_alone() {
    let learned: Vec<_> = learners().into_iter().map(after_two_updates).collect();
    for (i, other) in learned.iter().enumerate() {
        for (j, mut learner) in learners().into_iter().enumerate() {
            let before = learner.law();
            let result = learner.start_from(&other.law());
            // Without context there is no going on from a movement that depends on it.
            let movement = |i: usize| [2, 3, 6].contains(&i);
            let fits = match other.law() {
                StoredLaw::Policy(_) => !movement(j),
                StoredLaw::Movement { .. } => movement(j) && !(i == 2 && j != 2),
                StoredLaw::Neural(_) => j == 4,
            };
            assert_eq!(result.is_ok(), fits, "{i} {j}: {result:?}");
            assert_eq!(learner.iteration(), 0);
            match (fits, learner.law(), other.law()) {
                (false, law, _) => assert_eq!(law, before, "{i} {j}"),
                // A linear-Gaussian policy is where a network starts.
                (true, StoredLaw::Neural(law), StoredLaw::Policy(first)) => assert_eq!(law.base, first),
                // TRPO writes its law as a change of the first one.
                (true, StoredLaw::Policy(law), StoredLaw::Policy(first)) if j == 5 => {
                    let near = law.steps.iter().zip(&first.steps).all(|(law, first)| {
                        law.gain == first.gain
                            && law.bias == first.bias
                            && (&law.covariance - &first.covariance).amax() < 1e-12
                    });
                    assert!(near, "{i} {j}");
                }
                (true, law, wanted) => assert_eq!(law, wanted, "{i} {j}"),
            }
            assert!(fits || matches!(result, Err(LearnerError::OtherLaw { .. })), "{i} {j}: {result:?}");
            // Transitions pass from MOTO to MOTO.
            assert_eq!(learner.adopt(&**other).is_ok(), (i, j) == (0, 0), "{i} {j}");
        }
    }
}

#[test]
fn a_task_without_a_demonstration_is_no_start_for_a_movement() {
    let bare = Start { demonstration: None, ..start() };
    assert!(matches!(RepsConfig::default().learner(&bare).map(drop), Err(LearnerError::NoDemonstration)));
    assert!(MotoConfig::default().learner(&bare).is_ok());
}
