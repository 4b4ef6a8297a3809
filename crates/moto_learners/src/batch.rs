//! Input of a learner: the rollouts of one iteration, and the task's reward.

mod broken_off;

use crate::moto::MotoError;
use crate::policy::Policy;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use std::ops::Range;

pub use broken_off::BrokenOff;

/// The rollouts of one iteration, all made with one policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// States of each step, the final one included (T + 1 entries of state x rollout).
    #[serde(deserialize_with = "crate::policy::matrices::matrices")]
    pub states: Vec<DMatrix<f64>>,
    /// Actions that the policy drew, before any limit (T entries of action x rollout). Densities
    /// use these actions.
    #[serde(deserialize_with = "crate::policy::matrices::matrices")]
    pub actions: Vec<DMatrix<f64>>,
    /// Actions that the robot received, in the policy's units (T entries of action x rollout). The
    /// Q-function is fitted on these actions.
    #[serde(deserialize_with = "crate::policy::matrices::matrices")]
    pub received: Vec<DMatrix<f64>>,
    /// The task's measurements within each step, for the reward (T entries of outcome x rollout);
    /// zero rows if the reward needs none.
    #[serde(deserialize_with = "crate::policy::matrices::matrices")]
    pub outcomes: Vec<DMatrix<f64>>,
    /// Parameters that the law drew once per rollout (parameter x rollout); zero rows if the law
    /// draws at every step.
    #[serde(deserialize_with = "crate::policy::matrices::matrix")]
    pub parameters: DMatrix<f64>,
    /// Rollouts that were broken off.
    pub broken_off: BrokenOff,
}

/// The task's reward. It is evaluated anew at every use of a stored transition.
pub trait Reward: Sync {
    /// Reward of step `t` from `state` to `next`. `action` is the action that the robot received.
    fn step(&self, t: usize, state: &[f64], action: &[f64], next: &[f64], outcome: &[f64]) -> f64;

    /// Reward of a rollout's final state.
    fn last(&self, state: &[f64]) -> f64;

    /// The prices of errors that the reward contains, for learners that fit the errors themselves
    /// ([`crate::moto::Outcomes::Vector`]); empty if the reward has none.
    fn errors(&self) -> Vec<ErrorPrice> {
        vec![]
    }
}

/// The price of an error vector e that a rollout has once: the reward contains `-weight shape(|e|^2)`.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorPrice {
    /// Rows of [`Batch::outcomes`] with e.
    pub rows: Range<usize>,
    /// The column with e.
    pub measured: Measured,
    /// Weight, in return units per squared unit of e.
    pub weight: f64,
    /// The price before the weight.
    pub shape: ErrorShape,
}

/// The step in whose outcomes an error is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// The same step in every rollout.
    At(usize),
    /// The step whose entry in this row is not 0; the rollout has no error if there is none.
    Marked(usize),
}

/// The price of an error as a function of its square.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ErrorShape {
    /// |e|^2
    Squared,
    /// min(|e|, cap)^2
    Capped(f64),
    /// s^2 ln(1 + |e|^2 / s^2)
    Log(f64),
}

impl ErrorShape {
    /// Derivative of the price with respect to |e|^2, at |e|^2 = `squared`.
    pub fn slope(self, squared: f64) -> f64 {
        match self {
            Self::Squared => 1.0,
            Self::Capped(cap) => f64::from(u8::from(squared < cap * cap)),
            Self::Log(scale) => 1.0 / (1.0 + squared / (scale * scale)),
        }
    }
}

impl ErrorPrice {
    /// The step with the error of each rollout of a batch; `None` too if the rollout was broken off
    /// before.
    pub(crate) fn steps(&self, batch: &Batch) -> Vec<Option<usize>> {
        let step = |rollout| {
            let made = &batch.outcomes[..batch.made(rollout)];
            match self.measured {
                Measured::At(step) => Some(step).filter(|step| *step < made.len()),
                Measured::Marked(row) => made.iter().rposition(|outcomes| outcomes[(row, rollout)] != 0.0),
            }
        };
        (0..batch.rollouts()).map(step).collect()
    }
}

impl Batch {
    /// A batch of zeros with the shapes of `rollouts` rollouts of a policy, without outcomes.
    pub fn zeros(policy: &Policy, rollouts: usize) -> Self {
        let rows = |rows: usize, steps: usize| vec![DMatrix::zeros(rows, rollouts); steps];
        let (horizon, state_dim, action_dim) = (policy.horizon(), policy.state_dim(), policy.action_dim());
        Self {
            states: rows(state_dim, horizon + 1),
            actions: rows(action_dim, horizon),
            received: rows(action_dim, horizon),
            outcomes: rows(0, horizon),
            parameters: DMatrix::zeros(0, rollouts),
            broken_off: BrokenOff::default(),
        }
    }

    /// Number of rollouts.
    pub fn rollouts(&self) -> usize {
        self.states.first().map_or(0, DMatrix::ncols)
    }

    /// Return of each rollout.
    ///
    /// # Errors
    /// A reward that is not finite.
    pub fn returns(&self, reward: &dyn Reward) -> Result<Vec<f64>, MotoError> {
        Ok(Earnings::new(self, reward)?.returns())
    }

    /// Checks lengths, shapes and finiteness for a policy of these dimensions.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn validate(&self, horizon: usize, state_dim: usize, action_dim: usize) -> Result<(), MotoError> {
        let rollouts = self.rollouts();
        if rollouts == 0 {
            return Err(MotoError::EmptyBatch);
        }
        let (rows, columns) = self.parameters.shape();
        if columns != rollouts {
            let (field, step, expected_rows, expected_columns) = ("parameters", 0, rows, rollouts);
            return Err(MotoError::BatchShape { field, step, rows, columns, expected_rows, expected_columns });
        }
        if let Some(index) = self.parameters.iter().position(|x| !x.is_finite()) {
            return Err(MotoError::NonFiniteBatch { field: "parameters", step: 0, rollout: index / rows });
        }
        let outcome_dim = self.outcomes.first().map_or(0, DMatrix::nrows);
        let fields = [
            ("states", &self.states, horizon + 1, state_dim),
            ("actions", &self.actions, horizon, action_dim),
            ("received", &self.received, horizon, action_dim),
            ("outcomes", &self.outcomes, horizon, outcome_dim),
        ];
        for (field, matrices, expected, expected_rows) in fields {
            if matrices.len() != expected {
                return Err(MotoError::BatchLength { field, found: matrices.len(), expected });
            }
            for (step, matrix) in matrices.iter().enumerate() {
                let (rows, columns) = matrix.shape();
                if (rows, columns) != (expected_rows, rollouts) {
                    let expected_columns = rollouts;
                    return Err(MotoError::BatchShape { field, step, rows, columns, expected_rows, expected_columns });
                }
                if let Some(index) = matrix.iter().position(|x| !x.is_finite()) {
                    return Err(MotoError::NonFiniteBatch { field, step, rollout: index / rows });
                }
            }
        }
        self.broken_off.validate(horizon, rollouts)
    }
}

/// Column `index` of a matrix as a slice.
pub(crate) fn column(matrix: &DMatrix<f64>, index: usize) -> &[f64] {
    let rows = matrix.nrows();
    &matrix.as_slice()[index * rows..(index + 1) * rows]
}

/// Rewards of the rollouts of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Earnings {
    /// Reward from step t to the end, the final state's or the price of a break included (T + 1 rows x
    /// rollout). Row 0 is the return. Rows after a break are zero and have no meaning.
    #[serde(deserialize_with = "crate::policy::matrices::matrix")]
    pub to_come: DMatrix<f64>,
    /// Smallest over the steps of the 10th percentile of the reward to come.
    pub low: f64,
    /// Largest over the steps of the 90th percentile of the reward to come.
    pub high: f64,
}

impl Earnings {
    pub fn new(batch: &Batch, reward: &dyn Reward) -> Result<Self, MotoError> {
        let (horizon, rollouts) = (batch.actions.len(), batch.rollouts());
        let mut to_come = DMatrix::zeros(horizon + 1, rollouts);
        for rollout in 0..rollouts {
            let made = batch.made(rollout);
            let mut sum = if made < horizon {
                finite(made, batch.broken_off.loss(horizon - made))?
            } else {
                finite(horizon, reward.last(column(&batch.states[horizon], rollout)))?
            };
            to_come[(made, rollout)] = sum;
            for t in (0..made).rev() {
                let (state, next) = (column(&batch.states[t], rollout), column(&batch.states[t + 1], rollout));
                let (action, outcome) = (column(&batch.received[t], rollout), column(&batch.outcomes[t], rollout));
                sum += finite(t, reward.step(t, state, action, next, outcome))?;
                to_come[(t, rollout)] = sum;
            }
        }
        let mut row: Vec<f64> = Vec::with_capacity(rollouts);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for t in 0..=horizon {
            row.clear();
            row.extend((0..rollouts).filter(|rollout| batch.made(*rollout) >= t).map(|rollout| to_come[(t, rollout)]));
            if row.is_empty() {
                break;
            }
            row.sort_by(f64::total_cmp);
            low = low.min(percentile(&row, 0.1));
            high = high.max(percentile(&row, 0.9));
        }
        Ok(Self { to_come, low, high })
    }

    /// Rewards (T x rollout) of rollouts that are whole. The last step's has the final state's reward in
    /// it.
    pub fn rewards(&self) -> DMatrix<f64> {
        let horizon = self.to_come.nrows() - 1;
        let later = |t: usize, i: usize| if t + 1 < horizon { self.to_come[(t + 1, i)] } else { 0. };
        DMatrix::from_fn(horizon, self.to_come.ncols(), |t, i| self.to_come[(t, i)] - later(t, i))
    }

    /// Return of each rollout.
    pub fn returns(&self) -> Vec<f64> {
        self.to_come.row(0).iter().copied().collect()
    }
}

/// Returns a reward if it is finite.
pub(crate) fn finite(step: usize, value: f64) -> Result<f64, MotoError> {
    if value.is_finite() { Ok(value) } else { Err(MotoError::NonFiniteReward { step, value }) }
}

/// The `fraction` quantile of sorted values, by linear interpolation.
fn percentile(sorted: &[f64], fraction: f64) -> f64 {
    let position = fraction * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}
