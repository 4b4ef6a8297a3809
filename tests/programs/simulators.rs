//! Runs with a simulator that is a program.

use std::time::Duration;

use super::support::{Place, ROLLOUTS, ROOT};
use moto_controller::commands::{DoctorOptions, Verdict, doctor};
use moto_controller::supervisor::ConfigSource;

fn simulator(arguments: &str, timeout: f64) -> String {
    format!("simulator: {{program: [python3, {ROOT}/tests/programs/{arguments}], timeout: {timeout}}}")
}

#[test]
fn a_simulator_of_ones_own_learns_as_the_embedded_one() {
    let place = Place::new(&simulator("double_link.py", 60.), "");
    place.learn("one", 2).unwrap();
    place.learn("other", 2).unwrap();
    assert_eq!(place.metrics("one"), place.metrics("other"));
    let embedded = Place::new("", "");
    embedded.learn("run", 2).unwrap();
    for ((mine, _), (theirs, _)) in place.trials("one").iter().zip(&embedded.trials("run")).take(ROLLOUTS) {
        let differences = mine.position.iter().zip(&theirs.position).map(|(a, b)| (a - b).abs());
        assert!(differences.fold(0., f64::max) < 1e-6);
    }
}

#[test]
fn whatever_a_simulator_does_wrong_its_trials_are_kept_not_learned_from_and_the_third_ends_the_run() {
    // In the midst of the first stroke of each process.
    for (fault, timeout, expected) in [
        ("die", 60., "ended by itself: exit status: 7"),
        ("sleep", 1., "did not answer within 1 s (robot.simulator.timeout)"),
        ("babble", 60., "wrote `hello` to its standard output"),
        ("nan", 60., "NaN and Infinity"),
        ("short", 60., "`position` has length 1, expected 2"),
        ("future", 60., "expected from"),
        ("past", 60., "expected from"),
        ("unknown", 60., "unknown field `reward`"),
    ] {
        let place = Place::new(&simulator(&format!("unruly.py, simulator, {fault}, '200'"), timeout), "");
        let error = place.learn("run", 1).unwrap_err();
        let said =
            [expected, "the third time in a row; the last lines of its standard error:", &format!("about to {fault}")];
        assert!(said.iter().all(|part| error.contains(part)), "{fault}: {error}");
        let complaints = place.complaints("run");
        assert_eq!(complaints.len(), 3, "{fault}: {complaints:?}");
        assert!(complaints.iter().flatten().all(|reason| reason.contains(expected)), "{complaints:?}");
    }
}

#[test]
fn one_failure_costs_one_trial() {
    for line in ["5", "200", "503"] {
        let place = Place::new("", "");
        let once = place.path("once").to_str().unwrap().to_owned();
        let config = std::fs::read_to_string(place.path("config.yaml")).unwrap();
        let program = simulator(&format!("unruly.py, simulator, die, '{line}', {once}"), 60.);
        place.write("config.yaml", &config.replace("joint2]\n", &format!("joint2]\n      {program}\n")));
        place.learn("run", 1).unwrap();
        let complaints = place.complaints("run");
        let failed = complaints.iter().flatten().count();
        assert_eq!((complaints.len(), failed), (ROLLOUTS + 1, 1), "line {line}: {complaints:?}");
    }
}

#[test]
fn a_simulator_that_never_comes_up_again_ends_the_run() {
    let place = Place::new(&simulator("unruly.py, simulator, die, '1'", 60.), "");
    let error = place.learn("run", 1).unwrap_err();
    assert!(error.contains("robot.simulator.program") && error.contains("exit status: 7"), "{error}");
}

#[test]
fn a_simulator_may_judge() {
    let place = Place::new("simulator: {program: [python3, world.py]}", "judge: simulator");
    let world = std::fs::read_to_string(format!("{ROOT}/tests/programs/double_link.py")).unwrap();
    let judging = world.replace("state[2:]}", "state[2:], 'judgement': {'return': state[1], 'success': state[1] > 0}}");
    assert_ne!(judging, world);
    place.write("world.py", &judging);
    place.learn("run", 1).unwrap();
    for (episode, meta) in place.trials("run") {
        let end = episode.position[episode.position.len() - 1];
        assert_eq!((meta.outcomes.last(), meta.success), (Some(&end), Some(end > 0.)));
    }
    place.write("world.py", &world);
    let error = place.learn("silent", 1).unwrap_err();
    assert!(error.contains("gave no `judgement`"), "{error}");
    // A judgement that nobody asked for is no way to be learned from by accident.
    let place = Place::new("simulator: {program: [python3, world.py]}", "");
    place.write("world.py", &judging);
    let error = place.learn("run", 1).unwrap_err();
    assert!(error.contains("`judge` is not `simulator`"), "{error}");
}

#[test]
fn the_doctor_starts_it_makes_a_stroke_with_it_and_says_what_is_wrong() {
    let world = std::fs::read_to_string(format!("{ROOT}/tests/programs/double_link.py")).unwrap();
    let diagnosed = |robot: &str, world: &str| {
        let place = Place::new(robot, "");
        place.write("world.py", world);
        let options = DoctorOptions {
            period: None,
            config: ConfigSource::File(place.path("config.yaml")),
            time: Duration::ZERO,
            folder: place.path(""),
            picture: place.path("latency.svg"),
        };
        let facts = doctor(&options).unwrap().facts;
        let fact = facts.into_iter().find(|fact| fact.name == "simulator").unwrap();
        (fact.found, fact.verdict, fact.advice.unwrap_or_default())
    };
    let mine = "simulator: {program: [python3, world.py], timeout: 60.0}";
    let (found, verdict, advice) = diagnosed(mine, &world);
    // How fast it is depends on the machine.
    assert!(verdict == Verdict::Good || advice.contains("on the wall clock"), "{found}: {advice}");
    assert!(found.contains("world.py: a period of 10ms takes it "), "{found}");

    let wrong = |robot: &str, world: &str, expected: Verdict, words: [&str; 2]| {
        let (found, verdict, advice) = diagnosed(robot, world);
        let said = format!("{found}: {advice}");
        assert!(verdict == expected && words.iter().all(|word| said.contains(word)), "{verdict:?} {said}");
    };
    let absent = "simulator: {program: [/nowhere/world]}";
    wrong(absent, &world, Verdict::Poor, ["it does not start", "cannot be started"]);
    let reset = simulator("unruly.py, simulator, die, '1'", 60.);
    wrong(&reset, &world, Verdict::Poor, ["it does not answer the first reset", "exit status: 7"]);
    let late = simulator("unruly.py, simulator, nan, '200'", 60.);
    wrong(&late, &world, Verdict::Poor, ["it fails in a stroke", "NaN and Infinity"]);
    let forgetful = world.replace("if question[\"reset\"][\"posture\"]", "if False");
    let elsewhere = forgetful.replace("[math.pi, 0.0, 0.0, 0.0]", "[math.pi, 0.5, 0.0, 0.0]");
    wrong(mine, &elsewhere, Verdict::Poor, ["joint joint2 is at 0.5", "has it at 0"]);
    let pushed = world.replace("question[\"effort\"], SUBSTEP", "[__import__(\"random\").random(), 0.0], SUBSTEP");
    assert_ne!(pushed, world);
    wrong(mine, &pushed, Verdict::Fair, ["other answers", "draw what is random from the reset"]);
}

#[test]
fn on_the_wall_clock_a_program_that_ends_is_a_robot_without_readings_until_it_is_back() {
    let place = Place::new("", "");
    let once = place.path("once").to_str().unwrap().to_owned();
    let program = simulator(&format!("unruly.py, simulator, die, '200', {once}"), 60.);
    let config = std::fs::read_to_string(place.path("config.yaml")).unwrap();
    // However slow the machine.
    let config = config
        .replace("joint2]\n", &format!("joint2]\n      {program}\n"))
        .replace("    control:\n", "    control:\n      max_missed_share: 1.0\n")
        .replace("max_task_age: null", "max_task_age: null, max_consecutive_misses: 1000, max_state_age: 0.5")
        .replace("start_deviation: 0.0", "start_deviation: 0.0, horizon: 20");
    place.write("config.yaml", &config);
    place.learn_on_the_clock("run", 1).unwrap();
    let complaints = place.complaints("run");
    // The loop may see that there are no readings before it is known why.
    let why = |complaint: &&String| complaint.contains("exit status: 7") || complaint.contains("joint state");
    let failed = complaints.iter().flatten();
    assert_eq!((complaints.len(), failed.filter(why).count()), (ROLLOUTS + 1, 1), "{complaints:?}");
}
