//! Starting from what another learner learned.

use super::super::store::Stored;
use super::super::{MotoConfig, MotoError, Reuse, StateScales};
use super::Moto;

impl Moto {
    /// A learner that starts from the policy of `other`, as its first iteration. With `transitions` it learns from those of
    /// `other` too, as far as its `reuse` and `stored_iterations` go: only where their rewards mean the same. What the guard
    /// expects is not taken over, since returns on another robot are no loss or gain of the last update.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn warm_started(
        config: MotoConfig,
        scales: StateScales,
        other: &Self,
        transitions: bool,
    ) -> Result<Self, MotoError> {
        let mut learner = Self::new(config, other.policy.clone(), scales)?;
        if transitions && learner.config.reuse != Reuse::None {
            learner.adopt(&other.store);
        }
        Ok(learner)
    }

    /// Stored iterations, and the transitions in them.
    pub fn stored(&self) -> (usize, usize) {
        (self.store.len(), self.store.iter().map(Stored::transitions).sum())
    }

    fn adopt(&mut self, store: &[Stored]) {
        let oldest = store.len().saturating_sub(self.config.kept_iterations());
        self.store = store[oldest..].to_vec();
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
