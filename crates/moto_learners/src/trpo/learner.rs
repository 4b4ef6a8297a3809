//! TRPO: one natural-gradient step and one fit of the value function per batch of rollouts.

use super::advantage::{advantages, standardise};
use super::config::{PolicyForm, TrpoConfig, ValueForm};
use super::frame::Frame;
use super::statistics::Statistics;
use super::value::{NeuralValue, backward_regression, random, value_at};
use super::{Gaussian, Mean, initial};
use crate::batch::{Earnings, column};
use crate::learner::{TOO_MANY, decode, encode, policy_of, unfit};
use crate::moto::ReturnSummary;
use crate::policy::{InputScales, Layers, NeuralPolicy, Policy, StoredLaw};
use crate::quadratic::Quadratic;
use crate::{Batch, Learner, LearnerError, Report, Reward, Start};
use moto_settings::{Joints, check};
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Length of the last layer's first weights: the first policy is nearly the task's.
const FIRST_OUTPUT: f64 = 0.01;

/// The value function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Value {
    Neural(NeuralValue),
    /// A quadratic per step; none before the first fit.
    Quadratic(Vec<Quadratic>),
}

/// What an update changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct State {
    iteration: usize,
    /// Parameters of the policy.
    parameters: Vec<f64>,
    /// Scales of the inputs that the next rollouts are made with.
    scales: InputScales,
    /// Statistics of all inputs seen: state and time.
    statistics: Statistics,
    value: Value,
}

/// TRPO with its full state. A saved copy continues elsewhere to the bit.
#[derive(Clone, Debug)]
pub struct Trpo {
    config: TrpoConfig,
    frame: Frame,
    policy: Gaussian,
    state_scales: Vec<f64>,
    seed: u64,
    state: State,
}

impl Trpo {
    /// A learner that starts from the task's first policy.
    ///
    /// # Errors
    /// A setting or a first policy that is refused.
    pub fn new(config: TrpoConfig, start: &Start) -> Result<Self, LearnerError> {
        check(&config, Joints::Unknown)?;
        crate::LearnerSettings::check(&config)?;
        let frame = Frame::new(start.policy.clone())?;
        let (horizon, states, outputs) = (start.policy.horizon(), start.policy.state_dim(), start.policy.action_dim());
        let mut random = random(start.seed, 0);
        let inputs = states + 1;
        let (mean, mut parameters) = match config.policy {
            PolicyForm::Neural => {
                let layers = Layers { inputs, hidden: config.hidden, outputs };
                (Mean::Neural(layers), initial::weights(&layers, FIRST_OUTPUT, &mut random))
            }
            PolicyForm::LinearGaussian => {
                let mean = Mean::Linear { horizon, inputs: states, outputs };
                (mean, vec![0.; mean.parameters()])
            }
        };
        let policy = Gaussian { mean };
        parameters.resize(policy.parameters(), 0.);
        let value = match config.value {
            ValueForm::Neural => Value::Neural(NeuralValue::new(inputs, config.hidden, &mut random)),
            ValueForm::Quadratic => Value::Quadratic(Vec::new()),
        };
        // Before any rollout a state's scale is the task's, and the time is uniform on 0 to 1.
        let mut scales = InputScales { mean: vec![0.; states], deviation: start.state_scales.clone() };
        scales.mean.push(0.5);
        scales.deviation.push(12f64.sqrt().recip());
        let state = State { iteration: 0, parameters, scales, statistics: Statistics::new(inputs), value };
        let (state_scales, seed) = (start.state_scales.clone(), start.seed);
        let learner = Self { config, frame, policy, state_scales, seed, state };
        learner.law().compile()?;
        Ok(learner)
    }

    fn horizon(&self) -> usize {
        self.frame.base().horizon()
    }

    /// Inputs of a network: state and time by their scales.
    fn network_inputs(&self, scales: &InputScales, t: usize, state: &[f64]) -> Vec<f64> {
        let mut inputs = vec![0.; state.len() + 1];
        scales.write(state, t, self.horizon(), &mut inputs);
        inputs
    }

    /// Inputs of the policy. A linear law takes the state by the task's scales.
    fn policy_inputs(&self, t: usize, state: &[f64]) -> Vec<f64> {
        match self.policy.mean {
            Mean::Neural(_) => self.network_inputs(&self.state.scales, t, state),
            Mean::Linear { .. } => state.iter().zip(&self.state_scales).map(|(x, scale)| x / scale).collect(),
        }
    }

    fn value(&self, t: usize, state: &[f64]) -> f64 {
        match &self.state.value {
            Value::Neural(value) => value.value(&self.network_inputs(&self.state.scales, t, state)),
            Value::Quadratic(values) => values.get(t).map_or(0., |value| value_at(value, state)),
        }
    }

    /// Values of the states before the end (T x rollout).
    fn values(&self, batch: &Batch) -> DMatrix<f64> {
        DMatrix::from_fn(self.horizon(), batch.rollouts(), |t, i| self.value(t, column(&batch.states[t], i)))
    }

    /// The value function after a batch, with `scales` of the inputs. `targets` is by rollouts.
    fn fitted(&self, batch: &Batch, rewards: &DMatrix<f64>, targets: &[f64], scales: &InputScales) -> Value {
        match &self.state.value {
            Value::Quadratic(_) => Value::Quadratic(backward_regression(&batch.states, rewards, self.config.discount)),
            Value::Neural(value) => {
                let inputs = |t: usize, state: &[f64]| self.network_inputs(scales, t, state);
                let samples = self.frame.samples(batch, inputs);
                let mut value = value.clone();
                let mut random = random(self.seed, self.state.iteration as u64 + 1);
                value.fit(&samples.inputs, targets, self.config.descent(), &mut random);
                Value::Neural(value)
            }
        }
    }

    /// Entropy of the exploration, nats: the mean over the steps.
    fn entropy(&self, parameters: &[f64]) -> f64 {
        let log_deviations = &parameters[self.policy.mean.parameters()..];
        let spread = log_deviations.iter().sum::<f64>() / self.policy.mean.groups() as f64;
        let unit = 0.5 * (2. * std::f64::consts::PI * std::f64::consts::E).ln();
        unit * self.policy.mean.outputs() as f64 + spread + self.frame.log_determinant()
    }

    /// Whether a state that was read back fits this learner.
    fn is_sound(&self, state: &State) -> bool {
        let inputs = self.frame.base().state_dim() + 1;
        let value = match (&state.value, self.config.value) {
            (Value::Neural(value), ValueForm::Neural) => value.is_sound(inputs, self.config.hidden),
            (Value::Quadratic(values), ValueForm::Quadratic) => {
                let shape = |value: &Quadratic| (value.hessian.shape(), value.gradient.len());
                let fits =
                    |value: &Quadratic| shape(value) == ((inputs - 1, inputs - 1), inputs - 1) && value.is_finite();
                (values.is_empty() || values.len() == self.horizon()) && values.iter().all(fits)
            }
            _ => false,
        };
        value
            && state.iteration < TOO_MANY
            && state.parameters.len() == self.policy.parameters()
            && state.parameters.iter().all(|x| x.is_finite())
            && state.statistics.is_sound(inputs)
            && state.scales.fits(inputs)
    }
}

impl Learner for Trpo {
    fn law(&self) -> StoredLaw {
        self.frame.law(&self.policy, &self.state.parameters, &self.state.scales, &self.state_scales)
    }

    fn iteration(&self) -> usize {
        self.state.iteration
    }

    fn learn(&mut self, batch: Batch, reward: &dyn Reward) -> Result<Report, LearnerError> {
        let begin = Instant::now();
        let Policy { steps } = self.frame.base();
        batch.validate(steps.len(), self.state_scales.len(), self.policy.mean.outputs())?;
        batch.check_whole()?;
        let earnings = Earnings::new(&batch, reward)?;
        let summary = ReturnSummary::new(&earnings.returns());
        let rewards = earnings.rewards();
        let values = self.values(&batch);
        let (mut gains, mut targets) = (Vec::new(), Vec::new());
        for (values, rewards) in values.column_iter().zip(rewards.column_iter()) {
            // After the end nothing is earned: the final state's reward is in the last step's.
            let values: Vec<f64> = values.iter().copied().chain([0.]).collect();
            let rewards: Vec<f64> = rewards.iter().copied().collect();
            let advantages = advantages(&rewards, &values, self.config.discount, self.config.lambda);
            targets.extend(advantages.iter().zip(&values).map(|(advantage, value)| advantage + value));
            gains.extend(advantages);
        }
        standardise(&mut gains);
        let samples = self.frame.samples(&batch, |t, state| self.policy_inputs(t, state));
        let accepted = self.config.step().take(&self.policy, &self.state.parameters, &samples, &gains);
        let mut statistics = self.state.statistics.clone();
        for i in 0..batch.rollouts() {
            for t in 0..self.horizon() {
                let time = t as f64 / self.horizon() as f64;
                statistics.add(column(&batch.states[t], i).iter().copied().chain([time]));
            }
        }
        let scales = statistics.scales();
        let value = self.fitted(&batch, &rewards, &targets, &scales);
        let (kl, remark) = match &accepted {
            Some(step) => (step.kl, format!("step 1/{}", 1u64 << step.halvings)),
            None => (0., "no_step".into()),
        };
        let parameters = accepted.map_or_else(|| self.state.parameters.clone(), |step| step.parameters);
        let iteration = self.state.iteration + 1;
        let state = State { iteration, parameters, scales, statistics, value };
        if !self.is_sound(&state) {
            return Err(LearnerError::NonFinite);
        }
        let report = Report {
            iteration: self.state.iteration,
            rollouts: summary.rollouts,
            mean_return: summary.mean,
            return_error: summary.error(),
            epsilon: Some(self.config.max_kl),
            kl: Some(kl),
            entropy: Some(self.entropy(&state.parameters)),
            remark: Some(remark),
            seconds: [("update".into(), begin.elapsed().as_secs_f64())].into(),
            ..Report::default()
        };
        self.state = state;
        Ok(report)
    }

    fn save(&self) -> Result<Vec<u8>, LearnerError> {
        encode(&(self.frame.base(), &self.state))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), LearnerError> {
        let (base, state): (Policy, State) = decode(state)?;
        let shape = |policy: &Policy| (policy.horizon(), policy.state_dim(), policy.action_dim());
        if shape(&base) != shape(self.frame.base()) {
            return Err(unfit("the first policy"));
        }
        let read = Self { frame: Frame::new(base)?, ..self.clone() };
        if !read.is_sound(&state) {
            return Err(unfit("the policy, the value function or the scales"));
        }
        let read = Self { state, ..read };
        read.law().compile()?;
        *self = read;
        Ok(())
    }

    /// A network goes on from a network of the same size, and every policy from a linear-Gaussian
    /// one, which is then its first policy.
    fn start_from(&mut self, law: &StoredLaw) -> Result<(), LearnerError> {
        let (base, draw) = match (law, self.policy.mean) {
            (StoredLaw::Neural(NeuralPolicy { base, draw }), Mean::Neural(layers)) if draw.layers == layers => {
                law.compile()?;
                (base, Some(draw))
            }
            _ => (policy_of(law)?, None),
        };
        let start = Start {
            policy: base.clone(),
            state_scales: self.state_scales.clone(),
            demonstration: None,
            context: 0..0,
            seed: self.seed,
        };
        let mut fresh = Self::new(self.config.clone(), &start)?;
        if let Some(draw) = draw {
            fresh.state.parameters = [&draw.weights[..], &draw.log_deviation].concat();
            fresh.state.scales = draw.scales.clone();
        }
        *self = fresh;
        Ok(())
    }

    fn boxed_clone(&self) -> Box<dyn Learner> {
        Box::new(self.clone())
    }
}
