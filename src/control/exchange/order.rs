//! A trial on its way into the loop and back. Its memory is allocated before and freed after, never
//! in the loop.

use crate::control::guards::fault::{Abort, OrderError};
use crate::control::{Episode, TrialLatency};
use crate::policy::Law;
use crate::robot::TrialKey;

/// Dimensions that a trial's buffers must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialShape {
    /// Joints n.
    pub joints: usize,
    /// Task values m.
    pub task_values: usize,
    /// Policy state dimension d_s.
    pub state_dim: usize,
    /// Policy action dimension d_a.
    pub action_dim: usize,
    /// Policy steps T.
    pub horizon: usize,
    /// Control periods per policy step.
    pub decimation: usize,
}

/// Reusable memory that a trial is recorded in.
#[derive(Clone, Debug)]
pub struct TrialBuffers {
    /// The recorded stroke.
    pub episode: Episode,
    /// Timing of the loop during the trial.
    pub latency: TrialLatency,
}

impl TrialBuffers {
    /// Empty buffers with room for a whole trial, every page of it touched.
    pub fn new(shape: &TrialShape) -> Box<Self> {
        let TrialShape { joints, task_values, state_dim, action_dim, horizon, decimation } = *shape;
        let cycles = horizon * decimation;
        let mut episode = Episode::with_capacity(joints, task_values, state_dim, action_dim, cycles, horizon);
        episode.touch();
        Box::new(Self { episode, latency: TrialLatency::default() })
    }

    /// Empties the buffers and keeps their memory. The loop expects empty buffers.
    pub fn clear(&mut self) {
        self.episode.clear();
        self.latency.clear();
    }
}

/// An order to make a stroke.
#[derive(Debug)]
pub struct TrialOrder {
    /// Identity of the trial within the run.
    pub key: TrialKey,
    /// The law that makes the stroke.
    pub law: Law,
    /// Standard normal draws (T x d_a) of a policy, step by step; one per parameter of a movement.
    /// Zeros give the mean action.
    pub noise: Box<[f64]>,
    /// Empty buffers to record the trial in.
    pub buffers: Box<TrialBuffers>,
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The stroke was made to its last step.
    Completed,
    /// The trial was given up. The episode holds the stroke up to that point.
    Aborted(Abort),
    /// The order was refused.
    Refused(OrderError),
}

/// A trial that is over, with everything that came with its order.
#[derive(Debug)]
pub struct FinishedTrial {
    /// The order. Its buffers now hold the episode and the latency.
    pub order: TrialOrder,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether the operator marked the trial failed while it was under way.
    pub marked_failed: bool,
    /// Missed periods over planned periods of the stroke, in [0, 1].
    pub missed_share: f64,
    /// Cycles changed by a limit over cycles of the stroke, in [0, 1].
    pub clipped_share: f64,
    /// Whether the timing was good enough to learn from the trial (`max_missed_share`).
    pub on_time: bool,
    /// Whether the limits left too little of the exploration (`max_clipped_share`).
    pub over_clipped: bool,
}

impl FinishedTrial {
    /// The recorded stroke.
    pub fn episode(&self) -> &Episode {
        &self.order.buffers.episode
    }

    /// Whether the learner may use the trial: completed, on time, and not marked failed.
    pub fn usable(&self) -> bool {
        self.outcome == Outcome::Completed && self.on_time && !self.marked_failed
    }

    /// Whether the arm's motion ended the stroke
    /// ([`Fault::is_of_motion`](crate::control::Fault::is_of_motion)), and nothing else speaks against learning from
    /// it.
    pub fn was_ended_by_its_motion(&self) -> bool {
        let by_motion = matches!(&self.outcome, Outcome::Aborted(Abort::Fault(fault)) if fault.is_of_motion());
        // The policy did nothing in a trial that ended before its stroke.
        by_motion && self.on_time && !self.marked_failed && self.episode().steps() > 0
    }
}

impl TrialOrder {
    /// Checks policy, noise and buffers against the dimensions that the loop expects
    /// (`shape.horizon` is the law's own). Allocates nothing.
    pub(in crate::control) fn check(&self, shape: &TrialShape) -> Result<(), OrderError> {
        let (law, episode) = (&self.law, &self.buffers.episode);
        let (horizon, cycles) = (law.horizon(), law.horizon() * shape.decimation);
        let exact = [
            ("the policy's state dimension", law.state_dim(), shape.state_dim),
            ("the policy's action dimension", law.action_dim(), shape.action_dim),
            ("the movement's control cycles", law.cycles().unwrap_or(cycles), cycles),
            ("the length of the noise", self.noise.len(), law.noise_len()),
            ("the episode's number of joints", episode.joints, shape.joints),
            ("the episode's number of task values", episode.task_values, shape.task_values),
            ("the episode's state dimension", episode.state_dim, shape.state_dim),
            ("the episode's action dimension", episode.action_dim, shape.action_dim),
        ];
        let room = [
            ("the episode's room for the effort before", episode.before.capacity(), shape.joints),
            ("the episode's room for times", episode.time.capacity(), cycles + 1),
            ("the episode's room for positions", episode.position.capacity(), (cycles + 1) * shape.joints),
            ("the episode's room for velocities", episode.velocity.capacity(), (cycles + 1) * shape.joints),
            ("the episode's room for task values", episode.task.capacity(), (cycles + 1) * shape.task_values),
            ("the episode's room for efforts asked", episode.asked.capacity(), cycles * shape.joints),
            ("the episode's room for efforts sent", episode.sent.capacity(), cycles * shape.joints),
            ("the episode's room for states", episode.states.capacity(), (horizon + 1) * shape.state_dim),
            ("the episode's room for noise", episode.noise.capacity(), horizon * shape.action_dim),
            ("the episode's room for actions", episode.actions.capacity(), horizon * shape.action_dim),
            ("the episode's room for actions sent", episode.sent_actions.capacity(), horizon * shape.action_dim),
        ];
        let wrong = exact.iter().find(|(_, found, expected)| found != expected);
        let small = room.iter().find(|(_, found, expected)| found < expected);
        if let Some(&(quantity, found, expected)) = wrong.or(small) {
            return Err(OrderError::Shape { quantity, found, expected });
        }
        match self.noise.iter().position(|x| !x.is_finite()) {
            Some(index) => Err(OrderError::NonFiniteNoise { index }),
            None => Ok(()),
        }
    }
}
