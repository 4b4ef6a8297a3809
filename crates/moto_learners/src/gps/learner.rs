//! Guided policy search: one iteration per batch of rollouts.

use super::report::{GpsReport, GpsStepReport};
use super::step_size::{Prediction, adapted};
use super::{GpsConfig, GpsError, Mixture, NormalInverseWishart};
use crate::learner::{TOO_MANY, decode, encode, policy_of, unfit};
use crate::moto::ReturnSummary;
use crate::planning::{LinearDynamics, Model, constrained_update, spreads, transitions};
use crate::policy::{Policy, PolicyError, StoredLaw};
use crate::{Batch, Learner, LearnerError, Report, Reward};
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// GPS with its full state. A serialised copy continues elsewhere to the bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gps {
    config: GpsConfig,
    policy: Policy,
    iteration: usize,
    /// Present multiple of epsilon.
    step_size: f64,
    /// Prediction of the last update.
    prediction: Option<Prediction>,
    /// Transitions of the newest rollouts, oldest iteration first ((state + action + state) x
    /// (step, rollout)).
    #[serde(deserialize_with = "crate::policy::matrices::matrices")]
    history: Vec<DMatrix<f64>>,
}

impl Gps {
    /// A learner that starts from `initial`.
    ///
    /// # Errors
    /// The first configuration field or policy entry that is wrong.
    pub fn new(config: GpsConfig, initial: Policy) -> Result<Self, GpsError> {
        config.validate()?;
        initial.validate()?;
        Ok(Self { config, policy: initial, iteration: 0, step_size: 1.0, prediction: None, history: Vec::new() })
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
    pub fn config(&self) -> &GpsConfig {
        &self.config
    }

    /// One iteration from a batch of rollouts of [`Gps::policy`]. The caller leaves out rollouts
    /// that are not finite. The result does not depend on the number of threads.
    ///
    /// # Errors
    /// A batch of the wrong shape or with non-finite entries or rewards, or a model or update that
    /// cannot be computed. The learner is then unchanged.
    pub fn update(&mut self, batch: Batch, reward: &dyn Reward) -> Result<GpsReport, GpsError> {
        let started = Instant::now();
        let config = &self.config;
        let horizon = self.policy.horizon();
        batch.validate(horizon, self.policy.state_dim(), self.policy.action_dim())?;
        batch.check_whole()?;
        let returns = batch.returns(reward)?;
        let summary = ReturnSummary::new(&returns);
        let deviation = summary.variance.sqrt();
        let samples = transitions(&batch);
        let width = spreads(&samples);
        let history = self.extended_history(&samples, batch.rollouts());
        let priors = self.priors(&samples, &history, &width)?;
        let state_dim = self.policy.state_dim();
        let dynamics = |(step, samples): (usize, &DMatrix<f64>)| {
            LinearDynamics::fit(samples, state_dim, &priors[step]).ok_or(GpsError::Dynamics { step })
        };
        let dynamics: Result<Vec<_>, GpsError> = samples.par_iter().enumerate().map(dynamics).collect();
        let model = Model::new(&batch, &samples, dynamics?, reward, &width)?;

        let expected_return = model.expected_return(&self.policy);
        let step_size = match &self.prediction {
            Some(prediction) if config.step_size.enabled => {
                adapted(&config.step_size, self.step_size, prediction, expected_return)
            }
            _ => self.step_size,
        };
        let kl_bound = config.epsilon * step_size * horizon as f64;
        // The spread of the returns is the multiplier's natural unit.
        let start = if deviation > 0.0 { deviation } else { 1.0 };
        let update = constrained_update(&model, &self.policy, config.plan_ahead, kl_bound, start)?;
        update.policy.validate()?;
        let steps: Result<Vec<GpsStepReport>, GpsError> = (0..horizon)
            .map(|step| {
                let entropy = update.policy.steps[step].entropy().ok_or(PolicyError::NotPositiveDefinite { step })?;
                let dynamics_noise = model.dynamics[step].covariance.trace().max(0.0).sqrt();
                Ok(GpsStepReport { kl: update.kl[step], entropy, dynamics_noise })
            })
            .collect();
        let prediction = Prediction { before: expected_return, after: model.expected_return(&update.policy) };
        let report = GpsReport {
            iteration: self.iteration,
            rollouts: summary.rollouts,
            mean_return: summary.mean,
            max_return: returns.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            min_return: returns.iter().copied().fold(f64::INFINITY, f64::min),
            return_error: deviation / (summary.rollouts as f64).sqrt(),
            expected_return,
            predicted_return: prediction.after,
            expected_improvement: self.prediction.map(|p| p.after - p.before),
            actual_improvement: self.prediction.map(|p| expected_return - p.before),
            step_size,
            kl_bound,
            kl: update.kl.iter().sum(),
            eta: update.eta,
            steps: steps?,
            seconds: started.elapsed().as_secs_f64(),
        };
        self.policy = update.policy;
        (self.step_size, self.prediction, self.history) = (step_size, Some(prediction), history);
        self.iteration += 1;
        Ok(report)
    }

    /// Checks that a learner that was read back is consistent. A learner that passes can be updated
    /// without a panic.
    fn validate(&self) -> Result<(), LearnerError> {
        self.config.validate()?;
        self.policy.validate()?;
        let rows = 2 * self.policy.state_dim() + self.policy.action_dim();
        let transitions = |history: &DMatrix<f64>| history.nrows() == rows && history.iter().all(|x| x.is_finite());
        let sound = [
            ("its number of iterations", self.iteration < TOO_MANY),
            ("its step size", self.step_size.is_finite() && self.step_size > 0.),
            ("its transitions", self.history.iter().all(transitions)),
        ];
        sound.into_iter().find(|(_, holds)| !holds).map_or(Ok(()), |(what, _)| Err(unfit(what)))
    }

    /// Transitions of the newest rollouts, `rollouts` included; empty without a mixture.
    fn extended_history(&self, samples: &[DMatrix<f64>], rollouts: usize) -> Vec<DMatrix<f64>> {
        let Some(mixture) = &self.config.mixture else { return Vec::new() };
        let horizon = samples.len();
        let newest = rollouts.min(mixture.rollouts);
        let columns = samples.iter().flat_map(|step| (rollouts - newest..rollouts).map(|i| step.column(i)));
        let mut history = self.history.clone();
        history.push(DMatrix::from_columns(&columns.collect::<Vec<_>>()));
        let kept = |history: &[DMatrix<f64>]| history.iter().map(|h| h.ncols() / horizon).sum::<usize>();
        while history.len() > 1 && kept(&history) > mixture.rollouts {
            history.remove(0);
        }
        history
    }

    /// The prior of the dynamics at each step (horizon); `width` is each dimension's standard
    /// deviation over all steps.
    fn priors(
        &self,
        samples: &[DMatrix<f64>],
        history: &[DMatrix<f64>],
        width: &DVector<f64>,
    ) -> Result<Vec<NormalInverseWishart>, GpsError> {
        let diagonal = |fraction: f64| width.map(|w| w * w * fraction);
        let Some(config) = &self.config.mixture else {
            let scatter = DMatrix::from_diagonal(&diagonal(self.config.diagonal));
            let weak = |samples: &DMatrix<f64>| {
                let (mean, scatter) = (samples.column_mean(), scatter.clone());
                NormalInverseWishart { mean, scatter, mean_count: 0.0, scatter_count: 0.0 }
            };
            return Ok(samples.iter().map(weak).collect());
        };
        let columns: Vec<_> = history.iter().flat_map(DMatrix::column_iter).collect();
        let points = DMatrix::from_columns(&columns);
        let mixture = Mixture::fit(&points, config, &diagonal(config.diagonal), self.iteration as u64);
        let mixture = mixture.ok_or(GpsError::Mixture)?;
        let prior = |samples: &DMatrix<f64>| mixture.prior(samples, config.strength).ok_or(GpsError::Mixture);
        samples.par_iter().map(prior).collect()
    }
}

impl Learner for Gps {
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

    fn start_from(&mut self, law: &StoredLaw) -> Result<(), LearnerError> {
        *self = Self::new(self.config.clone(), policy_of(law)?.clone())?;
        Ok(())
    }

    fn boxed_clone(&self) -> Box<dyn Learner> {
        Box::new(self.clone())
    }
}
