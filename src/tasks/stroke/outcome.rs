//! Judges a recorded stroke: rewards, errors of the terms, success.

use std::ops::Range;

use moto_learners::{ErrorPrice, ErrorShape, Measured, Reward};
use nalgebra::DMatrix;

use super::StrokeTask;
use super::config::Shape;
use super::moment::When;
use super::term::{Priced, Term};
use crate::control::Episode;
use crate::tasks::Judgement;

/// The error of a term of the reward at one time of a stroke.
#[derive(Clone, Debug, PartialEq)]
pub struct TermError {
    /// Number of the term in `reward`, from 0.
    pub term: usize,
    /// Time of the error, s after the start.
    pub time: f64,
    /// Value minus target, e.g. 3 numbers of a position.
    pub error: Vec<f64>,
}

/// The place of a term's error in a trial's outcomes, for a term with a single time: rows `rows` of
/// column `step`.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorRows {
    /// Number of the term in `reward`, from 0.
    pub term: usize,
    /// The policy step during or after which the error is measured.
    pub step: usize,
    /// Rows of the error.
    pub rows: Range<usize>,
    /// Weight of the price.
    pub weight: f64,
    /// Price of the error, before the weight.
    pub shape: Shape,
}

impl StrokeTask {
    /// The places of errors in the outcomes ([`moto_learners::Batch::outcomes`]), for the terms
    /// with a single time. Rows that no term uses in a step are 0 in that step.
    pub fn error_rows(&self) -> Vec<ErrorRows> {
        let mut next = vec![self.effort_rows(); self.steps.horizon];
        let once = |(term, Term { priced, when, weight, shape }): (usize, &Term)| {
            let (Priced::Error(measure), When::At { step, .. }) = (priced, when) else { return None };
            let step = (*step).min(self.steps.horizon - 1);
            let rows = next[step]..next[step] + measure.dim();
            next[step] = rows.end;
            Some(ErrorRows { term, step, rows, weight: *weight, shape: *shape })
        };
        self.terms.iter().enumerate().filter_map(once).collect()
    }

    /// Outcome rows that the reward itself needs: one for the squared change of the action, if a
    /// term prices the change.
    fn effort_rows(&self) -> usize {
        usize::from(self.terms.iter().any(|term| term.priced == Priced::EffortChange))
    }

    /// The error of every term at each of its times, up to the end of the recorded stroke.
    pub fn errors(&self, episode: &Episode) -> Vec<TermError> {
        let states = states_of(episode);
        let mut errors = vec![];
        for (term, Term { priced, when, .. }) in self.terms.iter().enumerate() {
            let Priced::Error(measure) = priced else { continue };
            let mut add = |time, state: &[f64]| {
                errors.push(TermError { term, time, error: measure.error(&self.model, state) });
            };
            match *when {
                When::At { step, share } => {
                    if let Some(state) = self.state_at(&states, step, share) {
                        add(self.steps.time(step, share), &state);
                    }
                }
                When::During { first, last } => {
                    for step in first..=last {
                        states.get(step).iter().for_each(|state| add(self.steps.time(step, 0.), state));
                    }
                }
            }
        }
        errors
    }

    /// The state at a time; `None` beyond the end of the recorded stroke.
    pub(super) fn state_at(&self, states: &[&[f64]], step: usize, share: f64) -> Option<Vec<f64>> {
        let state = states.get(step)?;
        if share == 0. {
            return Some(state.to_vec());
        }
        Some(self.steps.between(state, states.get(step + 1)?, share, self.model.dof()))
    }

    /// Judges a recorded stroke. A stroke that broke off is judged by its recorded part and is no
    /// success.
    pub(super) fn judged(&self, episode: &Episode) -> Judgement {
        let states = states_of(episode);
        let steps = episode.steps().min(states.len().saturating_sub(1)).min(self.steps.horizon);
        let rows = self.error_rows();
        let height = rows.iter().map(|rows| rows.rows.end).max().unwrap_or(0).max(self.effort_rows());
        let mut outcomes = DMatrix::zeros(height, self.steps.horizon);
        for ErrorRows { term, step, rows, .. } in rows {
            let Term { priced: Priced::Error(measure), when: When::At { step: at, share }, .. } = &self.terms[term]
            else {
                continue;
            };
            if let Some(state) = self.state_at(&states, *at, *share) {
                let error = measure.error(&self.model, &state);
                outcomes.view_mut((rows.start, step), (error.len(), 1)).copy_from_slice(&error);
            }
        }
        if self.effort_rows() > 0 {
            for step in 1..steps {
                let (before, now) = (episode.step(step - 1).sent, episode.step(step).sent);
                outcomes[(0, step)] = now.iter().zip(before).map(|(now, before)| (now - before).powi(2)).sum();
            }
        }
        let reward = |t: usize| {
            let outcome = outcomes.column(t);
            self.step(t, states[t], episode.step(t).sent, states[t + 1], outcome.as_slice())
        };
        let complete = steps == self.steps.horizon;
        let miss = |at: usize| self.conditions[at].miss(&self.model, &self.steps, &states);
        let misses: Vec<f64> = if complete { (0..self.conditions.len()).map(miss).collect() } else { vec![] };
        let met = misses.iter().zip(&self.conditions).all(|(miss, condition)| *miss <= condition.within);
        Judgement {
            total_reward: (0..steps).map(reward).sum::<f64>() + states.last().map_or(0., |state| self.last(state)),
            success: complete && met && !self.conditions.is_empty(),
            distance: misses.first().copied(),
            outcomes,
        }
    }
}

fn states_of(episode: &Episode) -> Vec<&[f64]> {
    episode.states.chunks_exact(episode.state_dim.max(1)).collect()
}

impl Reward for StrokeTask {
    fn step(&self, t: usize, state: &[f64], action: &[f64], next: &[f64], outcome: &[f64]) -> f64 {
        let price = |term: &Term| match (&term.priced, term.when) {
            (Priced::Error(measure), When::At { step, share }) if step == t => {
                let error = match share {
                    0. => measure.error(&self.model, state),
                    share => measure.error(&self.model, &self.steps.between(state, next, share, self.model.dof())),
                };
                term.price(&error)
            }
            (Priced::Error(measure), _) if term.covers(t) => term.price(&measure.error(&self.model, state)),
            (Priced::Effort, _) if term.covers(t) => term.price(action),
            (Priced::EffortChange, _) if term.covers(t) => term.weight * outcome[0],
            _ => 0.,
        };
        -self.terms.iter().map(price).sum::<f64>()
    }

    fn last(&self, state: &[f64]) -> f64 {
        let horizon = self.steps.horizon;
        let price = |term: &Term| match (&term.priced, term.when) {
            (Priced::Error(measure), When::At { step, .. }) if step == horizon => {
                term.price(&measure.error(&self.model, state))
            }
            (Priced::Error(measure), _) if term.covers(horizon) => term.price(&measure.error(&self.model, state)),
            _ => 0.,
        };
        -self.terms.iter().map(price).sum::<f64>()
    }

    fn errors(&self) -> Vec<ErrorPrice> {
        let price = |ErrorRows { step, rows, weight, shape, .. }: ErrorRows| {
            let shape = match shape {
                Shape::Squared => ErrorShape::Squared,
                Shape::Capped(cap) => ErrorShape::Capped(cap),
                Shape::Log(scale) => ErrorShape::Log(scale),
                // Its curvature at the target is infinite.
                Shape::Absolute => return None,
            };
            Some(ErrorPrice { rows, measured: Measured::At(step), weight, shape })
        };
        self.error_rows().into_iter().filter_map(price).collect()
    }
}
