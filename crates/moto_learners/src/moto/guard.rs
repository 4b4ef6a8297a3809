//! The monotonicity guard (this project): rolls a bad update back.
//!
//! A batch is bad when its mean return falls below the mean return of the batch that its policy was
//! made from (or of the newest few accepted batches), by more than noise plus `tolerance` times the
//! predicted improvement. The policy then
//! goes back to the one that the bad update started from. That policy is improved again with a
//! smaller epsilon, and with the bad batch's transitions among the data: these are real, and they
//! show where the Q-function was wrong.

use super::GuardConfig;
use crate::Verdict;
use serde::{Deserialize, Serialize};

/// Mean and spread of a batch's returns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReturnSummary {
    /// Mean return.
    pub mean: f64,
    /// Unbiased variance of one rollout's return; 0 for a single rollout, which the guard refuses
    /// to judge.
    pub variance: f64,
    /// Number of rollouts.
    pub rollouts: usize,
}

impl ReturnSummary {
    /// Summarises the returns of a batch (rollout).
    pub fn new(returns: &[f64]) -> Self {
        let rollouts = returns.len();
        let mean = returns.iter().sum::<f64>() / rollouts as f64;
        let squares: f64 = returns.iter().map(|r| (r - mean).powi(2)).sum();
        Self { mean, variance: squares / (rollouts.max(2) - 1) as f64, rollouts }
    }

    /// All rollouts of several batches together; `None` without a batch.
    fn pooled(batches: &[Self]) -> Option<Self> {
        if let [batch] = batches {
            return Some(*batch);
        }
        let rollouts: usize = batches.iter().map(|b| b.rollouts).sum();
        let mean = batches.iter().map(|b| b.mean * b.rollouts as f64).sum::<f64>() / rollouts as f64;
        let squares = |b: &Self| b.variance * (b.rollouts - 1) as f64 + b.rollouts as f64 * (b.mean - mean).powi(2);
        let variance = batches.iter().map(squares).sum::<f64>() / (rollouts.max(2) - 1) as f64;
        (rollouts > 0).then_some(Self { mean, variance, rollouts })
    }

    /// Standard error of the mean.
    pub fn error(&self) -> f64 {
        (self.variance / self.rollouts as f64).sqrt()
    }
}

/// State of the guard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Guard {
    /// Fraction of the configured epsilon in use.
    pub scale: f64,
    /// Returns of the newest accepted batches, oldest first. The current policy was made from the
    /// last one.
    pub accepted: Vec<ReturnSummary>,
    /// The improvement predicted for the current policy.
    pub predicted: f64,
}

impl Guard {
    pub fn new() -> Self {
        Self { scale: 1.0, accepted: Vec::new(), predicted: 0.0 }
    }

    /// Judges a batch of the current policy. The returned guard has the epsilon of the next update.
    pub fn judge(&self, config: &GuardConfig, batch: &ReturnSummary) -> (Verdict, Self) {
        let mut next = self.clone();
        let Some(base) = ReturnSummary::pooled(&self.accepted).filter(|_| config.enabled) else {
            next.accept(config, batch);
            return (Verdict::Unjudged, next);
        };
        // The noise is that of the base, because outliers of a bad batch must not excuse the batch.
        let error = (base.variance * (1.0 / base.rollouts as f64 + 1.0 / batch.rollouts as f64)).sqrt();
        let allowed = config.standard_errors * error + config.tolerance * self.predicted.max(0.0);
        if batch.mean < base.mean - allowed {
            next.scale = (self.scale * config.shrink).max(config.smallest);
            (Verdict::RolledBack, next)
        } else {
            next.scale = (self.scale * config.grow).min(1.0);
            next.accept(config, batch);
            (Verdict::Accepted, next)
        }
    }

    fn accept(&mut self, config: &GuardConfig, batch: &ReturnSummary) {
        self.accepted.push(*batch);
        let surplus = self.accepted.len().saturating_sub(config.pooled_batches);
        self.accepted.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * (1. + a.abs().max(b.abs()))
    }

    proptest! {
        #[test]
        fn pooled_batches_are_as_one(
            batches in prop::collection::vec(prop::collection::vec(-100f64..100., 1..6), 1..6),
        ) {
            let summaries: Vec<_> = batches.iter().map(|returns| ReturnSummary::new(returns)).collect();
            let (pooled, whole) = (ReturnSummary::pooled(&summaries).unwrap(), ReturnSummary::new(&batches.concat()));
            prop_assert_eq!(pooled.rollouts, whole.rollouts);
            prop_assert!(close(pooled.mean, whole.mean) && close(pooled.variance, whole.variance), "{pooled:?} {whole:?}");
        }
    }

    /// A lucky batch alone makes the next usual one look bad. Among others it does not.
    #[test]
    fn one_lucky_batch_rolls_nothing_back_if_batches_are_pooled() {
        let verdict = |pooled_batches: usize| {
            let config = GuardConfig { enabled: true, pooled_batches, ..GuardConfig::default() };
            let (usual, lucky) = (ReturnSummary::new(&[-12., -8.]), ReturnSummary::new(&[-1., -1.1]));
            let before = [usual, usual, usual, lucky];
            let guard = before.iter().fold(Guard::new(), |guard, batch| guard.judge(&config, batch).1);
            assert_eq!(guard.accepted.len(), pooled_batches);
            guard.judge(&config, &usual).0
        };
        assert_eq!((verdict(1), verdict(4)), (Verdict::RolledBack, Verdict::Accepted));
    }
}
