//! Strokes of a task, made by the control loop.

use std::sync::Arc;

use moto_learners::policy::{Law, Policy, StoredLaw};
use moto_learners::{Learner, Reward, Start};
use moto_settings::FieldError;
use serde_json::Value;

use super::strokes::Strokes;
use super::{Explored, Judged, Rollouts};
use crate::control::{FinishedTrial, Outcome};
use crate::experiment::run::{Attachment, RunError};
use crate::experiment::{RobotFile, TaskConfig, Variant, robots};
use crate::robot::{TrialKey, TrialKind};
use crate::setup::Setup;
use crate::supervisor::{EndedRule, LearnedStroke, Rollout, batch, is_finite};
use crate::tasks::table_tennis::TableTennisConfig;
use crate::tasks::{Judgement, Task};
use crate::tasks::{TaskError, Tasks};

/// Number of the mean action's strokes that evaluate an iteration, if strokes vary.
const STROKES: u64 = 50;
/// Most attempts per rollout that an iteration needs.
const ATTEMPTS: u64 = 2;

/// A task with its control loop.
pub struct OnTheLoop {
    setup: Setup,
    task: Box<dyn Task>,
    strokes: Strokes,
    /// What the robot's file said, if there is one.
    robot: Option<Value>,
}

impl OnTheLoop {
    /// The task of a variant.
    ///
    /// # Errors
    /// The setting that is refused; a swing-up, which needs no control loop.
    pub fn of_variant(variant: &Variant, seed: u64) -> Result<Self, RunError> {
        let setup = Self::setup(&variant.task)?;
        let robot = matches!(variant.task, TaskConfig::Robot(_)).then(|| robots::settings(&setup)).transpose()?;
        Ok(Self { robot, ..Self::new(setup, variant, seed)? })
    }

    /// Number of policy steps and duration, s, of a stroke.
    ///
    /// # Errors
    /// As [`Self::of_variant`].
    pub fn length(task: &TaskConfig) -> Result<(usize, f64), RunError> {
        let setup = Self::setup(task)?;
        let (control, steps) = (&setup.config.control, setup.task()?.horizon());
        Ok((steps, control.period * (control.decimation * steps) as f64))
    }

    fn setup(task: &TaskConfig) -> Result<Setup, RunError> {
        match task {
            TaskConfig::TableTennis(task) => Self::shipped(task),
            TaskConfig::Robot(robot) => Self::of(robot),
            TaskConfig::SwingUp(_) => Err(RunError::Unfit { law: "the control loop", task: "swing_up" }),
        }
    }

    /// Table tennis, with the arm and the control loop of the shipped configuration.
    ///
    /// # Errors
    /// The setting that is refused.
    fn shipped(task: &TableTennisConfig) -> Result<Setup, RunError> {
        let task = Tasks::chosen(task).map_err(TaskError::Setting)?;
        Ok(Setup::shipped(|config| config.task = task)?)
    }

    /// The task of a configuration file, on its embedded arm.
    ///
    /// # Errors
    /// The setting that is refused, with its file. Programs of the user's are refused: experiments
    /// neither start nor await them.
    fn of(robot: &RobotFile) -> Result<Setup, RunError> {
        let setup = Setup::load(&robot.config, |_| ())?;
        let refused = |field: &str, found: &str, expected: &str| {
            let field = format!("{}: {field}", robot.config.display());
            Err(RunError::Field(FieldError::value(field, found, expected)))
        };
        if setup.config.robot.simulator.is_some() {
            return refused("robot.simulator", "a program", "null: experiments run on the embedded arm");
        }
        if setup.config.judge.is_used() {
            return refused("judge", "someone else", "task: experiments let the task judge");
        }
        Ok(setup)
    }

    fn new(mut setup: Setup, variant: &Variant, seed: u64) -> Result<Self, RunError> {
        setup.config.run.seed = seed;
        setup.config.learner = variant.method.clone();
        let task = setup.task()?;
        let plant = match &variant.transfer {
            Some(transfer) => transfer.robot.plant(&setup, seed)?,
            None => setup.plant(&*task, seed)?,
        };
        let strokes = Strokes::new(&setup, &*task, plant, seed)?;
        Ok(Self { setup, task, strokes, robot: None })
    }

    fn stroke(&mut self, law: &Law, key: TrialKey) -> Result<(FinishedTrial, Judgement), RunError> {
        let trial = self.strokes.make(law, key, key.kind == TrialKind::Learn)?;
        let judgement = self.task.judge(trial.episode());
        Ok((trial, judgement))
    }
}

impl OnTheLoop {
    /// The task's first policy.
    ///
    /// # Errors
    /// A demonstration that fails.
    pub fn first_policy(&self) -> Result<Policy, RunError> {
        Ok(self.task.start()?.policy)
    }

    /// Makes a stroke without exploration: its states (step + 1 x d_s) and its return.
    ///
    /// # Errors
    /// If the law cannot be used.
    pub fn replay(&mut self, law: &StoredLaw, key: TrialKey) -> Result<(Vec<f64>, f64), RunError> {
        let trial = self.strokes.make(&law.compile()?, key, false)?;
        let (states, judged) = (trial.episode().states.clone(), self.task.judge(trial.episode()));
        self.strokes.recycle(trial);
        Ok((states, judged.total_reward))
    }
}

fn share(count: usize, of: usize) -> Option<f64> {
    Some(count as f64 / of as f64)
}

impl Rollouts for OnTheLoop {
    fn start(&self) -> Result<Start, RunError> {
        Ok(self.task.start()?)
    }

    fn reward(&self) -> &dyn Reward {
        &*self.task
    }

    fn explore(&mut self, learner: &dyn Learner, count: u64) -> Result<Explored, RunError> {
        let (law, iteration) = (learner.law().compile()?, learner.iteration() as u64);
        let (ended, horizon) = (EndedRule::new(&self.setup, learner), self.task.horizon());
        let (mut rollouts, mut discarded, mut reason) = (Vec::new(), 0, String::new());
        for rollout in 0..ATTEMPTS * count {
            let (trial, judgement) = self.stroke(&law, TrialKey { kind: TrialKind::Learn, iteration, rollout })?;
            let usable = trial.usable() && is_finite(trial.episode(), &judgement);
            let judgement = ended.judge(&trial, &*self.task, &judgement).or(usable.then_some(judgement));
            if let Some(judgement) = judgement {
                let episode = Arc::new(trial.order.buffers.episode);
                rollouts.push(Rollout::new(rollout, episode, judgement, &law, &trial.order.noise));
            } else {
                discarded += 1;
                reason = match &trial.outcome {
                    Outcome::Aborted(abort) => abort.to_string(),
                    _ => "it was late or not finite".into(),
                };
            }
            if rollouts.len() as u64 == count {
                break;
            }
        }
        if (rollouts.len() as u64) < count {
            return Err(RunError::TooFewTrials { usable: rollouts.len(), wanted: count as usize, reason });
        }
        let earned = rollouts.iter().map(|rollout| rollout.judgement.total_reward).sum::<f64>();
        let successes = rollouts.iter().filter(|rollout| rollout.judgement.success).count();
        Ok(Explored {
            batch: batch(&rollouts, horizon, ended.price()),
            mean_return: Some(earned / rollouts.len() as f64),
            success: share(successes, rollouts.len()),
            discarded,
        })
    }

    fn judge(&mut self, law: &StoredLaw, iteration: u64) -> Result<Judged, RunError> {
        let law = law.compile()?;
        let strokes = if self.task.varies() { STROKES } else { 1 };
        let (mut successes, mut earned) = (0, 0.);
        for rollout in 0..strokes {
            let (trial, judgement) = self.stroke(&law, TrialKey { kind: TrialKind::Evaluate, iteration, rollout })?;
            successes += usize::from(judgement.success);
            earned += judgement.total_reward;
            self.strokes.recycle(trial);
        }
        Ok(Judged { mean_return: earned / strokes as f64, success: share(successes, strokes as usize) })
    }

    fn attachment(&self, law: StoredLaw, _iteration: u64) -> Result<Attachment, RunError> {
        let learned = LearnedStroke { config: self.setup.config.clone(), urdf: self.setup.urdf.clone(), law };
        let bytes = serde_json::to_vec(&learned).map_err(|e| RunError::State(e.to_string()))?;
        Ok(Attachment { ending: LearnedStroke::ENDING, bytes })
    }

    fn robot(&self) -> Result<Option<Value>, RunError> {
        Ok(self.robot.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::catalogue::find;
    use crate::setup::EndedStrokes;
    use moto_learners::Learners;

    #[test]
    fn a_stroke_that_was_ended_counts_among_the_rollouts_if_it_is_learned_from() {
        let variant = (find("3a").unwrap().config)().variants.remove(0);
        let explored = |ended| {
            let setup = Setup::shipped(|config| {
                (config.run.ended_strokes, config.run.ended_penalty) = (ended, 0.5);
                let limits = &mut config.control.limits;
                (limits.velocity, limits.trip_ratio) = (vec![0.6, 0.45, 0.45, 1.8, 1.8, 1.8, 2.4, 2.4, 2.4], 1.);
            });
            let mut rollouts = OnTheLoop::new(setup.unwrap(), &variant, 5).unwrap();
            let learner = Learners::start(&variant.method, &rollouts.start().unwrap()).unwrap();
            assert!(learner.takes_broken_off());
            let explored = rollouts.explore(&*learner, 12).unwrap();
            let returns = explored.batch.returns(rollouts.reward()).unwrap();
            (explored, returns.iter().sum::<f64>() / 12.)
        };
        let (learned, mean) = explored(EndedStrokes::Learned);
        let broken_off = learned.batch.broken_off.steps.len();
        assert!(broken_off > 0 && learned.discarded == 0 && learned.batch.rollouts() == 12, "{broken_off}");
        assert!((learned.mean_return.unwrap() - mean).abs() < 1e-9, "{:?} against {mean}", learned.mean_return);
        let (left_out, _) = explored(EndedStrokes::LeftOut);
        assert!(left_out.batch.broken_off.steps.is_empty() && left_out.discarded >= broken_off);
    }
}
