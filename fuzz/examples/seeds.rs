//! Writes small binary seeds. Call `cargo run --example seeds` in `fuzz/`, with a target folder of
//! its own (the build of scripts/fuzz.sh is instrumented).

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use moto_controller::control::Episode;
use moto_controller::storage::files::Disk;
use moto_controller::storage::{Checkpoint, Header, TrialEnd, TrialMeta, write_trial};
use moto_controller_fuzz::{Free, batch, header, learners};

fn main() -> Result<(), Box<dyn Error>> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for target in ["checkpoint", "trial"] {
        fs::create_dir_all(seeds.join(target))?;
    }
    for (iteration, (mut learner, parameters)) in (0..).zip(learners()) {
        // Gives the learner some state.
        learner.learn(batch(parameters), &Free).ok();
        let header = Header { iteration, ..header() };
        Checkpoint { header, value: (learner.save()?, 7_u64) }.save(&Disk, &seeds.join("checkpoint"), 3)?;
    }
    let (episode, meta) = trial();
    write_trial(&Disk, &seeds.join("trial/small.mcap"), (&episode, &meta), None)?;
    Ok(())
}

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
