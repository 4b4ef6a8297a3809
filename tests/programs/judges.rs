//! Runs with a judge that is a program.

use std::fs;

use moto_controller::setup::Setup;
use serde_json::Value;

use super::support::{Place, ROLLOUTS, ROOT};

/// A run whose judge is this one line of a loop over strokes, besides what it prints.
fn judged(line: &str) -> Place {
    let place = Place::new("", "judge: {program: [python3, judge.py], links: [link2], timeout: 60.0}");
    place.write(
        "judge.py",
        &format!("import json, sys\nfor line in sys.stdin:\n  s = json.loads(line)\n  {line}\n  sys.stdout.flush()\n"),
    );
    place
}

fn unruly(fault: &str, rest: &str, timeout: f64) -> Place {
    let program = format!("[python3, {ROOT}/tests/programs/unruly.py, judge, {fault}, {rest}]");
    Place::new("", &format!("judge: {{program: {program}, timeout: {timeout}}}"))
}

#[test]
fn a_judges_reward_is_added_to_the_tasks_and_learned_from() {
    let place = judged(
        "print(json.dumps({'return': -100 * abs(s['positions'][-1][1] - 1), 'success': True, 'distance': 0.25}))",
    );
    let said = place.learn("run", 2).unwrap();
    assert!(said.ends_with("success: 1.00\n") && said.contains("0.250 m"), "{said}");
    let plain = Place::new("", "");
    plain.learn("run", 2).unwrap();
    for ((episode, with), (_, without)) in place.trials("run").iter().zip(&plain.trials("run")).take(ROLLOUTS) {
        let end = episode.position[episode.position.len() - 1];
        let added = -100. * (end - 1.).abs();
        assert!((with.total_reward.unwrap() - without.total_reward.unwrap() - added).abs() < 1e-6);
        assert_eq!((with.success, with.distance, with.outcome_dim), (Some(true), Some(0.25), 1));
        let (last, before) = with.outcomes.split_last().unwrap();
        assert!((last - added).abs() < 1e-9 && before.iter().all(|reward| *reward == 0.), "{:?}", with.outcomes);
    }
    // The same strokes until the learner has taken them in, and others then.
    assert_ne!(place.trials("run")[ROLLOUTS].0.position, plain.trials("run")[ROLLOUTS].0.position);
}

#[test]
fn a_judge_is_told_the_whole_stroke() {
    let place = judged(
        "open('/dev/fd/2', 'w').close(); open(sys.argv[0] + '.seen', 'w').write(line); print('{\"return\": 0}')",
    );
    place.learn("run", 1).unwrap();
    let seen: Value = serde_json::from_str(&fs::read_to_string(place.path("judge.py.seen")).unwrap()).unwrap();
    let shape = |name: &str| {
        let rows = seen[name].as_array().unwrap();
        (rows.len(), rows[0].as_array().map_or(0, Vec::len))
    };
    // 100 policy steps of 5 periods, and the reading after them.
    for (name, expected) in [
        ("times", (501, 0)),
        ("positions", (501, 2)),
        ("velocities", (501, 2)),
        ("efforts", (500, 2)),
        ("observed", (501, 0)),
    ] {
        assert_eq!(shape(name), expected, "{name}");
    }
    assert_eq!((&seen["steps"], &seen["seed"], &seen["joints"][1]), (&100.into(), &1.into(), &"joint2".into()));
    assert_eq!((&seen["kind"], &seen["context"]), (&"evaluation".into(), &Value::Array(vec![])));
    // Link 2 begins at the end of link 1, which hangs at the start.
    let pose = |name: &str| -> Vec<f64> { serde_json::from_value(seen["links"]["link2"][name][0].clone()).unwrap() };
    let near = |found: Vec<f64>, expected: &[f64]| found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9);
    assert!(near(pose("position"), &[0., 0., -1.]), "{:?}", pose("position"));
    assert_eq!(pose("orientation").len(), 4);
}

#[test]
fn whatever_a_judge_does_wrong_its_trials_are_kept_not_learned_from_and_the_third_ends_the_run() {
    for (fault, expected) in [
        ("die", "ended by itself: exit status: 7"),
        ("babble", "wrote `hello` to its standard output"),
        ("nan", "NaN and Infinity"),
        ("short", "1 reward, and the stroke has 100 policy steps"),
        ("unknown", "unknown field `reward`"),
        ("close", "closed its standard output"),
    ] {
        let place = unruly(fault, "'1'", 60.);
        let error = place.learn("run", 1).unwrap_err();
        let said =
            [expected, "the third time in a row; the last lines of its standard error:", &format!("about to {fault}")];
        assert!(said.iter().all(|part| error.contains(part)), "{fault}: {error}");
        let complaints = place.complaints("run");
        assert_eq!(complaints.len(), 3, "{fault}");
        assert!(complaints.iter().flatten().all(|reason| reason.contains(expected)), "{complaints:?}");
    }
}

#[test]
fn one_failure_costs_one_trial() {
    for (fault, timeout) in [("die", 60.), ("sleep", 0.5)] {
        let place = unruly(fault, "'2', once", timeout);
        let once = place.path("once").to_str().unwrap().to_owned();
        let config = fs::read_to_string(place.path("config.yaml")).unwrap().replace(", once]", &format!(", {once}]"));
        place.write("config.yaml", &config);
        place.learn("run", 1).unwrap();
        let complaints = place.complaints("run");
        // On a busy machine half a second may be too short once more.
        assert!(
            complaints[1].is_some() && complaints.iter().flatten().count() == complaints.len() - ROLLOUTS,
            "{complaints:?}"
        );
        assert_eq!(place.metrics("run")[0]["discarded"][0]["trial"], 2);
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_a_run_goes_on_with_what_its_judge_said() {
    let line = "print(json.dumps({'rewards': [p[0] for p in s['positions'][5::5]]}))";
    let place = judged(line);
    place.learn("one", 2).unwrap();
    place.learn("other", 2).unwrap();
    assert_eq!(place.metrics("one"), place.metrics("other"));
    // A judge that breaks within the second iteration; then a sound one goes on and is asked only about what was not judged.
    place.write(
        "judge.py",
        &format!(
            "import json, sys\nfor line in sys.stdin:\n  s = json.loads(line)\n  \
             if s['kind'] == 'rollout' and s['iteration'] == 1 and s['trial'] > 0: sys.exit('broken')\n  {line}\n  sys.stdout.flush()\n"
        ),
    );
    let error = place.learn("resumed", 2).unwrap_err();
    assert!(error.ends_with("\n  broken"), "{error}");
    let asked =
        "if s['kind'] == 'rollout': open(sys.argv[0] + '.asked', 'a').write('%d.%d ' % (s['iteration'], s['trial']))";
    place.write(
        "judge.py",
        &format!("import json, sys\nfor line in sys.stdin:\n  s = json.loads(line)\n  {asked}\n  {line}\n  sys.stdout.flush()\n"),
    );
    place.resume("resumed", 2).unwrap();
    let asked = fs::read_to_string(place.path("judge.py.asked")).unwrap();
    assert_eq!(asked, "1.4 1.5 ");
    assert_eq!(place.metrics("resumed")[0], place.metrics("one")[0]);
    assert_eq!(place.metrics("resumed").len(), 2);
}

#[test]
fn settings_of_a_judge_that_mean_nothing_are_refused_by_name() {
    let refused = |judge: &str, more: &str| {
        let place = Place::new("", judge);
        let text = fs::read_to_string(place.path("config.yaml")).unwrap().replace("{reuse: iterations, ", more);
        place.write("config.yaml", &text);
        Setup::load(&place.path("config.yaml"), |_| {}).map(drop).unwrap_err().to_string()
    };
    let sound = "{reuse: iterations, ";
    for (judge, learner, expected) in [
        ("judge: {program: []}", sound, "judge.program is empty"),
        ("judge: {program: [a], links: [link3]}", sound, "judge.links is link3"),
        ("judge: {program: [a], links: [link3]}", sound, "did you mean link"),
        ("judge: {program: [a], timeout: 0.0}", sound, "judge.timeout is 0"),
        ("judge: {program: [a], time: 1.0}", sound, "there are links, program, timeout"),
        ("judge: {timeout: 1.0}", sound, "judge.program is missing"),
        ("judge: simulator", sound, "robot.simulator"),
        ("judge: nobody", sound, "judge is \"nobody\", expected one of task, operator, simulator"),
        ("judge: {program: [a]}", "{", "learner.moto.reuse is time_and_iterations"),
    ] {
        let said = refused(judge, learner);
        assert!(said.contains(expected), "{judge}: {said}");
    }
    // A judge that is not there is refused before a run folder is made.
    let place = Place::new("", "judge: {program: [no-such-judge]}");
    let error = place.learn("run", 1).unwrap_err();
    assert!(error.contains("judge.program `no-such-judge` cannot be started"), "{error}");
    assert!(!place.path("run").exists());
}
