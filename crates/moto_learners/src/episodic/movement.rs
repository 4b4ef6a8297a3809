//! Episodic search over the goals and goal velocities of a movement primitive.

use std::ops::Range;

use moto_settings::{Joints, check};
use nalgebra::{DMatrix, DVector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::samples::Episodes;
use super::{EpisodicError, EpisodicMethod, EpisodicSearch};
use crate::batch::column;
use crate::learner::{decode, encode, unfit};
use crate::policy::{Demonstration, Dmp, DmpConfig, LinearGaussian, Primitive, StoredLaw};
use crate::{Batch, Demonstrated, Learner, LearnerError, Report, Reward, Start};

/// The movement whose parameters are searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MovementConfig {
    /// Whether the parameters' mean is linear in the context, i.e. in the values that the task
    /// varies from trial to trial.
    pub context: bool,
    /// Initial standard deviation of a goal and of a goal velocity, in units of the task's state
    /// scales.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 100))]
    pub initial_deviation: f64,
    /// Settings of the fit to the demonstration.
    pub primitive: DmpConfig,
}

impl Default for MovementConfig {
    fn default() -> Self {
        Self { context: false, initial_deviation: 1., primitive: DmpConfig::default() }
    }
}

/// Episodic search as a learner of strokes.
#[derive(Clone, Debug)]
pub struct MovementSearch {
    search: EpisodicSearch,
    primitive: Primitive,
    horizon: usize,
    state_dim: usize,
    /// Entries of the first state that the parameters' mean is linear in.
    context: Range<usize>,
}

impl MovementSearch {
    /// A search that starts from the movement fitted to the demonstration.
    ///
    /// # Errors
    /// A parameter that is refused, or a task without a demonstration.
    pub fn new(method: EpisodicMethod, start: &Start) -> Result<Self, LearnerError> {
        check(&method, Joints::Unknown).map_err(EpisodicError::from)?;
        let config = method.movement();
        let deviation = config.initial_deviation;
        let Demonstrated { position, velocity, joints, period, goal_time } =
            start.demonstration.as_ref().ok_or(LearnerError::NoDemonstration)?;
        let shown = Demonstration { position, velocity, joints: *joints, period: *period };
        let dmp = Dmp::fit(&config.primitive, &shown, *goal_time)?;
        let parameters = 2 * joints;
        let variances = start.state_scales.iter().take(parameters).map(|scale| (deviation * scale).powi(2));
        let context = if config.context { start.context.clone() } else { 0..0 };
        let initial = LinearGaussian {
            gain: DMatrix::zeros(parameters, context.len()),
            bias: dmp.demonstrated,
            covariance: DMatrix::from_diagonal(&DVector::from_iterator(parameters, variances)),
        };
        Ok(Self {
            search: EpisodicSearch::new(method, initial)?,
            primitive: dmp.primitive,
            horizon: start.policy.horizon(),
            state_dim: start.policy.state_dim(),
            context,
        })
    }

    /// The parameters' distribution given the context, from their distribution given the full
    /// state.
    fn of_context(&self, parameters: &LinearGaussian) -> Result<LinearGaussian, LearnerError> {
        let Range { start, end } = self.context;
        let seen = |column: usize| (start..end).contains(&column);
        let beyond = parameters.gain.column_iter().enumerate().any(|(i, gain)| !seen(i) && gain.amax() > 0.);
        if beyond {
            let (found, expected) = ("a movement that depends on the context", "one that does not (movement.context)");
            return Err(LearnerError::OtherLaw { found, expected });
        }
        let gain = parameters.gain.columns(start, end - start).into_owned();
        Ok(LinearGaussian { gain, ..parameters.clone() })
    }

    /// Whether a primitive has the shape of this search's primitive.
    fn is_alike(&self, other: &Primitive) -> bool {
        (other.joints(), other.cycles()) == (self.primitive.joints(), self.primitive.cycles())
    }

    /// The parameters of a batch's rollouts, with contexts and returns.
    fn episodes(&self, batch: Batch, reward: &dyn Reward) -> Episodes {
        let total = |rollout: usize| {
            let at = |matrices: &[DMatrix<f64>], t: usize| column(&matrices[t], rollout).to_vec();
            let (horizon, made) = (batch.actions.len(), batch.made(rollout));
            let steps = (0..made).map(|t| {
                let (state, next) = (at(&batch.states, t), at(&batch.states, t + 1));
                reward.step(t, &state, &at(&batch.received, t), &next, &at(&batch.outcomes, t))
            });
            let end = match horizon - made {
                0 => reward.last(&at(&batch.states, horizon)),
                lost => batch.broken_off.loss(lost),
            };
            steps.sum::<f64>() + end
        };
        Episodes {
            contexts: batch.states[0].rows(self.context.start, self.context.len()).into_owned(),
            returns: (0..batch.rollouts()).map(total).collect(),
            parameters: batch.parameters,
        }
    }
}

impl Learner for MovementSearch {
    fn law(&self) -> StoredLaw {
        // The loop needs a law of the full state, not of the context alone.
        let law = self.search.law();
        let mut gain = DMatrix::zeros(law.gain.nrows(), self.state_dim);
        gain.columns_mut(self.context.start, self.context.len()).copy_from(&law.gain);
        StoredLaw::Movement {
            primitive: self.primitive.clone(),
            parameters: LinearGaussian { gain, ..law.clone() },
            horizon: self.horizon,
        }
    }

    fn iteration(&self) -> usize {
        self.search.iteration()
    }

    fn learn(&mut self, batch: Batch, reward: &dyn Reward) -> Result<Report, LearnerError> {
        let action_dim = batch.actions.first().map_or(0, DMatrix::nrows);
        batch.validate(self.horizon, self.state_dim, action_dim)?;
        let iteration = self.search.iteration();
        let episodes = self.episodes(batch, reward);
        let summary = crate::moto::ReturnSummary::new(&episodes.returns);
        let report = self.search.update(episodes)?;
        Ok(Report {
            iteration,
            rollouts: summary.rollouts,
            mean_return: summary.mean,
            return_error: summary.error(),
            kl: Some(report.kl),
            entropy: Some(report.entropy),
            effective_samples: Some(report.effective_samples),
            remark: report.too_few.then(|| "too_few_samples".into()),
            ..Report::default()
        })
    }

    fn save(&self) -> Result<Vec<u8>, LearnerError> {
        encode(&(&self.search, &self.primitive))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), LearnerError> {
        let (search, primitive): (EpisodicSearch, Primitive) = decode(state)?;
        if !search.is_sound(&self.search) {
            return Err(unfit("the search"));
        }
        let read = Self { search, primitive, ..self.clone() };
        if !self.is_alike(&read.primitive) || read.law().compile().is_err() {
            return Err(unfit("the movement"));
        }
        *self = read;
        Ok(())
    }

    fn takes_broken_off(&self) -> bool {
        true
    }

    fn start_from(&mut self, law: &StoredLaw) -> Result<(), LearnerError> {
        let StoredLaw::Movement { primitive, parameters, .. } = law else {
            return Err(LearnerError::OtherLaw { found: law.kind(), expected: "a movement primitive" });
        };
        law.compile()?;
        if !self.is_alike(primitive) || parameters.gain.ncols() != self.state_dim {
            let (found, expected) = ("a movement of other joints, states or cycles", "one of the same");
            return Err(LearnerError::OtherLaw { found, expected });
        }
        self.search = EpisodicSearch::new(self.search.method().clone(), self.of_context(parameters)?)?;
        self.primitive = primitive.clone();
        Ok(())
    }

    fn boxed_clone(&self) -> Box<dyn Learner> {
        Box::new(self.clone())
    }
}
