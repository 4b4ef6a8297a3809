use super::*;
use crate::robot::{Form, Reading, TrialKind};
use crate::tasks::Task;
use moto_learners::Reward;
use std::time::Duration;

const CONTEXT: &str = "
horizon: 10
context:
  target: {low: [-1.5, -0.1, 0.9], high: [-1.4, 0.1, 1.0]}
  pace: {low: [1.0], high: [2.0]}
observe: [{name: puck, size: 2}]
reward:
  - {at: 0.1, link: racket, position: target}
  - {at: end, observed: puck, value: [0.1, 0.2]}
";

fn key(kind: TrialKind, iteration: u64, rollout: u64) -> TrialKey {
    TrialKey { kind, iteration, rollout }
}

#[test]
fn a_context_depends_on_seed_and_key_alone_and_keeps_to_its_bounds() {
    let task = task(CONTEXT);
    let mut stroke = task.stroke(7);
    let mut reading = Reading::zeros(9, 2);
    reading.task.copy_from_slice(&[0.5, 0.6]);
    let mut context = |rollout| {
        let mut state = vec![0.; 24];
        stroke.begin_trial(&key(TrialKind::Learn, 2, rollout));
        stroke.policy_state(&reading, &mut state);
        assert_eq!(state[18..20], [0.5, 0.6]);
        state[20..].to_vec()
    };
    let first: Vec<_> = (0..200).map(&mut context).collect();
    let backwards: Vec<_> = (0..200).rev().map(&mut context).collect();
    assert!(first.iter().eq(backwards.iter().rev()));
    assert_eq!(first[3], task.context(7, &key(TrialKind::Learn, 2, 3)));
    for other in [task.context(8, &key(TrialKind::Learn, 2, 3)), task.context(7, &key(TrialKind::Evaluate, 2, 3))] {
        assert_ne!(first[3], other);
    }
    // The entries are in alphabetical order: pace, target.
    let bounds = [(1., 2.), (-1.5, -1.4), (-0.1, 0.1), (0.9, 1.)];
    for (entry, (low, high)) in bounds.into_iter().enumerate() {
        let values = || first.iter().map(|context| context[entry]);
        let mean = values().sum::<f64>() / 200.;
        assert!(values().all(|value| (low..=high).contains(&value)), "{entry}");
        assert!((mean - 0.5 * (low + high)).abs() < 0.1 * (high - low), "{entry}: {mean}");
    }
}

#[test]
fn an_observed_value_has_an_age_limit_of_its_own_which_means_nothing_to_rewards() {
    let with = |more: &str| {
        let observe = format!("observe: [{{name: puck, size: 2{more}}}, {{name: wind, size: 1}}]");
        task(&format!("{{reward: [{{effort: 1}}], {observe}}}"))
    };
    let limited = with(", max_age: 0.05");
    assert_eq!(limited.stroke(1).max_ages(), [Some(Duration::from_millis(50)), None]);
    assert_eq!(limited.reward_settings(), with("").reward_settings());
}

#[test]
fn rewards_look_at_the_context_and_the_observed_values_of_the_state() {
    let task = task(CONTEXT);
    let mut state = vec![0.; 24];
    let ours = {
        let mut workspace = ARM.model.workspace();
        ARM.model.kinematics(&mut workspace, &state[..9], &[0.; 9]);
        ARM.model.pose(&workspace, ARM.model.frame("racket").unwrap()).translation.vector
    };
    state[21..].copy_from_slice(ours.as_slice());
    assert!(task.step(5, &state, &[0.; 9], &state, &[]).abs() < 1e-20);
    state[22] += 0.1;
    assert!((task.step(5, &state, &[0.; 9], &state, &[]) + 0.01).abs() < 1e-12);
    state[18..20].copy_from_slice(&[0.1, 0.5]);
    assert!((task.last(&state) + 0.09).abs() < 1e-12);
}

#[test]
fn a_learner_is_told_where_the_context_is() {
    let task = task(CONTEXT);
    let start = task.start().unwrap();
    assert_eq!((start.context, task.state_dim(), start.state_scales.len()), (20..24, 24, 24));
    assert!(task.varies() && start.policy.state_dim() == 24);
    assert!((start.state_scales[20] - 0.2).abs() < 1e-12 && (start.state_scales[18] - 0.05).abs() < 1e-12);
}

#[test]
fn an_observed_value_comes_in_the_message_that_carries_it() {
    let observe = "observe: [{name: ball, message: odometry}, {name: goal, message: position}, {name: wind, size: 1}]";
    let task = task(&format!("{{reward: [{{at: end, observed: goal, value: [0, 0, 1]}}], {observe}}}"));
    let forms: Vec<Form> = task.observed().iter().map(|observed| observed.form).collect();
    assert_eq!(forms, [Form::Odometry, Form::Position, Form::Values(1)]);
    assert_eq!(task.state_dim(), 2 * task.model.dof() + 6 + 3 + 1);
    assert_eq!(task.start().unwrap().state_scales.len(), task.state_dim());
}
