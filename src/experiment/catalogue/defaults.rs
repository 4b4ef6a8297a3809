//! Compares this project's default settings with the paper's.

use super::Entry;
use super::settings::{double, double_defaults, gps, limited_quad, measures, moto, paper, quad_defaults};
use crate::experiment::{ExperimentConfig, Variant};
use moto_learners::moto::MotoConfig;

pub const DEFAULTS: Entry = Entry {
    name: "defaults",
    explanation: "\
        This project's default settings (trust region over the trajectory, cross-validated ridge, linear control \
        variate, clipped values, forecast, guard, few rollouts per iteration) against the paper's, which are all of that switched \
        off, and guided policy search: on the double link with 2, 20 and 20 rollouts per iteration, on the quad link \
        with joint limits with 5, 50 and 50, and a start of 15, 10 and 10 N m. What counts is how many episodes it takes to -1 and -0.2, and to -20.",
    duration: "about 25 minutes",
    config: defaults,
    quick_divisor: 6,
};

fn defaults() -> ExperimentConfig {
    let named = |group: &str, thresholds: &[f64], variant: Variant| Variant {
        group: group.into(),
        thresholds: thresholds.into(),
        ..variant
    };
    let two = |label, method, rollouts: usize| {
        named("double link", &[-1., -0.2], moto(label, &double(), method, rollouts, 800 / rollouts))
    };
    let four = |label, method, rollouts: usize, start: f64| {
        let task = limited_quad(start);
        named("quad link with joint limits", &[-20.], moto(label, &task, method, rollouts, 1500 / rollouts))
    };
    let paper_quad = MotoConfig { stored_iterations: 4, sample_decay: 0.6, ..paper() };
    ExperimentConfig {
        name: "defaults".into(),
        title: "Default settings of this project".into(),
        seeds: 16,
        first_seed: 1,
        measures: measures()[..1].into(),
        variants: vec![
            two("defaults", double_defaults(), 2),
            two("as in the paper", paper(), 20),
            named("double link", &[-1., -0.2], gps("GPS", &double(), 20, 800 / 20)),
            four("defaults", quad_defaults(), 5, 15.),
            four("as in the paper", paper_quad, 50, 10.),
            named("quad link with joint limits", &[-20.], gps("GPS", &limited_quad(10.), 50, 1500 / 50)),
        ],
    }
}
