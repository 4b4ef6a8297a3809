//! From the robot as configured to one that differs.

use super::Entry;
use super::settings::{method, shipped};
use crate::experiment::{ExperimentConfig, Measure, RobotSpread, TaskConfig, Transfer, Variant};
use crate::tasks::table_tennis::{Setting, TableTennisConfig};

pub const TRANSFER: Entry = Entry {
    name: "transfer",
    explanation: "\
Table tennis, learned for 600 strokes on the arm as configured, goes on on an arm that differs, as a simulated arm differs
from the real one: each body's mass, each joint's damping and friction, and the restitution of racket and table by up to a
fifth, and every command a control period late; another arm for each seed. Learning goes on from the law and the
transitions, from the law alone, or begins anew with the demonstration. What counts is how many strokes it takes to 95 %
again.",
    duration: "about 8 minutes",
    config: transfer,
    quick_divisor: 10,
};

/// Strokes per iteration, as shipped.
const ROLLOUTS: usize = 10;

fn transfer() -> ExperimentConfig {
    let beginnings =
        [("law and transitions", 60, true), ("law alone", 60, false), ("from the demonstration", 0, false)];
    let settings = [
        ("noiseless", Setting::Noiseless),
        ("serves that differ", Setting::Context),
        ("noisy bounce", Setting::NoisyBounce),
    ];
    let variants = settings.iter().flat_map(|(group, setting)| {
        let task = TaskConfig::TableTennis(Box::new(TableTennisConfig { setting: *setting, ..Default::default() }));
        beginnings.iter().map(move |(label, iterations, transitions)| Variant {
            label: (*label).into(),
            group: (*group).into(),
            task: task.clone(),
            method: method(&shipped()),
            rollouts: ROLLOUTS,
            iterations: 20,
            thresholds: vec![0.8, 0.95],
            judged_every: 1,
            transfer: Some(Transfer {
                iterations: *iterations,
                transitions: *transitions,
                robot: RobotSpread::default(),
            }),
        })
    });
    ExperimentConfig {
        name: "transfer".into(),
        title: "From the arm as configured to one that differs".into(),
        seeds: 16,
        first_seed: 1,
        measures: vec![Measure::Success, Measure::RolloutsSuccess],
        variants: variants.collect(),
    }
}
