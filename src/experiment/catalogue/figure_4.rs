//! Figure 4 of the paper: MOTO against trust region policy optimisation.

use super::Entry;
use super::settings::{double, measures, method, moto, paper_without_reuse, quad};
use crate::experiment::{ExperimentConfig, TaskConfig, Variant};
use crate::tasks::swing_up::{Goal, SwingUpConfig};
use moto_learners::trpo::{PolicyForm, TrpoConfig, ValueForm};

pub const DOUBLE: Entry = Entry {
    name: "4a",
    explanation: "\
        Double link, rewarded at every step for the distance of its tip from upright: MOTO as in the paper without importance \
        sampling against three variants of TRPO.",
    duration: "about ? minutes",
    config: double_link,
    quick_divisor: 20,
};

pub const QUAD: Entry = Entry {
    name: "4b",
    explanation: "Quad link, otherwise as 4a.",
    duration: "about ? minutes",
    config: quad_link,
    quick_divisor: 20,
};

/// The task with the reward of this comparison.
fn tip(task: TaskConfig) -> TaskConfig {
    match task {
        TaskConfig::SwingUp(task) => TaskConfig::SwingUp(SwingUpConfig { goal: Goal::TipAlways, ..task }),
        other => other,
    }
}

fn trpo(label: &str, task: &TaskConfig, settings: TrpoConfig, rollouts: usize, episodes: usize) -> Variant {
    Variant {
        label: label.into(),
        group: String::new(),
        task: task.clone(),
        method: method(&settings),
        rollouts,
        iterations: episodes / rollouts,
        thresholds: Vec::new(),
    }
}

fn neural() -> TrpoConfig {
    TrpoConfig::default()
}

fn quadratic() -> TrpoConfig {
    TrpoConfig { value: ValueForm::Quadratic, ..neural() }
}

fn linear() -> TrpoConfig {
    TrpoConfig { policy: PolicyForm::LinearGaussian, damping: 1e-3, fisher_every: 1, ..quadratic() }
}

fn double_link() -> ExperimentConfig {
    let task = tip(double());
    let variants = vec![
        moto("MOTO", &task, paper_without_reuse(), 200, 50),
        trpo("TRPO, neural V", &task, neural(), 10, 10000),
        trpo("TRPO, quadratic V", &task, quadratic(), 10, 10000),
        trpo("TRPO, linear-Gaussian", &task, linear(), 10, 10000),
    ];
    experiment("4a", "Double link, distance of the tip: MOTO against TRPO", variants)
}

fn quad_link() -> ExperimentConfig {
    let task = tip(quad(25., None, 10.));
    let variants = vec![
        moto("MOTO", &task, paper_without_reuse(), 400, 50),
        trpo("TRPO, neural V", &task, neural(), 20, 20000),
        trpo("TRPO, quadratic V", &task, quadratic(), 20, 20000),
        trpo("TRPO, linear-Gaussian", &task, linear(), 20, 20000),
    ];
    experiment("4b", "Quad link, distance of the tip: MOTO against TRPO", variants)
}

fn experiment(name: &str, title: &str, variants: Vec<Variant>) -> ExperimentConfig {
    ExperimentConfig {
        name: name.into(),
        title: title.into(),
        seeds: 16,
        first_seed: 1,
        measures: measures(),
        variants,
    }
}
