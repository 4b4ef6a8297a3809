//! Strokes that were ended: which of them are learned from, and that a resumed run rebuilds their batch.

use super::super::beginning::create;
use super::super::records::tests::stroke;
use super::*;
use crate::control::{Abort, Fault, Outcome};
use crate::programs::{JudgeConfig, JudgeWord};
use crate::setup::{Config, EndedStrokes};
use moto_learners::gps::GpsConfig;
use moto_learners::{Batch, Learners};

const STATE: usize = 24;
const JOINTS: usize = 9;
const LATE: Duration = Duration::from_secs(1);

fn setup(adjust: impl FnOnce(&mut Config)) -> Setup {
    let setup = Setup::shipped(|config| {
        (config.run.ended_strokes, config.run.ended_penalty) = (EndedStrokes::Learned, 0.25);
        adjust(config);
    });
    setup.unwrap()
}

/// A stroke that ended so after this number of whole steps, in the step after them.
fn ended(task: &dyn Task, rollout: u64, outcome: Outcome, made: usize) -> FinishedTrial {
    let mut trial = stroke(task, TrialKey { kind: TrialKind::Learn, iteration: 0, rollout });
    trial.outcome = outcome;
    let episode = &mut trial.order.buffers.episode;
    episode.states = (0..(made + 1) * STATE).map(|i| 0.01 * i as f64).collect();
    for actions in [&mut episode.noise, &mut episode.actions, &mut episode.sent_actions] {
        actions.truncate((made + 1) * JOINTS);
        actions.iter_mut().enumerate().for_each(|(i, action)| *action = 0.1 * i as f64);
    }
    trial
}

fn by(fault: Fault) -> Outcome {
    Outcome::Aborted(Abort::Fault(fault))
}

fn too_fast() -> Outcome {
    by(Fault::Overspeed { joint: 3, velocity: -2.5, limit: 2. })
}

/// The rule of a setup.
fn rule(setup: &Setup, task: &dyn Task) -> EndedRule {
    EndedRule::new(setup, &*setup.learner(&task.start().unwrap()).unwrap())
}

fn is_learned(rule: &EndedRule, task: &dyn Task, trial: &FinishedTrial) -> bool {
    rule.judge(trial, task, &task.judge(trial.episode())).is_some()
}

/// The table in `docs/safety_case.md`.
#[test]
fn only_the_ends_that_the_arms_motion_caused_are_learned_from() {
    let setup = setup(|_| ());
    let task = setup.task().unwrap();
    let rule = rule(&setup, &*task);
    let ends = [
        (Fault::OutOfBounds { joint: 0, position: 0.2, bound: 0.15 }, true),
        (Fault::Overspeed { joint: 0, velocity: 4., limit: 3. }, true),
        (Fault::StaleReading { age: LATE, limit: LATE }, false),
        (Fault::ReadingAhead { ahead: LATE, limit: LATE }, false),
        (Fault::NonFiniteReading { quantity: "position", joint: 0 }, false),
        (Fault::JointJump { joint: 0, jump: 1., limit: 0.1 }, false),
        (Fault::FrozenReading { readings: 9, limit: 8 }, false),
        (Fault::ContradictoryVelocity { joint: 0, velocity: 4., moved: 0., said: 1. }, false),
        (Fault::TooFarFromStart { joint: 0, position: 1., start: 0., limit: LATE }, false),
        (Fault::NonFiniteEffort { joint: 0 }, false),
        (Fault::MissedDeadlines { misses: 9, limit: 8 }, false),
        (Fault::ClockBackward { back: LATE }, false),
        (Fault::RobotTimeRepeated, false),
        (Fault::ClockStopped { stood: LATE, limit: LATE }, false),
        (Fault::CommandTimeout { limit: LATE }, false),
        (Fault::CommandsStuck { commands: 9, limit: 8 }, false),
        (Fault::HeartbeatLost { silence: LATE, limit: LATE }, false),
        (Fault::HomingTimeout { limit: LATE }, false),
        (Fault::OperatorStop, false),
        (Fault::Shutdown, false),
    ];
    for (fault, learned) in ends {
        assert_eq!(is_learned(&rule, &*task, &ended(&*task, 0, by(fault), 4)), learned, "{fault}");
    }
    for abort in [
        Abort::NotTriggered { limit: LATE },
        Abort::StaleTask { value: None, age: LATE, limit: LATE },
        Abort::TaskAhead { value: None, ahead: LATE, limit: LATE },
        Abort::NonFiniteState { index: 0 },
        Abort::SkippedStep { step: 4 },
    ] {
        assert!(!is_learned(&rule, &*task, &ended(&*task, 0, Outcome::Aborted(abort), 4)), "{abort}");
    }
}

#[test]
fn whatever_else_speaks_against_an_ended_stroke_leaves_it_out() {
    let shipped = setup(|_| ());
    let task = shipped.task().unwrap();
    let learned = rule(&shipped, &*task);
    let trial = |spoil: &dyn Fn(&mut FinishedTrial)| {
        let mut trial = ended(&*task, 0, too_fast(), 4);
        spoil(&mut trial);
        is_learned(&learned, &*task, &trial)
    };
    assert!(trial(&|_| ()));
    assert!(!trial(&|trial| trial.marked_failed = true));
    assert!(!trial(&|trial| trial.on_time = false));
    assert!(!trial(&|trial| trial.order.key.kind = TrialKind::Evaluate));
    assert!(!trial(&|trial| trial.order.buffers.episode.states[30] = f64::NAN));
    // It ended before the policy did anything.
    assert!(!trial(&|trial| trial.order.buffers.episode.clear()));
    let of =
        |adjust: fn(&mut Config)| is_learned(&rule(&setup(adjust), &*task), &*task, &ended(&*task, 0, too_fast(), 4));
    assert!(!of(|config| config.run.ended_strokes = EndedStrokes::LeftOut));
    assert!(!of(|config| config.learner = Learners::chosen(&GpsConfig::default()).unwrap()));
}

#[test]
fn the_judge_of_strokes_must_be_the_task_to_learn_from_ended_ones() {
    let refused = Setup::shipped(|config| {
        config.run.ended_strokes = EndedStrokes::Learned;
        config.judge = JudgeConfig::Word(JudgeWord::Operator);
    });
    let said = refused.map(drop).unwrap_err().to_string();
    assert!(said.contains("run.ended_strokes is learned, expected left_out, as `judge` is given"), "{said}");
}

#[test]
fn a_run_is_another_one_if_it_learns_from_ended_strokes() {
    let fingerprint = |adjust: fn(&mut Config)| Setup::shipped(adjust).unwrap().fingerprint().unwrap();
    let learned = |config: &mut Config| config.run.ended_strokes = EndedStrokes::Learned;
    assert_eq!(fingerprint(|_| ()), fingerprint(|config| config.run.ended_penalty = 3.));
    assert_ne!(fingerprint(|_| ()), fingerprint(learned));
    assert_ne!(
        fingerprint(learned),
        fingerprint(|config| {
            (config.run.ended_strokes, config.run.ended_penalty) = (EndedStrokes::Learned, 3.);
        })
    );
}

#[test]
fn a_resumed_run_rebuilds_the_batch_with_the_ended_strokes_to_the_bit() {
    let setup = setup(|_| ());
    let (task, place) = (setup.task().unwrap(), tempfile::tempdir().unwrap());
    let saved = Saved { learner: setup.learner(&task.start().unwrap()).unwrap(), episodes: 0 };
    let mut archive = Archive::start(create(&setup, &*task, Some(place.path().join("run")), &saved).unwrap()).unwrap();
    let saved = Arc::new(saved);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let horizon = task.horizon();
    let trials = [
        ended(&*task, 0, too_fast(), 4),
        stroke(&*task, TrialKey { kind: TrialKind::Learn, iteration: 0, rollout: 1 }),
        ended(&*task, 2, by(Fault::OperatorStop), 4),
        ended(&*task, 3, too_fast(), 0),
        ended(&*task, 4, too_fast(), horizon - 1),
    ];
    let known = |learning: &Learning<'_>| -> (Batch, Vec<f64>, Vec<u64>) {
        let rollouts: Vec<Rollout> = learning.collected.usable.values().cloned().collect();
        let returns = rollouts.iter().map(|rollout| rollout.judgement.total_reward).collect();
        let discarded = learning.collected.discarded.iter().map(|trial| trial.trial).collect();
        (batch(&rollouts, horizon, learning.ended.price()), returns, discarded)
    };
    let mut learning = Learning::new(&setup, &*task, &mut archive, saved.clone()).unwrap();
    for trial in &trials {
        let judged = runtime.block_on(learning.judge(trial, None, &Interrupt::default()));
        assert_eq!(learning.keep(trial, judged), trial.outcome != by(Fault::OperatorStop));
    }
    let before = known(&learning);
    assert_eq!(before.0.broken_off.steps, [(0, 4), (2, 0), (3, horizon - 1)].into());
    assert_eq!((before.0.broken_off.price, before.2.as_slice()), (0.25, [3].as_slice()));
    // The returns that are shown are those that the learner sees.
    for (shown, seen) in before.1.iter().zip(before.0.returns(&*task).unwrap()) {
        assert!((shown - seen).abs() < 1e-9 * (1. + seen.abs()), "{shown} against {seen}");
    }
    let mut rollouts: Vec<Rollout> = learning.collected.usable.values().cloned().collect();
    rollouts.iter_mut().for_each(|rollout| rollout.judgement.total_reward = -f64::from(u8::from(rollout.trial == 2)));
    assert_eq!(pays(&rollouts, horizon), Some((0., -1.)));
    rollouts.iter_mut().for_each(|rollout| rollout.judgement.total_reward *= -1.);
    assert_eq!(pays(&rollouts, horizon), None);
    drop(learning);
    assert_eq!(known(&Learning::new(&setup, &*task, &mut archive, saved.clone()).unwrap()), before);
    // One that is marked failed afterwards is left out for good.
    let mut learning = Learning::new(&setup, &*task, &mut archive, saved.clone()).unwrap();
    assert!(learning.leave_out(&[trials[0].order.key]));
    drop(learning);
    let after = known(&Learning::new(&setup, &*task, &mut archive, saved).unwrap());
    assert_eq!((after.0.broken_off.steps, after.2), ([(1, 0), (2, horizon - 1)].into(), vec![1, 3]));
}
