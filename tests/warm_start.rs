//! What one run learned is taken over by another where it means the same, and refused where it does not.

mod dry_run_support;

use dry_run_support::{Place, metrics, text};

/// Warm starts from the run `learned`, which must be accepted; gives what is said.
fn accepted(place: &Place, out: &str, more: &[&str]) -> String {
    let arguments = [&["dry-run", "--warm-start", "learned", "--iterations", "1", "--out", out], more].concat();
    let output = place.command(&arguments).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stderr)
}

fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part} is not in: {said}");
    }
}

#[test]
fn a_run_with_other_limits_rollouts_seed_and_setting_is_taken_over_with_its_transitions() {
    let place = Place::new(4, 2);
    place.run(&["dry-run", "--out", "learned"]);
    let said = accepted(&place, "same", &[]);
    says(&said, &["starts from what 2 iterations in learned learned", "240 transitions of its last 2 iterations"]);
    assert!(!said.contains("what differs"), "{said}");

    place.edit("effort_rate: [150000.0,", "effort_rate: [140000.0,");
    let said = accepted(&place, "other", &["--rollouts", "5", "--seed", "9", "--setting", "context"]);
    says(
        &said,
        &[
            "control.limits.effort_rate[bx] was 150000.0, is 140000.0",
            "run.rollouts was 4, is 5",
            "run.seed was 5, is 9",
            "task.table_tennis.setting was \"noiseless\", is \"context\"",
            "240 transitions of its last 2 iterations are learned from too",
        ],
    );
    let more = metrics(&place.path("other"))[0]["summary"]["effective_samples"]["mean"].as_f64().unwrap();
    assert!(more > 5., "{more}");
    // A warm start is a run like any other.
    place.run(&["dry-run", "--resume", "other", "--iterations", "2"]);
    place.run(&["evaluate", "other", "--strokes", "1"]);
}

#[test]
fn transitions_whose_rewards_mean_something_else_are_left() {
    let place = Place::new(4, 1);
    place.run(&["dry-run", "--out", "learned"]);
    place.edit("setting: noiseless", "reward: {miss_weight: 40.0}\n        setting: noiseless");
    let said = accepted(&place, "other", &[]);
    says(
        &said,
        &[
            "its transitions are left",
            "table_tennis.reward.miss_weight was 50.0, is 40.0",
            "starts from what 1 iterations in learned learned",
        ],
    );
    let effective = metrics(&place.path("other"))[0]["summary"]["effective_samples"]["mean"].as_f64().unwrap();
    assert!((effective - 4.).abs() < 1e-9, "{effective}");
}

#[test]
fn a_policy_in_other_units_or_shapes_is_refused_by_all_that_differs() {
    let refused = |edits: &[(&str, &str)], parts: &[&str]| {
        let place = Place::new(3, 1);
        place.run(&["dry-run", "--out", "learned"]);
        edits.iter().for_each(|(from, to)| place.edit(from, to));
        let said = place.refusal(&["dry-run", "--warm-start", "learned", "--out", "out"]);
        says(&said, parts);
        says(&said, &["what learned learned does not fit", "start from the demonstration"]);
        assert!(!place.path("out").exists());
    };
    refused(
        &[("action_scale: [20.0,", "action_scale: [25.0,"), ("decimation: 10", "decimation: 5")],
        &["control.action_scale[bx] is 20 there and 25 here", "0.020000000 s there and 0.010000000 s here"],
    );
    refused(
        &[("setting: noiseless", "stroke: {horizon: 29}\n        setting: noiseless")],
        &["the number of policy steps is 30 there and 29 here"],
    );
}
