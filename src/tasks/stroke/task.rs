//! A stroke as the daemon sees it.

use std::path::PathBuf;

use moto_learners::{Demonstrated, Start};
use serde_json::{Value, json};

use super::config::{Demonstration, ObservedConfig};
use super::plant::FreeArm;
use super::policy_state::PolicyState;
use super::term::Priced;
use super::{StrokeTask, StrokeTaskConfig};
use crate::control::{Episode, Stroke};
use crate::dynamics::JointKind;
use crate::robot::{Observed, Plant, TrialKey};
use crate::tasks::{Judgement, Robot, Task, TaskConfig, TaskError, TaskSettings, Tasks};
use crate::view::{Mark, Surroundings};

impl TaskSettings for StrokeTaskConfig {
    const NAME: &'static str = "stroke";

    fn task(self, robot: &Robot<'_>) -> Result<Box<dyn Task>, TaskError> {
        let Robot { model, arm, control, folder } = *robot;
        Ok(Box::new(StrokeTask::new(self, arm.clone(), model.clone(), control, folder)?))
    }
}

impl StrokeTask {
    /// Size of a change of each state entry that matters (state).
    fn state_scales(&self) -> Vec<f64> {
        let joints = |sliding: f64, turning: f64| {
            let scale = move |kind| if kind == JointKind::Prismatic { sliding } else { turning };
            self.model.joints().iter().map(move |joint| scale(joint.kind))
        };
        let observed =
            self.config.observe.iter().flat_map(|value| std::iter::repeat_n(value.scale, value.observed().len()));
        joints(0.02, 0.1).chain(joints(0.1, 0.5)).chain(observed).chain(self.drawn.scales()).collect()
    }
}

impl Task for StrokeTask {
    fn name(&self) -> &'static str {
        StrokeTaskConfig::NAME
    }

    fn observed(&self) -> Vec<Observed> {
        self.config.observe.iter().map(ObservedConfig::observed).collect()
    }

    fn horizon(&self) -> usize {
        self.steps.horizon
    }

    fn state_dim(&self) -> usize {
        self.context.end
    }

    fn stroke(&self, seed: u64) -> Box<dyn Stroke> {
        let (observed, context) = (&self.config.observe, self.context.len());
        Box::new(PolicyState::new(self.model.dof(), observed, self.drawn.clone(), context, seed))
    }

    fn start(&self) -> Result<Start, TaskError> {
        Ok(Start {
            policy: self.first_policy(),
            state_scales: self.state_scales(),
            demonstration: Some(Demonstrated {
                position: self.reference.position.clone(),
                velocity: self.reference.velocity.clone(),
                joints: self.model.dof(),
                period: self.period.as_secs_f64(),
                goal_time: self.reference.goal_time,
            }),
            context: self.context.clone(),
            seed: 0,
        })
    }

    fn context(&self, seed: u64, key: &TrialKey) -> Vec<f64> {
        // Calls the inherent method.
        Self::context(self, seed, key)
    }

    fn varies(&self) -> bool {
        self.drawn.varies() || self.config.start_deviation > 0. || !self.observed.is_empty()
    }

    fn plant(&self, seed: u64) -> Result<Box<dyn Plant>, TaskError> {
        Ok(Box::new(FreeArm::new(self, seed)))
    }

    fn judge(&self, episode: &Episode) -> Judgement {
        self.judged(episode)
    }

    fn surroundings(&self, episode: &Episode) -> Surroundings {
        self.drawn(episode)
    }

    fn marks(&self, episode: &Episode) -> Vec<Mark> {
        self.marks_of(episode)
    }

    fn reward_settings(&self) -> Value {
        let StrokeTaskConfig { context, reward, .. } = &self.config;
        // What a value means does not depend on how old it may be.
        let any_age = |value: &ObservedConfig| ObservedConfig { max_age: None, ..value.clone() };
        let observe: Vec<_> = self.config.observe.iter().map(any_age).collect();
        json!({ "stroke": { "context": context, "observe": observe, "reward": reward } })
    }

    fn bound_to_its_step(&self) -> Option<String> {
        let bound = self.terms.iter().position(|term| term.priced == Priced::EffortChange);
        bound.map(|term| format!("reward[{term}].effort_change"))
    }

    fn files(&self) -> Vec<PathBuf> {
        match &self.config.demonstration {
            Demonstration::Recording(file) => vec![file.clone()],
            Demonstration::Hold | Demonstration::ViaPoints(_) => vec![],
        }
    }

    fn located(&self) -> Result<Option<TaskConfig>, TaskError> {
        match &self.config.demonstration {
            Demonstration::Recording(_) => Ok(Some(Tasks::chosen(&self.config)?)),
            Demonstration::Hold | Demonstration::ViaPoints(_) => Ok(None),
        }
    }
}
