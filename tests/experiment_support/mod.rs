//! A small experiment, and the program in a folder of its own.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use moto_learners::Learners;
use moto_learners::moto::{MotoConfig, Reuse};

use moto_controller::experiment::{
    Collected, ExperimentConfig, Folder, Job, Measure, Record, TaskConfig, Variant, Watcher,
};
use moto_controller::tasks::swing_up::SwingUpConfig;

/// Changes that make an experiment of figure 1 small.
pub const SMALL: &str = "
seeds: 2
all:
  rollouts: 6
  iterations: 4
  task: {swing_up: {horizon: 12, rewarded_steps: 4}}
only: [MOTO, no importance sampling]
";

pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_moto_controller"));
        command.current_dir(self.0.path()).args(arguments);
        command
    }

    pub fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a successful command prints.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a refused command says.
    pub fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?} was not refused");
        String::from_utf8(output.stderr).unwrap()
    }
}

pub fn variant(label: &str, method: MotoConfig) -> Variant {
    let task = SwingUpConfig { horizon: 12, rewarded_steps: 4, ..Default::default() };
    Variant {
        label: label.into(),
        group: String::new(),
        task: TaskConfig::SwingUp(task),
        method: Learners::chosen(&method).unwrap(),
        rollouts: 6,
        iterations: 5,
        thresholds: vec![-100.],
        judged_every: 1,
        transfer: None,
    }
}

pub fn experiment() -> ExperimentConfig {
    ExperimentConfig {
        name: "small".into(),
        title: "A small experiment".into(),
        seeds: 2,
        first_seed: 1,
        measures: vec![Measure::MeanAction, Measure::Rollouts],
        variants: vec![
            variant("reuse", MotoConfig::default()),
            variant("no reuse", MotoConfig { reuse: Reuse::None, ..Default::default() }),
        ],
    }
}

/// Counts iterations, and asks to stop after some.
pub struct Counter {
    pub iterations: AtomicUsize,
    pub stop: AtomicBool,
    limit: usize,
}

impl Counter {
    pub fn stopping_after(limit: usize) -> Self {
        Self { iterations: AtomicUsize::new(0), stop: AtomicBool::new(false), limit }
    }
}

impl Watcher for Counter {
    fn iterated(&self, _: &Job<'_>, _: &[Record]) {
        if self.iterations.fetch_add(1, Ordering::Relaxed) + 1 >= self.limit {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    fn finished(&self, _: &Job<'_>, _: &[Record]) {}
}

/// The records of a folder whose jobs are all finished, without what is timing, variant by variant.
pub fn timeless(config: &ExperimentConfig, folder: &Folder) -> Vec<Record> {
    let Collected { variants, missing, damaged } = Collected::read(config, folder);
    assert!(missing.is_empty() && damaged.is_empty(), "{missing:?} {damaged:?}");
    let records = variants.into_iter().flat_map(|variant| variant.records).flatten();
    records.map(|record| Record { seconds: 0., ..record }).collect()
}

/// Names in a folder.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
