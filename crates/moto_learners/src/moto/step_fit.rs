//! The fit of one step's Q-function. The part that does not depend on the value function comes
//! first, the fit in the backward pass second.

use super::columns::Columns;
use super::control_variate::LinearDynamics;
use super::forecast::NoisyDynamics;
use super::importance::Weighted;
use super::regression::{Design, Fit, products};
use super::store::Stored;
use super::vector_outcomes::{Errors, expected_price};
use super::{MotoConfig, MotoError, Quadratic, StateScales, Targets};
use crate::Reward;
use crate::batch::{column, finite};
use nalgebra::DMatrix;

/// A step's regression, ready for its targets.
pub(super) struct StepFit {
    step: usize,
    design: Design,
    /// Next states (sample x state).
    next: Columns,
    /// Linear dynamics with their predictions (sample x state), if the control variate or the
    /// forecast needs them.
    dynamics: Option<(LinearDynamics, Columns)>,
    control_variate: bool,
    /// The part of the target that is known before the backward pass: the reward and the share of
    /// the observed return (sample).
    known: Vec<f64>,
    /// The part of Q that the models of the errors give, with its values (sample), if there is one.
    expected_price: Option<(Quadratic, Vec<f64>)>,
    /// Share of the fitted next-state value in the target.
    value_share: f64,
    pub effective: f64,
    pub transitions: usize,
}

impl StepFit {
    pub fn new(
        t: usize,
        weighted: &Weighted,
        entries: &[&Stored],
        reward: &dyn Reward,
        errors: &[Errors],
        config: &MotoConfig,
        scales: &StateScales,
    ) -> Result<Self, MotoError> {
        let samples = weighted.samples.len();
        if samples == 0 {
            return Err(MotoError::Numerical { quantity: "importance weights", step: t });
        }
        let horizon = entries[0].horizon();
        let (state_dim, action_dim) = (scales.0.len(), entries[0].batch.received[0].nrows());
        let mut inputs = Columns::zeros(samples, state_dim + action_dim);
        let mut next = Columns::zeros(samples, state_dim);
        let mut known = Vec::with_capacity(samples);
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
            let earned = finite(t, reward.step(t, before, action, after, outcome))?;
            let followed = stored.earnings.to_come[(step + 1, rollout)];
            known.push(earned + observed * followed);
        }
        let mut thresholds: Vec<f64> = scales.0.iter().map(|s| config.drop_threshold * s).collect();
        thresholds.resize(state_dim + action_dim, 0.0);
        let weights = weighted.weights.clone();
        let design = Design::new(&inputs, weights, &thresholds, config.linear_penalty, config.ridge);
        let expected_price = expected_price(t, errors, weighted, &design, entries).map(|part| {
            let values = part.values(&inputs);
            (part, values)
        });
        let control_variate = config.control_variate && expected_price.is_none() && t + 1 < horizon;
        let needed = control_variate || !config.forecast.factors.is_empty();
        let dynamics = needed.then(|| LinearDynamics::fit(&design, &next, t)).transpose()?;
        let (effective, transitions) = (weighted.effective, samples);
        let value_share = 1.0 - observed;
        Ok(Self {
            step: t,
            design,
            next,
            dynamics,
            control_variate,
            known,
            expected_price,
            value_share,
            effective,
            transitions,
        })
    }

    /// Fits Q with the next step's value function clipped to `range`. With `None`, at the last
    /// step, fits Q with the reward of the final state, which is known exactly and not clipped.
    pub fn fit(
        &self,
        value: Option<&Quadratic>,
        reward: &dyn Reward,
        range: Option<(f64, f64)>,
    ) -> Result<Fit, MotoError> {
        let mut targets = match value {
            Some(value) => value.values(&self.next),
            None => self.last_rewards(reward)?,
        };
        if let Some((low, high)) = range.filter(|_| value.is_some()) {
            targets.iter_mut().for_each(|v| *v = v.clamp(low, high));
        }
        targets.iter_mut().zip(&self.known).for_each(|(v, k)| *v = k + self.value_share * *v);
        if let Some((_, values)) = &self.expected_price {
            targets.iter_mut().zip(values).for_each(|(y, price)| *y -= price);
        }
        let mut fit = match (self.dynamics.as_ref().filter(|_| self.control_variate), value) {
            (Some((dynamics, predicted)), Some(value)) => {
                let with_control_variate = || {
                    let explained = value.values(predicted);
                    let rest: Vec<f64> = targets.iter().zip(explained).map(|(y, v)| y - v).collect();
                    self.design.fit(&rest)
                };
                let (plain, mut remainder) = rayon::join(|| self.design.fit(&targets), with_control_variate);
                if self.design.expected_error(&remainder) < self.design.expected_error(&plain) {
                    remainder.function.add(&value.after(&dynamics.map, &dynamics.offset));
                    remainder
                } else {
                    plain
                }
            }
            _ => self.design.fit(&targets),
        };
        if let Some((part, _)) = &self.expected_price {
            fit.function.add(part);
        }
        let transposed = fit.function.hessian.transpose();
        fit.function.hessian = (&fit.function.hessian + transposed) * 0.5;
        if fit.function.is_finite() {
            Ok(fit)
        } else {
            Err(MotoError::Numerical { quantity: "Q-function", step: self.step })
        }
    }

    /// The step's linear dynamics for a forecast, if the forecast is on.
    pub fn noisy_dynamics(&self) -> Option<NoisyDynamics<'_>> {
        let (model, predicted) = self.dynamics.as_ref()?;
        let mut rests = self.next.clone();
        for k in 0..rests.dims() {
            rests.dim_mut(k).iter_mut().zip(predicted.dim(k)).for_each(|(x, p)| *x -= p);
        }
        let noise = products(&rests, &self.design.weights);
        Some(NoisyDynamics { model, noise: DMatrix::from_fn(rests.dims(), rests.dims(), |i, j| noise[(i, j)]) })
    }

    /// Number of inputs that the design left out.
    pub fn dropped(&self) -> usize {
        self.design.dropped()
    }

    fn last_rewards(&self, reward: &dyn Reward) -> Result<Vec<f64>, MotoError> {
        let mut state = vec![0.0; self.next.dims()];
        (0..self.next.samples())
            .map(|i| {
                state.iter_mut().enumerate().for_each(|(k, x)| *x = self.next.dim(k)[i]);
                finite(self.step + 1, reward.last(&state))
            })
            .collect()
    }
}
