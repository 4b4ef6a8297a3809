//! The start from another learner's transitions.

use super::super::Reuse;
use super::super::store::Stored;
use super::Moto;
use crate::Adopted;

impl Moto {
    /// Learns also from the transitions of `other`, within the limits of this learner's `reuse` and
    /// `stored_iterations`. A reuse by density ratio can take only batches whose origin `other` kept. The guard's expectation is not taken over, because returns on another
    /// robot say nothing about the last update.
    pub(super) fn take_over(&mut self, other: &Self) -> Adopted {
        if self.config.reuse != Reuse::None {
            self.take_in(&other.store);
        }
        Adopted {
            iterations: self.store.len(),
            transitions: self.store.iter().map(|stored| stored.batch.transitions()).sum(),
        }
    }

    fn take_in(&mut self, store: &[Stored]) {
        let oldest = store.len().saturating_sub(self.config.kept_iterations());
        let usable = |stored: &&Stored| !self.config.reuse.weighs_by_density() || stored.origin.is_some();
        self.store = store[oldest..].iter().filter(usable).cloned().collect();
        self.forget_origins();
        // Numbers that no iteration of this learner will have.
        let number = |old: u64| {
            let age = store.iter().rev().position(|stored| stored.id == old)?;
            Some(u64::MAX - age as u64)
        };
        for stored in &mut self.store {
            stored.log_sums.retain_mut(|(id, _)| number(*id).map(|new| *id = new).is_some());
            stored.id = number(stored.id).unwrap_or(u64::MAX);
        }
    }
}
