//! The learner: one iteration of MOTO per batch of rollouts.

mod stored;
mod warm_start;

use super::guard::{Guard, ReturnSummary};
use super::importance::{NewSums, weigh};
use super::report::{IterationReport, StageSeconds, StageTimer, StepReport};
use super::step_fit::StepFit;
use super::store::Stored;
use super::theory::{LastUpdate, expected_advantage};
use super::trust_region::multipliers;
use super::update::StepUpdate;
use super::{MotoConfig, MotoError, Quadratic, StateDistribution, StateScales, value};
use crate::batch::Earnings;
use crate::learner::{decode, encode, policy_of};
use crate::policy::{LinearGaussian, Policy, StoredLaw};
use crate::{Adopted, Learner, LearnerError, Report};
use crate::{Batch, Reward, Verdict};
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
}

/// The Q- and value functions of a backward pass (horizon).
struct Backward {
    q: Vec<Quadratic>,
    value: Vec<Quadratic>,
    reports: Vec<StepReport>,
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
        Ok(Self { config, scales, initial, policy, iteration: 0, store: Vec::new(), guard, last: None })
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
        let outcome = self
            .last
            .as_ref()
            .map_or_else(Vec::new, |last| last.outcome(&self.policy, &incoming.batch, &incoming.states));

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
        let fits: Result<Vec<StepFit>, MotoError> = weighted
            .par_iter()
            .enumerate()
            .with_max_len(1)
            .map(|(t, weighted)| StepFit::new(t, weighted, &entries, reward, config, &self.scales))
            .collect();
        let fits = fits?;
        seconds.designs = timer.lap();
        let current = entries[entries.len() - 1];
        let Backward { q, value, mut reports } = self.backward(&fits, &entries, reward)?;
        seconds.backward = timer.lap();
        let epsilon = config.epsilon * guard.scale;
        let policy = self.improve(current, &q, epsilon, &mut reports)?;
        seconds.update = timer.lap();

        let mean = |of: &dyn Fn(&StepReport) -> f64| reports.iter().map(of).sum::<f64>() / horizon as f64;
        let predicted_improvement = mean(&|r| r.expected_advantage) * horizon as f64;
        let before = self.guard.expectation;
        let report = IterationReport {
            iteration: self.iteration,
            rollouts: summary.rollouts,
            mean_return: summary.mean,
            max_return: returns.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            min_return: returns.iter().copied().fold(f64::INFINITY, f64::min),
            return_error: summary.error(),
            measured_improvement: before.map(|(base, _)| summary.mean - base.mean),
            expected_improvement: before.map(|(_, predicted)| predicted),
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
        let base = match (verdict, before) {
            (Verdict::RolledBack, Some((base, _))) => base,
            _ => summary,
        };
        guard.expectation = Some((base, predicted_improvement));
        self.last = Some(LastUpdate { old: current.policy.clone(), states: current.states.clone(), q, value });
        self.keep(incoming, verdict, sums);
        self.guard = guard;
        self.policy = policy;
        self.iteration += 1;
        Ok(report)
    }

    /// Makes a store entry from a batch of the current policy, with the state distributions of a
    /// newest entry.
    fn intake(&self, batch: Batch, earnings: Earnings) -> Stored {
        let diagonal = self.scales.diagonal(self.config.state_diagonal);
        let oldest = (self.store.len() + 1).saturating_sub(self.config.kept_iterations());
        let older = &self.store[oldest.min(self.store.len())..];
        let states = (0..self.policy.horizon())
            .into_par_iter()
            .map(|t| {
                let ages = (0..=older.len()).rev().map(|age| self.config.sample_decay.powf(age as f64));
                let samples = older.iter().map(|e| &e.batch.states[t]).chain([&batch.states[t]]);
                StateDistribution::fit(&samples.zip(ages).collect::<Vec<_>>(), &diagonal)
            })
            .collect();
        let (id, policy) = (self.iteration as u64, self.policy.clone());
        Stored { id, batch, policy, states, earnings, log_sums: Vec::new() }
    }

    /// Fits Q and backs up the value, last step first.
    fn backward(&self, fits: &[StepFit], entries: &[&Stored], reward: &dyn Reward) -> Result<Backward, MotoError> {
        let policy = &entries[entries.len() - 1].policy;
        let range = self.config.clip_values.then(|| value_range(entries));
        let (mut q, mut value, mut reports) = (Vec::new(), Vec::<Quadratic>::new(), Vec::new());
        for (fit, law) in fits.iter().zip(&policy.steps).rev() {
            let fitted = fit.fit(value.last(), reward, range)?;
            reports.push(StepReport {
                eta: 0.0,
                omega: 0.0,
                kl: 0.0,
                entropy: 0.0,
                entropy_reduction: 0.0,
                expected_advantage: 0.0,
                transitions: fit.transitions,
                effective_samples: fit.effective,
                dropped: fit.dropped(),
                ridge: fitted.candidate.ridge,
                degrees_of_freedom: fitted.candidate.degrees_of_freedom,
                residual: fitted.residual,
            });
            value.push(value::backup(&fitted.function, law));
            q.push(fitted.function);
        }
        q.reverse();
        value.reverse();
        reports.reverse();
        Ok(Backward { q, value, reports })
    }

    /// Solves the constrained updates and completes the steps' reports.
    fn improve(
        &self,
        current: &Stored,
        q: &[Quadratic],
        epsilon: f64,
        reports: &mut [StepReport],
    ) -> Result<Policy, MotoError> {
        let config = &self.config;
        let beta0 = config.beta0.unwrap_or(f64::INFINITY);
        let laws = &current.policy.steps;
        let steps: Result<Vec<StepUpdate>, MotoError> =
            (0..laws.len()).map(|t| StepUpdate::new(&laws[t], &q[t], &current.states[t], beta0, t)).collect();
        let steps = steps?;
        let etas = multipliers(config.trust_region, &steps, epsilon, config.step_cap);
        let mut policy = Policy { steps: Vec::with_capacity(laws.len()) };
        for (t, report) in reports.iter_mut().enumerate() {
            let (law, omega) = steps[t].apply(etas[t]);
            let law = floored(law, &self.initial.steps[t], config.covariance_floor, t)?;
            let numerical = |quantity| MotoError::Numerical { quantity, step: t };
            let states = &current.states[t];
            let old = laws[t].entropy().ok_or(numerical("covariance's factor"))?;
            (report.eta, report.omega) = (etas[t], omega);
            report.entropy = law.entropy().ok_or(numerical("updated covariance"))?;
            report.entropy_reduction = old - report.entropy;
            let kl = law.expected_kl(&laws[t], &states.mean, &states.covariance);
            report.kl = kl.ok_or(numerical("KL of the update"))?;
            report.expected_advantage = expected_advantage(&q[t], &laws[t], &law, states);
            policy.steps.push(law);
        }
        policy.validate()?;
        Ok(policy)
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
