//! Joint states that keep arriving with fresh stamps but do not change: a driver repeats its last
//! value.
//!
//! An arm at rest under a constant effort may report the same bits forever (a simulator does). A
//! moved arm may not: the readings are frozen if by their own velocity the arm should be elsewhere,
//! or if they stay the same after the efforts in force changed noticeably. How long the arm had been
//! at rest before does not count: a robot answers a period or more late, and encoders are coarse.

use crate::control::config::ControlConfig;
use crate::control::guards::fault::Fault;
use crate::robot::Reading;
use std::time::Duration;

/// Share of a joint's largest effort that counts as a change. Holding a posture against noise stays
/// below it.
const EFFORT_CHANGE: f64 = 0.02;

/// Thresholds for equal readings.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    limit: Option<u64>,
    /// Change of the effort that counts (joint).
    noticeable: Box<[f64]>,
    /// Distance that readings may not resolve.
    resolution: f64,
}

impl Settings {
    /// From a validated configuration.
    pub fn new(config: &ControlConfig) -> Self {
        Self {
            limit: config.watchdog.max_frozen_readings,
            noticeable: config.limits.effort.iter().map(|effort| EFFORT_CHANGE * effort).collect(),
            resolution: config.watchdog.jump_tolerance,
        }
    }
}

/// Counts equal readings.
#[derive(Clone, Debug)]
pub(super) struct Frozen {
    position: Box<[f64]>,
    velocity: Box<[f64]>,
    /// Stamp of the first of the equal readings, and the effort in force at the second one.
    since: Duration,
    effort: Box<[f64]>,
    equal: u64,
    /// Those of them that came after the efforts had changed noticeably.
    pushed: u64,
    known: bool,
}

impl Frozen {
    /// A counter before the first reading.
    pub fn new(joints: usize) -> Self {
        let zeros = || vec![0.; joints].into();
        Self {
            position: zeros(),
            velocity: zeros(),
            since: Duration::ZERO,
            effort: zeros(),
            equal: 0,
            pushed: 0,
            known: false,
        }
    }

    /// Takes a finite, new reading.
    ///
    /// # Errors
    /// [`Fault::FrozenReading`].
    pub fn check(&mut self, settings: &Settings, reading: &Reading, sent: &[f64]) -> Result<(), Fault> {
        let Some(limit) = settings.limit else { return Ok(()) };
        if !self.known || self.position != reading.position || self.velocity != reading.velocity {
            self.position.copy_from_slice(&reading.position);
            self.velocity.copy_from_slice(&reading.velocity);
            (self.since, self.equal, self.pushed, self.known) = (reading.stamp, 0, 0, true);
            return Ok(());
        }
        if self.equal == 0 {
            self.effort.copy_from_slice(sent);
        }
        self.equal += 1;
        let elapsed = reading.stamp.saturating_sub(self.since).as_secs_f64();
        let moving = self.velocity.iter().any(|velocity| velocity.abs() * elapsed > settings.resolution);
        let mut changes = self.effort.iter().zip(sent).zip(&settings.noticeable);
        if self.pushed > 0 || changes.any(|((before, now), noticeable)| (now - before).abs() > *noticeable) {
            self.pushed += 1;
        }
        let readings = if moving { self.equal } else { self.pushed };
        if readings >= limit {
            return Err(Fault::FrozenReading { readings, limit });
        }
        Ok(())
    }

    /// Takes note that the plant was reset.
    pub fn forget(&mut self) {
        self.known = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::validation::tests::config;

    /// Feeds readings that never change, 2 ms apart. Returns the number of the reading that trips.
    fn trips(velocity: f64, sent: impl Fn(u32) -> f64, limit: Option<u64>) -> Option<u32> {
        let mut config = config();
        config.watchdog.max_frozen_readings = limit;
        let (mut frozen, settings) = (Frozen::new(2), Settings::new(&config));
        let mut reading = Reading::zeros(2, 0);
        reading.velocity[1] = velocity;
        (0..1000).find(|k| {
            reading.stamp = *k * Duration::from_millis(2);
            frozen.check(&settings, &reading, &[0., sent(*k)]).is_err()
        })
    }

    #[test]
    fn an_arm_at_rest_under_a_constant_effort_may_stand_still_for_ever() {
        assert_eq!(trips(0., |_| 3., Some(25)), None);
        assert_eq!(trips(1e-4, |k| 1e-3 * f64::from(k % 2), Some(25)), None, "nor is a creep or a ripple a motion");
    }

    #[test]
    fn an_arm_that_is_moved_may_not() {
        assert_eq!(trips(0.5, |_| 0., Some(25)), Some(25));
        for first in [3, 100] {
            let last = trips(0., |k| if k >= first { 2. } else { 0. }, Some(25));
            assert_eq!(last, Some(first + 24), "counted from the first reading under another effort");
        }
        assert_eq!(trips(0., |k| if k == 100 { 2. } else { 0. }, Some(25)), Some(124), "a short push counts too");
        assert_eq!(trips(0.5, f64::from, None), None);
    }

    #[test]
    fn any_bit_that_changes_begins_anew() {
        let (mut frozen, settings) = (Frozen::new(2), Settings::new(&config()));
        let mut reading = Reading::zeros(2, 0);
        for k in 0..1000_u32 {
            reading.stamp = k * Duration::from_millis(2);
            reading.position[0] = f64::from(k / 25) * 1e-16;
            assert_eq!(frozen.check(&settings, &reading, &[f64::from(k), 0.]), Ok(()));
        }
    }
}
