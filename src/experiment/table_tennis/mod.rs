//! Table tennis as runs: MOTO on the joint torques, and episodic search over a movement primitive, both from the player's one
//! demonstration and both through the control loop.

mod strokes;

use std::sync::Arc;

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

pub use strokes::StrokeError;
use strokes::Strokes;

use super::run::{Attachment, Run, RunError, State, decode, encode};
use super::{MethodConfig, Record};
use crate::baselines::dmp::{Demonstration, Dmp, DmpConfig};
use crate::baselines::episodic::{EpisodicMethod, EpisodicSearch, RepsConfig};
use crate::baselines::samples::Episodes;
use crate::control::FinishedTrial;
use crate::daemon::{self, Config, LearnedStroke, Rollout, Setup, StoredLaw, batch, is_finite};
use crate::moto::{Learner, StateScales};
use crate::policy::{Law, LinearGaussian, Primitive};
use crate::robot::{TrialKey, TrialKind};
use crate::tasks::table_tennis::{Setting, TableTennis, TableTennisConfig};
use crate::tasks::{Judgement, Task};

/// Strokes of the mean action by which an iteration is judged, where they differ.
const STROKES: u64 = 50;
/// Attempts an iteration may make for each rollout it needs.
const ATTEMPTS: u64 = 2;

/// Episodic search over the goals and goal velocities of a movement primitive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MovementSearch {
    /// The method.
    pub search: EpisodicMethod,
    /// Whether the parameters' mean is linear in the ball's velocity (3) as it is when the stroke is triggered. Default false.
    pub context: bool,
    /// Initial standard deviation of a goal and a goal velocity, in units of the task's state scales (table tennis: 0.02 m and
    /// 0.1 m/s of the base, 0.1 rad and 0.5 rad/s of the arm), in (0, 100]. Default 1.
    pub initial_deviation: f64,
    /// How the movement is fitted to the demonstration.
    pub primitive: DmpConfig,
}

impl Default for MovementSearch {
    fn default() -> Self {
        Self {
            search: EpisodicMethod::Reps(RepsConfig::default()),
            context: false,
            initial_deviation: 1.,
            primitive: DmpConfig::default(),
        }
    }
}

/// Table tennis with what learns it.
pub struct TableTennisRun {
    setup: Setup,
    task: TableTennis,
    strokes: Strokes,
    /// What a movement is made from; empty if a policy is what is learned.
    primitive: Primitive,
    rollouts: u64,
    seed: u64,
    state: State<Method>,
}

#[derive(Serialize, Deserialize)]
enum Method {
    Moto(Box<Learner>),
    Movement(Box<EpisodicSearch>),
}

/// A stroke as a method learns from it.
struct Stroke {
    trial: FinishedTrial,
    judgement: Judgement,
}

impl TableTennisRun {
    /// Table tennis with the method that is to learn it.
    ///
    /// # Errors
    /// The parameter that is refused.
    pub fn new(task: &TableTennisConfig, method: &MethodConfig, rollouts: usize, seed: u64) -> Result<Self, RunError> {
        let setup = Setup::shipped(|config| config.task = daemon::TaskConfig::TableTennis(task.clone()))?;
        let Config { robot, control, .. } = &setup.config;
        let task = TableTennis::new(task.clone(), robot.arm.clone(), setup.model.clone(), control)?;
        let (method, primitive) = match method {
            MethodConfig::Moto(config) => {
                config.check_rollouts(rollouts)?;
                let learner = Learner::new(config.clone(), task.initial_policy()?, StateScales(task.state_scales()))?;
                (Method::Moto(Box::new(learner)), Primitive::default())
            }
            MethodConfig::Movement(config) => {
                let (search, primitive) = movement(&task, config, control.period)?;
                (Method::Movement(Box::new(search)), primitive)
            }
            MethodConfig::Gps(_) => return Err(RunError::Unfit { method: "gps", task: "table_tennis" }),
        };
        let strokes = Strokes::new(&setup, &task, seed)?;
        let state = State { iteration: 0, method };
        Ok(Self { setup, task, strokes, primitive, rollouts: rollouts as u64, seed, state })
    }

    /// What is learned so far, in its stored form.
    fn stored(&self) -> StoredLaw {
        match &self.state.method {
            Method::Moto(learner) => StoredLaw::Policy(learner.policy().clone()),
            Method::Movement(search) => StoredLaw::Movement {
                primitive: self.primitive.clone(),
                parameters: on_states(search.law(), &self.task),
                horizon: self.task.horizon(),
            },
        }
    }

    fn law(&self) -> Result<Law, RunError> {
        Ok(self.stored().compile()?)
    }

    fn key(&self, kind: TrialKind, rollout: u64) -> TrialKey {
        TrialKey { kind, iteration: self.state.iteration, rollout }
    }

    fn stroke(&mut self, law: &Law, key: TrialKey, explore: bool) -> Result<Stroke, RunError> {
        let trial = self.strokes.make(law, key, explore)?;
        let judgement = self.task.judge(trial.episode());
        Ok(Stroke { trial, judgement })
    }

    /// The rollouts of an iteration, and how many others could not be learned from.
    fn rollouts(&mut self, law: &Law) -> Result<(Vec<Stroke>, usize), RunError> {
        let (mut strokes, mut discarded) = (Vec::new(), 0);
        for rollout in 0..ATTEMPTS * self.rollouts {
            let stroke = self.stroke(law, self.key(TrialKind::Learn, rollout), true)?;
            if stroke.trial.usable() && is_finite(stroke.trial.episode(), &stroke.judgement) {
                strokes.push(stroke);
            } else {
                discarded += 1;
            }
            if strokes.len() as u64 == self.rollouts {
                return Ok((strokes, discarded));
            }
        }
        Err(RunError::TooFewTrials { usable: strokes.len(), wanted: self.rollouts as usize })
    }

    fn update(&mut self, law: &Law, strokes: Vec<Stroke>) -> Result<Record, RunError> {
        match &mut self.state.method {
            Method::Moto(learner) => {
                let rollouts = strokes.into_iter().zip(1..).map(|(Stroke { trial, judgement }, number)| Rollout {
                    trial: number,
                    episode: Arc::new(trial.order.buffers.episode),
                    judgement,
                });
                Ok((&learner.update(batch(&rollouts.collect::<Vec<_>>()), &self.task)?).into())
            }
            Method::Movement(search) => {
                let context = search.law().gain.ncols();
                let episodes = episodes(law, &strokes, &self.task, context);
                let report = search.update(episodes)?;
                Ok(Record {
                    kl: Some(report.kl),
                    entropy: Some(report.entropy),
                    effective_samples: Some(report.effective_samples),
                    remark: report.too_few.then(|| "too_few_samples".into()),
                    ..Record::default()
                })
            }
        }
    }
}

/// Velocity components of the ball.
const CONTEXT: usize = 3;

/// Where the ball's velocity begins in the policy's state.
fn context_start(task: &TableTennis) -> usize {
    task.state_dim() - CONTEXT
}

/// A distribution given the ball's velocity as one given the policy's state.
fn on_states(law: &LinearGaussian, task: &TableTennis) -> LinearGaussian {
    let mut gain = DMatrix::zeros(law.gain.nrows(), task.state_dim());
    gain.columns_mut(context_start(task), law.gain.ncols()).copy_from(&law.gain);
    LinearGaussian { gain, ..law.clone() }
}

/// The parameters that strokes were made with, their contexts and returns.
fn episodes(law: &Law, strokes: &[Stroke], task: &TableTennis, context: usize) -> Episodes {
    let parameters = law.noise_len();
    let mut episodes = Episodes {
        contexts: DMatrix::zeros(context, strokes.len()),
        parameters: DMatrix::zeros(parameters, strokes.len()),
        returns: strokes.iter().map(|stroke| stroke.judgement.total_reward).collect(),
    };
    for (i, Stroke { trial, .. }) in strokes.iter().enumerate() {
        let state = trial.episode().step(0).state;
        let seen = &state[context_start(task)..][..context];
        episodes.contexts.column_mut(i).copy_from_slice(seen);
        if let Law::Movement(movement) = law {
            movement.draw(state, &trial.order.noise, episodes.parameters.column_mut(i).as_mut_slice());
        }
    }
    episodes
}

/// A search over the movement that is fitted to the player's demonstration, `period` being the control loop's.
fn movement(task: &TableTennis, config: &MovementSearch, period: f64) -> Result<(EpisodicSearch, Primitive), RunError> {
    let deviation = config.initial_deviation;
    if !(deviation > 0. && deviation <= 100.) {
        let (field, value) = ("method.movement.initial_deviation", deviation.to_string());
        return Err(RunError::Value { field, value, expected: "a number in (0, 100]" });
    }
    let shown = task.demonstration()?;
    let joints = shown.joints;
    let demonstration = Demonstration { position: &shown.position, velocity: &shown.velocity, joints, period };
    let dmp = Dmp::fit(&config.primitive, &demonstration, task.config().player.hit_time)?;
    let variances = task.state_scales().into_iter().take(2 * joints).map(|scale| (deviation * scale).powi(2));
    let initial = LinearGaussian {
        gain: DMatrix::zeros(2 * joints, if config.context { CONTEXT } else { 0 }),
        bias: dmp.demonstrated,
        covariance: DMatrix::from_diagonal(&DVector::from_iterator(2 * joints, variances)),
    };
    Ok((EpisodicSearch::new(config.search.clone(), initial)?, dmp.primitive))
}

fn share(count: usize, of: usize) -> Option<f64> {
    Some(count as f64 / of as f64)
}

impl Run for TableTennisRun {
    fn iterate(&mut self) -> Result<Record, RunError> {
        let law = self.law()?;
        let (strokes, discarded) = self.rollouts(&law)?;
        let made = strokes.len();
        let successes = strokes.iter().filter(|stroke| stroke.judgement.success).count();
        let earned = strokes.iter().map(|stroke| stroke.judgement.total_reward).sum::<f64>();
        let mut record = self.update(&law, strokes)?;
        record.rollouts_success = share(successes, made);
        record.rollouts_return = earned / made as f64;
        if discarded > 0 {
            let remark = record.remark.take().map_or_else(String::new, |remark| format!("{remark}, "));
            record.remark = Some(format!("{remark}{discarded} discarded"));
        }
        self.state.iteration += 1;
        let law = self.law()?;
        let strokes = if self.task.config().setting == Setting::Noiseless { 1 } else { STROKES };
        let (mut successes, mut earned) = (0, 0.);
        for rollout in 0..strokes {
            let stroke = self.stroke(&law, self.key(TrialKind::Evaluate, rollout), false)?;
            successes += usize::from(stroke.judgement.success);
            earned += stroke.judgement.total_reward;
            self.strokes.recycle(stroke.trial);
        }
        record.success = share(successes, strokes as usize);
        record.mean_action_return = earned / strokes as f64;
        Ok(record)
    }

    fn state(&self) -> Result<Vec<u8>, RunError> {
        encode(&self.state)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), RunError> {
        let state: State<Method> = decode(state)?;
        if let Method::Moto(learner) = &state.method {
            learner.validate()?;
        }
        self.state = state;
        Ok(())
    }

    fn attachments(&self) -> Result<Vec<Attachment>, RunError> {
        let mut config = self.setup.config.clone();
        config.run.seed = self.seed;
        let learned = LearnedStroke { config, urdf: self.setup.urdf.clone(), law: self.stored() };
        let bytes = serde_json::to_vec(&learned).map_err(|e| RunError::State(e.to_string()))?;
        Ok(vec![Attachment { ending: LearnedStroke::ENDING, bytes }])
    }
}
