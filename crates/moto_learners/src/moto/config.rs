//! Settings of the learner.

use super::{Moto, MotoError};
use crate::{Learner, LearnerError, LearnerSettings, Start};
use moto_settings::{FieldError, Joints, Tree, Value, check};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spread of the KL budget over the steps (`Trajectory` is this project's, `PerStep` the paper's).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrustRegion {
    /// `E_s KL <= epsilon` at every step (Akrour et al. 2018, section 3).
    PerStep,
    /// The mean of the steps' KLs is at most epsilon, and each step's KL at most `step_cap`
    /// epsilon.
    Trajectory,
}

/// Stored transitions in a step's fit, and their weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reuse {
    /// All stored transitions of all steps, weighted by density ratio (Akrour et al. 2018, section
    /// 4.1).
    TimeAndIterations,
    /// Stored transitions of the same step, weighted by density ratio.
    Iterations,
    /// Stored transitions of the same step, weighted by `sample_decay` to the power of their age
    /// (this project).
    SameStepDecay,
    /// Transitions of the newest batch only.
    None,
}

impl Reuse {
    /// Whether stored transitions are weighted by density ratio, which takes the policies and states
    /// that they come from.
    pub(super) fn weighs_by_density(self) -> bool {
        matches!(self, Self::TimeAndIterations | Self::Iterations)
    }
}

/// Targets of the Q-function's regression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Targets {
    /// Reward plus the fitted value of the next state. `observed_return` mixes in the return
    /// observed from there.
    DynamicProgramming,
    /// The rewards to come on the same rollout (the paper's ablation). Needs `reuse: none`.
    MonteCarlo,
}

/// Use of the errors that a task measures besides its reward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcomes {
    /// Only the reward is fitted, as in the paper.
    Scalar,
    /// Linear models of the errors (where the ball passes the racket, where it lands, how far a link
    /// is from its target) give a part of Q, and the regression fits the rest. The same as `scalar`
    /// for tasks without such errors, and with `reuse: time_and_iterations`.
    Vector,
}

/// Trials whose first states count in the fitted state distributions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FirstStates {
    /// As those of every other step: by `sample_decay` to the power of their age.
    Decayed,
    /// All stored ones alike, since no policy has a part in them (this project). The states of the
    /// other steps follow, by a linear model of how they depend on the first.
    All,
}

/// Choice of the regression's ridge.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ridge {
    /// Generalised cross-validation per step over 1e-8 .. 10 (this project).
    CrossValidated,
    /// The same ridge at every step, relative to standardised features and targets.
    Fixed(#[schemars(extend("exclusiveMinimum" = 0))] f64),
}

/// Addition to the diagonal of the fitted state covariances. It has a strong effect on robustness.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateDiagonal {
    /// The same variance for every dimension, in squared state units.
    Absolute(#[schemars(extend("exclusiveMinimum" = 0))] f64),
    /// The variance `(fraction x scale)^2`, with the task's state scales; the value is the
    /// fraction.
    ScaleFraction(#[schemars(extend("exclusiveMinimum" = 0))] f64),
}

/// Settings of the monotonicity guard (this project).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GuardConfig {
    /// Whether a bad batch rolls the policy back. Needs at least 2 rollouts per iteration.
    pub enabled: bool,
    /// Allowed drop of the mean return, as a multiple of the predicted improvement, in addition to
    /// `standard_errors`.
    #[schemars(extend("minimum" = 0))]
    pub tolerance: f64,
    /// Allowance for noise, in standard errors of the difference between the means of both batches.
    #[schemars(extend("minimum" = 0))]
    pub standard_errors: f64,
    /// Factor on epsilon after a rollback.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub shrink: f64,
    /// Factor on epsilon after an accepted batch, until epsilon has its configured value again.
    #[schemars(extend("minimum" = 1))]
    pub grow: f64,
    /// Number of the newest accepted batches whose returns are what a batch is compared with. Few
    /// rollouts per iteration need several, or one lucky batch makes the next ones look bad.
    #[schemars(extend("minimum" = 1))]
    pub pooled_batches: usize,
    /// Smallest epsilon, as a fraction of the configured epsilon.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub smallest: f64,
}

impl Default for GuardConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            tolerance: 0.0,
            standard_errors: 3.0,
            pooled_batches: 1,
            shrink: 0.5,
            grow: 1.5,
            smallest: 0.1,
        }
    }
}

/// Settings of the forecast (this project). Updates of several sizes are carried forward through
/// fitted linear dynamics, and the best of them is rolled out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ForecastConfig {
    /// Factors on epsilon that are tried, in ascending order; none for no forecast.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 100))]
    pub factors: Vec<f64>,
    /// Factors on epsilon of updates that are planned ahead, which are tried too: all steps together, under
    /// the fitted linear dynamics and an expansion of the reward. None for no plan. `step_cap` does not bound
    /// the steps of a plan.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 100))]
    pub planned: Vec<f64>,
    /// Largest KL of a step's states under an update from the states before it. Of the updates
    /// within it the one with the largest forecast improvement is taken; if there is none, the
    /// first.
    #[schemars(extend("exclusiveMinimum" = 0, "x-unit" = "nats"))]
    pub largest_shift: f64,
}

impl Default for ForecastConfig {
    fn default() -> Self {
        Self { factors: Vec::new(), planned: Vec::new(), largest_shift: 8.0 }
    }
}

/// MOTO, the learner of this project (Akrour et al. 2018).
///
/// The defaults are made for swing-ups with few rollouts per iteration; shipped configurations change
/// some. `docs/learning_study.md` lists the alternatives that were tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MotoConfig {
    /// Bound on the expected KL of the new from the old policy.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 100, "x-unit" = "nats per step"))]
    pub epsilon: f64,
    /// Largest entropy reduction; null for no entropy constraint.
    #[schemars(extend("exclusiveMinimum" = 0, "x-unit" = "nats per step and iteration"))]
    pub beta0: Option<f64>,
    /// Spread of the KL budget over the steps.
    pub trust_region: TrustRegion,
    /// Largest KL of one step in the trust region `trajectory`, in multiples of epsilon.
    #[schemars(extend("minimum" = 1))]
    pub step_cap: f64,
    /// Stored transitions in a fit, and their weights. A warm start with density ratios takes over no more than
    /// the newest batch of a run without them, which did not keep where older ones came from.
    pub reuse: Reuse,
    /// Number of stored iterations J. Without reuse one iteration is stored.
    #[schemars(extend("minimum" = 1))]
    pub stored_iterations: usize,
    /// Weight of a batch per iteration of age, in the state distributions and in `same_step_decay`.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub sample_decay: f64,
    /// Smallest weight of a transition in a step's fit, as a fraction of the step's largest weight.
    /// Transitions below it are left out.
    #[schemars(extend("minimum" = 0, "exclusiveMaximum" = 1))]
    pub weight_cut: f64,
    /// Targets of the Q-function's regression.
    pub targets: Targets,
    /// Use of the errors that the task measures (this project).
    pub outcomes: Outcomes,
    /// Fraction of the observed return in the targets (this project). The rest is the fitted value
    /// of the next state. Must be 0 with `reuse: time_and_iterations`: there a transition may come
    /// from another step, and its observed return spans another number of steps.
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    pub observed_return: f64,
    /// Whether fitted values of the next state are clipped to the range of observed returns (this
    /// project). The reward of the final state is known exactly and not clipped.
    pub clip_values: bool,
    /// Trials whose first states count in the fitted state distributions.
    pub first_states: FirstStates,
    /// Choice of the regression's ridge.
    pub ridge: Ridge,
    /// Number of updates for which a step keeps the ridge that cross-validation chose. Steps take turns.
    /// With 400 stored trials an update of table tennis takes three quarters of the time if steps keep their
    /// ridge for 8.
    #[schemars(extend("minimum" = 1))]
    pub ridge_period: usize,
    /// Penalty of linear terms relative to quadratic terms.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub linear_penalty: f64,
    /// Whether a fitted linear dynamics model removes variance from the targets, at the steps where
    /// cross-validation expects a smaller error (this project).
    pub control_variate: bool,
    /// Addition to the diagonal of the state covariances.
    pub state_diagonal: StateDiagonal,
    /// Least standard deviation of a state dimension in a step's fit, as a fraction of the
    /// dimension's scale. Dimensions below it are left out.
    #[schemars(extend("minimum" = 0))]
    pub drop_threshold: f64,
    /// Floor under the exploration covariance, as a fraction of the initial covariance.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub covariance_floor: f64,
    /// The monotonicity guard.
    pub guard: GuardConfig,
    /// The forecast before an update is rolled out.
    pub forecast: ForecastConfig,
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
            outcomes: Outcomes::Vector,
            observed_return: 0.0,
            clip_values: true,
            first_states: FirstStates::Decayed,
            ridge: Ridge::CrossValidated,
            ridge_period: 1,
            linear_penalty: 0.1,
            control_variate: true,
            state_diagonal: StateDiagonal::Absolute(3e-3),
            drop_threshold: 0.0,
            covariance_floor: 1e-6,
            guard: GuardConfig::default(),
            forecast: ForecastConfig::default(),
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
        let ForecastConfig { factors, planned, .. } = &self.forecast;
        if !factors.is_sorted() {
            return Err(FieldError::value("forecast.factors", format!("{factors:?}"), "numbers in ascending order"));
        }
        let expected = match (factors.is_empty(), self.trust_region) {
            _ if planned.is_empty() => return Ok(()),
            (true, _) => "an empty list without forecast.factors: it is the forecast that chooses a plan",
            (_, TrustRegion::PerStep) => {
                "an empty list with trust_region: per_step: a plan bounds the KL of the trajectory"
            }
            (false, TrustRegion::Trajectory) => return Ok(()),
        };
        Err(FieldError::value("forecast.planned", format!("{planned:?}"), expected))
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

    /// Checks that an update can be made from this number of rollouts. The guard uses the spread of
    /// a batch's returns to tell a loss from noise, and a single return has no spread.
    ///
    /// # Errors
    /// [`MotoError::GuardWithoutSpread`].
    pub fn check_rollouts(&self, rollouts: usize) -> Result<(), MotoError> {
        if rollouts == 1 && self.guard.enabled { Err(MotoError::GuardWithoutSpread) } else { Ok(()) }
    }

    /// Number of stored iterations: one without reuse.
    pub(super) fn kept_iterations(&self) -> usize {
        if self.reuse == Reuse::None { 1 } else { self.stored_iterations }
    }
}

/// Absolute physical scale of each state dimension, in its unit: the size of a real change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StateScales(pub Vec<f64>);

impl StateScales {
    /// Scale 1 for each of `state_dim` dimensions.
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
