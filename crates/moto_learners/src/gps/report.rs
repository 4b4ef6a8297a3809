//! Report of an iteration.

use crate::Report;
use crate::learner::mean;
use serde::{Deserialize, Serialize};

/// Report of one iteration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpsReport {
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
    /// Expected return of the batch's policy under this iteration's model.
    pub expected_return: f64,
    /// Expected return of the new policy under this iteration's model.
    pub predicted_return: f64,
    /// Improvement predicted by the last update, under that update's model; `None` for the first
    /// batch.
    pub expected_improvement: Option<f64>,
    /// Measured improvement: the expected return under this model minus the expected return before
    /// the last update; `None` for the first batch.
    pub actual_improvement: Option<f64>,
    /// Multiple of epsilon in this update.
    pub step_size: f64,
    /// Bound on the KL of the new from the old trajectory distribution, nats.
    pub kl_bound: f64,
    /// KL of the new from the old trajectory distribution, nats.
    pub kl: f64,
    /// Multiplier of the constraint, in return units per nat.
    pub eta: f64,
    /// Report of each step (horizon).
    pub steps: Vec<GpsStepReport>,
    /// Wall-clock time for the prior, the model and the update together, s; not reproducible.
    pub seconds: f64,
}

impl From<GpsReport> for Report {
    fn from(report: GpsReport) -> Self {
        Self {
            iteration: report.iteration,
            rollouts: report.rollouts,
            mean_return: report.mean_return,
            return_error: report.return_error,
            expected_improvement: report.expected_improvement,
            measured_improvement: report.actual_improvement,
            epsilon: Some(report.kl_bound / report.steps.len() as f64),
            kl: Some(mean(report.steps.iter().map(|step| step.kl))),
            entropy: Some(mean(report.steps.iter().map(|step| step.entropy))),
            remark: Some(format!("step_size {:.3}", report.step_size)),
            seconds: [("update".into(), report.seconds)].into(),
            ..Self::default()
        }
    }
}

/// Report of one step's update.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpsStepReport {
    /// Expected KL of the new from the old law under the new states of the model, nats.
    pub kl: f64,
    /// Entropy of the new law, nats.
    pub entropy: f64,
    /// Square root of the trace of the fitted noise of the dynamics, in state units.
    pub dynamics_noise: f64,
}
