//! The trait of all tasks.

use std::path::PathBuf;

use moto_learners::{Reward, Start};
use nalgebra::DMatrix;
use serde_json::Value;

use super::{Scene, TaskConfig, TaskError};
use crate::control::{Episode, Stroke};
use crate::robot::{Observed, Plant, Tracker, TrackerConfig, TrialKey};
use crate::view::{Mark, Surroundings};

/// The verdict of a task on a recorded stroke.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Measurements of each step that the reward needs (outcome x step).
    pub outcomes: DMatrix<f64>,
    /// Sum of the rewards.
    pub total_reward: f64,
    /// Whether the stroke solved the task.
    pub success: bool,
    /// Distance by which the stroke missed its goal, m; `None` if the stroke never came near the
    /// goal.
    pub distance: Option<f64>,
}

/// A task: the policy's state, the stroke's trigger, the start of learning, the reward, and the
/// world around the simulated robot.
///
/// A task is a folder of [`crate::tasks`] and a line of its registry. [`Reward`] is separate
/// because learners judge stored transitions anew.
///
/// ```
/// use moto_controller::setup::Setup;
///
/// let task = Setup::shipped(|_| {})?.task()?;
/// let start = task.start()?;
/// assert_eq!((start.policy.horizon(), start.state_scales.len()), (task.horizon(), task.state_dim()));
/// // The policy sees the ball besides the joints.
/// assert_eq!((task.name(), task.task_values()), ("table_tennis", 6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Task: Reward + Send {
    /// The task's name in configurations, checkpoints and trials.
    fn name(&self) -> &'static str;

    /// The subject of learning, in a word or two with hyphens. Run folders are named after it.
    fn title(&self) -> String {
        self.name().replace('_', "-")
    }

    /// Values that the task observes besides the joints, in the order of
    /// [`Reading::task`](crate::robot::Reading::task).
    fn observed(&self) -> Vec<Observed> {
        vec![]
    }

    /// An estimator for the body with the number `observed`, of which only positions are reported. `None` if the task knows
    /// nothing of the body's motion.
    fn tracker(&self, _observed: usize, _config: &TrackerConfig) -> Option<Box<dyn Tracker>> {
        None
    }

    /// Number of values that the task observes besides the joints.
    fn task_values(&self) -> usize {
        Observed::total(&self.observed())
    }

    /// Policy steps T.
    fn horizon(&self) -> usize;

    /// State dimension d_s of the policy.
    fn state_dim(&self) -> usize;

    /// The policy's state and the stroke's trigger, for the control loop of a run with this seed.
    fn stroke(&self, seed: u64) -> Box<dyn Stroke>;

    /// The start of a learner.
    ///
    /// # Errors
    /// A demonstration that fails.
    fn start(&self) -> Result<Start, TaskError>;

    /// The values drawn for a trial, such as a target's position, which the policy sees from its
    /// first step on; empty if no value is drawn. The values depend on seed and key alone.
    fn context(&self, _seed: u64, _key: &TrialKey) -> Vec<f64> {
        vec![]
    }

    /// Whether trials without exploration noise differ from each other.
    fn varies(&self) -> bool;

    /// The simulated robot, with the task's world around it.
    ///
    /// # Errors
    /// A parameter that is refused.
    fn plant(&self, seed: u64) -> Result<Box<dyn Plant>, TaskError>;

    /// The world around the arm, for simulators outside this program; an arm alone by default.
    fn scene(&self) -> Scene {
        Scene::default()
    }

    /// Judges a recorded stroke.
    fn judge(&self, episode: &Episode) -> Judgement;

    /// The world around the arm in a recorded stroke, for viewers. By default nothing is around it.
    fn surroundings(&self, _episode: &Episode) -> Surroundings {
        Surroundings::default()
    }

    /// The places that a recorded stroke was to reach, and where it came, for viewers; empty if the
    /// task asks for no place.
    fn marks(&self, _episode: &Episode) -> Vec<Mark> {
        vec![]
    }

    /// The settings that define the reward. A learner uses the transitions of another run only if
    /// the reward settings of both runs are equal.
    fn reward_settings(&self) -> Value;

    /// The field of the part of the reward that is bound to the step a transition was made in.
    /// `None` if the reward is a function of step, state, action and next state.
    fn bound_to_its_step(&self) -> Option<String> {
        None
    }

    /// Files that the task is made of besides its settings, such as a recorded demonstration.
    fn files(&self) -> Vec<PathBuf> {
        vec![]
    }

    /// The settings with relative paths replaced by absolute ones. `None` if nothing changes.
    ///
    /// # Errors
    /// Settings that no configuration can hold.
    fn located(&self) -> Result<Option<TaskConfig>, TaskError> {
        Ok(None)
    }
}
