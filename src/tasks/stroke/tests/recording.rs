use super::*;
use crate::robot::{Command, Plant as _, Reading, TrialKey, TrialKind};
use crate::storage::files::Disk;
use crate::storage::{TrialEnd, TrialMeta, write_trial};
use crate::tasks::Task;
use std::path::PathBuf;
use std::time::Duration;

const DEMONSTRATION: &str = "{horizon: 30, reward: [{effort: 1.0}], demonstration: {via_points: [
    {time: 0.4, link: racket, position: [-1.45, -0.3, 0.95], velocity: [0.8, 0.4, 0.1]}]}}";

/// A stroke of the simulated arm under a task's first policy without noise, in `horizon` policy
/// steps.
fn run(task: &StrokeTask, horizon: usize) -> Episode {
    let policy = task.first_policy();
    let mut plant = task.plant(1).unwrap();
    let mut stroke = task.stroke(1);
    stroke.begin_trial(&TrialKey { kind: TrialKind::Learn, iteration: 0, rollout: 0 });
    let (mut reading, mut command) = (Reading::zeros(9, 0), Command::zeros(9));
    let mut episode = episode(task, &[], &[]);
    for cycle in 0..=horizon * 10 {
        plant.read(&mut reading);
        episode.time.push(Duration::from_millis(2) * cycle as u32);
        episode.position.extend(&reading.position);
        episode.velocity.extend(&reading.velocity);
        if cycle % 10 == 0 && cycle < horizon * 10 {
            let mut state = vec![0.; 18];
            stroke.policy_state(&reading, &mut state);
            let law = &policy.steps[cycle / 10];
            let action = &law.gain * nalgebra::DVector::from_vec(state) + &law.bias;
            let scale = &ARM.config.control.action_scale;
            command.effort.iter_mut().enumerate().for_each(|(j, effort)| *effort = action[j] * scale[j]);
        }
        if cycle < horizon * 10 {
            episode.asked.extend(&command.effort);
            episode.sent.extend(&command.effort);
            plant.step(Duration::from_millis(2) * (cycle + 1) as u32, &command);
        }
    }
    episode
}

/// Stores a stroke under these joint names.
fn stored(folder: &tempfile::TempDir, episode: &Episode, names: &[&str]) -> PathBuf {
    let meta = TrialMeta {
        trial: 1,
        robot: "arm".into(),
        task: "stroke".into(),
        joint_names: names.iter().map(|name| (*name).into()).collect(),
        seed: 1,
        iteration: 1,
        rollout: 0,
        evaluation: false,
        end: TrialEnd::Completed,
        total_reward: None,
        success: None,
        distance: None,
        outcome_dim: 0,
        outcomes: vec![],
        wall_start: Duration::from_secs(1_700_000_000),
        step_period: Duration::from_millis(20),
        latency: None,
        observed: vec![],
    };
    let path = folder.path().join("shown.mcap");
    let _ = std::fs::remove_file(&path);
    write_trial(&Disk, &path, (episode, &meta), None).unwrap();
    path
}

const NAMES: [&str; 9] = ["bx", "by", "bz", "j1", "j2", "j3", "j4", "j5", "j6"];

fn from(path: &Path, more: &str) -> String {
    format!("{{horizon: 30, reward: [{{effort: 1.0}}], demonstration: {{recording: {path:?}}}{more}}}")
}

/// Largest difference of two lists of joint values.
fn apart(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0., f64::max)
}

#[test]
fn a_trial_that_is_shown_again_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let shown = run(&task(DEMONSTRATION), 30);
    let path = stored(&folder, &shown, &NAMES);
    let again = task(&from(&path, ""));
    assert!(apart(&again.reference.position, &shown.position) < 2e-3);
    assert!(apart(&again.reference.velocity, &shown.velocity) < 0.15);
    // The efforts are the sent ones, so the arm repeats the motion.
    let made = run(&again, 30);
    assert!(apart(&made.position, &shown.position) < 1e-6, "{}", apart(&made.position, &shown.position));
    // Under feedback the model's efforts give nearly the same motion.
    let feedback = ", recording: {use_efforts: false}, feedback: {stiffness: 400.0, damping: 35.0}";
    let made = run(&task(&from(&path, feedback)), 30);
    assert!(apart(&made.position, &shown.position) < 0.02, "{}", apart(&made.position, &shown.position));
}

#[test]
fn a_recording_that_does_not_serve_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let task = task(DEMONSTRATION);
    let shown = run(&task, 30);
    let other = ["bx", "by", "bz", "j1", "j2", "j3", "j4", "j5", "j7"];
    let said = refused(&from(&stored(&folder, &shown, &other), ""));
    assert!(said.contains("demonstration.recording is ") && said.contains("of other joints: "), "{said}");
    assert!(said.contains("; j6 missing"), "{said}");
    let said = refused(&from(&stored(&folder, &run(&task, 20), &NAMES), ""));
    assert!(said.contains("as long as the stroke, 0.600 s, from recording.begin on: it lasts 0.400 s"), "{said}");
    let said = refused(&from(&stored(&folder, &shown, &NAMES), ", recording: {begin: 0.3}"));
    assert!(said.contains("it lasts 0.300 s from there"), "{said}");
    let mut late = shown.clone();
    late.time.iter_mut().skip(100).for_each(|time| *time += Duration::from_millis(300));
    let said = refused(&from(&stored(&folder, &late, &NAMES), ""));
    assert!(said.contains("there is one of 0.302 s after 0.198 s"), "{said}");
    let mut elsewhere = shown.clone();
    elsewhere.position.iter_mut().skip(4).step_by(9).for_each(|position| *position += 0.2);
    let said = refused(&from(&stored(&folder, &elsewhere, &NAMES), ""));
    assert!(said.contains("joint j2 begins at control.start_posture, -0.6, and not at -0.4000"), "{said}");
    let path = folder.path().join("shown.mcap");
    std::fs::write(&path, "no such thing").unwrap();
    assert!(refused(&from(&path, "")).contains("it does not begin and end like an MCAP file"));
    assert!(refused(&from(&folder.path().join("none.mcap"), "")).contains("none.mcap"));
}

#[test]
fn the_order_of_the_recorded_joints_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let shown = run(&task(DEMONSTRATION), 30);
    let straight = task(&from(&stored(&folder, &shown, &NAMES), ""));
    let mut turned = shown.clone();
    for list in [&mut turned.position, &mut turned.velocity, &mut turned.sent, &mut turned.asked] {
        list.chunks_exact_mut(9).for_each(|row| row.reverse());
    }
    let mut names = NAMES;
    names.reverse();
    let reversed = task(&from(&stored(&folder, &turned, &names), ""));
    assert_eq!(straight.reference, reversed.reference);
}
