//! The trait of all learners, with its input and its report.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::Range;

use moto_settings::FieldError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::episodic::EpisodicError;
use crate::gps::GpsError;
use crate::moto::{MotoError, StepOutcome, StepReport};
use crate::policy::{DmpError, Policy, PolicyError, StoredLaw};
use crate::{Batch, Reward};

/// A learner: gives the law for the next rollouts, and improves the law from them.
///
/// Rollouts are made with [`Self::law`], gathered in a [`Batch`] and handed to [`Self::learn`],
/// again and again. [`Self::save`] and [`Self::restore`] carry everything a learner remembers, so
/// that a run continues elsewhere to the bit.
pub trait Learner: Any + Send + Sync {
    /// The law that makes the next rollouts.
    fn law(&self) -> StoredLaw;

    /// Number of updates so far.
    fn iteration(&self) -> usize;

    /// One iteration, from rollouts of [`Self::law`]. The caller leaves out rollouts that are not
    /// finite. The result does not depend on the number of threads.
    ///
    /// # Errors
    /// A batch that does not fit, or an update that cannot be computed. The learner is then
    /// unchanged.
    fn learn(&mut self, batch: Batch, reward: &dyn Reward) -> Result<Report, LearnerError>;

    /// The learner's full state.
    ///
    /// # Errors
    /// [`LearnerError::State`] if the state has no stored form.
    fn save(&self) -> Result<Vec<u8>, LearnerError>;

    /// Restores the state that [`Self::save`] of a learner with the same configuration returned.
    ///
    /// # Errors
    /// [`LearnerError::State`] if the bytes are no such state. The learner is then unchanged.
    fn restore(&mut self, state: &[u8]) -> Result<(), LearnerError>;

    /// Checks that an iteration can be learned from this number of rollouts.
    ///
    /// # Errors
    /// A number of rollouts that is too small.
    fn check_rollouts(&self, _rollouts: usize) -> Result<(), LearnerError> {
        Ok(())
    }

    /// Whether the learner learns from rollouts that were broken off ([`Batch::broken_off`]). A batch for
    /// a learner that does not has none.
    fn takes_broken_off(&self) -> bool {
        false
    }

    /// Replaces the task's first law by a law of the same shapes that was learned elsewhere. Call
    /// it before the first update.
    ///
    /// # Errors
    /// [`LearnerError::NoWarmStart`], or a law that does not suit the learner. The learner is then
    /// unchanged.
    fn start_from(&mut self, _law: &StoredLaw) -> Result<(), LearnerError> {
        Err(LearnerError::NoWarmStart)
    }

    /// Learns also from the transitions of `other`, whose rewards must have the same meaning. Call
    /// it before the first update.
    ///
    /// # Errors
    /// [`LearnerError::NoTransitions`] if this learner takes no transitions, or none of such a
    /// learner. The learner is then unchanged.
    fn adopt(&mut self, _other: &dyn Learner) -> Result<Adopted, LearnerError> {
        Err(LearnerError::NoTransitions)
    }

    /// A copy of the learner.
    fn boxed_clone(&self) -> Box<dyn Learner>;
}

impl Clone for Box<dyn Learner> {
    fn clone(&self) -> Self {
        (**self).boxed_clone()
    }
}

/// Data that a learner took over from another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// Number of iterations.
    pub iterations: usize,
    /// Number of transitions in the iterations.
    pub transitions: usize,
}

/// The task's part in the start of a learner.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// The first policy (horizon).
    pub policy: Policy,
    /// Absolute physical scale of each state dimension, in its unit: a change of this size is a
    /// real change (state).
    pub state_scales: Vec<f64>,
    /// A demonstrated movement, for learners that start from one.
    pub demonstration: Option<Demonstrated>,
    /// Entries of a rollout's first state that describe the task of that rollout.
    pub context: Range<usize>,
    /// Seed of the numbers that a learner draws. Tasks leave it at 0, a run sets it.
    pub seed: u64,
}

/// A demonstrated movement, sampled at the control period. The first row is the start of the
/// stroke.
#[derive(Clone, Debug, PartialEq)]
pub struct Demonstrated {
    /// Joint positions (row x joint).
    pub position: Vec<f64>,
    /// Joint velocities (row x joint).
    pub velocity: Vec<f64>,
    /// Joints n.
    pub joints: usize,
    /// Control period, s.
    pub period: f64,
    /// Time at which the movement reaches its goal, s after its start.
    pub goal_time: f64,
}

/// Why a learner cannot start, or cannot finish an update.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LearnerError {
    /// An error of MOTO.
    #[error(transparent)]
    Moto(#[from] MotoError),
    /// An error of guided policy search.
    #[error(transparent)]
    Gps(#[from] GpsError),
    /// An error of the episodic search.
    #[error(transparent)]
    Episodic(#[from] EpisodicError),
    /// An error of the movement primitive.
    #[error(transparent)]
    Dmp(#[from] DmpError),
    /// A policy cannot be used.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The learner needs a demonstration, and the task gives none.
    #[error("this learner starts from a demonstrated movement, and the task has none")]
    NoDemonstration,
    /// An update's numbers are not finite.
    #[error("the update is not finite")]
    NonFinite,
    /// Settings are refused.
    #[error(transparent)]
    Settings(#[from] FieldError),
    /// The learner starts from the task's first law only.
    #[error("this learner cannot start from what another learned")]
    NoWarmStart,
    /// The learner takes no transitions from the other learner.
    #[error("this learner takes over no transitions of such a learner")]
    NoTransitions,
    /// A law is of the wrong kind.
    #[error("what was learned is {found}, and this learner starts from {expected}")]
    OtherLaw {
        /// The kind of the law.
        found: &'static str,
        /// The kind that the learner starts from.
        expected: &'static str,
    },
    /// A saved state cannot be read or written.
    #[error("the learner's state: {0}")]
    State(String),
    /// An error of a learner outside this crate.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

/// A guard's verdict on a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There is nothing to compare the batch with, or the guard is off.
    Unjudged,
    /// The batch is accepted as the newest one.
    Accepted,
    /// The policy went back to the one before the update that made the batch's policy.
    RolledBack,
}

/// Report of an iteration. A learner leaves out the fields that it does not know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Number of this iteration, from 0.
    pub iteration: usize,
    /// Number of rollouts in the batch.
    pub rollouts: usize,
    /// Mean return of the batch, exploration noise included.
    pub mean_return: f64,
    /// Standard error of the mean return.
    pub return_error: f64,
    /// Improvement predicted by the update that made this batch's law.
    pub expected_improvement: Option<f64>,
    /// Measured improvement of the return.
    pub measured_improvement: Option<f64>,
    /// Bound on the KL in this update, nats per step.
    pub epsilon: Option<f64>,
    /// KL of the update, nats: the mean over the steps, or the KL of the search distribution.
    pub kl: Option<f64>,
    /// Entropy of the exploration after the update, nats: the mean over the steps, or the entropy
    /// of the search distribution.
    pub entropy: Option<f64>,
    /// Effective samples per fit, as the mean over the steps.
    pub effective_samples: Option<f64>,
    /// The guard's verdict on the batch; `None` without a guard.
    pub verdict: Option<Verdict>,
    /// Another remark, in one or two words.
    pub remark: Option<String>,
    /// Report of each step (horizon), from learners that update step by step.
    pub steps: Vec<StepReport>,
    /// Effect of the previous update at each step (horizon).
    pub last_update: Vec<StepOutcome>,
    /// Wall-clock time of each stage, s; not reproducible.
    pub seconds: BTreeMap<String, f64>,
}

/// The policy in a law, which must be a policy.
pub(crate) fn policy_of(law: &StoredLaw) -> Result<&Policy, LearnerError> {
    match law {
        StoredLaw::Policy(policy) => Ok(policy),
        StoredLaw::Movement { .. } | StoredLaw::Neural(_) => {
            Err(LearnerError::OtherLaw { found: law.kind(), expected: "a linear-Gaussian policy" })
        }
    }
}

/// The error for a saved state that does not fit the learner.
pub(crate) fn unfit(what: &str) -> LearnerError {
    LearnerError::State(format!("it does not fit together: {what}"))
}

/// An iteration number that no learner reaches. Numbers below it can be incremented safely.
pub(crate) const TOO_MANY: usize = 1 << 40;

/// Largest stored form that is read, bytes.
const MAX_STATE: usize = 1 << 30;

/// The stored form of a learner.
pub(crate) fn encode(state: &impl Serialize) -> Result<Vec<u8>, LearnerError> {
    bincode::serde::encode_to_vec(state, bincode::config::standard()).map_err(|e| LearnerError::State(e.to_string()))
}

/// Reads a learner from its stored form.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, LearnerError> {
    // A crafted length may promise more bytes than there are.
    let limited = bincode::config::standard().with_limit::<MAX_STATE>();
    let decoded = bincode::serde::decode_from_slice(bytes, limited);
    decoded.map(|(state, _)| state).map_err(|e| LearnerError::State(e.to_string()))
}

/// Mean of some numbers.
pub(crate) fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}
