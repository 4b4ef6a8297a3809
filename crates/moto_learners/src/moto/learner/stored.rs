//! Checks a learner that was read back. A checksum proves that the bytes are those written, not
//! that they are consistent. A learner that passes these checks can be updated without a panic.

use super::super::store::{Origin, Stored};
use super::super::{MotoError, Quadratic, StateDistribution};
use super::Moto;
use crate::learner::TOO_MANY;
use crate::policy::Policy;

/// Steps, state and action dimension.
type Shape = (usize, usize, usize);

impl Moto {
    /// Checks everything that an update relies on: configuration, policies, and the shapes of all
    /// stored data.
    ///
    /// # Errors
    /// The first part that is inconsistent.
    pub fn validate(&self) -> Result<(), MotoError> {
        let shape @ (_, state_dim, _) = shape_of(&self.policy);
        self.config.validate()?;
        self.policy.validate()?;
        self.initial.validate()?;
        self.scales.validate(state_dim)?;
        demand(shape_of(&self.initial) == shape, "the policy it started from")?;
        demand(self.iteration < TOO_MANY, "its number of iterations")?;
        let newest = self.store.len().saturating_sub(1);
        let outcome_dim = self.store.first().and_then(|first| Some(first.batch.outcomes.first()?.nrows()));
        for (i, stored) in self.store.iter().enumerate() {
            check_entry(stored, shape)?;
            let needed = i == newest || self.config.reuse.weighs_by_density();
            demand(!needed || stored.origin.is_some(), "the policy of a stored batch")?;
            let outcomes = stored.batch.outcomes.first().map(nalgebra::DMatrix::nrows);
            demand(outcomes == outcome_dim, "the outcomes of a stored batch")?;
            let new = stored.id != self.iteration as u64 && self.store[..i].iter().all(|other| other.id != stored.id);
            demand(new, "the number of a stored batch")?;
        }
        let sound = self.choices.is_empty() || self.choices.len() == shape.0;
        let positive = self.choices.iter().all(|choice| choice.candidate.ridge >= 0.);
        demand(sound && positive, "what cross-validation chose")?;
        let scale = self.guard.scale;
        demand(scale > 0. && scale <= 1., "the guard's share of epsilon")?;
        let compared = &self.guard.accepted;
        let sound = compared.is_empty() || !self.store.is_empty();
        demand(sound && compared.iter().all(|base| base.rollouts > 0), "what the guard compares with")?;
        if let Some(last) = &self.last {
            last.old.validate()?;
            let (horizon, _, action_dim) = shape;
            let sound = shape_of(&last.old) == shape
                && are_states(&last.states, shape)
                && are_quadratics(&last.q, horizon, state_dim + action_dim)
                && are_quadratics(&last.value, horizon, state_dim);
            demand(sound, "the last update")?;
        }
        Ok(())
    }
}

fn demand(holds: bool, what: &'static str) -> Result<(), MotoError> {
    if holds { Ok(()) } else { Err(MotoError::Stored { what }) }
}

fn shape_of(policy: &Policy) -> Shape {
    (policy.horizon(), policy.state_dim(), policy.action_dim())
}

fn check_entry(stored: &Stored, shape: Shape) -> Result<(), MotoError> {
    let (horizon, state_dim, action_dim) = shape;
    stored.batch.validate(horizon, state_dim, action_dim)?;
    if let Some(Origin { policy, states }) = &stored.origin {
        policy.validate()?;
        demand(shape_of(policy) == shape, "the policy of a stored batch")?;
        demand(are_states(states, shape), "the state distributions of a stored batch")?;
    }
    let earned = stored.earnings.to_come.shape() == (horizon + 1, stored.batch.rollouts());
    demand(earned, "the rewards of a stored batch")?;
    let transitions = stored.batch.transitions();
    demand(stored.log_sums.iter().all(|(_, sums)| sums.len() == transitions), "the densities of a stored batch")
}

fn are_states(states: &[StateDistribution], (horizon, dim, _): Shape) -> bool {
    states.len() == horizon && states.iter().all(|s| s.mean.len() == dim && s.covariance.shape() == (dim, dim))
}

fn are_quadratics(functions: &[Quadratic], horizon: usize, dim: usize) -> bool {
    let fits = |q: &Quadratic| q.gradient.len() == dim && q.hessian.shape() == (dim, dim);
    functions.len() == horizon && functions.iter().all(fits)
}
