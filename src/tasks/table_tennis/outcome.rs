//! Judges a recorded stroke by its readings alone, whether simulated or real.

use super::TableTennis;
use super::world::{Ball, Landing, Swing};
use crate::control::Episode;
use moto_learners::{ErrorPrice, ErrorShape, Measured, Reward};
use nalgebra::DMatrix;

/// Rows of a trial's outcomes. Each error has a row that marks its step with a 1.
mod rows {
    use std::ops::Range;

    /// [`super::TrialOutcome::miss`].
    pub const MISS: usize = 0;
    pub const PASSED: usize = 1;
    /// [`super::Passage::offset`].
    pub const OFFSET: Range<usize> = 2..4;
    pub const LANDED: usize = 4;
    /// [`super::Passage::landing_error`].
    pub const LANDING_ERROR: Range<usize> = 5..7;
    pub const COUNT: usize = 7;
}

/// The ball's passage of the racket's plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passage {
    /// Policy step.
    pub step: usize,
    /// Offset of the ball from the racket's centre within the plane, m: to the side and up.
    pub offset: [f64; 2],
    /// Landing minus target, m, if the ball was hit and flies back.
    pub landing_error: Option<[f64; 2]>,
}

/// Outcome of a stroke.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialOutcome {
    /// Distance of the ball from the racket's centre within the racket's plane, m, at the policy
    /// step in which the ball passed that plane; 0 at other steps (T). If the ball never passed the
    /// plane, the last entry is the gap between ball and racket at the end. The reward of each
    /// policy step needs this outcome.
    pub miss: Vec<f64>,
    /// The passage of the racket's plane, if there was one.
    pub passage: Option<Passage>,
    /// Whether the ball met the racket.
    pub hit: bool,
    /// Predicted landing of the ball at the end of the stroke; `None` if the ball does not fly
    /// back.
    pub landing: Option<Landing>,
    /// Distance of the landing from the target, m.
    pub distance_to_target: Option<f64>,
    /// Whether the ball was hit, clears the net and lands on the opponent's side.
    pub success: bool,
    /// Sum of the rewards for the actions that the robot received.
    pub total_reward: f64,
}

impl TableTennis {
    /// Judges a recorded stroke. A stroke that broke off is judged by its recorded part and is no
    /// success.
    pub fn evaluate(&self, episode: &Episode) -> TrialOutcome {
        let (miss, mut passage, hit) = self.miss(episode);
        let states: Vec<_> = episode.states.chunks_exact(episode.state_dim.max(1)).collect();
        let steps = episode.steps().min(states.len().saturating_sub(1)).min(miss.len());
        let rewards = (0..steps).map(|t| self.step(t, states[t], episode.step(t).sent, states[t + 1], &miss[t..=t]));
        let end = states.last();
        let landing = end.and_then(|state| self.landing(state));
        if let Some(passage) = passage.as_mut().filter(|_| hit) {
            let error = landing.map(|landing| landing.point - self.target);
            passage.landing_error = error.map(|error| [error.x, error.y]);
        }
        let complete = steps == self.config.stroke.horizon;
        TrialOutcome {
            total_reward: rewards.sum::<f64>() + end.map_or(0., |state| self.last(state)),
            distance_to_target: landing.map(|landing| (landing.point - self.target).norm()),
            success: complete && hit && landing.is_some_and(|landing| self.counts(&landing)),
            miss,
            passage,
            hit,
            landing,
        }
    }

    /// Returns [`TrialOutcome::miss`], [`TrialOutcome::passage`] without the landing, and
    /// [`TrialOutcome::hit`].
    fn miss(&self, episode: &Episode) -> (Vec<f64>, Option<Passage>, bool) {
        let (n, m, court) = (episode.joints, episode.task_values, &self.config.court);
        let mut workspace = self.arm.model().workspace();
        let row = |row: usize| {
            let joints = row * n..(row + 1) * n;
            (&episode.position[joints.clone()], &episode.velocity[joints], &episode.task[row * m..(row + 1) * m])
        };
        let mut racket =
            |(position, velocity, _): (&[f64], &[f64], &[f64])| self.arm.racket(&mut workspace, position, velocity);
        let mut miss = vec![0.; self.config.stroke.horizon];
        if episode.time.is_empty() {
            return (miss, None, false);
        }
        let mut first = 0;
        let mut from = racket(row(0));
        for second in 1..episode.time.len() {
            if row(first) == row(second) {
                continue; // a robot that was late: the loop saw the same reading twice
            }
            let swing = Swing { from, to: racket(row(second)) };
            let ball = Ball::from_slice(row(first).2);
            let start = episode.time[first];
            let dt = (episode.time[second] - start).as_secs_f64();
            if let Some(crossing) = court.racket.crossing(&court.ball, &swing, &ball, dt) {
                let step = (start.as_nanos() / self.step_duration().as_nanos()) as usize;
                let passage = miss.get_mut(step).map(|miss| {
                    *miss = crossing.distance;
                    Passage { step, offset: crossing.racket.in_plane(&crossing.ball.position), landing_error: None }
                });
                return (miss, passage, court.racket.hits(&crossing));
            }
            (first, from) = (second, swing.to);
        }
        if let Some(miss) = miss.last_mut() {
            *miss = (Ball::from_slice(row(first).2).position - from.centre).norm();
        }
        (miss, None, false)
    }

    /// Predicted landing of the ball in a policy state; `None` if the ball does not fly back.
    fn landing(&self, state: &[f64]) -> Option<Landing> {
        let ball = Ball::from_slice(&state[2 * self.arm.model().dof()..]);
        if ball.velocity.x > 0. { self.config.court.landing(&ball) } else { None }
    }

    /// Whether a return with this landing counts as a success.
    fn counts(&self, landing: &Landing) -> bool {
        landing.clears_net && landing.point.x > 0. && self.config.court.table.spans(landing.point.x, landing.point.y)
    }
}

impl TrialOutcome {
    /// The measurements for the reward and its errors (outcome x step).
    pub fn outcomes(&self) -> DMatrix<f64> {
        let mut outcomes = DMatrix::zeros(rows::COUNT, self.miss.len());
        outcomes.row_mut(rows::MISS).copy_from_slice(&self.miss);
        if let Some(Passage { step, offset, landing_error }) = &self.passage {
            let mut column = outcomes.column_mut(*step);
            column[rows::PASSED] = 1.;
            column.as_mut_slice()[rows::OFFSET].copy_from_slice(offset);
            if let Some(error) = landing_error {
                column[rows::LANDED] = 1.;
                column.as_mut_slice()[rows::LANDING_ERROR].copy_from_slice(error);
            }
        }
        outcomes
    }
}

impl Reward for TableTennis {
    fn step(&self, _t: usize, _state: &[f64], action: &[f64], _next: &[f64], outcome: &[f64]) -> f64 {
        let reward = &self.config.reward;
        let effort: f64 = action.iter().map(|a| a * a).sum();
        -reward.action_weight * effort - reward.miss_weight * outcome[rows::MISS].min(reward.miss_cap).powi(2)
    }

    fn last(&self, state: &[f64]) -> f64 {
        let cap = self.config.reward.landing_cap;
        -self.landing(state).map_or(cap, |landing| (landing.point - self.target).norm_squared().min(cap))
    }

    fn errors(&self) -> Vec<ErrorPrice> {
        let reward = &self.config.reward;
        vec![
            ErrorPrice {
                rows: rows::OFFSET,
                measured: Measured::Marked(rows::PASSED),
                weight: reward.miss_weight,
                shape: ErrorShape::Capped(reward.miss_cap),
            },
            ErrorPrice {
                rows: rows::LANDING_ERROR,
                measured: Measured::Marked(rows::LANDED),
                weight: 1.,
                shape: ErrorShape::Capped(reward.landing_cap.sqrt()),
            },
        ]
    }
}
