//! Rollouts of the simulated chain, several in step on each processor.

use moto_learners::{Batch, BrokenOff};
use nalgebra::DMatrix;
use rayon::prelude::*;

use super::{Plant, SwingUp};
use crate::dynamics::{Lanes, Number};
use crate::policy::CompiledPolicy;
use crate::robot::{TrialKey, exploration_noise};

/// A rollout.
struct Rollout {
    /// States (state x T + 1), the last one included.
    states: DMatrix<f64>,
    /// Torques (action x T) before any limit.
    actions: DMatrix<f64>,
    /// Exploration noise (T * action).
    noise: Box<[f64]>,
}

impl SwingUp {
    /// Makes the rollouts of `keys`, with or without exploration noise. Each depends on seed and key
    /// alone, not on the number of threads or the rollouts beside it.
    pub fn rollouts(&self, policy: &CompiledPolicy, seed: u64, keys: &[TrialKey], explore: bool) -> Batch {
        let in_step = |keys: &[TrialKey]| self.in_step(policy, seed, keys, explore);
        let rollouts: Vec<_> = keys.par_chunks(Lanes::LANES).flat_map_iter(in_step).collect();
        let gather = |of: fn(&Rollout) -> &DMatrix<f64>, t: usize| {
            DMatrix::from_columns(&rollouts.iter().map(|rollout| of(rollout).column(t)).collect::<Vec<_>>())
        };
        let actions: Vec<_> = (0..self.horizon()).map(|t| gather(|rollout| &rollout.actions, t)).collect();
        Batch {
            states: (0..=self.horizon()).map(|t| gather(|rollout| &rollout.states, t)).collect(),
            // The limits are part of the plant, so the Q-function is fitted on the torques before
            // any limit.
            received: actions.clone(),
            actions,
            outcomes: vec![DMatrix::zeros(0, keys.len()); self.horizon()],
            parameters: DMatrix::zeros(0, keys.len()),
            broken_off: BrokenOff::default(),
        }
    }

    /// Makes the rollouts of `keys`, at least one and at most as many as there are lanes, in step.
    fn in_step(&self, policy: &CompiledPolicy, seed: u64, keys: &[TrialKey], explore: bool) -> Vec<Rollout> {
        let (horizon, state_dim, action_dim) = (self.horizon(), self.state_dim(), self.action_dim());
        let begun = |key| {
            let count = horizon * action_dim;
            let mut states = DMatrix::zeros(state_dim, horizon + 1);
            states.column_mut(0).copy_from_slice(&self.first_state(seed, key));
            let noise = if explore { exploration_noise(seed, key, count) } else { vec![0.; count].into() };
            Rollout { states, actions: DMatrix::zeros(action_dim, horizon), noise }
        };
        let mut rollouts: Vec<_> = keys.iter().map(begun).collect();
        // The lanes that are left over repeat the last rollout.
        let of_lane = |lane: usize| lane.min(keys.len() - 1);
        let column = |of: fn(&Rollout) -> &DMatrix<f64>, t: usize, rollouts: &[Rollout]| -> Vec<Lanes> {
            let rows = of(&rollouts[0]).nrows();
            (0..rows).map(|row| Lanes::from_lanes(|lane| of(&rollouts[of_lane(lane)])[(row, t)])).collect()
        };
        let mut plant = Plant::new(self.config(), self.model());
        plant.reset(&column(|rollout| &rollout.states, 0, &rollouts));
        for t in 0..horizon {
            for Rollout { states, actions, noise } in &mut rollouts {
                let noise = &noise[t * action_dim..(t + 1) * action_dim];
                policy.action(t, states.column(t).as_slice(), noise, actions.column_mut(t).as_mut_slice());
            }
            plant.step(&column(|rollout| &rollout.actions, t, &rollouts));
            for (lane, Rollout { states, .. }) in rollouts.iter_mut().enumerate() {
                let next = states.column_mut(t + 1);
                next.into_iter().zip(plant.state()).for_each(|(entry, value)| *entry = value.lane(lane));
            }
        }
        rollouts
    }
}
