//! Strokes that are described by their settings, through the program: learned, told apart by their context, shown by a recording.

mod dry_run_support;

use std::path::Path;

use dry_run_support::{Place, assert_same, metrics, repository, text, trials};
use moto_controller::setup::Setup;

/// A configuration of the shipped arm in `place`, with the task and the end of a shipped one, some of its text replaced.
fn configure(place: &Place, name: &str, of: &str, changes: &[(&str, &str)]) -> String {
    let mut config = std::fs::read_to_string(repository().join("config").join(of)).unwrap();
    for (from, to) in changes {
        assert!(config.contains(from), "{from}");
        config = config.replacen(from, to, 1);
    }
    let path = place.path("config").join(name);
    std::fs::write(&path, config).unwrap();
    path.to_str().unwrap().into()
}

fn mean_return(folder: &Path) -> Vec<f64> {
    metrics(folder).iter().map(|line| line["return"]["mean"].as_f64().unwrap()).collect()
}

const SHORT: [(&str, &str); 1] = [("evaluation_strokes: ", "evaluation_strokes: 2 # ")];

#[test]
fn a_stroke_is_learned_and_its_errors_are_kept_with_each_trial() {
    let place = Place::new(2, 1);
    let config = configure(&place, "stroke.yaml", "stroke.yaml", &SHORT);
    let learn = ["dry-run", "--config", &config, "--seed", "31", "--iterations", "10", "--realtime-strokes", "0"];
    place.run(&[&learn[..], &["--out", "run"]].concat());
    let returns = mean_return(&place.path("run"));
    let (first, last) = (returns[0], returns[returns.len() - 1]);
    // Most of what is lost at first is lost by missing the point.
    assert!(last > 0.5 * first, "{returns:?}");
    for (episode, meta) in trials(&place.path("run")).iter().take(3) {
        assert_eq!((meta.task.as_str(), meta.outcome_dim, episode.steps()), ("stroke", 6, 35));
        // In the step that begins at 0.5 s, and in no other: three numbers of a position, three of a velocity.
        let columns: Vec<&[f64]> = meta.outcomes.chunks_exact(6).collect();
        assert!(columns[25].iter().all(|error| *error != 0.));
        assert!(columns.iter().enumerate().all(|(t, column)| t == 25 || column.iter().all(|error| *error == 0.)));
    }
}

#[test]
fn the_context_of_a_trial_is_part_of_its_states_and_the_same_in_every_run() {
    let place = Place::new(2, 1);
    let config = configure(&place, "reach.yaml", "reach.yaml", &SHORT);
    for run in ["one", "other"] {
        let learn = ["dry-run", "--config", &config, "--seed", "31", "--iterations", "2", "--realtime-strokes", "0"];
        place.run(&[&learn[..], &["--out", run]].concat());
    }
    assert_same(&place, "one", "other");
    let mut seen = vec![];
    for (episode, _) in trials(&place.path("one")) {
        let contexts: Vec<&[f64]> = episode.states.chunks_exact(21).map(|state| &state[18..]).collect();
        assert!(contexts.iter().all(|context| *context == contexts[0]));
        assert!(!seen.contains(&contexts[0].to_vec()));
        seen.push(contexts[0].to_vec());
    }
}

#[test]
fn a_trial_is_the_demonstration_of_another_run_which_can_be_resumed() {
    let place = Place::new(2, 1);
    let first = configure(&place, "stroke.yaml", "stroke.yaml", &SHORT);
    place.run(&["dry-run", "--config", &first, "--iterations", "1", "--realtime-strokes", "0", "--out", "first"]);
    std::fs::copy(place.path("first/trials/000001.mcap"), place.path("config/shown.mcap")).unwrap();
    let text = std::fs::read_to_string(&first).unwrap();
    let (before, rest) = text.split_once("          via_points:\n").unwrap();
    let (_, after) = rest.split_once("        reward:\n").unwrap();
    std::fs::write(&first, format!("{before}          recording: shown.mcap\n        reward:\n{after}")).unwrap();
    let run = ["dry-run", "--config", &first, "--realtime-strokes", "0"];
    place.run(&[&run[..], &["--iterations", "2", "--out", "whole"]].concat());
    place.run(&[&run[..], &["--iterations", "1", "--out", "parts"]].concat());
    place.run(&["dry-run", "--resume", "parts", "--iterations", "2", "--realtime-strokes", "0"]);
    assert_eq!(metrics(&place.path("whole")), metrics(&place.path("parts")));
}

#[test]
fn settings_that_are_refused_are_named_by_file_line_and_field() {
    let place = Place::new(2, 1);
    let refusal = |changes: &[(&str, &str)]| {
        let config = configure(&place, "wrong.yaml", "stroke.yaml", changes);
        place.refusal(&["dry-run", "--config", &config, "--out", "run"])
    };
    let said = refusal(&[("{effort: 1.0e-4}", "{efort: 1.0e-4}")]);
    assert!(said.contains("wrong.yaml:") && said.contains("did you mean task.stroke.reward[2].effort?"), "{said}");
    let said = refusal(&[("link: racket", "link: raket")]);
    assert!(said.contains("task.stroke.demonstration.via_points[0].link is \"raket\""), "{said}");
    let said = refusal(&[
        ("{effort: 1.0e-4}", "{effort_change: 1.0e-4}"),
        ("same_step_decay", "time_and_iterations"),
        ("observed_return: 0.3", "observed_return: 0.0"),
    ]);
    assert!(said.contains("learner.moto.reuse is time_and_iterations"), "{said}");
    assert!(
        said.contains("task.stroke.reward[2].effort_change of a transition says nothing of another step"),
        "{said}"
    );
    assert!(!text(said.as_bytes()).contains("panicked"));
}

/// What `teach` prints of the settings of the task.
fn advised(said: &str) -> String {
    let (_, lines) = said.split_once("      stroke:\n").unwrap();
    lines.to_owned()
}

#[test]
fn what_a_hand_shows_the_simulated_arm_is_the_demonstration_of_a_dry_run() {
    let place = Place::new(2, 1);
    let config = configure(&place, "stroke.yaml", "stroke.yaml", &SHORT);
    let said = place.run(&["teach", "--config", &config, "--out", "shown.mcap"]);
    let advised = advised(&said);
    let stroke = std::fs::read_to_string(&config).unwrap();
    let (before, rest) = stroke.split_once("        horizon: 35").unwrap();
    let (_, after) = rest.split_once("        feedback: ").unwrap();
    let shown = |name: &str, settings: &str| {
        let path = place.path("config").join(name);
        std::fs::write(&path, format!("{before}{settings}        feedback: {after}")).unwrap();
        path
    };
    let motion =
        |path: &Path| Setup::load(path, |_| {}).unwrap().task().unwrap().start().unwrap().demonstration.unwrap();

    // The hand rests on the arm for half a second before it leads the arm along the task's own demonstration.
    let whole =
        "        horizon: 35\n        demonstration: {recording: ../shown.mcap}\n        recording: {begin: 0.5}\n";
    let (led, planned) = (motion(&shown("whole.yaml", whole)), motion(Path::new(&config)));
    let apart = led.position.iter().zip(&planned.position).map(|(a, b)| (a - b).abs()).fold(0., f64::max);
    assert!(led.position.len() == planned.position.len() && apart < 0.03, "{apart}");

    // And what was printed is a configuration that learns.
    let config = shown("shown.yaml", &advised);
    let learn = ["dry-run", "--config", config.to_str().unwrap(), "--iterations", "1", "--rollouts", "4"];
    place.run(&[&learn[..], &["--realtime-strokes", "0", "--out", "run"]].concat());
    assert_eq!(metrics(&place.path("run")).len(), 1);

    let first = place.path("config/stroke.yaml").to_str().unwrap().to_owned();
    let refused = |arguments: &[&str]| place.refusal(&[&["teach", "--config", &first][..], arguments].concat());
    assert!(refused(&["--out", "shown.mcap"]).contains("shown.mcap exists already: name another file (option --out)"));
    std::fs::write(place.path("points.yaml"), "via_points:\n  - {time: 0.5, joints: {j9: 0.1}}\n").unwrap();
    let said = refused(&["--hand", "points.yaml", "--out", "other.mcap"]);
    assert!(said.contains("points.yaml") && said.contains("no field via_points[0].joints.j9; did you mean"), "{said}");
    // A hand that is too fast: the loop's guards are on.
    std::fs::write(place.path("points.yaml"), "via_points:\n  - {time: 0.05, joints: {j4: -0.5}}\n").unwrap();
    let said = refused(&["--hand", "points.yaml", "--out", "other.mcap"]);
    let stopped = said.split_once("the arm that was led by hand was stopped: joint ");
    assert!(stopped.is_some_and(|(_, fault)| fault.contains("the loop stops above")), "{said}");
    assert!(!place.path("other.mcap").exists());
}
