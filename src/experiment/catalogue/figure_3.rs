//! Figure 3 of the paper: robot table tennis.

use super::Entry;
use super::settings::{method, shipped};
use crate::experiment::{ExperimentConfig, Measure, TaskConfig, Variant};
use crate::tasks::table_tennis::{Setting, TableTennisConfig};
use moto_learners::Learners;
use moto_learners::episodic::{CasMoreConfig, MoreConfig, MovementConfig, RepsConfig};
use moto_learners::moto::{MotoConfig, Outcomes};
use moto_settings::Choice;

/// Thresholds of the success rate. The experiment counts the episodes to each.
const THRESHOLDS: [f64; 2] = [0.8, 0.95];
/// Number of episodes of every method.
const BUDGET: usize = 2400;

pub const NOISELESS: Entry = Entry {
    name: "3a",
    explanation: "\
Table tennis, always the same serve; the demonstration is of another, so that replaying it misses by 17 cm. MOTO learns the
torques, with a model of the errors (where the ball passes the racket, where it lands) or of the reward alone (scalar); REPS,
MORE and CAS-MORE learn goals and goal velocities of a movement primitive (18 numbers) fitted to the same demonstration,
which the control loop tracks. 2400 episodes for all; rollouts per iteration and step sizes of each method were chosen on
other seeds. The paper finds MOTO faster and a little lower at the end.",
    duration: "about 5 minutes",
    config: noiseless,
    quick_divisor: 8,
};

pub const CONTEXT: Entry = Entry {
    name: "3b",
    explanation: "\
Table tennis, each serve with another velocity: MOTO with the settings of config/table_tennis.yaml, which sees the ball at
every step, against contextual REPS and contextual CAS-MORE, which choose a movement by the ball's velocity as it is when the stroke is triggered.
Otherwise as 3a. The paper finds MOTO faster and a little lower at the end.",
    duration: "about 20 minutes",
    config: context,
    quick_divisor: 8,
};

pub const NOISY_BOUNCE: Entry = Entry {
    name: "3c",
    explanation: "\
Table tennis, the ball bounces at random after the stroke was triggered: MOTO, whose feedback can answer, against REPS, MORE
and CAS-MORE, whose movements are fixed by then. Otherwise as 3a. The paper finds that MOTO alone adapts.",
    duration: "about 18 minutes",
    config: noisy_bounce,
    quick_divisor: 8,
};

/// A method with its settings and rollouts per iteration.
struct Contender {
    label: &'static str,
    method: Choice<Learners>,
    rollouts: usize,
}

fn experiment(name: &str, title: &str, setting: Setting, contenders: Vec<Contender>) -> ExperimentConfig {
    let task = TaskConfig::TableTennis(Box::new(TableTennisConfig { setting, ..Default::default() }));
    let variants = contenders.into_iter().map(|Contender { label, method, rollouts }| Variant {
        label: label.into(),
        group: String::new(),
        task: task.clone(),
        method,
        rollouts,
        iterations: BUDGET / rollouts,
        thresholds: THRESHOLDS.into(),
        judged_every: 1,
        transfer: None,
    });
    let measures = vec![Measure::Success, Measure::RolloutsSuccess, Measure::Rollouts];
    let variants = variants.collect();
    ExperimentConfig { name: name.into(), title: title.into(), seeds: 16, first_seed: 1, measures, variants }
}

/// The learner's settings in `config/table_tennis.yaml`. Rollouts (5, 10, 15), stored iterations (40,
/// 60, 100) and epsilon with beta0 (0.15 to 0.4) were chosen on seeds 201 to 206 of 3b and 3c
/// (docs/learning_study.md).
fn moto() -> Contender {
    Contender { label: "MOTO", method: method(&shipped()), rollouts: 10 }
}

/// Settings for strokes that do not vary, chosen on seeds 201 to 206 of 3a.
fn moto_noiseless() -> Contender {
    let (epsilon, beta0) = (0.15, Some(0.035));
    let config = MotoConfig { epsilon, beta0, stored_iterations: 50, sample_decay: 0.965, ..shipped() };
    Contender { label: "MOTO", method: method(&config), rollouts: 5 }
}

/// The reward alone is fitted, as in the paper. Settings chosen on seeds 21 to 23, mostly of 3b. Fewer
/// rollouts learn faster, but fewer than 15 do not learn all serves.
fn scalar() -> Contender {
    let (epsilon, beta0) = (0.15, Some(0.04));
    let config = MotoConfig { outcomes: Outcomes::Scalar, epsilon, beta0, ..shipped() };
    Contender { label: "MOTO, scalar", method: method(&config), rollouts: 15 }
}

/// The same for strokes that do not vary, chosen on seeds 21 to 23 of 3a.
fn scalar_noiseless() -> Contender {
    let (epsilon, beta0, outcomes) = (0.15, Some(0.07), Outcomes::Scalar);
    let config = MotoConfig { outcomes, epsilon, beta0, stored_iterations: 25, sample_decay: 0.93, ..shipped() };
    Contender { label: "MOTO, scalar", method: method(&config), rollouts: 10 }
}

/// Chosen on seeds 21 to 23 of 3b among inertia 0.3 to 0.8; epsilon 0.5, 0.7, 1 and 1.5; 10, 20 and
/// 40 stored iterations; 10 and 30 rollouts. Inertia matters most: without it the covariance
/// collapses, and with inertia 0.3 and epsilon 0.7 seeds end below 0.5. In 3c, inertia 0.9 and
/// epsilon 0.7 give no better movements.
fn reps_steady() -> RepsConfig {
    RepsConfig { epsilon: 1., inertia: 0.7, ..Default::default() }
}

fn contextual_reps() -> Contender {
    let movement = MovementConfig { context: true, ..Default::default() };
    let config = RepsConfig { movement, ..reps_steady() };
    Contender { label: "contextual REPS", method: method(&config), rollouts: 30 }
}

fn reps() -> Contender {
    Contender { label: "REPS", method: method(&reps_steady()), rollouts: 30 }
}

/// The fastest to 80 % on seeds 21 to 23 of 3a, among 10 and 30 rollouts; epsilon 0.4, 0.7 and 1;
/// inertia 0.3 and 0.5.
fn reps_noiseless() -> Contender {
    let config = RepsConfig { epsilon: 1., inertia: 0.5, stored_iterations: 20, ..Default::default() };
    Contender { label: "REPS", method: method(&config), rollouts: 10 }
}

/// Chosen on seeds 1 to 3 of 3a, which are reported seeds. Tried were epsilon 1, 2 and 3 with beta0
/// 0.5, 1 and 1, and 7 and 10 stored iterations. On seeds 21 to 23 of 3c, epsilon 0.5 and 1 (beta0
/// 0.2, 0.3) with 15 and 20 stored iterations did not end higher.
fn more() -> Contender {
    let config = MoreConfig { epsilon: 2., beta0: 1., stored_iterations: 7, ..Default::default() };
    Contender { label: "MORE", method: method(&config), rollouts: 30 }
}

/// The fastest to 80 % on seeds 21 to 23 of 3a, among 10 and 30 rollouts; epsilon 1, 2 and 3 with
/// beta0 0.5, 0.7 and 1.
fn more_noiseless() -> Contender {
    let config =
        MoreConfig { epsilon: 2., beta0: 0.7, stored_iterations: 20, sample_decay: 0.95, ..Default::default() };
    Contender { label: "MORE", method: method(&config), rollouts: 10 }
}

/// The published settings, with the rollouts of REPS and MORE. The samples of the last iterations
/// are at least the published 1.5 times the coefficients of the surrogate.
fn cas_more(label: &'static str, rollouts: usize, context: bool) -> Contender {
    let movement = MovementConfig { context, ..Default::default() };
    let coefficients: usize = if context { 253 } else { 190 };
    let stored_iterations = (coefficients * 3).div_ceil(2 * rollouts);
    let config = CasMoreConfig { stored_iterations, movement, ..Default::default() };
    Contender { label, method: method(&config), rollouts }
}

fn noiseless() -> ExperimentConfig {
    let contenders =
        vec![moto_noiseless(), scalar_noiseless(), reps_noiseless(), more_noiseless(), cas_more("CAS-MORE", 10, false)];
    experiment("3a", "Table tennis", Setting::Noiseless, contenders)
}

fn context() -> ExperimentConfig {
    let contenders = vec![moto(), scalar(), contextual_reps(), cas_more("contextual CAS-MORE", 30, true)];
    experiment("3b", "Table tennis, serves that differ", Setting::Context, contenders)
}

fn noisy_bounce() -> ExperimentConfig {
    let contenders = vec![moto(), scalar(), reps(), more(), cas_more("CAS-MORE", 30, false)];
    experiment("3c", "Table tennis, noisy bounce", Setting::NoisyBounce, contenders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moto_learns_with_the_shipped_settings() {
        assert_eq!(method(&shipped()), crate::setup::Setup::shipped(|_| {}).unwrap().config.learner);
        assert_ne!(shipped(), MotoConfig::default());
    }
}
