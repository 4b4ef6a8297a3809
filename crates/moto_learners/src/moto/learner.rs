//! The learner: one iteration of MOTO per batch of rollouts.

mod backward;
mod stored;
mod warm_start;

use super::forecast::{self, Forecast, Forecaster};
use super::guard::{Guard, ReturnSummary};
use super::importance::{NewSums, weigh};
use super::plan::Planner;
use super::report::{IterationReport, StageSeconds, StageTimer, StepReport};
use super::spare::Spare;
use super::states::state_distributions;
use super::step_fit::{Choice, Fitting, StepFit};
use super::store::{Origin, Stored};
use super::theory::{LastUpdate, expected_advantage};
use super::trust_region::multipliers;
use super::update::StepUpdate;
use super::vector_outcomes::Errors;
use super::{MotoConfig, MotoError, Outcomes, Quadratic, Reuse, StateDistribution, StateScales};
use crate::batch::Earnings;
use crate::learner::{decode, encode, policy_of};
use crate::policy::{LinearGaussian, Policy, StoredLaw};
use crate::{Adopted, Learner, LearnerError, Report};
use crate::{Batch, Reward, Verdict};
use backward::Backward;
use nalgebra::DVector;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::any::Any;

/// MOTO with its full state. A serialised copy continues elsewhere to the bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moto {
    config: MotoConfig,
    scales: StateScales,
    initial: Policy,
    policy: Policy,
    iteration: usize,
    /// Stored iterations, oldest first. The next update starts from the last entry, unless the
    /// guard accepts a newer batch.
    store: Vec<Stored>,
    guard: Guard,
    last: Option<LastUpdate>,
    /// What cross-validation last chose (horizon); empty before the first update.
    choices: Vec<Choice>,
}

/// A candidate update.
struct Update {
    policy: Policy,
    /// Eta and omega of each step (horizon).
    multipliers: Vec<(f64, f64)>,
}

impl Moto {
    /// A learner that starts from `initial`. `scales` are absolute physical scales of the state
    /// dimensions (state).
    ///
    /// # Errors
    /// The first configuration field, scale or policy entry that is wrong.
    pub fn new(config: MotoConfig, initial: Policy, scales: StateScales) -> Result<Self, MotoError> {
        config.validate()?;
        initial.validate()?;
        scales.validate(initial.state_dim())?;
        let (policy, guard) = (initial.clone(), Guard::new());
        Ok(Self {
            config,
            scales,
            initial,
            policy,
            iteration: 0,
            store: Vec::new(),
            guard,
            last: None,
            choices: Vec::new(),
        })
    }

    /// The policy to roll out next.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Number of updates so far.
    pub fn iteration(&self) -> usize {
        self.iteration
    }

    /// The configuration.
    pub fn config(&self) -> &MotoConfig {
        &self.config
    }

    /// One iteration from a batch of rollouts of [`Moto::policy`]. The caller leaves out rollouts
    /// that are not finite. The result does not depend on the number of threads.
    ///
    /// # Errors
    /// A batch that has the wrong shape, has one rollout while the guard is on, or has non-finite
    /// entries or rewards; or a fit that cannot be computed. The learner is then unchanged.
    pub fn update(&mut self, batch: Batch, reward: &dyn Reward) -> Result<IterationReport, MotoError> {
        let mut timer = StageTimer::start();
        let mut seconds = StageSeconds::default();
        let config = &self.config;
        let horizon = self.policy.horizon();
        batch.validate(horizon, self.policy.state_dim(), self.policy.action_dim())?;
        config.check_rollouts(batch.rollouts())?;
        let earnings = Earnings::new(&batch, reward)?;
        let returns = earnings.returns();
        let summary = ReturnSummary::new(&returns);
        let (verdict, mut guard) = self.guard.judge(&config.guard, &summary);
        let incoming = self.intake(batch, earnings);
        let states = &incoming.origin()?.states;
        let outcome =
            self.last.as_ref().map_or_else(Vec::new, |last| last.outcome(&self.policy, &incoming.batch, states));

        let oldest = (self.store.len() + 1).saturating_sub(config.kept_iterations());
        let mut entries: Vec<&Stored> = self.store.iter().collect();
        if verdict == Verdict::RolledBack {
            entries.insert(entries.len() - 1, &incoming);
        } else {
            entries.push(&incoming);
        }
        entries.drain(..oldest);
        seconds.intake = timer.lap();
        let (weighted, sums) = weigh(&entries, config)?;
        seconds.weights = timer.lap();
        let errors = match config.outcomes {
            // A transition of another step has other steps before its error.
            Outcomes::Vector if config.reuse != Reuse::TimeAndIterations => Errors::find(reward.errors(), &entries),
            _ => Vec::new(),
        };
        let spare = Spare::default();
        let scales = &self.scales;
        let fitting = Fitting { entries: &entries, reward, errors: &errors, config, scales, spare: &spare };
        // Steps take turns in choosing anew.
        let is_turn = |t: usize| (self.iteration + t).is_multiple_of(config.ridge_period);
        let kept =
            |t, weighted| self.choices.get(t).filter(|choice| !is_turn(t) && choice.holds_for(weighted)).copied();
        let prepare = |t: usize| {
            let weighted = weighted[t].as_ref();
            weighted.map(|weighted| StepFit::new(t, weighted, &fitting, kept(t, weighted))).transpose()
        };
        let newest = entries[entries.len() - 1];
        let current = newest.origin()?;
        let range = config.clip_values.then(|| value_range(&entries));
        let backward = Backward::pass(&current.policy, &fitting, range, prepare)?;
        let Backward { q, value, mut reports, choices, fits } = backward;
        seconds.fits = timer.lap();
        let epsilon = config.epsilon * guard.scale;
        let (policy, epsilon) = self.improve(newest, &q, epsilon, &fits, &fitting, &mut reports)?;
        seconds.update = timer.lap();

        let mean = |of: &dyn Fn(&StepReport) -> f64| reports.iter().map(of).sum::<f64>() / horizon as f64;
        let predicted_improvement = mean(&|r| r.expected_advantage) * horizon as f64;
        let before = self.guard.accepted.last();
        let report = IterationReport {
            iteration: self.iteration,
            rollouts: summary.rollouts,
            mean_return: summary.mean,
            max_return: returns.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            min_return: returns.iter().copied().fold(f64::INFINITY, f64::min),
            return_error: summary.error(),
            measured_improvement: before.map(|base| summary.mean - base.mean),
            expected_improvement: before.map(|_| self.guard.predicted),
            predicted_improvement,
            verdict,
            epsilon,
            beta0: config.beta0,
            mean_kl: mean(&|r| r.kl),
            mean_effective_samples: mean(&|r| r.effective_samples),
            steps: reports,
            last_update: outcome,
            seconds,
        };
        guard.predicted = predicted_improvement;
        self.last = Some(LastUpdate { old: current.policy.clone(), states: current.states.clone(), q, value });
        self.keep(incoming, verdict, sums);
        self.guard = guard;
        self.choices = choices;
        self.policy = policy;
        self.iteration += 1;
        Ok(report)
    }

    /// Makes a store entry from a batch of the current policy, with the state distributions of a
    /// newest entry.
    fn intake(&self, batch: Batch, earnings: Earnings) -> Stored {
        let diagonal = self.scales.diagonal(self.config.state_diagonal);
        let oldest = (self.store.len() + 1).saturating_sub(self.config.kept_iterations());
        let older = self.store[oldest.min(self.store.len())..].iter().map(|stored| &stored.batch);
        let batches: Vec<&Batch> = older.chain([&batch]).collect();
        let MotoConfig { sample_decay, first_states, .. } = self.config;
        let states = state_distributions(&batches, sample_decay, first_states, &diagonal);
        let origin = Some(Origin { policy: self.policy.clone(), states });
        Stored { id: self.iteration as u64, batch, origin, earnings, log_sums: Vec::new() }
    }

    /// Solves the constrained updates and completes the steps' reports. With a forecast, the best of
    /// several step sizes, and of plans, is taken; the smallest step if one without transitions leaves no
    /// forecast. Also returns the epsilon of the update.
    fn improve(
        &self,
        newest: &Stored,
        q: &[Quadratic],
        epsilon: f64,
        fits: &[Option<StepFit>],
        fitting: &Fitting<'_>,
        reports: &mut [StepReport],
    ) -> Result<(Policy, f64), MotoError> {
        let Fitting { entries, reward, config, .. } = *fitting;
        let (current, batch) = (newest.origin()?, &newest.batch);
        let beta0 = config.beta0.unwrap_or(f64::INFINITY);
        let laws = &current.policy.steps;
        let steps: Result<Vec<StepUpdate>, MotoError> =
            (0..laws.len()).map(|t| StepUpdate::new(&laws[t], &q[t], &current.states[t], beta0, t)).collect();
        let steps = steps?;
        let (update, epsilon) = match config.forecast.factors.as_slice() {
            [] => (self.update_within(&steps, epsilon)?, epsilon),
            [factor, ..] if fits.iter().any(|fit| fit.as_ref().is_none_or(|fit| fit.dynamics.is_none())) => {
                (self.update_within(&steps, factor * epsilon)?, factor * epsilon)
            }
            factors => {
                let forecaster = self.forecaster(current, q, fits, entries)?;
                let candidates: Result<Vec<Update>, MotoError> =
                    factors.par_iter().map(|factor| self.update_within(&steps, factor * epsilon)).collect();
                let mut candidates = candidates?;
                let mut factors = factors.to_vec();
                // A plan needs the states of whole rollouts.
                let plans = !config.forecast.planned.is_empty() && batch.check_whole().is_ok();
                if let Some(planner) = plans.then(|| Planner::new(&forecaster, batch, reward, beta0)).flatten() {
                    for &factor in &config.forecast.planned {
                        if let Some(Policy { steps }) = planner.plan(factor * epsilon) {
                            candidates.push(self.update_to(steps.into_iter().map(|law| (law, (0.0, 0.0))))?);
                            factors.push(factor);
                        }
                    }
                }
                let forecasts: Vec<Forecast> =
                    candidates.iter().map(|update| forecaster.forecast(&update.policy)).collect();
                let best = forecast::best(&config.forecast, &forecasts);
                (candidates.swap_remove(best), factors[best] * epsilon)
            }
        };
        for (t, report) in reports.iter_mut().enumerate() {
            let (old, law, states) = (&laws[t], &update.policy.steps[t], &current.states[t]);
            let numerical = |quantity| MotoError::Numerical { quantity, step: t };
            let entropy = old.entropy().ok_or(numerical("covariance's factor"))?;
            (report.eta, report.omega) = update.multipliers[t];
            report.entropy = law.entropy().ok_or(numerical("updated covariance"))?;
            report.entropy_reduction = entropy - report.entropy;
            let kl = law.expected_kl(old, &states.mean, &states.covariance);
            report.kl = kl.ok_or(numerical("KL of the update"))?;
            report.expected_advantage = expected_advantage(&q[t], old, law, states);
        }
        Ok((update.policy, epsilon))
    }

    /// The update within a bound on the KL.
    fn update_within(&self, steps: &[StepUpdate], epsilon: f64) -> Result<Update, MotoError> {
        let etas = multipliers(self.config.trust_region, steps, epsilon, self.config.step_cap);
        self.update_to(steps.iter().zip(etas).map(|(step, eta)| {
            let (law, omega) = step.apply(eta);
            (law, (eta, omega))
        }))
    }

    /// The update to these laws, with the multipliers of each step. A plan has none, they are 0. The
    /// covariances get their floor.
    fn update_to(&self, laws: impl Iterator<Item = (LinearGaussian, (f64, f64))>) -> Result<Update, MotoError> {
        let mut update = Update { policy: Policy { steps: Vec::new() }, multipliers: Vec::new() };
        for (t, (law, multipliers)) in laws.enumerate() {
            update.policy.steps.push(floored(law, &self.initial.steps[t], self.config.covariance_floor, t)?);
            update.multipliers.push(multipliers);
        }
        update.policy.validate()?;
        Ok(update)
    }

    /// What a forecast needs. The first states do not depend on a policy, so all stored ones count.
    fn forecaster<'a>(
        &self,
        current: &'a Origin,
        q: &'a [Quadratic],
        fits: &'a [Option<StepFit>],
        entries: &[&Stored],
    ) -> Result<Forecaster<'a>, MotoError> {
        let firsts: Vec<_> = entries.iter().map(|stored| (&stored.batch.states[0], 1.0)).collect();
        let dynamics: Option<Vec<_>> = fits.iter().map(|fit| fit.as_ref()?.linear_dynamics()).collect();
        let diagonal = self.scales.diagonal(self.config.state_diagonal);
        Ok(Forecaster {
            old: &current.policy,
            states: &current.states,
            q,
            dynamics: dynamics.ok_or(MotoError::Numerical { quantity: "linear dynamics", step: 0 })?,
            start: StateDistribution::fit(&firsts, &vec![0.0; diagonal.len()]),
            diagonal: DVector::from_vec(diagonal),
        })
    }

    /// Keeps the origins that updates still need.
    fn forget_origins(&mut self) {
        if !self.config.reuse.weighs_by_density()
            && let Some((_, older)) = self.store.split_last_mut()
        {
            older.iter_mut().for_each(|stored| stored.origin = None);
        }
    }

    /// Puts a batch with the new density sums into the store. After a rollback the batch is not the
    /// newest entry.
    fn keep(&mut self, incoming: Stored, verdict: Verdict, sums: NewSums) {
        if verdict == Verdict::RolledBack {
            self.store.insert(self.store.len() - 1, incoming);
        } else {
            self.store.push(incoming);
        }
        let oldest = self.store.len().saturating_sub(self.config.kept_iterations());
        self.store.drain(..oldest);
        self.forget_origins();
        let ids: Vec<u64> = self.store.iter().map(|e| e.id).collect();
        for (stored, new) in self.store.iter_mut().zip(sums) {
            stored.log_sums.retain(|(id, _)| ids.contains(id));
            stored.log_sums.extend(new);
        }
    }
}

/// Range of the next-state values: 1.5 times the stored batches' smallest 10th and largest 90th
/// percentile of the reward to come at any step, zero included. For cost-like rewards the range is
/// 1.5 times the 10th percentile of the returns .. 0.
fn value_range(entries: &[&Stored]) -> (f64, f64) {
    let low = entries.iter().map(|e| e.earnings.low).fold(f64::INFINITY, f64::min);
    let high = entries.iter().map(|e| e.earnings.high).fold(f64::NEG_INFINITY, f64::max);
    ((1.5 * low).min(0.0), (1.5 * high).max(0.0))
}

/// Lifts the covariance to at least `floor` times the initial one.
///
/// The lift cannot break a constraint. The old covariance is above the floor too, so lifting a
/// direction that fell below the floor moves that direction towards the old covariance (the KL's
/// derivative there is `1/2 (Sigma_old^-1 - Sigma^-1) <= 0`) and adds entropy.
fn floored(
    mut law: LinearGaussian,
    initial: &LinearGaussian,
    floor: f64,
    step: usize,
) -> Result<LinearGaussian, MotoError> {
    let numerical = MotoError::Numerical { quantity: "updated covariance", step };
    let factor = initial.covariance.clone().cholesky().ok_or_else(|| numerical.clone())?.unpack();
    let half = factor.solve_lower_triangular(&law.covariance).ok_or_else(|| numerical.clone())?;
    let relative = factor.solve_lower_triangular(&half.transpose()).ok_or_else(|| numerical.clone())?;
    if !relative.iter().all(|x| x.is_finite()) {
        return Err(numerical);
    }
    let mut eigen = ((&relative + relative.transpose()) * 0.5).symmetric_eigen();
    if eigen.eigenvalues.min() < floor {
        eigen.eigenvalues.iter_mut().for_each(|x| *x = x.max(floor));
        let lifted = &factor * eigen.recompose() * factor.transpose();
        law.covariance = (&lifted + lifted.transpose()) * 0.5;
    }
    Ok(law)
}

impl Learner for Moto {
    fn law(&self) -> StoredLaw {
        StoredLaw::Policy(self.policy.clone())
    }

    fn iteration(&self) -> usize {
        self.iteration
    }

    fn learn(&mut self, batch: Batch, reward: &dyn Reward) -> Result<Report, LearnerError> {
        Ok(self.update(batch, reward)?.into())
    }

    fn save(&self) -> Result<Vec<u8>, LearnerError> {
        encode(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), LearnerError> {
        let read: Self = decode(state)?;
        read.validate()?;
        *self = read;
        Ok(())
    }

    fn check_rollouts(&self, rollouts: usize) -> Result<(), LearnerError> {
        Ok(self.config.check_rollouts(rollouts)?)
    }

    fn takes_broken_off(&self) -> bool {
        true
    }

    fn start_from(&mut self, law: &StoredLaw) -> Result<(), LearnerError> {
        let policy = policy_of(law)?.clone();
        *self = Self::new(self.config.clone(), policy, self.scales.clone())?;
        Ok(())
    }

    fn adopt(&mut self, other: &dyn Learner) -> Result<Adopted, LearnerError> {
        let other = (other as &dyn Any).downcast_ref::<Self>().ok_or(LearnerError::NoTransitions)?;
        Ok(self.take_over(other))
    }

    fn boxed_clone(&self) -> Box<dyn Learner> {
        Box::new(self.clone())
    }
}
