//! A recorded trial goes through the control cycle again, to the bit; what differs is named.

mod dry_run_support;

use dry_run_support::{Place, text, trials};
use moto_controller::storage::files::Disk;
use moto_controller::storage::{TrialEnd, read_trial, write_trial};
use serde_json::Value;

/// Replays a trial; gives what is said, and whether all was equal.
fn replayed(place: &Place, arguments: &[&str]) -> (String, bool) {
    let output = place.command(&[&["replay"], arguments].concat()).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    (text(&output.stdout), output.status.success())
}

fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part} is not in: {said}");
    }
}

#[test]
fn a_trial_is_equal_to_the_bit_and_other_limits_are_found_in_their_cycle() {
    let place = Place::new(3, 2);
    // The torque rate changes the first commands, which depend on the one before the stroke.
    place.edit("effort_rate: [150000.0,", "effort_rate: [300.0,");
    place.edit("iterations: 2\n", "iterations: 2\n      checkpoints: 1\n");
    place.run(&["dry-run", "--out", "run", "--realtime-strokes", "1"]);
    let made = trials(&place.path("run"));
    assert!(made.iter().any(|(episode, _)| episode.asked[0] != episode.sent[0]), "nothing was limited at the begin");
    for (_, meta) in &made {
        let (said, equal) = replayed(&place, &["run", &meta.trial.to_string()]);
        assert!(equal, "{said}");
        says(&said, &[&format!("trial {}", meta.trial), "equal to the bit"]);
        // The newest law is there, and makes the actions of the strokes after it again.
        assert_eq!(!said.contains("the actions are the recorded ones"), meta.evaluation, "{said}");
    }

    place.edit("effort_rate: [300.0,", "effort_rate: [200.0,");
    let (said, equal) = replayed(&place, &["run", "1", "--config", "config/table_tennis.yaml"]);
    assert!(!equal);
    let named =
        ["the effort sent differs from cycle", "joint bx was", "a limit", "effort_rate[bx] was 300.0, is 200.0"];
    says(&said, &named);
    let (json, _) = replayed(&place, &["run", "1", "--config", "config/table_tennis.yaml", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let first = &json["deviations"][0];
    let cycle = first["cycle"].as_u64().unwrap() as usize;
    let (episode, _) = made.iter().find(|(_, meta)| meta.trial == 1).unwrap();
    assert_eq!((first["part"].as_str(), first["recorded"].as_f64()), (Some("sent"), Some(episode.sent[9 * cycle])));
}

#[test]
fn a_stroke_that_stops_earlier_and_a_task_that_sees_otherwise_are_told() {
    let place = Place::new(2, 1);
    place.run(&["dry-run", "--out", "run"]);
    let slow = format!("velocity: [{}]\n        margin:", ["0.05"; 9].join(", "));
    place.edit("margin:", &slow);
    let (said, equal) = replayed(&place, &["run", "1", "--config", "config/table_tennis.yaml"]);
    assert!(!equal);
    says(&said, &["the replayed stroke ended there: ", "another setting: control.limits.velocity[bx]"]);
    place.edit(&slow, "margin:");

    place.edit("action_scale: [20.0,", "action_scale: [21.0,");
    let (said, equal) = replayed(&place, &["run", "1", "--config", "config/table_tennis.yaml"]);
    assert!(!equal);
    says(&said, &["the effort asked differs from cycle 0 on", "action_scale[bx] was 20.0, is 21.0"]);

    place.edit("decimation: 10", "decimation: 5");
    let refused = place.refusal(&["replay", "run", "1", "--config", "config/table_tennis.yaml"]);
    says(&refused, &["a policy step takes 20ms there and 10ms here"]);
    says(&place.refusal(&["replay", "run", "99"]), &["run has no trial 99: its first is 1"]);
    says(&place.refusal(&["replay", "nowhere", "1"]), &["nowhere does not exist"]);
}

#[test]
fn a_movement_is_tracked_again_where_it_is_stored() {
    let place = Place::new(6, 1);
    place.learner("reps: {}");
    place.run(&["dry-run", "--out", "run", "--realtime-strokes", "4"]);
    let made = trials(&place.path("run"));
    let shown = made.iter().map(|(_, meta)| meta).filter(|meta| meta.evaluation);
    let replays: Vec<_> = shown.map(|meta| replayed(&place, &["run", &meta.trial.to_string()])).collect();
    // On the wall clock a reading may be late, and trials do not store how late: its replay may then jump.
    assert!(replays.len() == 4 && replays.iter().any(|(_, equal)| *equal), "{replays:?}");
    says(&place.refusal(&["replay", "run", "1"]), &["trial 1 was made by a movement", "iteration 1"]);
}

#[test]
fn a_stroke_that_ended_before_its_first_cycle_is_refused() {
    let place = Place::new(2, 1);
    place.run(&["dry-run", "--out", "run"]);
    let path = place.path("run").join("trials/000001.mcap");
    let (mut episode, mut meta) = read_trial(&Disk, &path).unwrap();
    episode.clear();
    meta.end = TrialEnd::Fault { reason: "11 periods missed in a row, allowed are 10".into() };
    write_trial(&Disk, &path, (&episode, &meta), None).unwrap();
    says(&place.refusal(&["replay", "run", "1"]), &["trial 1 cannot be replayed"]);
}
