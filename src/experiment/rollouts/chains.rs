//! Swing-ups, simulated without the control loop. The rollouts of an iteration run at once, on all
//! processors and several in step on each.

use std::sync::Arc;

use moto_learners::moto::ReturnSummary;
use moto_learners::policy::{CompiledPolicy, Law, StoredLaw};
use moto_learners::{Batch, Learner, Reward, Start};

use super::{Explored, Judged, Rollouts};
use crate::experiment::run::{Attachment, RunError};
use crate::report::SwingMotion;
use crate::robot::{TrialKey, TrialKind};
use crate::tasks::swing_up::{SwingUp, SwingUpConfig};

/// Number of starts from which the mean action is evaluated.
const STARTS: u64 = 30;

/// A swing-up.
pub struct Chains {
    task: SwingUp,
    seed: u64,
}

impl Chains {
    /// Sets up the swing-up of a configuration.
    ///
    /// # Errors
    /// The setting that is refused.
    pub fn new(task: &SwingUpConfig, seed: u64) -> Result<Self, RunError> {
        Ok(Self { task: SwingUp::new(task.clone())?, seed })
    }

    fn roll_out(&self, law: &StoredLaw, kind: TrialKind, iteration: u64, count: u64) -> Result<Batch, RunError> {
        let keys: Vec<_> = (0..count).map(|rollout| TrialKey { kind, iteration, rollout }).collect();
        Ok(self.task.rollouts(&*policy(law)?, self.seed, &keys, kind == TrialKind::Learn))
    }

    fn mean_return(&self, batch: &Batch) -> Result<f64, RunError> {
        let returns = batch.returns(&self.task).map_err(moto_learners::LearnerError::from)?;
        Ok(ReturnSummary::new(&returns).mean)
    }
}

fn policy(law: &StoredLaw) -> Result<Arc<CompiledPolicy>, RunError> {
    match law.compile()? {
        Law::Policy(policy) => Ok(policy),
        Law::Movement(_) => Err(RunError::Unfit { law: law.kind(), task: "swing_up" }),
    }
}

impl Rollouts for Chains {
    fn start(&self) -> Result<Start, RunError> {
        Ok(self.task.start())
    }

    fn reward(&self) -> &dyn Reward {
        &self.task
    }

    fn explore(&mut self, learner: &dyn Learner, count: u64) -> Result<Explored, RunError> {
        let batch = self.roll_out(&learner.law(), TrialKind::Learn, learner.iteration() as u64, count)?;
        Ok(Explored { batch, mean_return: None, success: None, discarded: 0 })
    }

    fn judge(&mut self, law: &StoredLaw, iteration: u64) -> Result<Judged, RunError> {
        let batch = self.roll_out(law, TrialKind::Evaluate, iteration, STARTS)?;
        Ok(Judged { mean_return: self.mean_return(&batch)?, success: None })
    }

    fn attachment(&self, law: StoredLaw, iteration: u64) -> Result<Attachment, RunError> {
        let batch = self.roll_out(&law, TrialKind::Evaluate, iteration, 1)?;
        let joints = self.task.action_dim();
        let angles = batch.states.iter().map(|state| state.as_slice()[..joints].to_vec()).collect();
        let motion = SwingMotion { step: self.task.config().step, angles };
        let bytes = serde_json::to_vec(&motion).map_err(|e| RunError::State(e.to_string()))?;
        Ok(Attachment { ending: SwingMotion::ENDING, bytes })
    }
}
