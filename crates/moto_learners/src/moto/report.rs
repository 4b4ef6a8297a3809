//! Report of an iteration.

use super::theory::StepOutcome;
use crate::learner::mean;
use crate::{Report, Verdict};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Report of one iteration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IterationReport {
    /// Number of this iteration, from 0.
    pub iteration: usize,
    /// Number of rollouts in the batch.
    pub rollouts: usize,
    /// Mean return of the batch, exploration noise included.
    pub mean_return: f64,
    /// Largest return of the batch.
    pub max_return: f64,
    /// Smallest return of the batch.
    pub min_return: f64,
    /// Standard error of the mean return.
    pub return_error: f64,
    /// Mean return minus the mean return of the batch that this batch's policy was made from;
    /// `None` for the first batch.
    pub measured_improvement: Option<f64>,
    /// Improvement predicted by the update that made this batch's policy; `None` for the first
    /// batch.
    pub expected_improvement: Option<f64>,
    /// Improvement predicted for the new policy: the expected advantage summed over the steps.
    pub predicted_improvement: f64,
    /// The guard's verdict on the batch.
    pub verdict: Verdict,
    /// Bound on the KL in this update, nats per step.
    pub epsilon: f64,
    /// Largest entropy reduction in this update, nats per step; `None` without the constraint.
    pub beta0: Option<f64>,
    /// Mean over the steps of the update's expected KL, nats.
    pub mean_kl: f64,
    /// Mean over the steps of the effective sample size.
    pub mean_effective_samples: f64,
    /// Report of each step (horizon).
    pub steps: Vec<StepReport>,
    /// Effect of the previous update (horizon); empty for the first batch.
    pub last_update: Vec<StepOutcome>,
    /// Wall-clock time of each stage; not reproducible.
    pub seconds: StageSeconds,
}

impl From<IterationReport> for Report {
    fn from(report: IterationReport) -> Self {
        let StageSeconds { intake, weights, fits, update } = report.seconds;
        let stages = [("intake", intake), ("weights", weights), ("fits", fits), ("update", update)];
        Self {
            iteration: report.iteration,
            rollouts: report.rollouts,
            mean_return: report.mean_return,
            return_error: report.return_error,
            expected_improvement: report.expected_improvement,
            measured_improvement: report.measured_improvement,
            epsilon: Some(report.epsilon),
            kl: Some(report.mean_kl),
            entropy: Some(mean(report.steps.iter().map(|step| step.entropy))),
            effective_samples: Some(report.mean_effective_samples),
            verdict: Some(report.verdict),
            remark: None,
            steps: report.steps,
            last_update: report.last_update,
            seconds: stages.into_iter().map(|(stage, seconds)| (stage.into(), seconds)).collect(),
        }
    }
}

/// Report of one step's update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Multiplier of the KL constraint.
    pub eta: f64,
    /// Multiplier of the entropy constraint.
    pub omega: f64,
    /// Expected KL of the new from the old law under the old state distribution, nats.
    pub kl: f64,
    /// Entropy of the new law, nats.
    pub entropy: f64,
    /// Reduction of the entropy by the update, nats.
    pub entropy_reduction: f64,
    /// Expected advantage of the new law under the old states, in return units.
    pub expected_advantage: f64,
    /// Number of transitions in the fit.
    pub transitions: usize,
    /// Effective sample size of the transitions, `(sum w)^2 / sum w^2`.
    pub effective_samples: f64,
    /// Number of input dimensions left out for lack of variation.
    pub dropped: usize,
    /// Ridge of the fit.
    pub ridge: f64,
    /// Degrees of freedom of the fit, the intercept included.
    pub degrees_of_freedom: f64,
    /// Weighted root mean square residual of the fit, in return units.
    pub residual: f64,
}

/// Wall-clock time of each stage of an iteration, s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageSeconds {
    /// Rewards of the batch, guard, state distributions.
    pub intake: f64,
    /// Importance weights.
    pub weights: f64,
    /// Preparation of the fits (inputs, rewards, factorisations), and beside it the backward pass
    /// (targets, fits, values).
    pub fits: f64,
    /// Trust region and new policy.
    pub update: f64,
}

/// Times consecutive stages.
pub(super) struct StageTimer(Instant);

impl StageTimer {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Seconds since the start or the last call.
    pub fn lap(&mut self) -> f64 {
        let now = Instant::now();
        let seconds = now.duration_since(self.0).as_secs_f64();
        self.0 = now;
        seconds
    }
}
