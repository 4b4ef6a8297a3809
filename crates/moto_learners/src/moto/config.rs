//! The learner's parameters.

use super::{Moto, MotoError};
use crate::{Learner, LearnerError, LearnerSettings, Start};
use moto_settings::{FieldError, Joints, Tree, Value, check};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the KL budget is spread over the steps (this project; `PerStep` is the paper's).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrustRegion {
    /// `E_s KL <= epsilon` at every step (Akrour et al. 2018, section 3).
    PerStep,
    /// The mean over the steps is at most epsilon, each step at most `step_cap` epsilon.
    Trajectory,
}

/// Which stored transitions a step's fit uses, and with what weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reuse {
    /// All stored transitions of all steps, weighted by density ratio (Akrour et al. 2018, section 4.1).
    TimeAndIterations,
    /// The stored transitions of the same step, weighted by density ratio.
    Iterations,
    /// The stored transitions of the same step, weighted by `sample_decay` to the power of their age (this project).
    SameStepDecay,
    /// The newest batch only.
    None,
}

/// What the Q-function is regressed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Targets {
    /// Reward plus the fitted value of the next state (mixed with `observed_return` of what followed).
    DynamicProgramming,
    /// The rewards to come on the same rollout (the paper's ablation); needs `reuse: none`.
    MonteCarlo,
}

/// How the regression's ridge is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ridge {
    /// Generalised cross-validation per step over 1e-8 .. 10 (this project).
    CrossValidated,
    /// The same value at every step, relative to standardised features and targets.
    Fixed(#[schemars(extend("exclusiveMinimum" = 0))] f64),
}

/// What is added to the diagonal of the fitted state covariances, a main lever of robustness.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateDiagonal {
    /// The same variance on every dimension, in squared state units.
    Absolute(#[schemars(extend("exclusiveMinimum" = 0))] f64),
    /// `(fraction x scale)^2`, with the task's state scales.
    ScaleFraction(#[schemars(extend("exclusiveMinimum" = 0))] f64),
}

/// The monotonicity guard's parameters (this project).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GuardConfig {
    /// Whether a bad batch rolls the policy back; needs at least 2 rollouts per iteration.
    pub enabled: bool,
    /// Allowed drop of the mean return, as a multiple of the predicted improvement, in addition to `standard_errors`.
    #[schemars(extend("minimum" = 0))]
    pub tolerance: f64,
    /// Allowance for noise, in standard errors of the difference of the two batches' means.
    #[schemars(extend("minimum" = 0))]
    pub standard_errors: f64,
    /// Factor on epsilon after a rollback.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub shrink: f64,
    /// Factor on epsilon after an accepted batch, until it is back at the configured value.
    #[schemars(extend("minimum" = 1))]
    pub grow: f64,
    /// Smallest fraction of the configured epsilon.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub smallest: f64,
}

impl Default for GuardConfig {
    fn default() -> Self {
        Self { enabled: true, tolerance: 0.0, standard_errors: 3.0, shrink: 0.5, grow: 1.5, smallest: 0.1 }
    }
}

/// MOTO, the learner of this project (Akrour et al. 2018).
///
/// The defaults are for swing-ups with few rollouts per iteration (5 on the double link, 10 on the quad link), which is what
/// learns in the fewest episodes: `docs/learning_study.md` has what was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MotoConfig {
    /// Bound on the expected KL of new to old policy.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 100, "x-unit" = "nats per step"))]
    pub epsilon: f64,
    /// Largest entropy reduction; null for no entropy constraint.
    #[schemars(extend("exclusiveMinimum" = 0, "x-unit" = "nats per step and iteration"))]
    pub beta0: Option<f64>,
    /// How the KL budget is spread over the steps.
    pub trust_region: TrustRegion,
    /// Cap on one step's KL under the trajectory trust region, in epsilons.
    #[schemars(extend("minimum" = 1))]
    pub step_cap: f64,
    /// Which stored transitions a fit uses.
    pub reuse: Reuse,
    /// Iterations J kept; one is kept without reuse.
    #[schemars(extend("minimum" = 1))]
    pub stored_iterations: usize,
    /// Weight of a batch per iteration of age: in the state distributions, and in `same_step_decay`.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub sample_decay: f64,
    /// Transitions below this fraction of a step's largest weight are left out of its fit.
    #[schemars(extend("minimum" = 0, "exclusiveMaximum" = 1))]
    pub weight_cut: f64,
    /// What the Q-function is regressed on.
    pub targets: Targets,
    /// Fraction of the observed return in the targets (this project); the rest is the fitted next-state value. Only 0 with
    /// `reuse: time_and_iterations`: what followed a transition of another step is the return of another number of steps.
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    pub observed_return: f64,
    /// Whether fitted next-state values are clipped to the range of returns seen (this project); the reward of the final state is
    /// known exactly and taken as it is.
    pub clip_values: bool,
    /// Choice of the regression's ridge.
    pub ridge: Ridge,
    /// Penalty of linear relative to quadratic terms.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub linear_penalty: f64,
    /// Whether a fitted linear dynamics model takes variance out of the targets, at the steps where cross-validation
    /// expects that to lower the error (this project).
    pub control_variate: bool,
    /// What is added to the diagonal of the state covariances.
    pub state_diagonal: StateDiagonal,
    /// State dimensions whose standard deviation is below this fraction of their scale are left out of a step's fit.
    #[schemars(extend("minimum" = 0))]
    pub drop_threshold: f64,
    /// Floor under the exploration covariance, as a fraction of the initial one.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub covariance_floor: f64,
    /// The monotonicity guard.
    pub guard: GuardConfig,
}

impl Default for MotoConfig {
    fn default() -> Self {
        Self {
            epsilon: 0.4,
            beta0: Some(0.1),
            trust_region: TrustRegion::Trajectory,
            step_cap: 3.0,
            reuse: Reuse::TimeAndIterations,
            stored_iterations: 12,
            sample_decay: 0.8,
            weight_cut: 1e-4,
            targets: Targets::DynamicProgramming,
            observed_return: 0.0,
            clip_values: true,
            ridge: Ridge::CrossValidated,
            linear_penalty: 0.1,
            control_variate: true,
            state_diagonal: StateDiagonal::Absolute(3e-3),
            drop_threshold: 0.0,
            covariance_floor: 1e-6,
            guard: GuardConfig::default(),
        }
    }
}

impl LearnerSettings for MotoConfig {
    const NAME: &'static str = "moto";

    fn check(&self) -> Result<(), FieldError> {
        if self.targets == Targets::MonteCarlo && self.reuse != Reuse::None {
            let Value::Text(found) = Tree::of(&self.reuse)?.value else { return Ok(()) };
            return Err(FieldError::value("reuse", found, "none with monte_carlo targets"));
        }
        let across_steps = self.reuse == Reuse::TimeAndIterations;
        let expected = "0 with reuse: time_and_iterations, which takes transitions of other steps, whose observed return is over \
                        another number of steps (reuse: iterations keeps to the step)";
        if across_steps && self.observed_return != 0.0 {
            return Err(FieldError::value("observed_return", self.observed_return, expected));
        }
        Ok(())
    }

    fn learner(&self, start: &Start) -> Result<Box<dyn Learner>, LearnerError> {
        let scales = StateScales(start.state_scales.clone());
        Ok(Box::new(Moto::new(self.clone(), start.policy.clone(), scales)?))
    }
}

impl MotoConfig {
    /// Checks every field.
    ///
    /// # Errors
    /// [`MotoError::Config`] with the first field out of its range.
    pub fn validate(&self) -> Result<(), MotoError> {
        check(self, Joints::Unknown)?;
        Ok(LearnerSettings::check(self)?)
    }

    /// Checks that an update can be made from this number of rollouts. The guard tells a loss from noise by the spread of
    /// a batch's returns, and a single return has no spread.
    ///
    /// # Errors
    /// [`MotoError::GuardWithoutSpread`].
    pub fn check_rollouts(&self, rollouts: usize) -> Result<(), MotoError> {
        if rollouts == 1 && self.guard.enabled { Err(MotoError::GuardWithoutSpread) } else { Ok(()) }
    }

    /// Iterations kept: one without reuse.
    pub(super) fn kept_iterations(&self) -> usize {
        if self.reuse == Reuse::None { 1 } else { self.stored_iterations }
    }
}

/// Absolute physical scale of each state dimension, in its unit: what counts as a real variation of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StateScales(pub Vec<f64>);

impl StateScales {
    /// Scale 1 for every one of `state_dim` dimensions.
    pub fn ones(state_dim: usize) -> Self {
        Self(vec![1.0; state_dim])
    }

    pub(super) fn validate(&self, state_dim: usize) -> Result<(), MotoError> {
        if self.0.len() != state_dim {
            return Err(MotoError::ScaleCount { found: self.0.len(), expected: state_dim });
        }
        match self.0.iter().enumerate().find(|(_, s)| !(**s > 0.0 && s.is_finite())) {
            Some((dimension, &value)) => Err(MotoError::Scale { dimension, value }),
            None => Ok(()),
        }
    }

    /// Variances added to the diagonal of a state covariance (state).
    pub(super) fn diagonal(&self, rule: StateDiagonal) -> Vec<f64> {
        let variance = |scale: &f64| match rule {
            StateDiagonal::Absolute(variance) => variance,
            StateDiagonal::ScaleFraction(fraction) => (fraction * scale).powi(2),
        };
        self.0.iter().map(variance).collect()
    }
}
