//! Computed torque: holding a posture, moving between postures along a quintic, and following a
//! movement.

use crate::control::config::TrackingConfig;
use std::time::Duration;

/// Inverse dynamics of the robot: the efforts that give it an acceleration. Runs on the loop's
/// path.
pub trait InverseDynamics: Send {
    /// Writes into `effort` the efforts that accelerate the joints by `acceleration` at `position`
    /// and `velocity` (all: joint).
    fn torque(&mut self, position: &[f64], velocity: &[f64], acceleration: &[f64], effort: &mut [f64]);

    /// Writes into `effort` what the robot's own driver adds to the efforts it is sent, at
    /// `position` and `velocity` (all: joint). False where it adds nothing, as most drivers do;
    /// always the same for a robot.
    fn compensation(&mut self, _position: &[f64], _velocity: &[f64], _effort: &mut [f64]) -> bool {
        false
    }
}

/// Inverse dynamics without a model: a constant inertia per joint, no gravity. Tracking is then a
/// PD law.
#[derive(Clone, Debug)]
pub struct NominalInertia(pub Box<[f64]>);

impl InverseDynamics for NominalInertia {
    fn torque(&mut self, _position: &[f64], _velocity: &[f64], acceleration: &[f64], effort: &mut [f64]) {
        for ((effort, inertia), acceleration) in effort.iter_mut().zip(&self.0).zip(acceleration) {
            *effort = inertia * acceleration;
        }
    }
}

/// The minimum-jerk motion of a robot from a state to rest in a posture: a quintic per joint with
/// zero acceleration at both ends (Flash and Hogan 1985, for a start at rest).
#[derive(Clone, Debug)]
pub(super) struct MinimumJerk {
    begin: Duration,
    duration: f64,
    /// Per joint: position, velocity x duration, and the cubic to quintic coefficients, over
    /// normalised time.
    coefficients: Box<[[f64; 5]]>,
}

/// Longest motion, s. A robot further from its start posture reports wrong positions.
const LONGEST: f64 = 3600.;

/// Peak speed of a minimum-jerk motion from rest over its mean speed.
const PEAK_OVER_MEAN: f64 = 1.875;

impl MinimumJerk {
    pub fn new(joints: usize) -> Self {
        Self { begin: Duration::ZERO, duration: 1., coefficients: vec![[0.; 5]; joints].into() }
    }

    /// Plans from `position`, `velocity` at `begin` to rest at `target`. The motion takes
    /// `duration` seconds, or longer if a joint would exceed `speed` (joint).
    ///
    /// # Errors
    /// The first joint that would take longer than [`Self::longest`]. The motion is then unchanged.
    pub fn plan(
        &mut self,
        begin: Duration,
        duration: f64,
        speed: &[f64],
        position: &[f64],
        velocity: &[f64],
        target: &[f64],
    ) -> Result<(), usize> {
        let mut longest = duration;
        for (j, ((p, t), s)) in position.iter().zip(target).zip(speed).enumerate() {
            longest = longest.max(PEAK_OVER_MEAN * (t - p).abs() / s);
            if longest > LONGEST {
                return Err(j);
            }
        }
        (self.begin, self.duration) = (begin, longest);
        for (j, c) in self.coefficients.iter_mut().enumerate() {
            let (d, u) = (target[j] - position[j], velocity[j] * self.duration);
            *c = [position[j], u, 10. * d - 6. * u, -15. * d + 8. * u, 6. * d - 3. * u];
        }
        Ok(())
    }

    /// Longest motion that is planned.
    pub const fn longest() -> Duration {
        Duration::from_secs(LONGEST as u64)
    }

    /// Time since the motion's end; none before the end.
    pub fn time_since_end(&self, now: Duration) -> Option<Duration> {
        // The planned duration is at most `LONGEST`, which a `Duration` holds.
        now.saturating_sub(self.begin).checked_sub(Duration::from_secs_f64(self.duration))
    }

    /// Position, velocity and acceleration of joint `j` at `now`.
    pub fn at(&self, j: usize, now: Duration) -> [f64; 3] {
        let s = (now.saturating_sub(self.begin).as_secs_f64() / self.duration).min(1.);
        let [c0, c1, c3, c4, c5] = self.coefficients[j];
        [
            c0 + s * (c1 + s * s * (c3 + s * (c4 + s * c5))),
            (c1 + s * s * (3. * c3 + s * (4. * c4 + s * 5. * c5))) / self.duration,
            s * (6. * c3 + s * (12. * c4 + s * 20. * c5)) / (self.duration * self.duration),
        ]
    }
}

/// Computed torque: `effort = ID(q, qd, qdd* + kp (q* - q) + kd (qd* - qd))`.
pub(super) struct Tracker {
    dynamics: Box<dyn InverseDynamics>,
    acceleration: Box<[f64]>,
}

impl Tracker {
    pub fn new(dynamics: Box<dyn InverseDynamics>, joints: usize) -> Self {
        Self { dynamics, acceleration: vec![0.; joints].into() }
    }

    /// As [`InverseDynamics::compensation`].
    pub fn compensation(&mut self, position: &[f64], velocity: &[f64], effort: &mut [f64]) -> bool {
        self.dynamics.compensation(position, velocity, effort)
    }

    /// Efforts that carry an arm at rest.
    pub fn carry(&mut self, position: &[f64], effort: &mut [f64]) {
        self.acceleration.fill(0.);
        // The velocity is zero, as the acceleration is.
        self.dynamics.torque(position, &self.acceleration, &self.acceleration, effort);
    }

    /// Efforts that bring each joint to its `wanted` position, velocity and acceleration.
    pub fn track(
        &mut self,
        gains: &TrackingConfig,
        wanted: impl Fn(usize) -> [f64; 3],
        position: &[f64],
        velocity: &[f64],
        effort: &mut [f64],
    ) {
        for (j, a) in self.acceleration.iter_mut().enumerate() {
            let [q, qd, qdd] = wanted(j);
            *a = qdd + gains.stiffness * (q - position[j]) + gains.damping * (qd - velocity[j]);
        }
        self.dynamics.torque(position, velocity, &self.acceleration, effort);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_motion_starts_and_ends_as_asked() {
        let mut motion = MinimumJerk::new(1);
        motion.plan(SECOND, 0.5, &[100.], &[0.2], &[-0.7], &[1.]).unwrap();
        let near = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(near(motion.at(0, SECOND), [0.2, -0.7, 0.]));
        assert!(near(motion.at(0, 2 * SECOND), [1., 0., 0.]));
        assert_eq!(motion.time_since_end(SECOND + SECOND / 4), None);
        assert_eq!(motion.time_since_end(SECOND * 2), Some(SECOND / 2));
        // Velocity and acceleration are the derivatives of the position.
        let h = Duration::from_micros(10);
        let middle = SECOND + SECOND / 5;
        let [before, at, after] = [middle - h, middle, middle + h].map(|t| motion.at(0, t));
        assert!(((after[0] - before[0]) / 2e-5 - at[1]).abs() < 1e-6);
        assert!(((after[1] - before[1]) / 2e-5 - at[2]).abs() < 1e-6);
    }

    #[test]
    fn a_motion_takes_longer_rather_than_exceed_the_speed() {
        let mut motion = MinimumJerk::new(2);
        motion.plan(Duration::ZERO, 0.1, &[1., 1.], &[0., 0.], &[0., 0.], &[0.1, -2.]).unwrap();
        let peak = (0..=1000)
            .map(|i| motion.at(1, Duration::from_secs_f64(motion.duration * f64::from(i) / 1000.))[1].abs())
            .fold(0., f64::max);
        assert!((peak - 1.).abs() < 1e-9, "peak speed {peak}");
    }

    #[test]
    fn a_motion_that_would_never_end_is_not_planned() {
        let mut motion = MinimumJerk::new(2);
        for far in [1e4, -1e19, 1e300, f64::MAX, f64::NEG_INFINITY] {
            let planned = motion.plan(Duration::ZERO, 0.1, &[1., 1.], &[0., far], &[0., 0.], &[0.1, 0.]);
            assert_eq!(planned, Err(1), "{far}");
            assert!(motion.time_since_end(Duration::MAX).is_some(), "{far}");
        }
    }

    #[test]
    fn computed_torque_brings_a_joint_home_critically_damped() {
        let mut tracker = Tracker::new(Box::new(NominalInertia([3.].into())), 1);
        let (mut q, mut qd, mut effort) = ([0.5], [0.], [0.]);
        for _ in 0..1000 {
            tracker.track(&TrackingConfig::default(), |_| [0.1, 0., 0.], &q, &qd, &mut effort);
            qd[0] += effort[0] / 3. * 1e-3;
            q[0] += qd[0] * 1e-3;
            assert!(q[0] > 0.1 - 1e-9, "overshoot to {}", q[0]);
        }
        assert!((q[0] - 0.1).abs() < 1e-4);
    }
}
