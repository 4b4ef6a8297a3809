//! What the rest of the program needs of a task.

use moto_learners::{Reward, Start};
use nalgebra::DMatrix;
use serde_json::Value;

use super::{TaskConfig, TaskError};
use crate::control::{Episode, Stroke};
use crate::robot::{Observed, Plant, TrialKey};

/// What the task makes of a recorded stroke.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What the reward needs of each step (outcome x step).
    pub outcomes: DMatrix<f64>,
    /// Sum of the rewards.
    pub total_reward: f64,
    /// The task was solved.
    pub success: bool,
    /// By how much a stroke that came near enough to say so missed its goal, m.
    pub distance: Option<f64>,
}

/// A task: what the policy sees, when the stroke starts, what it starts from, what it is worth, and the world around the
/// simulated robot.
///
/// A task is a folder of [`crate::tasks`] and a line of its registry. [`Reward`] is separate because learners judge stored
/// transitions anew.
///
/// ```
/// use moto_controller::setup::Setup;
///
/// let task = Setup::shipped(|_| {})?.task()?;
/// let start = task.start()?;
/// assert_eq!((start.policy.horizon(), start.state_scales.len()), (task.horizon(), task.state_dim()));
/// // A policy sees the ball besides the joints.
/// assert_eq!((task.name(), task.task_values()), ("table_tennis", 6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Task: Reward + Send {
    /// The task's name in configurations, checkpoints and trials.
    fn name(&self) -> &'static str;

    /// What is learned, in a word or two with hyphens: run folders are named by it.
    fn title(&self) -> String {
        self.name().replace('_', "-")
    }

    /// What the task observes besides the joints, in the order of [`Reading::task`](crate::robot::Reading::task).
    fn observed(&self) -> Vec<Observed> {
        vec![]
    }

    /// Numbers that the task observes besides the joints.
    fn task_values(&self) -> usize {
        Observed::total(&self.observed())
    }

    /// Policy steps T.
    fn horizon(&self) -> usize;

    /// State dimension d_s of the policy.
    fn state_dim(&self) -> usize;

    /// The policy's state and the stroke's trigger, for the control loop of a run with this seed.
    fn stroke(&self, seed: u64) -> Box<dyn Stroke>;

    /// What a learner starts from.
    ///
    /// # Errors
    /// If the demonstration it is made from fails.
    fn start(&self) -> Result<Start, TaskError>;

    /// What is drawn for a trial and seen by the policy from its first step on, such as where a target is; empty where nothing
    /// is. A function of seed and key alone.
    fn context(&self, _seed: u64, _key: &TrialKey) -> Vec<f64> {
        vec![]
    }

    /// Whether trials without exploration noise differ from each other.
    fn varies(&self) -> bool;

    /// The simulated robot with the task around it.
    ///
    /// # Errors
    /// If a parameter is refused.
    fn plant(&self, seed: u64) -> Result<Box<dyn Plant>, TaskError>;

    /// Judges a recorded stroke.
    fn judge(&self, episode: &Episode) -> Judgement;

    /// The settings that decide what a reward means. A learner that starts from another run's transitions uses those only
    /// if these settings are the same.
    fn reward_settings(&self) -> Value;

    /// The part of the reward, by its field, that a transition keeps from the step it was made in, so that it says nothing of
    /// another step; `None` where the reward is a function of step, state, action and next state.
    fn bound_to_its_step(&self) -> Option<String> {
        None
    }

    /// The settings with whatever only their folder explains made explicit: paths from the root on. `None` if nothing changes.
    ///
    /// # Errors
    /// Settings that have no form that a configuration can have.
    fn located(&self) -> Result<Option<TaskConfig>, TaskError> {
        Ok(None)
    }
}
