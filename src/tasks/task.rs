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
    /// Its name, under which checkpoints and trials are kept.
    fn name(&self) -> &'static str;

    /// Numbers the task observes besides the joints.
    fn task_values(&self) -> usize;

    /// Policy steps T.
    fn horizon(&self) -> usize;

    /// State dimension d_s of the policy.
    fn state_dim(&self) -> usize;

    /// The task as the control loop sees it.
    fn stroke(&self) -> Box<dyn Stroke>;

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

    /// Where a ball's position (3) and velocity (3) begin among the task's values, if one is in play.
    fn ball_values(&self) -> Option<usize>;
}
