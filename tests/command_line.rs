//! The command line as a new user meets it: closed outputs, plain terminals, another folder, the wrong path.

mod dry_run_support;

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use dry_run_support::{Place, metrics, text};
use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The machines that run this stall now and then.
const PATIENCE: Duration = Duration::from_secs(120);

const SMALL: &str = "
seeds: 1
all: {rollouts: 2, iterations: 2}
variants: [{label: MOTO, method: {moto: {guard: {enabled: false}}}}]
only: [MOTO]
";

/// Runs a command whose reader goes away after the first line. Gives its exit code and what it says on standard error.
fn with_a_reader_of_one_line(mut command: Command) -> (Option<i32>, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    assert!(reader.read_line(&mut line).unwrap() > 0, "nothing was printed");
    drop(reader);
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    (status.code(), text(&stderr))
}

#[test]
fn a_reader_who_goes_away_ends_the_printing_and_not_the_run() {
    let place = Place::new(3, 3);
    let (code, said) = with_a_reader_of_one_line(place.command(&["dry-run", "--out", "run"]));
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("panicked") && !said.contains("standard output"), "{said}");
    assert_eq!(metrics(&place.path("run")).len(), 3);
    place.run(&["evaluate", "run", "--strokes", "1"]);

    fs::write(place.path("small.yaml"), SMALL).unwrap();
    for command in [
        &["experiment", "--list"][..],
        &["experiment", "1c", "--config", "small.yaml", "--out", "results"],
        &["doctor", "--seconds", "0"],
        &["evaluate", "run", "--strokes", "1"],
        &["help", "dry-run"],
    ] {
        let (code, said) = with_a_reader_of_one_line(place.command(command));
        assert_eq!(code, Some(0), "{command:?}: {said}");
        assert!(!said.contains("panicked"), "{command:?}: {said}");
    }
    assert!(place.path("results/summary.csv").exists());
}

#[test]
fn output_that_cannot_be_written_is_a_failure_that_says_so() {
    let place = Place::new(3, 2);
    let into_the_full = |arguments: &[&str]| {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let Output { status, stderr, .. } = place.command(arguments).stdout(full).output().unwrap();
        let said = text(&stderr);
        assert_eq!(status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains("error: cannot write to standard output: No space left"), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
        said
    };
    // The lines on its progress are lost as well, which is said once; the run itself is whole.
    let said = into_the_full(&["dry-run", "--out", "run"]);
    assert_eq!(said.matches("progress is no longer printed").count(), 1, "{said}");
    assert_eq!(metrics(&place.path("run")).len(), 2);
    for command in [
        &["evaluate", "run", "--strokes", "1"][..],
        &["evaluate", "run", "--strokes", "1", "--json"],
        &["experiment", "--list"],
        &["doctor", "--seconds", "0", "--json"],
    ] {
        into_the_full(command);
    }
}

#[test]
fn a_closed_standard_error_ends_no_run() {
    let place = Place::new(3, 1);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = place.command(&["dry-run", "--out", "run"]).env("RUST_LOG", "trace").stderr(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(metrics(&place.path("run")).len(), 1);
}

/// What a short run writes to a terminal on its standard error, and to its standard output.
fn on_a_terminal(place: &Place, out: &str, environment: &[(&str, Option<&str>)]) -> (String, String) {
    let pty = openpty(None, None).unwrap();
    let mut command = place.command(&["dry-run", "--out", out]);
    for (name, value) in environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut child = command.stdout(Stdio::piped()).stderr(File::from(pty.slave)).spawn().unwrap();
    // The terminal's other end would keep it open.
    drop(command);
    let terminal = std::thread::spawn(move || {
        let (mut master, mut written, mut part) = (File::from(pty.master), Vec::new(), [0; 4096]);
        // A terminal that nobody writes to any more is an error on Linux.
        while let Ok(length) = master.read(&mut part)
            && length > 0
        {
            written.extend_from_slice(&part[..length]);
        }
        text(&written)
    });
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert!(child.wait().unwrap().success());
    (terminal.join().unwrap(), printed)
}

#[test]
fn a_terminal_without_colours_or_without_a_cursor_gets_none() {
    let place = Place::new(3, 1);
    // Escape, bracket, numbers, and what is to be done with them: m is a colour, other letters move the cursor.
    let command =
        |sequence: &str| sequence.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m');
    let coloured = |written: &str| written.split("\u{1b}[").skip(1).any(command);
    let (written, printed) = on_a_terminal(&place, "coloured", &[("TERM", Some("xterm")), ("NO_COLOR", None)]);
    assert!(coloured(&written), "{written:?}");
    assert!(!printed.contains("iteration    1"), "{printed}");

    let (written, _) = on_a_terminal(&place, "plain", &[("TERM", Some("xterm")), ("NO_COLOR", Some("1"))]);
    assert!(!coloured(&written), "{written:?}");
    // Set to nothing it counts as not set.
    let (written, _) = on_a_terminal(&place, "empty", &[("TERM", Some("xterm")), ("NO_COLOR", Some(""))]);
    assert!(coloured(&written), "{written:?}");

    for (out, term) in [("dumb", Some("dumb")), ("none", None)] {
        let (written, printed) = on_a_terminal(&place, out, &[("TERM", term), ("NO_COLOR", None)]);
        assert!(!written.contains('\u{1b}'), "{out}: {written:?}");
        assert!(printed.contains("iteration    1"), "{out}: {printed}");
    }
}

#[test]
fn progress_says_whose_success_it_is_and_how_long_it_will_take() {
    let said = Place::new(3, 2).run(&["dry-run", "--out", "run"]);
    let line = said.lines().find(|line| line.starts_with("iteration    1")).unwrap();
    for part in ["success with exploration", "(3 strokes)", "learning ends in about"] {
        assert!(line.contains(part), "{part} is not in: {line}");
    }
}

#[test]
fn in_another_folder_the_configuration_is_the_one_the_program_comes_with() {
    let elsewhere = tempfile::tempdir().unwrap();
    let command = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_moto_controller"));
        command.current_dir(elsewhere.path()).args(arguments).env("NO_COLOR", "1");
        command
    };
    let told = "the configuration that comes with the program is used";
    let Output { status, stderr, .. } = command(&["doctor", "--seconds", "0"]).output().unwrap();
    assert!(status.success() && text(&stderr).contains(told), "{}", text(&stderr));

    let mut child = command(&["dry-run", "--out", "run"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let since = Instant::now();
    while !elsewhere.path().join("run/run.json").exists() {
        assert!(since.elapsed() < PATIENCE && child.try_wait().unwrap().is_none(), "no run was begun");
        std::thread::sleep(Duration::from_millis(5));
    }
    // The signal may come before anybody listens to it; the run was begun all the same.
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    let said = text(&child.wait_with_output().unwrap().stderr);
    assert!(said.contains(told), "{said}");
    let config = fs::read_to_string(elsewhere.path().join("run/config.yaml")).unwrap();
    assert!(config.contains("table_tennis"), "{config}");
}

#[test]
fn a_time_that_is_none_is_wrong_usage() {
    let place = Place::new(3, 1);
    for (arguments, expected) in [
        (["doctor", "--seconds", "nan"], "expected a number of seconds from 0"),
        (["doctor", "--seconds", "-1"], "expected a number of seconds from 0"),
        (["doctor", "--seconds", "1e300"], "expected a number of seconds from 0"),
        (["soak", "--minutes", "inf"], "expected a number of minutes from 0"),
        (["soak", "--minutes", "nan"], "expected a number of minutes from 0"),
    ] {
        let arguments = [arguments[0], &format!("{}={}", arguments[1], arguments[2])];
        let Output { status, stderr, .. } = place.command(&arguments).output().unwrap();
        assert_eq!(status.code(), Some(2), "{arguments:?}");
        assert!(text(&stderr).contains(expected), "{arguments:?}: {}", text(&stderr));
    }
}

#[test]
fn what_cannot_be_written_is_named_with_its_cause() {
    let place = Place::new(3, 1);
    let said = place.refusal(&["doctor", "--seconds", "0.2", "--picture", "nowhere/latency.svg"]);
    assert!(said.contains("cannot create nowhere/latency.svg: No such file"), "{said}");
    let output = place.command(&["soak", "--trials", "3"]).env("TMPDIR", "/nowhere").output().unwrap();
    let said = text(&output.stderr);
    assert!(said.contains("cannot make a temporary folder in /nowhere"), "{said}");
}

#[test]
fn a_path_that_is_no_run_gets_told_what_it_is_and_what_to_give() {
    let place = Place::new(3, 1);
    place.run(&["dry-run", "--out", "runs/one"]);
    fs::write(place.path("small.yaml"), SMALL).unwrap();
    place.run(&["experiment", "1c", "--config", "small.yaml", "--out", "results"]);
    let stroke = place.path("results/seeds/moto-1.stroke.json");
    let told = |path: &str, parts: &[&str]| {
        for command in [&["evaluate", path][..], &["dry-run", "--resume", path], &["dry-run", "--warm-start", path]] {
            let said = place.refusal(command);
            for part in parts {
                assert!(said.contains(part), "{command:?}: {part} is not in: {said}");
            }
        }
    };
    told("results", &["has the results of an experiment, not a run", "left no stroke"]);
    told("results/seeds", &["has the results of an experiment, not a run"]);
    fs::write(&stroke, "{}").unwrap();
    told("results", &["results/seeds/moto-1.stroke.json"]);
    told("runs", &["has runs in it", "runs/one"]);
    told("runs/one/checkpoints", &["is a part of the run in runs/one: give runs/one"]);
    told("runs/one/checkpoints/000001.ckpt", &["is a part of the run in runs/one"]);
    told("config", &["is not a run's folder: it has no run.json"]);
    told("nowhere", &["nowhere does not exist"]);
    assert!(
        place.refusal(&["dry-run", "--resume", "results/seeds/moto-1.stroke.json"]).contains("is a learned stroke")
    );
}
