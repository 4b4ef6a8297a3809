//! Spread of the KL budget over the steps.

use super::TrustRegion;
use super::bisection::{Falling, smallest_within};
use super::update::StepUpdate;

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
    let total = Total { steps, least: &least };
    let mut low = least.iter().copied().fold(f64::INFINITY, f64::min);
    if total.value(low) <= budget {
        return least;
    }
    let mut high = least.iter().copied().fold(low, f64::max);
    while total.value(high) > budget {
        low = high;
        high *= 2.0;
    }
    // The mean is geometric, because the steps' multipliers differ by orders of magnitude.
    let eta = smallest_within(&total, budget, low, high, |low, high| (low * high).sqrt());
    least.into_iter().map(|l| l.max(eta)).collect()
}

/// The sum of the steps' KLs under a common eta, and each step's least.
struct Total<'a> {
    steps: &'a [StepUpdate],
    least: &'a [f64],
}

impl Total<'_> {
    fn sum(&self, eta: f64, of: impl Fn(&StepUpdate, f64) -> f64) -> f64 {
        self.steps.iter().zip(self.least).map(|(step, least)| of(step, least.max(eta))).sum()
    }
}

impl Falling for Total<'_> {
    fn value(&self, eta: f64) -> f64 {
        self.sum(eta, StepUpdate::kl)
    }

    fn rounding(&self, eta: f64) -> f64 {
        self.sum(eta, StepUpdate::rounding)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::bisection::tests::bisected;
    use super::super::update::tests::updates;
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn the_common_multiplier_is_that_of_bisection_alone(
            steps in prop::collection::vec(updates(), 1..30), log_epsilon in -3f64..1., cap in 1f64..6.,
        ) {
            let epsilon = 10f64.powf(log_epsilon);
            let least: Vec<f64> = steps.iter().map(|step| step.smallest_eta(cap * epsilon)).collect();
            let total = |eta: f64| steps.iter().zip(&least).map(|(step, l)| step.kl(l.max(eta))).sum::<f64>();
            let found = multipliers(TrustRegion::Trajectory, &steps, epsilon, cap);
            let budget = epsilon * steps.len() as f64;
            let mut low = least.iter().copied().fold(f64::INFINITY, f64::min);
            if total(low) <= budget {
                prop_assert_eq!(found, least);
                return Ok(());
            }
            let mut high = least.iter().copied().fold(low, f64::max);
            while total(high) > budget {
                low = high;
                high *= 2.;
            }
            let eta = bisected(low, high, |low, high| (low * high).sqrt(), |eta| total(eta) > budget);
            prop_assert_eq!(found, least.into_iter().map(|l| l.max(eta)).collect::<Vec<_>>());
        }
    }
}
