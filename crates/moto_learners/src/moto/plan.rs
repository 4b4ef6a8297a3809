//! An update that is planned ahead (this project), as a candidate beside MOTO's own.
//!
//! MOTO improves every step as if the other steps stayed. A planner improves all steps at once, but its
//! model, linear dynamics and an expansion of the reward, misses what is not linear (PILQR, Chebotar et
//! al. 2017, takes a step of either kind in turn). Here the forecast chooses between them.

use super::forecast::Forecaster;
use crate::planning::{Model, constrained_update, spreads, transitions};
use crate::policy::Policy;
use crate::{Batch, Reward};

/// Largest number of smaller plans that are tried.
const TRIES: usize = 40;

/// Plans within bounds on the KL and on the entropy reduction.
pub(super) struct Planner<'a> {
    forecaster: &'a Forecaster<'a>,
    model: Model,
    /// Bound on the entropy reduction of each step, nats; infinite for none.
    beta0: f64,
}

impl<'a> Planner<'a> {
    /// A planner with the forecast's dynamics and start. The reward is expanded around the mean of `batch`;
    /// `None` if it is not finite there.
    pub fn new(forecaster: &'a Forecaster<'a>, batch: &Batch, reward: &dyn Reward, beta0: f64) -> Option<Self> {
        let samples = transitions(batch);
        let model = Model::new(batch, &samples, forecaster.dynamics.clone(), reward, &spreads(&samples)).ok()?;
        Some(Self { model: Model { start: forecaster.start.clone(), ..model }, forecaster, beta0 })
    }

    /// The policy of the largest return under the model whose KL from the old policy is at most
    /// `epsilon` nats in the mean over the steps, under the planned states and under the old ones. A
    /// step whose entropy would fall by more than the bound gets a wider covariance of the same shape.
    /// `None` if there is no such policy.
    pub fn plan(&self, epsilon: f64) -> Option<Policy> {
        let Forecaster { old, states, .. } = self.forecaster;
        let horizon = old.horizon() as f64;
        let mut bound = epsilon;
        for _ in 0..TRIES {
            let mut policy = constrained_update(&self.model, old, true, bound * horizon, 1.0).ok()?.policy;
            let mut kl = 0.0;
            for ((law, old), states) in policy.steps.iter_mut().zip(&old.steps).zip(*states) {
                let surplus = old.entropy()? - law.entropy()? - self.beta0;
                if surplus > 0.0 {
                    law.covariance *= (2.0 * surplus / law.bias.len() as f64).exp();
                }
                kl += law.expected_kl(old, &states.mean, &states.covariance)? / horizon;
            }
            if kl <= epsilon {
                return Some(policy);
            }
            bound *= (epsilon / kl).min(0.9);
        }
        None
    }
}
