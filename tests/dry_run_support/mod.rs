//! Runs of the program in folders of their own.
#![allow(dead_code)] // Each test binary uses its part.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use moto_controller::control::Episode;
use moto_controller::storage::{RunView, TrialMeta, files::Disk};
use serde_json::Value;

/// A folder with a configuration of small runs.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// The shipped configuration, with runs of `rollouts` and `iterations`, few strokes to judge and none on the wall clock.
    pub fn new(rollouts: usize, iterations: usize) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        let urdf = repository().join("urdf/table_tennis_arm.urdf");
        let shipped = fs::read_to_string(repository().join("config/table_tennis.yaml")).unwrap();
        let (before, _) = shipped.split_once("    run:\n").unwrap();
        let run = format!(
            "    run:\n      seed: 5\n      rollouts: {rollouts}\n      iterations: {iterations}\n      \
             evaluation_strokes: 5\n      realtime_strokes: 0\n"
        );
        fs::create_dir(place.path("config")).unwrap();
        fs::create_dir(place.path("urdf")).unwrap();
        fs::copy(urdf, place.path("urdf/table_tennis_arm.urdf")).unwrap();
        fs::write(place.path("config/table_tennis.yaml"), before.to_owned() + &run).unwrap();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Replaces text in the configuration; it must be there.
    pub fn edit(&self, from: &str, to: &str) {
        let path = self.path("config/table_tennis.yaml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    /// Replaces the learner in the configuration, e.g. by `reps: {}`.
    pub fn learner(&self, learner: &str) {
        let path = self.path("config/table_tennis.yaml");
        let text = fs::read_to_string(&path).unwrap();
        let (before, rest) = text.split_once("    learner:").unwrap();
        let (_, after) = rest.split_once("    run:\n").unwrap();
        fs::write(path, format!("{before}    learner: {{{learner}}}\n    run:\n{after}")).unwrap();
    }

    /// The program in this folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_moto_controller"));
        command.current_dir(self.folder.path()).args(arguments).env("NO_COLOR", "1").env("RUST_BACKTRACE", "0");
        command
    }

    /// Runs the program to its end, which must be a good one.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Runs the program to its end, which must be a bad one, and gives what it says.
    pub fn refusal(&self, arguments: &[&str]) -> String {
        let Output { status, stderr, .. } = self.command(arguments).output().unwrap();
        assert_eq!(status.code(), Some(1), "{arguments:?}: {}", text(&stderr));
        text(&stderr)
    }

    /// Starts the program.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::of(self.command(arguments))
    }
}

/// The program under way.
pub struct Running {
    pub child: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    /// Starts a command.
    pub fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// Waits for the line that reports iteration `number`, from 1. False if the program ended before.
    pub fn await_iteration(&mut self, number: usize) -> bool {
        let wanted = format!("iteration {number:4} ");
        let mut line = String::new();
        loop {
            line.clear();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return false;
            }
            if line.starts_with(&wanted) {
                return true;
            }
        }
    }

    /// What it still prints until it ends.
    pub fn rest(&mut self) -> String {
        let mut rest = String::new();
        while self.lines.read_line(&mut rest).unwrap() > 0 {}
        rest
    }
}

pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The metrics of a run without what is timing.
pub fn metrics(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("metrics.jsonl")).unwrap();
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        assert!(line.as_object_mut().unwrap().remove("timing").is_some());
        line
    });
    lines.collect()
}

/// The trials of a run without what is timing.
pub fn trials(folder: &Path) -> Vec<(Episode, TrialMeta)> {
    let view = RunView::open(std::sync::Arc::new(Disk), folder).unwrap();
    let read = |(_, path): (u64, PathBuf)| {
        let (mut episode, mut meta) = view.read_trial(&path).unwrap();
        episode.start = Default::default();
        meta.wall_start = Default::default();
        meta.latency = None;
        (episode, meta)
    };
    view.trials().unwrap().into_iter().map(read).collect()
}

/// Asserts that two runs learned the same, to the bit.
pub fn assert_same(place: &Place, one: &str, other: &str) {
    assert_eq!(metrics(&place.path(one)), metrics(&place.path(other)));
    let (one_trials, other_trials) = (trials(&place.path(one)), trials(&place.path(other)));
    assert_eq!(one_trials.len(), other_trials.len());
    for (a, b) in one_trials.iter().zip(&other_trials) {
        assert!(a == b, "trial {} differs", a.1.trial);
    }
    assert_eq!(place.run(&["evaluate", "--json", one]), place.run(&["evaluate", "--json", other]));
}
