//! Settings that several experiments share.

use crate::experiment::{Measure, MethodConfig, TaskConfig, Variant};
use crate::moto::{GuardConfig, LearnerConfig, Reuse, Ridge, StateDiagonal, TrustRegion};
use crate::tasks::swing_up::{Chain, JointLimit, SwingUpConfig};

/// What the swing-ups' figures show.
pub fn measures() -> Vec<Measure> {
    vec![Measure::MeanAction, Measure::Rollouts]
}

/// The double link.
pub fn double() -> TaskConfig {
    TaskConfig::SwingUp(SwingUpConfig::default())
}

/// The quad link.
pub fn quad(torque_limit: f64, joint_limit: Option<JointLimit>) -> TaskConfig {
    TaskConfig::SwingUp(SwingUpConfig { chain: Chain::Quad, torque_limit, joint_limit, ..Default::default() })
}

/// MOTO without what this project added: a bound on every step's KL, one ridge for all fits, values not clipped, no linear model
/// taking variance out of the targets, no guard.
pub fn paper() -> LearnerConfig {
    LearnerConfig {
        epsilon: 0.2,
        beta0: Some(0.1),
        trust_region: TrustRegion::PerStep,
        clip_values: false,
        ridge: Ridge::Fixed(1e-4),
        linear_penalty: 1.,
        control_variate: false,
        state_diagonal: StateDiagonal::Absolute(1e-4),
        guard: GuardConfig { enabled: false, ..Default::default() },
        ..Default::default()
    }
}

/// The paper's, without reuse: for the figures with large batches.
pub fn paper_without_reuse() -> LearnerConfig {
    LearnerConfig { reuse: Reuse::None, ..paper() }
}

/// A variant that learns with MOTO.
pub fn moto(label: &str, task: &TaskConfig, method: LearnerConfig, rollouts: usize, iterations: usize) -> Variant {
    Variant {
        label: label.into(),
        group: String::new(),
        task: task.clone(),
        method: MethodConfig::Moto(method),
        rollouts,
        iterations,
        thresholds: Vec::new(),
    }
}
