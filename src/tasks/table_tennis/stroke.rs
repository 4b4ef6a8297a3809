//! The policy's state and the stroke's trigger, for the control loop.

use super::PlausibleConfig;
use super::world::{Ball, Court};
use crate::control::Stroke;
use crate::robot::Reading;

/// Policy state and trigger of the table-tennis stroke. The state is joint positions (n), joint
/// velocities (n), ball position (3) and ball velocity (3), all at the time of the joints.
#[derive(Clone, Debug)]
pub struct TableTennisStroke {
    pub(super) joints: usize,
    pub(super) court: Court,
    pub(super) hitting_plane: f64,
    pub(super) trigger_time: f64,
    pub(super) plausible: PlausibleConfig,
}

/// Longest time over which the ball is extrapolated, s. The loop's limit on the age of the ball
/// must be shorter.
const LONGEST_EXTRAPOLATION: f64 = 0.5;
/// Longest time over which the ball is flown back, s, if the ball was seen later than the joints.
/// A bounce in between would not be known.
const LONGEST_BACK: f64 = 0.05;

impl TableTennisStroke {
    /// The ball at the time of the joints, by the flight model.
    fn aligned_ball(&self, reading: &Reading) -> Ball {
        let ball = Ball::from_slice(&reading.task);
        if ball.velocity.norm_squared() == 0. {
            return ball; // in the server's hand
        }
        let age = reading.stamp.as_secs_f64() - reading.task_stamp.as_secs_f64();
        if age >= 0. {
            self.court.predict(&ball, age.min(LONGEST_EXTRAPOLATION))
        } else {
            self.court.ball.before(&ball, (-age).min(LONGEST_BACK))
        }
    }

    /// Whether a ball that passes the hitting plane in `time` seconds may start a stroke.
    fn is_plausible(&self, ball: &Ball, time: f64) -> bool {
        let PlausibleConfig { least_speed, greatest_speed, aside, above, late } = self.plausible;
        let there = self.court.predict(ball, time).position;
        (least_speed..=greatest_speed).contains(&ball.velocity.norm())
            && self.trigger_time - time <= late
            && there.y.abs() <= aside
            && (0. ..=self.court.table.height + above).contains(&there.z)
    }
}

impl Stroke for TableTennisStroke {
    fn state_dim(&self) -> usize {
        2 * self.joints + Ball::DIM
    }

    fn policy_state(&mut self, reading: &Reading, state: &mut [f64]) {
        let n = self.joints;
        state[..n].copy_from_slice(&reading.position);
        state[n..2 * n].copy_from_slice(&reading.velocity);
        self.aligned_ball(reading).write(&mut state[2 * n..]);
    }

    fn triggered(&mut self, reading: &Reading) -> bool {
        let ball = self.aligned_ball(reading);
        let within = self.trigger_time;
        let time = self.court.time_to_plane(&ball, self.hitting_plane, within).filter(|time| *time <= within);
        time.is_some_and(|time| self.is_plausible(&ball, time))
    }
}
