//! A disk that fails, and trials to put on it.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod failing_disk;

use moto_controller::control::Episode;
use moto_controller::robot::Observed;
use moto_controller::storage::{Checkpoint, Expected, Header, RunInfo, Shapes, TrialEnd, TrialMeta};
use std::time::Duration;

pub const SEED: u64 = 7;

pub fn info() -> RunInfo {
    RunInfo {
        robot: "arm".into(),
        task: "table_tennis".into(),
        seed: SEED,
        version: "0.1.0".into(),
        command_line: vec!["moto_controller".into(), "dry-run".into()],
        started: 1_700_000_000,
        settings: serde_json::json!({"learner": {"moto": {"epsilon": 0.4}}}),
    }
}

pub fn shapes() -> Shapes {
    Shapes { state_dim: 3, action_dim: 2, horizon: 4 }
}

pub fn expected() -> Expected {
    let config_hash = Some("c0ffee".into());
    let (robot, task, learner) = ("arm".into(), "table_tennis".into(), "moto".into());
    Expected { robot, task, learner, shapes: shapes(), config_hash, seed: Some(SEED) }
}

pub fn header(iteration: u64) -> Header {
    Header {
        robot: "arm".into(),
        task: "table_tennis".into(),
        learner: "moto".into(),
        shapes: shapes(),
        config_hash: "c0ffee".into(),
        seed: SEED,
        iteration,
        package_version: "0.1.0".into(),
    }
}

/// The checkpoint of an iteration: any value that says which.
pub fn checkpoint(iteration: u64) -> Checkpoint<Vec<f64>> {
    Checkpoint { header: header(iteration), value: (0..40).map(|i| (i as f64 * iteration as f64).sin()).collect() }
}

/// A trial like no other of the run: 2 joints, 6 task values, 3 states, 2 actions, 4 steps of 2 cycles.
pub fn trial(number: u64, iteration: u64, rollout: u64) -> (Episode, TrialMeta) {
    let (steps, cycles) = (4, 8);
    let values = |count: usize, salt: f64| (0..count).map(|i| (number as f64 + salt + 0.1 * i as f64).sin()).collect();
    let episode = Episode {
        joints: 2,
        task_values: 6,
        state_dim: 3,
        action_dim: 2,
        start: Duration::from_nanos(number * 1_000_003),
        before: values(2, 0.05),
        time: (0..=cycles as u32).map(|k| k * Duration::from_millis(2)).collect(),
        position: values((cycles + 1) * 2, 0.1),
        velocity: values((cycles + 1) * 2, 0.2),
        task: values((cycles + 1) * 6, 0.3),
        asked: values(cycles * 2, 0.4),
        sent: values(cycles * 2, 0.5),
        states: values((steps + 1) * 3, 0.6),
        noise: values(steps * 2, 0.7),
        actions: values(steps * 2, 0.8),
        sent_actions: values(steps * 2, 0.9),
        clipped_cycles: 3,
        missed_cycles: 1,
    };
    let meta = TrialMeta {
        trial: number,
        robot: "arm".into(),
        task: "table_tennis".into(),
        joint_names: vec!["shoulder".into(), "elbow".into()],
        seed: SEED,
        iteration,
        rollout,
        evaluation: false,
        end: TrialEnd::Completed,
        total_reward: Some(-1.25 * number as f64),
        success: Some(number.is_multiple_of(2)),
        distance: None,
        outcome_dim: 1,
        outcomes: values(steps, 1.),
        wall_start: Duration::new(1_700_000_000 + number, 123_456_789),
        step_period: Duration::from_millis(4),
        latency: None,
        observed: vec![Observed::body("ball")],
    };
    (episode, meta)
}
