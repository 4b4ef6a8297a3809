//! `moto_controller experiment` from the outside.

mod experiment_support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use experiment_support::{Place, SMALL, experiment, names};
use moto_controller::experiment::{TaskConfig, Variant, overridden};
use moto_controller::tasks::swing_up::{JointLimit, SwingUpConfig};
use moto_learners::Learners;
use moto_learners::gps::GpsConfig;
use moto_learners::moto::{MotoConfig, Ridge, StateDiagonal};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

#[test]
fn a_small_experiment_from_end_to_end() {
    let place = Place::new();
    place.write("small.yaml", SMALL);
    let said = place.run(&["experiment", "1c", "--config", "small.yaml", "--out", "out"]);
    for text in ["return of the mean action", "MOTO", "no importance sampling", "episodes until", "figure.svg"] {
        assert!(said.contains(text), "{text} is not in: {said}");
    }
    let files = names(&place.path("out/seeds"));
    let wanted: Vec<_> = ["moto", "no-importance-sampling"]
        .iter()
        .flat_map(|v| [1, 2].map(|seed| ["csv", "motion.json"].map(|ending| format!("{v}-{seed}.{ending}"))))
        .flatten()
        .collect();
    assert_eq!(files, wanted);

    let records = fs::read_to_string(place.path("out/seeds/moto-2.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(records.as_bytes());
    let column = |name: &str, reader: &mut csv::Reader<&[u8]>| {
        reader.headers().unwrap().iter().position(|h| h == name).unwrap_or_else(|| panic!("no column {name}"))
    };
    let (episodes, value) = (column("episodes", &mut reader), column("mean_action_return", &mut reader));
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.iter().map(|row| row[episodes].to_owned()).collect::<Vec<_>>(), ["6", "12", "18", "24"]);
    let last: f64 = rows[3][value].parse().unwrap();

    let summary: Value = serde_json::from_str(&fs::read_to_string(place.path("out/summary.json")).unwrap()).unwrap();
    let at_the_end = &summary["variants"][0]["measures"][0]["at"][3];
    let (mean, worst) = (at_the_end["mean"].as_f64().unwrap(), at_the_end["worst"].as_f64().unwrap());
    assert!(at_the_end["episodes"] == 24 && worst <= last && mean >= worst);
    let other = 2. * mean - last;
    assert!((worst - last.min(other)).abs() < 1e-9 * worst.abs());
    // Four checkpoints of two measures of two variants, and the header.
    assert_eq!(fs::read_to_string(place.path("out/summary.csv")).unwrap().lines().count(), 1 + 4 * 2 * 2);

    for picture in ["figure.svg", "motion.svg"] {
        let svg = fs::read_to_string(place.path("out").join(picture)).unwrap();
        assert!(svg.ends_with("</svg>\n") && svg.contains("no importance sampling") && !svg.contains("NaN"));
    }
    // The settings as they were run are an experiment file themselves.
    let again = place.run(&["experiment", "1c", "--config", "out/config.yaml", "--out", "out"]);
    assert_eq!(
        said.lines().skip_while(|l| !l.starts_with("Double")).collect::<Vec<_>>(),
        again.lines().skip_while(|l| !l.starts_with("Double")).collect::<Vec<_>>()
    );
}

#[test]
fn a_signal_saves_and_the_same_command_goes_on() {
    let place = Place::new();
    place.write("small.yaml", &SMALL.replace("iterations: 4", "iterations: 300"));
    let command = ["experiment", "1c", "--config", "small.yaml", "--out"];
    let mut program = place
        .command(&[&command[..], &["interrupted"]].concat())
        .env("RAYON_NUM_THREADS", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // A line tells that the first of four seeds is finished; the second has begun or will.
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("seed 1"));
    kill(Pid::from_raw(program.id() as i32), Signal::SIGTERM).unwrap();
    let rest: Vec<_> = lines.map(Result::unwrap).collect();
    assert_eq!(program.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(rest.last().unwrap().contains("the same command goes on"));
    place.run(&[&command[..], &["interrupted"]].concat());
    place.run(&[&command[..], &["whole"]].concat());
    for seed in ["moto-1.csv", "moto-2.csv", "no-importance-sampling-1.csv", "no-importance-sampling-2.csv"] {
        let timeless = |folder: &str| -> Vec<String> {
            let text = fs::read_to_string(place.path(folder).join("seeds").join(seed)).unwrap();
            text.lines().map(|line| line.rsplit_once(',').unwrap().0.to_owned()).collect()
        };
        assert_eq!(timeless("interrupted"), timeless("whole"), "{seed}");
    }
}

#[test]
fn the_list_explains_every_experiment() {
    let said = Place::new().run(&["experiment", "--list"]);
    for name in ["1b", "1c", "1d", "2a", "2b", "defaults"] {
        assert!(said.lines().any(|line| line.split_whitespace().next() == Some(name)), "{name} is not in: {said}");
    }
    assert!(said.contains("Sixteen seeds on two processors"));
}

#[test]
fn overrides_change_what_they_name_and_nothing_else() {
    let place = Place::new();
    place.write(
        "mine.yaml",
        "
seeds: 3
first_seed: 11
all: {rollouts: 7}
variants:
  - {label: no reuse, method: {moto: {epsilon: 0.5}}}
  - label: mine
    like: reuse
    method: {moto: {ridge: {fixed: 0.001}, state_diagonal: {scale_fraction: 0.1}, beta0: null, guard: {enabled: false}}}
    task: {swing_up: {joint_limit: {}}}
  - {label: theirs, like: mine, method: {gps: {epsilon: 0.4}}}
only: [no reuse, mine, theirs]
",
    );
    let before = experiment();
    let config = overridden(&before, &place.path("mine.yaml")).unwrap();
    assert_eq!((config.seeds().collect::<Vec<_>>(), config.variants.len()), (vec![11, 12, 13], 3));
    let wanted = |index: usize, label: &str, change: &dyn Fn(&mut SwingUpConfig, &mut MotoConfig)| {
        let mut variant = Variant { label: label.into(), rollouts: 7, ..before.variants[index].clone() };
        let TaskConfig::SwingUp(task) = &mut variant.task else { panic!("the small experiment is a swing-up") };
        let mut method = variant.method.typed("moto").expect("the small experiment's are MOTO");
        change(task, &mut method);
        variant.method = Learners::chosen(&method).unwrap();
        variant
    };
    assert_eq!(config.variants[0], wanted(1, "no reuse", &|_, method| method.epsilon = 0.5));
    let mine = wanted(0, "mine", &|task, method| {
        task.joint_limit = Some(JointLimit::default());
        method.ridge = Ridge::Fixed(0.001);
        method.state_diagonal = StateDiagonal::ScaleFraction(0.1);
        method.beta0 = None;
        method.guard.enabled = false;
    });
    assert_eq!(config.variants[1], mine);
    let method = Learners::chosen(&GpsConfig { epsilon: 0.4, ..Default::default() }).unwrap();
    assert_eq!(config.variants[2], Variant { label: "theirs".into(), method, ..mine });
}

fn refused(yaml: &str, named: &[&str]) {
    let place = Place::new();
    place.write("mine.yaml", yaml);
    let said = place.refusal(&["experiment", "1c", "--config", "mine.yaml", "--out", "out"]);
    for name in named {
        assert!(said.contains(name), "{name} is not in: {said}");
    }
    assert!(!place.path("out").exists());
}

#[test]
fn overrides_that_make_no_sense() {
    refused("sseds: 3", &["mine.yaml", "sseds"]);
    refused("seeds: many", &["mine.yaml", "seeds", "many"]);
    refused("seeds: 0", &["mine.yaml", "seeds", "0"]);
    refused("{name: 1d, title: x, seeds: 1, measures: [rollouts], variants: []}", &["mine.yaml", "name", "1d", "1c"]);
    refused("only: [MOTOR]", &["mine.yaml:1: ", "MOTOR", "did you mean \"MOTO\"?"]);
    refused("only: [nobody]", &["mine.yaml:1: ", "nobody", "no entropy constraint"]);
    refused("seeds: 3\nseeds: 4", &["mine.yaml:2: ", "seeds is given twice"]);
    refused(
        "all: {method: {moto: {epsilonn: 1}}}",
        &["mine.yaml:1: all: ", "method.moto.epsilonn", "did you mean method.moto.epsilon?"],
    );
    refused(
        "all: {method: {moto: {reuse: everything}}}",
        &["mine.yaml:1: all: ", "method.moto.reuse", "everything", "same_step_decay"],
    );
    refused(
        "all: {method: {moto: {epsilon: -1}}}",
        &["mine.yaml:1: ", "method.moto.epsilon is -1, expected above 0 and at most 100 nats per step"],
    );
    refused("all: {method: fast}", &["mine.yaml:1: all: ", "method"]);
    refused("all: {method: {motor: {}}}", &["mine.yaml:1: all: ", "method.motor"]);
    refused("all: {task: {swing_up: {torque_limit: 0}}}", &["mine.yaml", "task.swing_up", "torque_limit", "0"]);
    refused("all: {rollouts: 0}", &["mine.yaml", "rollouts", "0"]);
    refused("variants: [{label: mine}]", &["mine.yaml:1: ", "mine", "like"]);
    refused("variants: [{label: mine, like: yours}]", &["mine.yaml:1: ", "yours"]);
    refused(
        "variants: [{label: MOTO, rolouts: 3}]",
        &["mine.yaml:1: ", "variant \"MOTO\"", "rolouts", "did you mean rollouts?"],
    );
    let said = Place::new().refusal(&["experiment", "9z"]);
    assert!(said.contains("9z") && said.contains("1b, 1c, 1d"), "{said}");
    let said = Place::new().refusal(&["experiment", "1c", "--config", "nowhere.yaml"]);
    assert!(said.contains("nowhere.yaml"), "{said}");
}

#[test]
fn a_folder_with_results_of_other_settings() {
    let place = Place::new();
    place.write("small.yaml", SMALL);
    place.write("other.yaml", &format!("{SMALL}variants: [{{label: MOTO, method: {{moto: {{epsilon: 0.5}}}}}}]"));
    place.run(&["experiment", "1c", "--config", "small.yaml", "--out", "out"]);
    let said = place.refusal(&["experiment", "1c", "--config", "other.yaml", "--out", "out"]);
    for text in ["out has results of other settings", "variants[0].method.moto.epsilon", "0.5", "--out"] {
        assert!(said.contains(text), "{text} is not in: {said}");
    }
}

/// A whole experiment of the user's: two learners on the stroke of a configuration file.
#[test]
fn an_experiment_of_ones_own_robot_and_stroke() {
    let place = Place::new();
    let stroke = concat!(env!("CARGO_MANIFEST_DIR"), "/config/stroke.yaml");
    let robot = fs::read_to_string(stroke).unwrap();
    let urdf = concat!(env!("CARGO_MANIFEST_DIR"), "/urdf/table_tennis_arm.urdf");
    place.write("robot.yaml", &robot.replace("../urdf/table_tennis_arm.urdf", urdf));
    let variant = |label: &str, method: &str, config: &str| {
        format!(
            "  - {{label: {label}, task: {{robot: {{config: {config}}}}}, method: {method}, rollouts: 5, iterations: 2}}\n"
        )
    };
    let head = "name: strike\ntitle: My stroke\nseeds: 2\nmeasures: [mean_action, success]\nvariants:\n";
    let moto = "{moto: {epsilon: 0.3}}";
    place.write(
        "own.yaml",
        &[head, &variant("MOTO", moto, "robot.yaml"), &variant("REPS", "{reps: {}}", "robot.yaml")].concat(),
    );
    let said = place.run(&["experiment", "own.yaml"]);
    assert!(said.contains("My stroke") && said.contains("REPS"), "{said}");
    let seeds = names(&place.path("experiments/strike/seeds"));
    let wanted =
        ["moto", "reps"].map(|label| [1, 2].map(|seed| ["csv", "stroke.json"].map(|e| format!("{label}-{seed}.{e}"))));
    assert_eq!(seeds, wanted.into_iter().flatten().flatten().collect::<Vec<_>>());
    // What was learned is judged like any run.
    let judged = place.run(&["evaluate", "experiments/strike/seeds/moto-2.stroke.json", "--strokes", "1"]);
    assert!(judged.contains("success"), "{judged}");

    // Experiments start no programs, and name the file that asks for one.
    place.write("judged.yaml", &(fs::read_to_string(place.path("robot.yaml")).unwrap() + "    judge: operator\n"));
    place.write("refused.yaml", &[head, &variant("MOTO", moto, "judged.yaml")].concat());
    for (file, named) in [("refused.yaml", "judged.yaml: judge"), ("missing.yaml", "missing.yaml")] {
        let said = place.refusal(&["experiment", file]);
        assert!(said.contains(named), "{said}");
    }
}
