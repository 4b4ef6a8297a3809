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
Table tennis, always the same serve; the demonstration is of another, so that replaying it misses by 17 cm. MOTO learns the torques with
the settings of config/table_tennis.yaml; REPS and MORE learn goals and goal velocities of a movement primitive (18 numbers)
fitted to the same demonstration, which the control loop tracks. 30 rollouts per iteration and 2400 episodes for all. The paper
finds MOTO faster and a little lower at the end.",
    duration: "about 2 minutes",
    config: noiseless,
    quick_divisor: 8,
};

pub const CONTEXT: Entry = Entry {
    name: "3b",
    explanation: "\
Table tennis, each serve with another velocity: MOTO, which sees the ball at every step, against contextual REPS, which chooses a
movement by the ball's velocity as it is when the stroke is triggered. Otherwise as 3a. The paper finds MOTO faster and a
little lower at the end.",
    duration: "about 3 minutes",
    config: context,
    quick_divisor: 8,
};

pub const NOISY_BOUNCE: Entry = Entry {
    name: "3c",
    explanation: "\
Table tennis, the ball bounces at random after the stroke was triggered: MOTO, whose feedback can answer, against REPS and MORE,
whose movements are fixed by then. Otherwise as 3a. The paper finds that MOTO alone adapts.",
    duration: "about 4 minutes",
    config: noisy_bounce,
    quick_divisor: 8,
};

fn experiment(name: &str, title: &str, setting: Setting, methods: Vec<(&str, MethodConfig)>) -> ExperimentConfig {
    let task = TaskConfig::TableTennis(Box::new(TableTennisConfig { setting, ..Default::default() }));
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
    ExperimentConfig {
        name: name.into(),
        title: title.into(),
        seeds: 10,
        first_seed: 1,
        measures,
        variants: variants.collect(),
    }
}

/// The learner's settings in `config/table_tennis.yaml`.
fn moto() -> (&'static str, MethodConfig) {
    ("MOTO", MethodConfig::Moto(shipped()))
}

fn shipped() -> LearnerConfig {
    // The file is part of the program and a test loads it.
    crate::daemon::Setup::shipped(|_| {}).map(|setup| setup.config.learner).unwrap_or_default()
}

/// The defaults, for both kinds. They were chosen on one to three seeds of 3a and 3b among epsilon 0.3, 0.5, 0.7 and 1; 5, 10 and 20 stored
/// iterations; linear and quadratic features of the context; initial deviations of 0.5 and 1; and no inertia of the covariance or
/// 0.3. Inertia is what counts: without it the covariance collapses, and contextual REPS ends at 0.2 to 0.6 success on seed 1 instead
/// of 0.9. More inertia was not tried; seed 2 still ends at 0.4.
fn reps() -> (&'static str, MethodConfig) {
    movement("REPS", EpisodicMethod::Reps(RepsConfig::default()), false)
}

/// See [`reps`].
fn contextual_reps() -> (&'static str, MethodConfig) {
    movement("contextual REPS", EpisodicMethod::Reps(RepsConfig::default()), true)
}

/// Chosen on three seeds of 3a among epsilon 1, 2 and 3 (beta0 0.5, 1, 1) with 7 and 10 stored iterations: the fastest to 80 %
/// success with exploration.
fn more() -> (&'static str, MethodConfig) {
    let config = MoreConfig { epsilon: 2., beta0: 1., stored_iterations: 7, ..Default::default() };
    movement("MORE", EpisodicMethod::More(config), false)
}

fn movement(label: &'static str, search: EpisodicMethod, context: bool) -> (&'static str, MethodConfig) {
    (label, MethodConfig::Movement(MovementSearch { search, context, ..Default::default() }))
}

fn noiseless() -> ExperimentConfig {
    experiment("3a", "Table tennis", Setting::Noiseless, vec![moto(), reps(), more()])
}

fn context() -> ExperimentConfig {
    experiment("3b", "Table tennis, serves that differ", Setting::Context, vec![moto(), contextual_reps()])
}

fn noisy_bounce() -> ExperimentConfig {
    experiment("3c", "Table tennis, noisy bounce", Setting::NoisyBounce, vec![moto(), reps(), more()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moto_learns_with_the_shipped_settings() {
        assert_eq!(shipped(), crate::daemon::Setup::shipped(|_| {}).unwrap().config.learner);
        assert_ne!(shipped(), LearnerConfig::default());
    }
}
