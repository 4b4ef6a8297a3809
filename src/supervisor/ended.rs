//! Strokes that a limit ended because of the arm's motion, as a learner takes them.

use moto_learners::Learner;

use crate::control::{Episode, FinishedTrial};
use crate::robot::TrialKind;
use crate::setup::{EndedStrokes, Setup};
use crate::supervisor::rollout::{Rollout, is_finite};
use crate::tasks::{Judgement, Task};

/// Whether ended strokes are learned from, and what they earn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EndedRule {
    learned: bool,
    /// Price of a lost step, in return units.
    price: f64,
}

impl EndedRule {
    /// The rule of a configuration for a learner.
    pub fn new(setup: &Setup, learner: &dyn Learner) -> Self {
        let run = &setup.config.run;
        let learned = run.ended_strokes == EndedStrokes::Learned && learner.takes_broken_off();
        Self { learned, price: run.ended_penalty }
    }

    /// Price of a lost step, in return units.
    pub fn price(&self) -> f64 {
        self.price
    }

    /// The judgement of a stroke that was ended and is learned from; `None` of any other stroke.
    pub fn judge(&self, trial: &FinishedTrial, task: &dyn Task, judgement: &Judgement) -> Option<Judgement> {
        let episode = trial.episode();
        if !self.learned || trial.order.key.kind != TrialKind::Learn || !trial.was_ended_by_its_motion() {
            return None;
        }
        let judgement = self.priced(episode, task, judgement.clone());
        is_finite(episode, &judgement).then_some(judgement)
    }

    /// The judgement of an ended stroke with the return that the learner sees: the rewards of the steps
    /// that were made, less the price of those that were lost.
    pub fn priced(&self, episode: &Episode, task: &dyn Task, judgement: Judgement) -> Judgement {
        let made = steps_made(episode);
        let state = |t: usize| &episode.states[t * episode.state_dim..(t + 1) * episode.state_dim];
        let reward = |t: usize| {
            let outcome = judgement.outcomes.column(t);
            task.step(t, state(t), episode.step(t).sent, state(t + 1), outcome.as_slice())
        };
        let lost = task.horizon().saturating_sub(made);
        let total_reward = (0..made).map(reward).sum::<f64>() - self.price * lost as f64;
        Judgement { total_reward, ..judgement }
    }
}

/// Mean returns of the broken-off and of the whole rollouts of an iteration, of strokes of `horizon` steps, if it
/// paid to be broken off.
pub fn pays(rollouts: &[Rollout], horizon: usize) -> Option<(f64, f64)> {
    let mean = |broken_off: bool| {
        let those = rollouts.iter().filter(|rollout| rollout.is_broken_off(horizon) == broken_off);
        let returns: Vec<f64> = those.map(|rollout| rollout.judgement.total_reward).collect();
        (!returns.is_empty()).then(|| returns.iter().sum::<f64>() / returns.len() as f64)
    };
    mean(true).zip(mean(false)).filter(|(broken_off, whole)| broken_off > whole)
}

/// Number of whole policy steps in a recorded stroke: those after which a state was recorded. The step in
/// which a stroke was ended is not one of them.
pub fn steps_made(episode: &Episode) -> usize {
    (episode.states.len() / episode.state_dim.max(1)).saturating_sub(1)
}
