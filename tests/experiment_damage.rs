//! Results folders that were damaged, or whose robot was changed: nothing is mixed, and nothing good is lost.

mod experiment_support;

use std::fs;
use std::sync::atomic::Ordering;

use experiment_support::{Counter, Place, SMALL, names};
use moto_controller::experiment::{ExperimentError, Folder, RunnerOptions, described, run};

const PARTS: [&str; 6] = ["experiment", "1c", "--config", "small.yaml", "--out", "out"];

fn small(more: &[&'static str]) -> Vec<&'static str> {
    [&PARTS, more].concat()
}

/// Both kinds of output, and the exit code.
fn told(place: &Place, arguments: &[&str]) -> (i32, String) {
    let output = place.output(arguments);
    (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

/// The command is refused and says all of this.
fn refused(place: &Place, arguments: &[&str], parts: &[&str]) {
    let (code, said) = told(place, arguments);
    parts.iter().for_each(|part| assert!(said.contains(part), "{part} is not in: {said}"));
    assert_eq!(code, 1, "{said}");
}

/// An experiment of one's own robot, in a folder with its description: `own.yaml`.
fn own_robot() -> Place {
    let place = Place::new();
    let root = env!("CARGO_MANIFEST_DIR");
    fs::copy(format!("{root}/urdf/table_tennis_arm.urdf"), place.path("arm.urdf")).unwrap();
    let robot = fs::read_to_string(format!("{root}/config/stroke.yaml")).unwrap();
    place.write("robot.yaml", &robot.replace("../urdf/table_tennis_arm.urdf", "arm.urdf"));
    place.write(
        "own.yaml",
        "name: strike\ntitle: My stroke\nseeds: 2\nmeasures: [mean_action]\nvariants:\n  \
         - {label: MOTO, task: {robot: {config: robot.yaml}}, method: {moto: {epsilon: 0.3}}, rollouts: 5, iterations: 2}\n",
    );
    place
}

fn changed(place: &Place, file: &str, from: &str, to: &str) -> String {
    let text = fs::read_to_string(place.path(file)).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    place.write(file, &text.replacen(from, to, 1));
    text
}

#[test]
fn a_robot_that_is_changed_between_two_jobs_is_named() {
    let place = own_robot();
    let own = |more: &[&'static str]| [&["experiment", "own.yaml", "--out", "out"], more].concat();
    place.run(&own(&["--job", "0"]));
    let named =
        ["variant \"MOTO\"", "robot.yaml was changed since the first seed", "give another --out, or put the file back"];
    for (file, from, to, setting) in [
        (
            "robot.yaml",
            "stiffness: 100.0, damping: 20.0",
            "stiffness: 90.0, damping: 20.0",
            "task.stroke.feedback.stiffness was 100.0, now it is 90.0",
        ),
        ("arm.urdf", "<robot", "<!-- heavier --><robot", "robot.urdf was \"a description with BLAKE3 "),
    ] {
        let before = changed(&place, file, from, to);
        for part in [["--job", "1"].as_slice(), &["--merge"], &[]] {
            refused(&place, &own(part), &[&named[..], &[setting]].concat());
        }
        place.write(file, &before);
    }
    // What affects no seed may change, and a folder from before this was kept gets it.
    changed(&place, "robot.yaml", "priority: 80", "priority: 70");
    changed(&place, "robot.yaml", "epsilon: 0.3", "epsilon: 0.4");
    fs::remove_file(place.path("out/robots.yaml")).unwrap();
    place.run(&own(&["--job", "1"]));
    changed(&place, "robot.yaml", "horizon: 35", "horizon: 36");
    refused(&place, &own(&["--merge"]), &[named[0], "task.stroke.horizon was 35, now it is 36"]);
    for (text, what) in [("", "robots.yaml: "), ("a: [", "robots.yaml: ")] {
        place.write("out/robots.yaml", text);
        refused(&place, &own(&["--merge"]), &[what, "put it back; or remove it"]);
    }
}

#[test]
fn a_demonstration_that_is_recorded_anew_is_named() {
    let place = own_robot();
    let once = ["dry-run", "--config", "robot.yaml", "--iterations", "1", "--rollouts", "3", "--realtime-strokes", "0"];
    place.run(&[&once[..], &["--out", "first"]].concat());
    fs::copy(place.path("first/trials/000001.mcap"), place.path("shown.mcap")).unwrap();
    let text = fs::read_to_string(place.path("robot.yaml")).unwrap();
    let (before, rest) = text.split_once("          via_points:\n").unwrap();
    let (_, after) = rest.split_once("        feedback:").unwrap();
    place.write("robot.yaml", &format!("{before}          recording: shown.mcap\n        feedback:{after}"));
    place.run(&["experiment", "own.yaml", "--out", "out", "--job", "0"]);
    fs::copy(place.path("first/trials/000002.mcap"), place.path("shown.mcap")).unwrap();
    let next = ["experiment", "own.yaml", "--out", "out", "--job", "1"];
    refused(&place, &next, &["robot.yaml was changed", "shown.mcap was \"a file with BLAKE3 "]);
}

#[test]
fn a_robot_that_is_changed_while_jobs_run_ends_them() {
    let place = own_robot();
    let config = described(&place.path("own.yaml")).unwrap();
    let folder = Folder::open(&place.path("out"), &config).unwrap();
    changed(&place, "robot.yaml", "horizon: 35", "horizon: 36");
    let counter = Counter::stopping_after(usize::MAX);
    let ended =
        run(&config.jobs(), &folder, RunnerOptions { threads: 1, ..Default::default() }, &counter.stop, &counter);
    assert!(
        matches!(ended, Err(ExperimentError::Robot { ref difference, .. }) if difference.setting == "task.stroke.horizon"),
        "{ended:?}"
    );
    assert_eq!(counter.iterations.load(Ordering::Relaxed), 0);
}

/// The small experiment with one job finished, and its settings.
fn begun() -> (Place, String) {
    let place = Place::new();
    place.write("small.yaml", SMALL);
    place.run(&small(&["--job", "0"]));
    let settings = fs::read_to_string(place.path("out/config.yaml")).unwrap();
    (place, settings)
}

#[test]
fn settings_that_are_empty_or_cut_are_no_other_settings_and_can_be_mended() {
    let (place, settings) = begun();
    let cut = settings.find("rollouts: 6").unwrap();
    let changed = settings.replacen("rollouts: 6", "rollouts: 7", 1);
    for (damaged, what) in [
        ("", "it is empty"),
        ("\n", "it is empty"),
        ("variants: [", "it is cut short or damaged: "),
        (&settings[..cut], "it is cut short or damaged: variants[0]"),
        (&changed[..], "it was changed after the results here were made: variants[0].rollouts was 6, now it is 7"),
    ] {
        place.write("out/config.yaml", damaged);
        for part in [["--job", "1"], ["--job", "0"]] {
            let mend = "move it away, and a command with the settings of the results here writes it anew";
            refused(&place, &small(&part), &["out/config.yaml: ", what, mend]);
        }
        assert_eq!(fs::read_to_string(place.path("out/config.yaml")).unwrap(), damaged, "nothing is written over it");
        fs::remove_file(place.path("out/config.yaml")).unwrap();
        place.run(&small(&["--job", "0"]));
        assert_eq!(fs::read_to_string(place.path("out/config.yaml")).unwrap(), settings);
    }
    // The edited settings with their own folder as --out, as if they were a file of changes.
    place.write("out/config.yaml", &changed);
    let edited = ["experiment", "out/config.yaml", "--out", "out"];
    refused(&place, &edited, &["out has results of other settings: variants[0].rollouts was 6, now it is 7"]);
}

#[test]
fn a_folder_without_settings_takes_no_results_of_others_in() {
    let (place, settings) = begun();
    fs::remove_file(place.path("out/config.yaml")).unwrap();
    place.write("small.yaml", &SMALL.replace("rollouts: 6", "rollouts: 7"));
    let other = "out has results of other settings: variants[0].rollouts was 6, now it is 7";
    for part in [["--job", "1"].as_slice(), &["--merge"], &["--submit", "slurm"], &[]] {
        refused(&place, &small(part), &[other]);
        assert!(!place.path("out/config.yaml").exists());
    }
    // In a folder from before there was a copy, nothing says what the seeds are of.
    place.write("small.yaml", SMALL);
    fs::remove_file(place.path("out/.config.yaml")).unwrap();
    for part in [["--job", "1"].as_slice(), &["--merge"], &[]] {
        let parts = ["out/config.yaml: it is missing", "a copy of it", "`--submit slurm` and another --out"];
        refused(&place, &small(part), &parts);
    }
    place.run(&["experiment", "1c", "--config", "small.yaml", "--out", "other", "--submit", "slurm"]);
    fs::copy(place.path("other/config.yaml"), place.path("out/config.yaml")).unwrap();
    place.run(&small(&["--job", "1"]));
    assert_eq!(fs::read_to_string(place.path("out/.config.yaml")).unwrap(), settings);
}

/// Records whose line with this number (1 is the header) is made another, or left out.
fn with_line(text: &str, number: usize, change: impl Fn(&str) -> String) -> String {
    let lines = text.split_inclusive('\n').enumerate();
    lines.map(|(i, line)| if i + 1 == number { change(line) } else { line.into() }).collect()
}

/// A line with one of its cells made another.
fn with_cell(text: &str, line: usize, column: usize, value: &str) -> String {
    with_line(text, line, |line| {
        let mut cells: Vec<_> = line.trim_end().split(',').collect();
        cells[column] = value;
        cells.join(",") + "\n"
    })
}

#[test]
fn records_that_no_seed_makes_are_refused_by_line() {
    let (place, _) = begun();
    let path = "out/seeds/moto-1.csv";
    let whole = fs::read_to_string(place.path(path)).unwrap();
    let last = whole.lines().last().unwrap().to_owned() + "\n";
    let wrong = [
        (whole.replace("rollouts_return", "return"), "line 1: column rollouts_return is \"return\""),
        (whole.replacen("iteration,", "", 1), "line 1: column iteration is \"episodes\""),
        (with_line(&whole, 1, |_| String::new()), "line 1: column iteration is \"1\""),
        (with_line(&whole, 1, |line| format!("{},more\n", line.trim_end())), "line 1: it has 12 columns, expected 11"),
        (with_line(&whole, 3, |line| line.repeat(2)), "line 4: iteration is 2, expected 3"),
        (with_line(&whole, 3, |_| String::new()), "line 3: iteration is 3, expected 2"),
        (whole.clone() + &last.replacen("4,24", "5,30", 1), "line 6: it comes after all 4 iterations"),
        (with_line(&whole, 4, |_| "3,18\n".into()), "line 4: it has 2 columns, expected 11"),
        (with_cell(&whole, 4, 1, "19"), "line 4: episodes is 19, expected 18"),
        (with_cell(&whole, 3, 2, "NaN"), "line 3: rollouts_return is NaN, expected a number"),
        (with_cell(&whole, 3, 2, "-9x"), "line 3: rollouts_return is \"-9x\", expected a number"),
        (with_cell(&whole, 3, 2, ""), "line 3: rollouts_return is \"\", expected a number"),
        (with_cell(&whole, 5, 3, "inf"), "line 5: mean_action_return is inf, expected a number"),
        (with_cell(&whole, 5, 3, ""), "line 5: mean_action_return is missing, expected a number"),
        (with_cell(&whole, 5, 4, "1.5"), "line 5: success is 1.5, expected 0 to 1"),
        (with_cell(&whole, 5, 10, "-1"), "line 5: seconds is -1, expected a time"),
        (whole[..whole.len() - 1].into(), "its last line is cut short"),
        (with_line(&whole, 5, |_| String::new()), "it ends after 3 of 4 iterations"),
        (String::new(), "it is empty"),
    ];
    for (text, what) in wrong {
        place.write(path, &text);
        refused(&place, &small(&["--job", "0"]), &[path, what, "remove it to run that seed again"]);
        assert_eq!(fs::read_to_string(place.path(path)).unwrap(), text, "nothing is written over it");
    }
    fs::remove_file(place.path(path)).unwrap();
    place.run(&small(&["--job", "0"]));
    let timeless =
        |text: &str| -> Vec<_> { text.lines().map(|line| line.rsplit_once(',').unwrap().0.to_owned()).collect() };
    assert_eq!(timeless(&fs::read_to_string(place.path(path)).unwrap()), timeless(&whole));
}

#[test]
fn what_a_seed_learned_is_checked_and_removing_its_records_makes_it_again() {
    let (place, _) = begun();
    let motion = place.path("out/seeds/moto-1.motion.json");
    let whole = fs::read(&motion).unwrap();
    // It is there in a while, as of another attempt.
    place.write("out/seeds/moto-1.failure.txt", "an attempt that broke down");
    for (damaged, what) in [(&whole[..9], "it is cut short or damaged"), (&whole[..0], "it is empty")] {
        fs::write(&motion, damaged).unwrap();
        let mend = "remove out/seeds/moto-1.csv to run that seed again";
        refused(&place, &small(&["--job", "0"]), &["moto-1.motion.json: ", what, mend]);
        fs::remove_file(place.path("out/seeds/moto-1.csv")).unwrap();
        place.run(&small(&["--job", "0"]));
        assert_eq!(fs::read(&motion).unwrap(), whole);
        assert_eq!(names(&place.path("out/seeds")), ["moto-1.csv", "moto-1.motion.json"]);
    }
    // Records that were copied without it count.
    fs::remove_file(&motion).unwrap();
    place.run(&small(&["--job", "0"]));
    assert_eq!(names(&place.path("out/seeds")), ["moto-1.csv"]);
}

#[test]
fn damaged_seeds_keep_no_others_from_being_run_or_summarised() {
    let (place, _) = begun();
    place.write("out/seeds/moto-1.csv", "");
    // The shard has jobs 0 and 2.
    let damage = "job 0 (MOTO seed 1): out/seeds/moto-1.csv: it is empty; remove it to run that seed again";
    refused(&place, &small(&["--shard", "0/2"]), &["damaged are 1 of 2 seeds", damage]);
    assert!(place.path("out/seeds/moto-2.csv").exists());
    fs::write(place.path("out/seeds/moto-2.motion.json"), "{").unwrap();
    place.run(&small(&["--job", "1"]));
    let other = "job 2 (MOTO seed 2): out/seeds/moto-2.motion.json: it is cut short or damaged";
    let missing = "missing are 1 of 4 seeds";
    refused(
        &place,
        &small(&["--merge"]),
        &["damaged are 2 of 4 seeds", damage, other, missing, "no importance sampling"],
    );
    assert!(fs::read_to_string(place.path("out/figure.svg")).unwrap().contains("(1 of 4 seeds)"));
    // All jobs: those that can be run are, and the summary is of them.
    refused(&place, &small(&[]), &["damaged are 2 of 4 seeds", damage, other, "results: out"]);
    assert!(fs::read_to_string(place.path("out/figure.svg")).unwrap().contains("(2 of 4 seeds)"));
    ["moto-1", "moto-2"].iter().for_each(|seed| fs::remove_file(place.path(&format!("out/seeds/{seed}.csv"))).unwrap());
    place.run(&small(&[]));
}
