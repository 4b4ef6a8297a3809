//! Figure 3 of the paper: robot table tennis.

use super::Entry;
use crate::baselines::episodic::{EpisodicMethod, MoreConfig, RepsConfig};
use crate::experiment::{ExperimentConfig, Measure, MethodConfig, MovementSearch, TaskConfig, Variant};
use crate::moto::LearnerConfig;
use crate::tasks::table_tennis::{Setting, TableTennisConfig};

/// Shares of successes for which the episodes to get there are counted.
const THRESHOLDS: [f64; 2] = [0.8, 0.95];
const ROLLOUTS: usize = 30;
/// A budget of 2400 episodes.
const ITERATIONS: usize = 80;

pub const NOISELESS: Entry = Entry {
    name: "3a",
    explanation: "\
Table tennis, always the same serve.",
    duration: "?",
    config: noiseless,
    quick_divisor: 8,
};

pub const CONTEXT: Entry = Entry {
    name: "3b",
    explanation: "\
Table tennis, each serve with another velocity.",
    duration: "?",
    config: context,
    quick_divisor: 8,
};

pub const NOISY_BOUNCE: Entry = Entry {
    name: "3c",
    explanation: "\
Table tennis, the ball bounces at random.",
    duration: "?",
    config: noisy_bounce,
    quick_divisor: 8,
};

fn experiment(name: &str, title: &str, setting: Setting, methods: Vec<(&str, MethodConfig)>) -> ExperimentConfig {
    let task = TaskConfig::TableTennis(TableTennisConfig { setting, ..Default::default() });
    let variants = methods.into_iter().map(|(label, method)| Variant {
        label: label.into(),
        group: String::new(),
        task: task.clone(),
        method,
        rollouts: ROLLOUTS,
        iterations: ITERATIONS,
        thresholds: THRESHOLDS.into(),
    });
    let measures = vec![Measure::Success, Measure::RolloutsSuccess, Measure::Rollouts];
    ExperimentConfig { name: name.into(), title: title.into(), seeds: 10, measures, variants: variants.collect() }
}

/// The learner's settings in `config/table_tennis.yaml`.
fn moto() -> (&'static str, MethodConfig) {
    ("MOTO", MethodConfig::Moto(shipped()))
}

fn shipped() -> LearnerConfig {
    // The file is part of the program and a test loads it.
    crate::daemon::Setup::shipped(|_| {}).map(|setup| setup.config.learner).unwrap_or_default()
}

fn reps(context: bool) -> (&'static str, MethodConfig) {
    let search = EpisodicMethod::Reps(RepsConfig::default());
    let label = if context { "contextual REPS" } else { "REPS" };
    (label, MethodConfig::Movement(MovementSearch { search, context, ..Default::default() }))
}

fn more() -> (&'static str, MethodConfig) {
    let search = EpisodicMethod::More(MoreConfig::default());
    ("MORE", MethodConfig::Movement(MovementSearch { search, ..Default::default() }))
}

fn noiseless() -> ExperimentConfig {
    experiment("3a", "Table tennis", Setting::Noiseless, vec![moto(), reps(false), more()])
}

fn context() -> ExperimentConfig {
    experiment("3b", "Table tennis, serves that differ", Setting::Context, vec![moto(), reps(true)])
}

fn noisy_bounce() -> ExperimentConfig {
    experiment("3c", "Table tennis, noisy bounce", Setting::NoisyBounce, vec![moto(), reps(false), more()])
}
