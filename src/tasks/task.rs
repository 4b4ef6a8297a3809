//! What the daemon needs of a task.

use moto_learners::Start;
use nalgebra::DMatrix;

use super::TaskError;
use crate::control::{Episode, Stroke};
use crate::moto::Reward;
use crate::robot::Plant;

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

/// A task the daemon can learn.
pub trait Task: Reward + Send {
    /// Its name, under which checkpoints and trials are kept.
    fn name(&self) -> &'static str;

    /// Numbers the task observes besides the joints.
    fn task_values(&self) -> usize;

    /// Policy steps T.
    fn horizon(&self) -> usize;

    /// State dimension d_s of the policy.
    fn state_dim(&self) -> usize;

    /// The task as the control loop sees it, in a run with this seed.
    fn stroke(&self, seed: u64) -> Box<dyn Stroke>;

    /// What a learner starts from.
    ///
    /// # Errors
    /// If the demonstration it is made from fails.
    fn start(&self) -> Result<Start, TaskError>;

    /// Whether trials without exploration noise differ from each other.
    fn varies(&self) -> bool;

    /// The simulated robot with the task around it.
    ///
    /// # Errors
    /// If a parameter is refused.
    fn plant(&self, seed: u64) -> Result<Box<dyn Plant>, TaskError>;

    /// Judges a recorded stroke.
    fn judge(&self, episode: &Episode) -> Judgement;

    /// The part of the reward, by its field, that a transition keeps from the step it was made in, so that it says nothing of
    /// another step; none where the reward is a function of step, state, action and next state.
    fn bound_to_its_step(&self) -> Option<String> {
        None
    }

    /// Where a ball's position (3) and velocity (3) begin among the task's values, if one is in play.
    fn ball_values(&self) -> Option<usize>;
}
