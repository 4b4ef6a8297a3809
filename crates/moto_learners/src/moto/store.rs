//! The stored iterations.

use super::{MotoError, StateDistribution};
use crate::Batch;
use crate::batch::Earnings;
use crate::policy::Policy;
use serde::{Deserialize, Serialize};

/// One stored iteration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stored {
    /// Number of the iteration, unique in the store.
    pub id: u64,
    pub batch: Batch,
    /// Where the batch comes from. The newest entry has it, older ones have it if the reuse weighs by
    /// density ratio: it is larger than the batch.
    pub origin: Option<Origin>,
    pub earnings: Earnings,
    /// For each stored iteration (by id): the log of its densities summed over the steps, at every
    /// transition of this batch (step by step, rollout by rollout). With these sums an update
    /// evaluates only the new iteration's densities on old transitions.
    pub log_sums: Vec<(u64, Vec<f64>)>,
}

/// Where a batch comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// The policy that made the batch.
    pub policy: Policy,
    /// State distribution at each step when this policy was the newest (horizon).
    pub states: Vec<StateDistribution>,
}

impl Stored {
    /// Where the batch comes from.
    ///
    /// # Errors
    /// If the store kept the batch alone.
    pub fn origin(&self) -> Result<&Origin, MotoError> {
        self.origin.as_ref().ok_or(MotoError::Stored { what: "the policy of a stored batch" })
    }

    pub fn horizon(&self) -> usize {
        self.batch.actions.len()
    }

    pub fn log_sum(&self, id: u64) -> Option<&[f64]> {
        self.log_sums.iter().find(|(stored, _)| *stored == id).map(|(_, sums)| sums.as_slice())
    }
}
