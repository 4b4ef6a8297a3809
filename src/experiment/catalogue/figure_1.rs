//! Figure 1 of the paper: the double link.

use super::Entry;
use super::settings::{double, gps, measures, method, moto, paper_with_this_regression, paper_without_reuse};
use crate::experiment::{ExperimentConfig, Variant};
use moto_learners::gps::{GpsConfig, StepSizeConfig};
use moto_learners::moto::{MotoConfig, Reuse, Targets};

/// Thresholds of the return. The experiment counts the episodes to each.
const THRESHOLDS: [f64; 3] = [-10., -1., -0.2];

pub const LARGE_BATCHES: Entry = Entry {
    name: "1b",
    explanation: "\
        Double link, 200 rollouts per iteration, nothing reused: guided policy search against MOTO with a small \
        (0.1) and a large (0.5) entropy reduction per iteration. MOTO has the paper's settings: a KL of 0.2 nats at \
        most at every step, one ridge, no guard, no control variate. GPS fits its dynamics with a weak prior and \
        may use the same KL on average over the steps, up to three times as much where its predictions came true. A third \
        GPS values states as MOTO does, by going on with the old policy, with a fixed step. \
        The paper finds MOTO slightly above GPS in the end, and the small entropy reduction slower at first and better \
        in the end.",
    duration: "about 6 minutes",
    config: large_batches,
    quick_divisor: 10,
};

pub const ABLATIONS: Entry = Entry {
    name: "1c",
    explanation: "\
        Double link, 20 rollouts per iteration: MOTO; without the entropy constraint; without importance sampling \
        (each step learns from its newest 20 transitions alone); with Monte-Carlo returns in the place of dynamic \
        programming (which excludes reuse). Trust region and reuse are the paper's: a KL of 0.2 nats at most at \
        every step, the last 5 iterations, decay 0.7, no guard, no control variate. The regression is this project's \
        (cross-validated ridge, clipped values), because a fixed ridge fails with small batches. The paper finds \
        that reuse matters most, that Monte-Carlo values do not do, and that without the entropy constraint learning \
        is faster at first and not better in the end.",
    duration: "about 2 minutes",
    config: ablations,
    quick_divisor: 4,
};

pub const BATCH_SIZES: Entry = Entry {
    name: "1d",
    explanation: "\
        Double link: 20, 10 and 5 rollouts per iteration, otherwise as in 1c. Matched per episode are the entropy \
        reduction (0.1, 0.05, 0.025 nats per iteration), the KL (0.2, 0.1, 0.05), the decay of old samples (0.7, \
        0.7^(1/2), 0.7^(1/4)) and what is kept (the last 100 episodes). The paper finds that smaller batches need \
        fewer episodes, down to 10.",
    duration: "about 3 minutes",
    config: batch_sizes,
    quick_divisor: 4,
};

fn experiment(name: &str, title: &str, mut variants: Vec<Variant>) -> ExperimentConfig {
    for variant in &mut variants {
        variant.thresholds = THRESHOLDS.into();
    }
    ExperimentConfig {
        name: name.into(),
        title: title.into(),
        seeds: 16,
        first_seed: 1,
        measures: measures(),
        variants,
    }
}

fn large_batches() -> ExperimentConfig {
    let with =
        |label, beta0| moto(label, &double(), MotoConfig { beta0: Some(beta0), ..paper_without_reuse() }, 200, 100);
    let step_size = StepSizeConfig { enabled: false, ..Default::default() };
    let without_planning = Variant {
        label: "GPS, values of the old policy".into(),
        method: method(&GpsConfig { plan_ahead: false, step_size, ..Default::default() }),
        ..gps("GPS", &double(), 200, 100)
    };
    let variants = vec![
        with("MOTO, beta0 0.1", 0.1),
        with("MOTO, beta0 0.5", 0.5),
        gps("GPS", &double(), 200, 100),
        without_planning,
    ];
    experiment("1b", "Double link, 200 rollouts per iteration", variants)
}

fn ablations() -> ExperimentConfig {
    let base = paper_with_this_regression;
    let with = |label, method| moto(label, &double(), method, 20, 50);
    let variants = vec![
        with("MOTO", base()),
        with("no entropy constraint", MotoConfig { beta0: None, ..base() }),
        with("no importance sampling", MotoConfig { reuse: Reuse::None, ..base() }),
        with("Monte-Carlo values", MotoConfig { reuse: Reuse::None, targets: Targets::MonteCarlo, ..base() }),
    ];
    experiment("1c", "Double link, 20 rollouts per iteration", variants)
}

fn batch_sizes() -> ExperimentConfig {
    let with = |rollouts: usize| {
        let share = rollouts as f64 / 20.;
        let method = MotoConfig {
            epsilon: 0.2 * share,
            beta0: Some(0.1 * share),
            sample_decay: 0.7f64.powf(share),
            stored_iterations: 100 / rollouts,
            ..paper_with_this_regression()
        };
        moto(&format!("M {rollouts}"), &double(), method, rollouts, 1000 / rollouts)
    };
    experiment("1d", "Double link, rollouts per iteration", vec![with(20), with(10), with(5)])
}
