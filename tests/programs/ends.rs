//! The operator at the terminal, and programs whose daemon ends.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStderr, Command, Stdio};

use super::support::{Place, ROLLOUTS, await_end, is_alive};

fn start(place: &Place) -> (Child, BufReader<ChildStderr>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moto_controller"));
    let arguments =
        ["dry-run", "--config", "config.yaml", "--out", "run", "--realtime-strokes", "0", "--iterations", "1"];
    command.current_dir(place.path("")).args(arguments).args(["--rollouts", &ROLLOUTS.to_string()]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .env("NO_COLOR", "1")
        .spawn()
        .unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    (child, stderr)
}

fn await_line(lines: &mut BufReader<ChildStderr>, wanted: &str) {
    let mut line = String::new();
    while !line.contains(wanted) {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "no line with {wanted}");
    }
}

#[test]
fn the_operator_scores_each_stroke_or_skips_it() {
    let place = Place::new("", "judge: operator");
    let (mut child, mut lines) = start(&place);
    let mut input = child.stdin.take().unwrap();
    for answer in ["7.5", "skip", "good\nnan\n-2", "1"] {
        await_line(&mut lines, "what is its score?");
        writeln!(input, "{answer}").unwrap();
    }
    let mut rest = String::new();
    while lines.read_line(&mut rest).unwrap() > 0 {}
    assert!(child.wait().unwrap().success(), "{rest}");
    let scores: Vec<_> = place.trials("run").iter().map(|(_, meta)| *meta.outcomes.last().unwrap()).collect();
    assert_eq!(scores, [7.5, 0., -2., 1.]);
    let complaints = place.complaints("run");
    assert_eq!(complaints, [None, Some("skipped by the operator".into()), None, None]);
}

#[test]
fn an_operator_who_goes_away_ends_the_run_saved() {
    let place = Place::new("", "judge: operator");
    let (mut child, mut lines) = start(&place);
    await_line(&mut lines, "what is its score?");
    drop(child.stdin.take());
    await_line(&mut lines, "standard input is over");
    let mut rest = String::new();
    while lines.read_line(&mut rest).unwrap() > 0 {}
    child.wait().unwrap();
    assert_eq!(place.complaints("run"), [Some("the run ended before it was judged".into())]);
}

#[test]
fn a_daemon_that_is_killed_leaves_no_program_behind() {
    let place = Place::new("", "judge: {program: [python3, judge.py], timeout: 1000.0}");
    // It neither reads nor answers any more.
    place.write("judge.py", "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ninput()\nopen('ready', 'w').close()\ntime.sleep(1000)\n");
    let (mut child, _lines) = start(&place);
    while !place.path("ready").exists() {
        assert!(child.try_wait().unwrap().is_none());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let pid = fs::read_to_string(place.path("pid")).unwrap().parse().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    await_end(pid);
    assert!(!is_alive(pid));
}
