//! The swing-ups as runs.

use serde::{Deserialize, Serialize};

use super::run::{Attachment, Run, RunError, State, decode, encode};
use super::{MethodConfig, Record};
use crate::baselines::gps::Gps;
use crate::moto::{Batch, Learner, ReturnSummary, Reward, StateScales};
use crate::policy::Policy;
use crate::report::SwingMotion;
use crate::robot::{TrialKey, TrialKind};
use crate::tasks::swing_up::{SwingUp, SwingUpConfig};

/// Starts from which the mean action is judged.
const STARTS: u64 = 30;

/// A swing-up with what learns it.
pub struct SwingUpRun {
    task: SwingUp,
    rollouts: u64,
    seed: u64,
    state: State<Method>,
}

#[derive(Serialize, Deserialize)]
enum Method {
    Moto(Box<Learner>),
    Gps(Box<Gps>),
}

impl SwingUpRun {
    /// A swing-up with the method that is to learn it.
    ///
    /// # Errors
    /// The parameter that is refused.
    pub fn new(task: &SwingUpConfig, method: &MethodConfig, rollouts: usize, seed: u64) -> Result<Self, RunError> {
        let task = SwingUp::new(task.clone())?;
        let initial = task.initial_policy();
        let method = match method {
            MethodConfig::Moto(config) => {
                config.check_rollouts(rollouts)?;
                Method::Moto(Box::new(Learner::new(config.clone(), initial, StateScales(task.state_scales()))?))
            }
            MethodConfig::Gps(config) => Method::Gps(Box::new(Gps::new(config.clone(), initial)?)),
            MethodConfig::Movement(_) => return Err(RunError::Unfit { method: "movement", task: "swing_up" }),
        };
        Ok(Self { task, rollouts: rollouts as u64, seed, state: State { iteration: 0, method } })
    }

    fn roll_out(&self, kind: TrialKind, count: u64, explore: bool) -> Result<Batch, RunError> {
        let iteration = self.state.iteration;
        let keys: Vec<_> = (0..count).map(|rollout| TrialKey { kind, iteration, rollout }).collect();
        Ok(self.task.rollouts(self.state.method.policy(), self.seed, &keys, explore)?)
    }
}

impl Method {
    fn policy(&self) -> &Policy {
        match self {
            Self::Moto(learner) => learner.policy(),
            Self::Gps(learner) => learner.policy(),
        }
    }

    fn update(&mut self, batch: Batch, reward: &dyn Reward) -> Result<Record, RunError> {
        match self {
            Self::Moto(learner) => Ok((&learner.update(batch, reward)?).into()),
            Self::Gps(learner) => Ok((&learner.update(batch, reward)?).into()),
        }
    }
}

impl Run for SwingUpRun {
    fn iterate(&mut self) -> Result<Record, RunError> {
        let batch = self.roll_out(TrialKind::Learn, self.rollouts, true)?;
        let mut record = self.state.method.update(batch, &self.task)?;
        self.state.iteration += 1;
        let judged = self.roll_out(TrialKind::Evaluate, STARTS, false)?;
        record.mean_action_return = ReturnSummary::new(&judged.returns(&self.task)?).mean;
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
        let batch = self.roll_out(TrialKind::Evaluate, 1, false)?;
        let joints = self.task.action_dim();
        let angles = batch.states.iter().map(|state| state.as_slice()[..joints].to_vec()).collect();
        let motion = SwingMotion { step: self.task.config().step, angles };
        let bytes = serde_json::to_vec(&motion).map_err(|e| RunError::State(e.to_string()))?;
        Ok(vec![Attachment { ending: "motion.json", bytes }])
    }
}
