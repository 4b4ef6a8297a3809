//! A trial's MCAP file. It is refused, or gives arrays of consistent lengths. The reader's
//! checksums refuse most inputs.
#![no_main]

use std::path::Path;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use moto_controller::control::Episode;
use moto_controller::storage::files::Disk;
use moto_controller::storage::{TrialEnd, TrialMeta, read_trial, write_trial};
use moto_controller_fuzz::{OneFile, corpus};

/// A trial with one joint and one policy step of one cycle.
fn trial() -> (Episode, TrialMeta) {
    let episode = Episode {
        joints: 1,
        state_dim: 1,
        action_dim: 1,
        time: vec![Duration::ZERO, Duration::from_millis(2)],
        position: vec![0.1, 0.2],
        velocity: vec![1., 2.],
        asked: vec![3.],
        sent: vec![2.5],
        states: vec![0.1, 0.2],
        noise: vec![0.3],
        actions: vec![3.],
        sent_actions: vec![2.5],
        ..Episode::default()
    };
    let meta = TrialMeta {
        trial: 1,
        robot: "arm".into(),
        task: "task".into(),
        joint_names: vec!["j1".into()],
        seed: 1,
        iteration: 1,
        rollout: 0,
        evaluation: false,
        end: TrialEnd::Completed,
        total_reward: Some(-1.),
        success: Some(true),
        distance: None,
        outcome_dim: 1,
        outcomes: vec![0.5],
        wall_start: Duration::from_secs(1_700_000_000),
        step_period: Duration::from_millis(2),
        latency: None,
        observed: vec![],
    };
    (episode, meta)
}

fn seed() {
    let (episode, meta) = trial();
    write_trial(&Disk, &corpus("trial").join("small.mcap"), (&episode, &meta), None).expect("a seed is written");
}

fuzz_target!(init: seed(), |bytes: &[u8]| {
    if let Ok((episode, meta)) = read_trial(&OneFile(bytes), Path::new("000001.mcap")) {
        assert_eq!(meta.joint_names.len(), episode.joints);
        assert!(episode.cycles() <= episode.time.len());
        (0..episode.sent_actions.len() / episode.action_dim.max(1)).for_each(|t| drop(episode.step(t).sent.to_vec()));
    }
});
