//! The quantities of the paper's improvement bound (Akrour et al. 2018, section 5), measured at run
//! time. The improvement of the return is at least the expected advantage under the old states
//! minus the cost of the shift of the states. The KL of the updates bounds that shift.

use crate::batch::{Batch, column};
use crate::policy::{LinearGaussian, Policy, gaussian_kl};
use crate::quadratic::{QBlocks, Quadratic, StateDistribution};
use nalgebra::DVector;
use serde::{Deserialize, Serialize};

/// `E_s [E_new Q(s,a) - E_old Q(s,a)]` over states distributed as `states`.
pub fn expected_advantage(
    q: &Quadratic,
    old: &LinearGaussian,
    new: &LinearGaussian,
    states: &StateDistribution,
) -> f64 {
    let q = QBlocks::new(q, old.gain.ncols());
    let (gain, bias) = (&new.gain - &old.gain, &new.bias - &old.bias);
    let slope = &q.cross + &q.action * &old.gain;
    let offset = &q.action_gradient + &q.action * &old.bias;
    let (mean_step, mean_slope) = (&gain * &states.mean + bias, &slope * &states.mean + offset);
    let at_mean = mean_step.dot(&(mean_slope + &q.action * &mean_step * 0.5));
    let spread = (gain.transpose() * (slope + &q.action * &gain * 0.5) * &states.covariance).trace();
    at_mean + spread + 0.5 * q.action.component_mul(&(&new.covariance - &old.covariance)).sum()
}

/// The last update, kept for comparison with the rollouts of the new policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct LastUpdate {
    pub old: Policy,
    /// State distributions of the old policy (horizon).
    pub states: Vec<StateDistribution>,
    /// Q and V fitted for the old policy (horizon).
    pub q: Vec<Quadratic>,
    pub value: Vec<Quadratic>,
}

/// Effect of one step of the last update, on the rollouts of the policy that the update made; NaN where
/// all of them were broken off before the step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepOutcome {
    /// Expected KL of that update under the new states, nats.
    pub kl_new_states: f64,
    /// KL of the new fitted state distribution from the old one, nats.
    pub state_shift: f64,
    /// Mean advantage of the new rollouts by the old Q-function, in return units.
    pub realised_advantage: f64,
}

impl LastUpdate {
    /// Compares the update with a batch of the updated policy `new` and its fitted state
    /// distributions.
    pub fn outcome(&self, new: &Policy, batch: &Batch, states: &[StateDistribution]) -> Vec<StepOutcome> {
        let step = |t: usize| {
            // The expected KL is quadratic in the state, so the first two moments of the rollouts
            // give it exactly.
            let reached = batch.states_of_those_at(t, t);
            let seen = StateDistribution::fit(&[(&reached, 1.0)], &vec![0.0; reached.nrows()]);
            let kl = new.steps[t].expected_kl(&self.old.steps[t], &seen.mean, &seen.covariance);
            let (now, before) = (&states[t], &self.states[t]);
            let shift = gaussian_kl((&now.mean, &now.covariance), (&before.mean, &before.covariance));
            let advantage = |rollout: usize| {
                let state = DVector::from_row_slice(column(&batch.states[t], rollout));
                let both = state.iter().chain(column(&batch.received[t], rollout)).copied();
                let both = DVector::from_iterator(self.q[t].gradient.len(), both);
                self.q[t].value(&both) - self.value[t].value(&state)
            };
            let acted: Vec<usize> = batch.that_acted(t).collect();
            StepOutcome {
                kl_new_states: kl.unwrap_or(f64::NAN),
                state_shift: shift.unwrap_or(f64::NAN),
                realised_advantage: acted.iter().map(|rollout| advantage(*rollout)).sum::<f64>() / acted.len() as f64,
            }
        };
        (0..batch.actions.len()).map(step).collect()
    }
}
