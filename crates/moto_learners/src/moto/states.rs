//! The state distributions of all steps from the stored batches.

use super::FirstStates;
use crate::Batch;
use crate::quadratic::StateDistribution;
use rayon::prelude::*;

/// The distribution at each step (horizon) from batches, oldest first, each of which weighs `decay`
/// times as much as the next.
///
/// A step has the states of the rollouts that reached it. If fewer than two did, because the others
/// were broken off before, it has the distribution of the step before.
pub(super) fn state_distributions(
    batches: &[&Batch],
    decay: f64,
    firsts: FirstStates,
    diagonal: &[f64],
) -> Vec<StateDistribution> {
    let rollouts: usize = batches.iter().map(|batch| batch.rollouts()).sum();
    let fit = |t: usize| {
        let ages = (0..batches.len()).rev();
        let weighted: Vec<_> = batches.iter().zip(ages).map(|(batch, age)| (batch, decay.powf(age as f64))).collect();
        let laters: Vec<_> = weighted.iter().map(|(batch, _)| batch.states_of_those_at(t, t)).collect();
        let reached: usize = laters.iter().map(|states| states.ncols()).sum();
        if reached < rollouts.min(2) {
            return None;
        }
        let weights = weighted.iter().map(|(_, weight)| *weight);
        let decayed = || {
            StateDistribution::fit(
                &laters.iter().map(|later| &**later).zip(weights.clone()).collect::<Vec<_>>(),
                diagonal,
            )
        };
        let all = || {
            let firsts: Vec<_> = weighted.iter().map(|(batch, _)| batch.states_of_those_at(t, 0)).collect();
            let blocks = firsts.iter().zip(&laters).zip(weights.clone());
            let blocks: Vec<_> = blocks.map(|((first, later), weight)| (&**first, &**later, weight)).collect();
            StateDistribution::of_all_firsts(&blocks, diagonal)
        };
        Some(match firsts {
            FirstStates::Decayed => decayed(),
            FirstStates::All => all().unwrap_or_else(decayed),
        })
    };
    let fits: Vec<Option<StateDistribution>> = (0..batches[0].actions.len()).into_par_iter().map(fit).collect();
    let mut steps: Vec<StateDistribution> = Vec::with_capacity(fits.len());
    for fit in fits {
        // Every rollout reached the first step.
        steps.extend(fit.or_else(|| steps.last().cloned()));
    }
    steps
}
