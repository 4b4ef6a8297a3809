//! Every learner through the program: it learns on the control loop, goes on after a stop, to the bit, and is judged.

mod dry_run_support;

use dry_run_support::{Place, assert_same, metrics, text};
use moto_controller::report::IterationMetrics;

/// Runs with this learner of the shipped arm.
fn place(learner: &str, rollouts: usize, iterations: usize) -> Place {
    let place = Place::new(rollouts, iterations);
    place.learner(learner);
    place
}

fn lines(place: &Place, run: &str) -> Vec<IterationMetrics> {
    let text = std::fs::read_to_string(place.path(run).join("metrics.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A run of two iterations, of which the second was made after a stop, is that which was never stopped; and it is judged.
fn goes_on_to_the_bit(learner: &str) {
    let place = place(learner, 6, 2);
    place.run(&["dry-run", "--out", "whole"]);
    place.run(&["dry-run", "--out", "halves", "--iterations", "1"]);
    place.run(&["dry-run", "--resume", "halves", "--iterations", "2"]);
    assert_same(&place, "whole", "halves");
    let lines = lines(&place, "whole");
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| line.summary.kl.mean > 0. && line.summary.entropy.mean.is_finite()), "{learner}");
    let [first, learned] = [&["--initial"][..], &[]].map(|more| {
        let judged = place.run(&[&["evaluate", "--json", "whole"], more].concat());
        serde_json::from_str::<serde_json::Value>(&judged).unwrap()["mean_return"].as_f64().unwrap()
    });
    assert!(first.is_finite() && learned.is_finite() && first != learned, "{learner}: {first} {learned}");
}

#[test]
fn reps_goes_on_to_the_bit() {
    goes_on_to_the_bit("reps: {inertia: 0.5, movement: {context: false}}");
}

#[test]
fn more_goes_on_to_the_bit() {
    goes_on_to_the_bit("more: {}");
}

#[test]
fn gps_goes_on_to_the_bit() {
    goes_on_to_the_bit("gps: {mixture: {}}");
}

#[test]
fn a_network_on_the_loop_goes_on_to_the_bit() {
    goes_on_to_the_bit("trpo: {hidden: 8}");
}

#[test]
fn reps_learns_a_stroke_on_the_loop() {
    let place = place("reps: {epsilon: 1.0, inertia: 0.5, stored_iterations: 20}", 10, 12);
    place.run(&["dry-run", "--out", "run"]);
    let returns: Vec<f64> = lines(&place, "run").iter().map(|line| line.return_.mean).collect();
    let mean = |some: &[f64]| some.iter().sum::<f64>() / some.len() as f64;
    let (first, last) = (mean(&returns[..2]), mean(&returns[10..]));
    assert!(last > 0.6 * first, "{returns:.2?}");
}

#[test]
fn a_run_of_another_learner_is_refused_by_both_names() {
    let place = place("reps: {}", 3, 1);
    place.run(&["dry-run", "--out", "run"]);
    place.learner("more: {}");
    place.run(&["dry-run", "--out", "other"]);
    std::fs::copy(place.path("other/config.yaml"), place.path("run/config.yaml")).unwrap();
    let said = place.refusal(&["dry-run", "--resume", "run", "--iterations", "2"]);
    assert!(said.contains("was made with learner.reps, and the configuration has learner.more"), "{said}");
}

#[test]
fn a_movement_starts_from_a_movement_and_a_policy_from_a_policy() {
    let place = place("reps: {}", 4, 1);
    place.run(&["dry-run", "--out", "movement"]);
    place.learner("more: {}");
    let output = place.command(&["dry-run", "--warm-start", "movement", "--out", "more"]).output().unwrap();
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    for part in ["starts from what 1 iterations in movement learned", "learner.more: this learner takes over no"] {
        assert!(said.contains(part), "{said}");
    }
    // What was learned is where it starts: its first rollouts are not those of the demonstration.
    assert_ne!(metrics(&place.path("more"))[0]["return"], metrics(&place.path("movement"))[0]["return"]);
    place.learner("gps: {}");
    let said = place.refusal(&["dry-run", "--warm-start", "movement", "--out", "gps"]);
    for part in
        ["learner.gps cannot start from what movement learned", "a movement primitive", "from a linear-Gaussian policy"]
    {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn a_task_without_a_demonstration_is_refused_by_the_learner_that_needs_one() {
    let place = Place::new(3, 1);
    let double = dry_run_support::repository().join("config/double_link.yaml");
    let text = std::fs::read_to_string(double).unwrap();
    let urdf = dry_run_support::repository().join("urdf/double_link.urdf");
    let text = text
        .replace("      moto: {", "      reps: {} # moto: {")
        .replace("../urdf/double_link.urdf", urdf.to_str().unwrap());
    std::fs::write(place.path("double.yaml"), text).unwrap();
    let said = place.refusal(&["dry-run", "--config", "double.yaml"]);
    assert!(said.contains("double.yaml: learner.reps: this learner starts from a demonstrated movement"), "{said}");
}
