//! Whether the joint states can be trusted: they come, they are finite, they change while the arm is moved, and the joints do not
//! jump, fly or leave their bounds.

use super::config::ControlConfig;
use super::fault::Fault;
use crate::robot::Reading;
use std::time::Duration;

mod commands;
mod frozen;

pub(super) use commands::CommandWatch;
use frozen::Frozen;

/// Watches the readings.
#[derive(Clone, Debug)]
pub struct Watchdog {
    max_age: Duration,
    jump_tolerance: f64,
    frozen: Frozen,
    /// Per joint: lowest and highest position tolerated, and the bounds themselves.
    bounds: Box<[[f64; 4]]>,
    /// Speed at which the loop stops (joint).
    speed: Box<[f64]>,
    /// Newest reading that was looked at: sequence number, stamp, positions.
    sequence: u64,
    stamp: Duration,
    position: Box<[f64]>,
    /// Whether `position` can be compared with.
    continuous: bool,
    /// What the newest reading showed.
    newest: Result<(), Fault>,
}

impl Watchdog {
    /// A watchdog from a validated configuration.
    pub fn new(config: &ControlConfig) -> Self {
        let limits = &config.limits;
        let bounds = (0..limits.lower.len())
            .map(|j| {
                let (lower, upper, margin) = (limits.lower[j], limits.upper[j], limits.margin[j]);
                [lower - margin, upper + margin, lower, upper]
            })
            .collect();
        Self {
            max_age: Duration::from_secs_f64(config.watchdog.max_state_age),
            jump_tolerance: config.watchdog.jump_tolerance,
            frozen: Frozen::new(config),
            bounds,
            speed: limits.velocity.iter().map(|v| v * limits.trip_ratio).collect(),
            sequence: 0,
            stamp: Duration::ZERO,
            position: vec![0.; limits.lower.len()].into(),
            continuous: false,
            newest: Ok(()),
        }
    }

    /// Looks at the newest reading at loop time `now`, `sent` (joint) being the effort in force. Before the first reading there
    /// is nothing to see.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&mut self, now: Duration, reading: &Reading, sent: &[f64]) -> Result<(), Fault> {
        if reading.sequence == 0 {
            return Ok(());
        }
        if reading.sequence != self.sequence {
            self.newest = self.check_joints(reading).and_then(|()| self.frozen.check(reading, sent));
            self.sequence = reading.sequence;
        }
        self.newest?;
        let (age, ahead) = (now.saturating_sub(reading.stamp), reading.stamp.saturating_sub(now));
        if age > self.max_age {
            return Err(Fault::StaleReading { age, limit: self.max_age });
        }
        if ahead > self.max_age {
            return Err(Fault::ReadingAhead { ahead, limit: self.max_age });
        }
        Ok(())
    }

    fn check_joints(&mut self, reading: &Reading) -> Result<(), Fault> {
        for (quantity, values) in [("position", &reading.position), ("velocity", &reading.velocity)] {
            if let Some(joint) = values.iter().position(|x| !x.is_finite()) {
                return Err(Fault::NonFiniteReading { quantity, joint });
            }
        }
        let jumped = if self.continuous { self.find_jump(reading) } else { None };
        self.stamp = reading.stamp;
        self.position.copy_from_slice(&reading.position);
        self.continuous = true;
        if let Some(fault) = jumped {
            return Err(fault);
        }
        for (joint, [lowest, highest, lower, upper]) in self.bounds.iter().copied().enumerate() {
            let (position, velocity, limit) = (reading.position[joint], reading.velocity[joint], self.speed[joint]);
            if position < lowest || position > highest {
                let bound = if position < lowest { lower } else { upper };
                return Err(Fault::OutOfBounds { joint, position, bound });
            }
            if velocity.abs() > limit {
                return Err(Fault::Overspeed { joint, velocity, limit });
            }
        }
        Ok(())
    }

    fn find_jump(&self, reading: &Reading) -> Option<Fault> {
        let elapsed = reading.stamp.saturating_sub(self.stamp).as_secs_f64();
        (0..self.position.len()).find_map(|joint| {
            let jump = (reading.position[joint] - self.position[joint]).abs();
            let limit = self.speed[joint] * elapsed + self.jump_tolerance;
            (jump > limit).then_some(Fault::JointJump { joint, jump, limit })
        })
    }

    /// The plant was put elsewhere: the next reading is not compared with the last.
    pub fn forget(&mut self) {
        self.continuous = false;
        self.frozen.forget();
    }

    /// Takes the settings of `other`, and gives it the old; what was seen stays.
    pub(super) fn exchange(&mut self, other: &mut Self) {
        std::mem::swap(&mut self.bounds, &mut other.bounds);
        std::mem::swap(&mut self.speed, &mut other.speed);
        (self.max_age, self.jump_tolerance) = (other.max_age, other.jump_tolerance);
    }
}

/// Counts missed periods in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct MissCounter {
    limit: u64,
    in_a_row: u64,
}

impl MissCounter {
    pub fn new(limit: u64) -> Self {
        Self { limit, in_a_row: 0 }
    }

    /// Another limit from now on.
    pub fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// Takes the periods missed before a cycle; a cycle on time ends the row.
    pub fn count(&mut self, misses: u64) -> Result<(), Fault> {
        self.in_a_row = if misses == 0 { 0 } else { self.in_a_row + misses };
        if self.in_a_row > self.limit {
            let misses = std::mem::take(&mut self.in_a_row);
            return Err(Fault::MissedDeadlines { misses, limit: self.limit });
        }
        Ok(())
    }
}

/// Watches the supervisor's heartbeat counter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heartbeat {
    limit: Option<Duration>,
    count: u64,
    last: Duration,
}

impl Heartbeat {
    pub fn new(limit: Option<Duration>, now: Duration) -> Self {
        Self { limit, count: 0, last: now }
    }

    /// Another limit from now on.
    pub fn set_limit(&mut self, limit: Option<Duration>) {
        self.limit = limit;
    }

    /// The loop starts at `now`.
    pub fn restart(&mut self, now: Duration) {
        self.last = now;
    }

    pub fn check(&mut self, now: Duration, count: u64) -> Result<(), Fault> {
        let Some(limit) = self.limit else { return Ok(()) };
        if count != self.count {
            (self.count, self.last) = (count, now);
        }
        let silence = now.saturating_sub(self.last);
        if silence > limit { Err(Fault::HeartbeatLost { silence, limit }) } else { Ok(()) }
    }
}
