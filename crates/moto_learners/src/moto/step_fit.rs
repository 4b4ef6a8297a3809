//! The fit of one step's Q-function. The part that does not depend on the value function comes
//! first, the fit in the backward pass second.

use super::control_variate::{LinearPrediction, whole_weights};
use super::importance::Weighted;
use super::regression::{Design, Fit, Ridges, carry, products};
use super::ridge::Candidate;
use super::spare::Spare;
use super::store::Stored;
use super::vector_outcomes::{Errors, expected_price};
use super::{MotoConfig, MotoError, Quadratic, StateScales, Targets};
use crate::Reward;
use crate::batch::{column, finite};
use crate::planning::LinearDynamics;
use crate::quadratic::columns::Columns;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

/// What all steps' regressions share.
pub(super) struct Fitting<'a> {
    pub entries: &'a [&'a Stored],
    pub reward: &'a dyn Reward,
    pub errors: &'a [Errors],
    pub config: &'a MotoConfig,
    pub scales: &'a StateScales,
    pub spare: &'a Spare,
}

/// What cross-validation chose for a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Choice {
    pub candidate: Candidate,
    control_variate: bool,
    /// Number of transitions in the fit that it was chosen for.
    transitions: usize,
}

impl Choice {
    /// No choice, at a step without transitions. It stands for no fit.
    pub const NONE: Self =
        Self { candidate: Candidate { ridge: 0.0, degrees_of_freedom: 0.0 }, control_variate: false, transitions: 0 };

    /// Whether the choice may stand for a fit of these transitions, if it is not the step's turn to
    /// choose anew.
    pub fn holds_for(&self, weighted: &Weighted) -> bool {
        let Self { candidate, transitions, .. } = self;
        candidate.ridge > 0. && 4 * weighted.samples.len() <= 5 * transitions && carry(weighted.effective, candidate)
    }
}

/// A step's regression, ready for its targets.
pub(super) struct StepFit {
    step: usize,
    design: Design,
    /// Next states (sample x state).
    next: Columns,
    /// Linear dynamics with their predictions (sample x state), if the control variate or the
    /// forecast needs them.
    pub dynamics: Option<(LinearPrediction, Columns)>,
    control_variate: bool,
    kept: Option<Choice>,
    /// The part of the target that is known before the backward pass: the reward and the share of
    /// the observed return (sample).
    known: Vec<f64>,
    /// At the last step: the reward of the final state, which is known exactly (sample). Empty at others.
    last: Vec<f64>,
    /// Whether the rollout was broken off in the step (sample). There is then no next state, and the price
    /// of the lost steps is the whole target.
    broken_off: Vec<bool>,
    /// The part of Q that the models of the errors give, with its values (sample), if there is one.
    expected_price: Option<(Quadratic, Vec<f64>)>,
    /// Share of the fitted next-state value in the target.
    value_share: f64,
    pub effective: f64,
    pub transitions: usize,
}

impl StepFit {
    /// Prepares the regression of step `t`. `kept` is an earlier choice that stands; without it
    /// cross-validation chooses.
    pub fn new(t: usize, weighted: &Weighted, fitting: &Fitting, kept: Option<Choice>) -> Result<Self, MotoError> {
        let Fitting { entries, reward, errors, config, scales, spare } = fitting;
        let samples = weighted.samples.len();
        if samples == 0 {
            return Err(MotoError::Numerical { quantity: "importance weights", step: t });
        }
        let horizon = entries[0].horizon();
        let (state_dim, action_dim) = (scales.0.len(), entries[0].batch.received[0].nrows());
        let mut inputs = Columns::zeros(samples, state_dim + action_dim);
        let mut next = Columns::zeros(samples, state_dim);
        let (mut known, mut broken_off) = (Vec::with_capacity(samples), Vec::with_capacity(samples));
        let observed = match config.targets {
            Targets::DynamicProgramming => config.observed_return,
            Targets::MonteCarlo => 1.0,
        };
        for (i, sample) in weighted.samples.iter().enumerate() {
            let (step, rollout, stored) = (sample.step, sample.rollout, entries[sample.entry]);
            let batch = &stored.batch;
            let (before, after) = (column(&batch.states[step], rollout), column(&batch.states[step + 1], rollout));
            let (action, outcome) = (column(&batch.received[step], rollout), column(&batch.outcomes[step], rollout));
            inputs.set(i, 0, before);
            inputs.set(i, state_dim, action);
            next.set(i, 0, after);
            let breaks = batch.breaks_in(step, rollout);
            known.push(if breaks {
                batch.broken_off.loss(horizon - t)
            } else {
                let earned = finite(t, reward.step(t, before, action, after, outcome))?;
                earned + observed * stored.earnings.to_come[(step + 1, rollout)]
            });
            broken_off.push(breaks);
        }
        let mut thresholds: Vec<f64> = scales.0.iter().map(|s| config.drop_threshold * s).collect();
        thresholds.resize(state_dim + action_dim, 0.0);
        let weights = weighted.weights.clone();
        let penalty = config.linear_penalty;
        let ridges = kept.map_or(Ridges::Of(config.ridge), |kept| Ridges::Known(kept.candidate));
        let design = Design::with(&inputs, weights, &thresholds, penalty, ridges, spare);
        let expected_price = expected_price(t, errors, weighted, &design, entries).map(|part| {
            let values = part.values(&inputs);
            (part, values)
        });
        let control_variate = config.control_variate && expected_price.is_none() && t + 1 < horizon;
        let needed = control_variate || !config.forecast.factors.is_empty();
        let dynamics = if needed { LinearPrediction::fit(&design, &next, &broken_off, t)? } else { None };
        let last = if t + 1 < horizon { Vec::new() } else { last_rewards(&next, &broken_off, horizon, *reward)? };
        let (effective, transitions) = (weighted.effective, samples);
        let value_share = 1.0 - observed;
        Ok(Self {
            step: t,
            design,
            next,
            dynamics,
            control_variate,
            kept,
            known,
            last,
            broken_off,
            expected_price,
            value_share,
            effective,
            transitions,
        })
    }

    /// Fits Q with the next step's value function, which the last step has none of, clipped to `range`.
    pub fn fit(&self, value: Option<&Quadratic>, range: Option<(f64, f64)>) -> Result<(Fit, Choice), MotoError> {
        let mut targets = value.map_or_else(|| self.last.clone(), |value| value.values(&self.next));
        if let Some((low, high)) = range.filter(|_| value.is_some()) {
            targets.iter_mut().for_each(|v| *v = v.clamp(low, high));
        }
        for ((v, known), broken_off) in targets.iter_mut().zip(&self.known).zip(&self.broken_off) {
            *v = if *broken_off { *known } else { known + self.value_share * *v };
        }
        if let Some((_, values)) = &self.expected_price {
            targets.iter_mut().zip(values).for_each(|(y, price)| *y -= price);
        }
        let plain = || self.design.fit(&targets);
        let with_control_variate = |value: &Quadratic, (dynamics, predicted): &(LinearPrediction, Columns)| {
            let explained = value.values(predicted);
            let rest: Vec<f64> = targets.iter().zip(explained).map(|(y, v)| y - v).collect();
            let mut fit = self.design.fit(&rest);
            fit.function.add(&value.after(&dynamics.map, &dynamics.offset));
            fit
        };
        let dynamics = self.dynamics.as_ref().filter(|_| self.control_variate);
        let (mut fit, control_variate) = match (value.zip(dynamics), self.kept) {
            (Some((value, dynamics)), Some(Choice { control_variate: true, .. })) => {
                (with_control_variate(value, dynamics), true)
            }
            (Some((value, dynamics)), None) => {
                let (plain, other) = rayon::join(plain, || with_control_variate(value, dynamics));
                let better = self.design.expected_error(&other) < self.design.expected_error(&plain);
                if better { (other, true) } else { (plain, false) }
            }
            _ => (plain(), false),
        };
        if let Some((part, _)) = &self.expected_price {
            fit.function.add(part);
        }
        let transposed = fit.function.hessian.transpose();
        fit.function.hessian = (&fit.function.hessian + transposed) * 0.5;
        // A kept ridge that did not do was chosen anew.
        let transitions = self.kept.map_or(self.transitions, |kept| kept.transitions);
        let choice = Choice { candidate: fit.candidate, control_variate, transitions };
        if fit.function.is_finite() {
            Ok((fit, choice))
        } else {
            Err(MotoError::Numerical { quantity: "Q-function", step: self.step })
        }
    }

    /// Gives the memory of the fit back. The dynamics stay.
    pub fn release(&mut self, spare: &Spare) {
        self.design.release(spare);
    }

    /// The step's linear dynamics for a forecast, if the forecast is on.
    pub fn linear_dynamics(&self) -> Option<LinearDynamics> {
        let (LinearPrediction { map, offset }, predicted) = self.dynamics.as_ref()?;
        let mut rests = self.next.clone();
        for k in 0..rests.dims() {
            rests.dim_mut(k).iter_mut().zip(predicted.dim(k)).for_each(|(x, p)| *x -= p);
        }
        let weights = whole_weights(&self.design.weights, &self.broken_off)?;
        let noise = products(&rests, &weights);
        let covariance = DMatrix::from_fn(rests.dims(), rests.dims(), |i, j| noise[(i, j)]);
        Some(LinearDynamics { map: map.clone(), offset: offset.clone(), covariance })
    }

    /// Number of inputs that the design left out.
    pub fn dropped(&self) -> usize {
        self.design.dropped()
    }
}

/// The rewards of final states (sample); 0 of a rollout that was broken off before.
fn last_rewards(
    next: &Columns,
    broken_off: &[bool],
    horizon: usize,
    reward: &dyn Reward,
) -> Result<Vec<f64>, MotoError> {
    let mut state = vec![0.0; next.dims()];
    let last = |(i, broken_off): (usize, &bool)| {
        if *broken_off {
            return Ok(0.0);
        }
        state.iter_mut().enumerate().for_each(|(k, x)| *x = next.dim(k)[i]);
        finite(horizon, reward.last(&state))
    };
    broken_off.iter().enumerate().map(last).collect()
}
