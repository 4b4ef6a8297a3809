//! Figure 1 of the paper: the double link.

use super::Entry;
use super::settings::{double, measures, moto, paper, paper_without_reuse};
use crate::experiment::{ExperimentConfig, Variant};
use crate::moto::{LearnerConfig, Reuse, Targets};

/// Values for which the episodes to get there are counted.
const THRESHOLDS: [f64; 3] = [-10., -1., -0.2];

pub const LARGE_BATCHES: Entry = Entry {
    name: "1b",
    explanation: "\
Double link, 200 rollouts per iteration and nothing reused: MOTO with a small (0.1) and a large (0.5) entropy reduction per
iteration. MOTO as in the paper: KL of 0.2 nats at most at every step. The paper finds the small reduction slower at first and
better at the end.",
    duration: "?",
    config: large_batches,
    quick_divisor: 5,
};

pub const ABLATIONS: Entry = Entry {
    name: "1c",
    explanation: "\
Double link, 20 rollouts per iteration: MOTO as in the paper; without the entropy constraint; without importance sampling (each
step learns from its newest 20 transitions alone); with Monte-Carlo returns in the place of dynamic programming (which
excludes reuse). The paper finds that reuse matters most, that Monte-Carlo values do not do, and that the entropy constraint
pays in the end.",
    duration: "?",
    config: ablations,
    quick_divisor: 4,
};

pub const BATCH_SIZES: Entry = Entry {
    name: "1d",
    explanation: "\
Double link: 20, 10 and 5 rollouts per iteration. The entropy reduction and the decay of old samples are matched per episode: beta0
0.1, 0.05, 0.025; decay 0.7, 0.7^(1/2), 0.7^(1/4); the last 100 episodes are kept. The paper finds that smaller batches need fewer
episodes, down to 10.",
    duration: "?",
    config: batch_sizes,
    quick_divisor: 4,
};

fn experiment(name: &str, title: &str, mut variants: Vec<Variant>) -> ExperimentConfig {
    for variant in &mut variants {
        variant.thresholds = THRESHOLDS.into();
    }
    ExperimentConfig { name: name.into(), title: title.into(), seeds: 10, measures: measures(), variants }
}

fn large_batches() -> ExperimentConfig {
    let with =
        |label, beta0| moto(label, &double(), LearnerConfig { beta0: Some(beta0), ..paper_without_reuse() }, 200, 50);
    let variants = vec![with("MOTO, beta0 0.1", 0.1), with("MOTO, beta0 0.5", 0.5)];
    experiment("1b", "Double link, 200 rollouts per iteration", variants)
}

fn ablations() -> ExperimentConfig {
    let with = |label, method| moto(label, &double(), method, 20, 50);
    let variants = vec![
        with("MOTO", paper()),
        with("no entropy constraint", LearnerConfig { beta0: None, ..paper() }),
        with("no importance sampling", LearnerConfig { reuse: Reuse::None, ..paper() }),
        with("Monte-Carlo values", LearnerConfig { reuse: Reuse::None, targets: Targets::MonteCarlo, ..paper() }),
    ];
    experiment("1c", "Double link, 20 rollouts per iteration", variants)
}

fn batch_sizes() -> ExperimentConfig {
    let with = |rollouts: usize| {
        let share = rollouts as f64 / 20.;
        let method = LearnerConfig {
            beta0: Some(0.1 * share),
            sample_decay: 0.7f64.powf(share),
            stored_iterations: 100 / rollouts,
            ..paper()
        };
        moto(&format!("M {rollouts}"), &double(), method, rollouts, 1000 / rollouts)
    };
    experiment("1d", "Double link, rollouts per iteration", vec![with(20), with(10), with(5)])
}
