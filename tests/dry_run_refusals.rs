//! Bad input gets a message that names the file, the field and the value, and loses nothing.

mod dry_run_support;

use std::fs;

use dry_run_support::{Place, assert_same, text};

fn refused(edit: (&str, &str), named: &[&str]) {
    let place = Place::new(5, 1);
    place.edit(edit.0, edit.1);
    let said = place.refusal(&["dry-run", "--out", "run"]);
    for name in named {
        assert!(said.contains(name), "{name} is not in: {said}");
    }
    assert!(!place.path("run").exists());
}

#[test]
fn a_configuration_that_makes_no_sense() {
    let file = "config/table_tennis.yaml";
    refused(("rollouts: 5", "rollouts: 1"), &[&format!("{file}:"), "run.rollouts", "is 1"]);
    refused(("rollouts: 5", "rolouts: 5"), &[file, "rolouts"]);
    refused(("seed: 5", "ended_strokes: kept"), &[file, "run.ended_strokes", "kept", "left_out", "learned"]);
    refused(("seed: 5", "ended_penalty: 0"), &[file, "run.ended_penalty is 0", "above 0"]);
    refused(("epsilon: 0.3", "epsilon: -1"), &[file, "epsilon", "-1"]);
    refused(("period: 0.002", "period: .nan"), &[file, "control.period", "NaN"]);
    refused(("period: 0.002", "period: fast"), &[file, "period"]);
    refused(("setting: noiseless", "setting: windy"), &[file, "windy"]);
    refused(("decimation: 10", "decimation: 0"), &[file, "control.decimation", "0"]);
    refused(("[20.0, 20.0,", "[20.0,"), &[file, "control.action_scale", "8", "9"]);
    refused(("moto_controller:\n", "other_node:\n"), &[file, "no parameters for moto_controller"]);
}

#[test]
fn an_option_that_makes_no_sense_is_blamed_and_not_the_file() {
    let place = Place::new(5, 1);
    for (option, value, expected) in [
        ("--rollouts", "1", "a whole number, 2 to 10000"),
        ("--rollouts", "many", "a whole number, 2 to 10000"),
        ("--iterations", "100001", "a whole number, 0 to 100000"),
        ("--realtime-strokes", "-1", "a whole number, 0 to 100000"),
        ("--seed", "1.5", "a whole number, at least 0"),
    ] {
        let output = place.command(&["dry-run", &format!("{option}={value}")]).output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(option) && said.contains(value) && said.contains(expected), "{said}");
        assert!(!said.contains("table_tennis.yaml"), "{said}");
    }
}

#[test]
fn both_spellings_of_a_setting_are_options() {
    for setting in ["noisy-bounce", "noisy_bounce"] {
        let place = Place::new(4, 0);
        place.run(&["dry-run", "--setting", setting, "--out", "run"]);
        let config = fs::read_to_string(place.path("run/config.yaml")).unwrap();
        assert!(config.contains("setting: noisy_bounce"), "{config}");
    }
}

#[test]
fn a_limit_that_differs_from_the_robot_description_is_told_at_the_start() {
    let place = Place::new(4, 0);
    place.edit(
        "effort_rate: [",
        "effort: [299.0, 300.0, 400.0, 80.0, 80.0, 50.0, 50.0, 15.0, 15.0]\n        effort_rate: [",
    );
    let difference =
        "control.limits.effort of joint bx: the configuration's 299 N holds, not the robot description's 300 N";
    let output = place.command(&["dry-run", "--out", "run"]).output().unwrap();
    let said = text(&output.stderr);
    assert!(said.contains(difference), "{said}");
    let facts = place.run(&["doctor", "--seconds", "0"]);
    assert!(facts.contains(difference), "{facts}");
}

#[test]
fn a_configuration_for_another_robot() {
    refused(
        ("[bx, by, bz,", "[bx, bq, bz,"),
        &["robot.joints[1] is bq", "a joint of the robot description", "did you mean bx?"],
    );
    refused(("table_tennis_arm.urdf", "elsewhere.urdf"), &["elsewhere.urdf", "No such file"]);
    let place = Place::new(5, 1);
    fs::write(place.path("urdf/table_tennis_arm.urdf"), "<robot name='none'>").unwrap();
    let said = place.refusal(&["dry-run"]);
    assert!(said.contains("table_tennis_arm.urdf"), "{said}");
}

#[test]
fn a_folder_that_is_in_the_way_or_not_a_run() {
    let place = Place::new(4, 1);
    place.run(&["dry-run", "--out", "run"]);
    assert!(place.refusal(&["dry-run", "--out", "run"]).contains("--resume"));
    assert!(place.refusal(&["dry-run", "--resume", "nowhere"]).contains("nowhere"));
    assert!(place.refusal(&["evaluate", "config"]).contains("config"));
    let said = place.refusal(&["dry-run", "--config", "nowhere.yaml"]);
    assert!(said.contains("nowhere.yaml"), "{said}");
}

#[test]
fn a_run_whose_configuration_was_changed_meanwhile() {
    let place = Place::new(4, 1);
    place.run(&["dry-run", "--out", "run"]);
    let config = place.path("run/config.yaml");
    let resolved = fs::read_to_string(&config).unwrap();
    fs::write(&config, resolved.replace("epsilon: 0.3", "epsilon: 0.15")).unwrap();
    for command in [&["dry-run", "--resume", "run", "--iterations", "2"][..], &["evaluate", "run"]] {
        let said = place.refusal(command);
        for text in
            ["run in run was made with other settings", "learner.moto.epsilon was 0.3, is 0.15", "--warm-start run"]
        {
            assert!(said.contains(text), "{text} is not in: {said}");
        }
    }
    let urdf = place.path("run/robot.urdf");
    let description = fs::read_to_string(&urdf).unwrap();
    fs::write(&config, &resolved).unwrap();
    fs::write(&urdf, description.clone() + "\n").unwrap();
    let said = place.refusal(&["evaluate", "run"]);
    assert!(said.contains("robot.urdf was"), "{said}");
    fs::write(&urdf, description).unwrap();
    place.run(&["dry-run", "--resume", "run", "--iterations", "2"]);
}

#[test]
fn a_damaged_checkpoint_is_passed_over_and_the_iteration_made_again() {
    let place = Place::new(4, 3);
    place.run(&["dry-run", "--out", "whole"]);
    place.run(&["dry-run", "--out", "damaged"]);
    let newest = place.path("damaged/checkpoints/000003.ckpt");
    let mut bytes = fs::read(&newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&newest, bytes).unwrap();
    let output = place.command(&["dry-run", "--resume", "damaged"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("000003.ckpt"), "{}", text(&output.stderr));
    assert_same(&place, "whole", "damaged");
}
