//! Spread of the KL budget over the steps.

use super::{TrustRegion, update::StepUpdate};

/// The multiplier eta of each step (horizon). Per step: the smallest eta that keeps the step's KL
/// within `epsilon`. Over the trajectory: one common eta for which the KLs sum to horizon x
/// `epsilon`. A step whose KL would exceed `cap` x `epsilon` gets the smallest eta that keeps the
/// cap.
///
/// Every KL is non-increasing in eta, so both kinds are one-dimensional searches. Both return a
/// feasible point.
pub fn multipliers(kind: TrustRegion, steps: &[StepUpdate], epsilon: f64, cap: f64) -> Vec<f64> {
    let bound = match kind {
        TrustRegion::PerStep => epsilon,
        TrustRegion::Trajectory => cap * epsilon,
    };
    let least: Vec<f64> = steps.iter().map(|step| step.smallest_eta(bound)).collect();
    if kind == TrustRegion::PerStep {
        return least;
    }
    let budget = epsilon * steps.len() as f64;
    let total = |eta: f64| steps.iter().zip(&least).map(|(step, l)| step.kl(l.max(eta))).sum::<f64>();
    let mut low = least.iter().copied().fold(f64::INFINITY, f64::min);
    if total(low) <= budget {
        return least;
    }
    let mut high = least.iter().copied().fold(low, f64::max);
    while total(high) > budget {
        low = high;
        high *= 2.0;
    }
    loop {
        // The mean is geometric, because the steps' multipliers differ by orders of magnitude.
        let middle = (low * high).sqrt();
        if middle <= low || middle >= high {
            return least.into_iter().map(|l| l.max(high)).collect();
        }
        if total(middle) > budget { low = middle } else { high = middle }
    }
}
