//! Settings shared by several experiments.

use moto_learners::gps::GpsConfig;
use moto_learners::moto::{ForecastConfig, GuardConfig, MotoConfig, Reuse, Ridge, StateDiagonal, Targets, TrustRegion};
use moto_learners::trpo::TrpoConfig;
use moto_learners::{LearnerSettings, Learners};
use moto_settings::Choice;

use crate::experiment::{Measure, TaskConfig, Variant};
use crate::tasks::swing_up::{Chain, JointLimit, SwingUpConfig};

/// Measures in the figures of the swing-ups.
pub fn measures() -> Vec<Measure> {
    vec![Measure::MeanAction, Measure::Rollouts]
}

/// The double link.
pub fn double() -> TaskConfig {
    TaskConfig::SwingUp(SwingUpConfig::default())
}

/// The quad link. All methods start with at least twice the double link's exploration. With less
/// exploration, MOTO stops exploring before the links are up.
pub fn quad(torque_limit: f64, joint_limit: Option<JointLimit>, initial_deviation: f64) -> TaskConfig {
    let chain = Chain::Quad;
    TaskConfig::SwingUp(SwingUpConfig { chain, torque_limit, joint_limit, initial_deviation, ..Default::default() })
}

/// The quad link with joint limits.
pub fn limited_quad(initial_deviation: f64) -> TaskConfig {
    quad(25., Some(JointLimit::default()), initial_deviation)
}

/// The learner of `config/table_tennis.yaml`.
pub fn shipped() -> MotoConfig {
    // The file is part of the program, and a test loads it.
    let shipped = crate::setup::Setup::shipped(|_| {}).ok();
    shipped.and_then(|setup| setup.config.learner.typed(MotoConfig::NAME)).unwrap_or_default()
}

/// The learner of `config/double_link.yaml`, for two rollouts per iteration
/// (docs/learning_study.md).
pub fn double_defaults() -> MotoConfig {
    MotoConfig {
        epsilon: 0.2,
        beta0: Some(0.05),
        stored_iterations: 25,
        sample_decay: 0.915,
        guard: GuardConfig { pooled_batches: 5, ..Default::default() },
        forecast: forecast(&[1., 4., 16.]),
        ..Default::default()
    }
}

/// Settings for the quad link, for five rollouts per iteration: linear terms are penalised less
/// (docs/learning_study.md).
pub fn quad_defaults() -> MotoConfig {
    MotoConfig {
        epsilon: 0.25,
        beta0: Some(0.05),
        stored_iterations: 24,
        sample_decay: 0.9,
        linear_penalty: 0.01,
        guard: GuardConfig { pooled_batches: 5, ..Default::default() },
        forecast: forecast(&[1.]),
        ..Default::default()
    }
}

/// Settings for the quad link with little torque, for seven rollouts per iteration: plans of three sizes
/// (docs/learning_study.md).
pub fn quad_with_little_torque() -> MotoConfig {
    MotoConfig {
        epsilon: 0.35,
        beta0: Some(0.07),
        stored_iterations: 17,
        sample_decay: 0.86,
        forecast: forecast(&[1., 4., 16.]),
        ..quad_defaults()
    }
}

fn forecast(planned: &[f64]) -> ForecastConfig {
    ForecastConfig { factors: vec![0.25, 1., 4.], planned: planned.into(), ..Default::default() }
}

/// MOTO as in the paper, without this project's additions. Every step has its own KL bound, all
/// fits and terms share one ridge, values are not clipped, and there is neither a control variate
/// nor a guard.
pub fn paper() -> MotoConfig {
    MotoConfig {
        epsilon: 0.2,
        beta0: Some(0.1),
        trust_region: TrustRegion::PerStep,
        reuse: Reuse::TimeAndIterations,
        stored_iterations: 5,
        sample_decay: 0.7,
        weight_cut: 1e-4,
        targets: Targets::DynamicProgramming,
        observed_return: 0.,
        clip_values: false,
        ridge: Ridge::Fixed(1e-4),
        linear_penalty: 1.,
        control_variate: false,
        state_diagonal: StateDiagonal::Absolute(1e-4),
        drop_threshold: 0.,
        covariance_floor: 1e-6,
        guard: GuardConfig { enabled: false, ..Default::default() },
        ..Default::default()
    }
}

/// The paper's settings without reuse, for large batches.
pub fn paper_without_reuse() -> MotoConfig {
    MotoConfig { reuse: Reuse::None, ..paper() }
}

/// The paper's settings with this project's regression, for small batches. The paper's regression
/// diverges on small batches, which would decide the comparison.
pub fn paper_with_this_regression() -> MotoConfig {
    MotoConfig {
        ridge: Ridge::CrossValidated,
        linear_penalty: 0.1,
        clip_values: true,
        state_diagonal: StateDiagonal::Absolute(3e-4),
        ..paper()
    }
}

/// The choice of the method with these settings.
pub fn method(settings: &impl LearnerSettings) -> Choice<Learners> {
    // Shipped settings consist of numbers, words and groups, which all have the form of a
    // configuration.
    Learners::chosen(settings).expect("settings have the form of a configuration")
}

/// A variant that learns with MOTO.
pub fn moto(label: &str, task: &TaskConfig, settings: MotoConfig, rollouts: usize, iterations: usize) -> Variant {
    variant(label, task, method(&settings), rollouts, iterations)
}

/// A variant that learns with guided policy search. Its default KL bound is the bound of [`paper`]
/// per step.
pub fn gps(label: &str, task: &TaskConfig, rollouts: usize, iterations: usize) -> Variant {
    variant(label, task, method(&GpsConfig::default()), rollouts, iterations)
}

/// A variant that learns with TRPO.
pub fn trpo(label: &str, task: &TaskConfig, settings: TrpoConfig, rollouts: usize, iterations: usize) -> Variant {
    variant(label, task, method(&settings), rollouts, iterations)
}

fn variant(label: &str, task: &TaskConfig, method: Choice<Learners>, rollouts: usize, iterations: usize) -> Variant {
    Variant {
        label: label.into(),
        group: String::new(),
        task: task.clone(),
        method,
        rollouts,
        iterations,
        thresholds: Vec::new(),
        judged_every: 1,
        transfer: None,
    }
}
