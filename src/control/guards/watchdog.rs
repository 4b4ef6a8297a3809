//! A watch over the joint states. They must arrive, be finite, and change while the arm is moved.
//! Positions and velocities must agree, and no joint may jump, fly or leave its bounds.

use super::fault::{Fault, Trust};
use crate::control::config::ControlConfig;
use crate::robot::Reading;
use std::time::Duration;

pub(in crate::control) mod commands;
mod excess;
mod frozen;

pub(in crate::control) use commands::CommandWatch;
use excess::Excess;
use frozen::Frozen;

/// Watches the readings.
#[derive(Clone, Debug)]
pub struct Watchdog {
    pub(in crate::control) settings: Settings,
    memory: Memory,
}

/// Thresholds beyond which a reading is not trusted.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::control) struct Settings {
    max_age: Duration,
    jump_tolerance: f64,
    frozen: frozen::Settings,
    /// Per joint: lowest and highest position tolerated, and the bounds themselves.
    bounds: Box<[[f64; 4]]>,
    /// Speed at which the loop trips (joint).
    speed: Box<[f64]>,
}

#[derive(Clone, Debug)]
struct Memory {
    /// Newest reading inspected: sequence number, stamp, positions.
    sequence: u64,
    stamp: Duration,
    position: Box<[f64]>,
    /// Whether the next reading is compared with `position`.
    continuous: bool,
    frozen: Frozen,
    /// Per joint: its time above the speed at which the loop trips.
    excess: Box<[Excess]>,
    /// Verdict on the newest reading.
    newest: Result<(), Fault>,
}

impl Settings {
    /// From a validated configuration.
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
            frozen: frozen::Settings::new(config),
            bounds,
            speed: limits.velocity.iter().map(|v| v * limits.trip_ratio).collect(),
        }
    }
}

impl Watchdog {
    /// A watchdog without memory.
    pub(in crate::control) fn with(settings: Settings) -> Self {
        let joints = settings.speed.len();
        let memory = Memory {
            sequence: 0,
            stamp: Duration::ZERO,
            position: vec![0.; joints].into(),
            continuous: false,
            frozen: Frozen::new(joints),
            excess: vec![Excess::default(); joints].into(),
            newest: Ok(()),
        };
        Self { settings, memory }
    }

    /// Checks the newest reading at loop time `now`, when `sent` (joint) is the effort in force.
    /// There is no fault before the first reading.
    ///
    /// # Errors
    /// The fault of the reading. Of several faults, the one that leaves least to trust
    /// ([`Fault::trust`]).
    pub fn check(&mut self, now: Duration, reading: &Reading, sent: &[f64]) -> Result<(), Fault> {
        if reading.sequence == 0 {
            return Ok(());
        }
        if reading.sequence != self.memory.sequence {
            self.memory.newest = self.inspect(reading, sent);
            self.memory.sequence = reading.sequence;
        }
        if let Err(fault) = self.memory.newest
            && fault.trust() == Trust::NONE
        {
            return Err(fault);
        }
        // Checked before the faults that leave a reading trustworthy: an old reading is never
        // trustworthy.
        let (limit, stamp) = (self.settings.max_age, reading.stamp);
        let (age, ahead) = (now.saturating_sub(stamp), stamp.saturating_sub(now));
        if age > limit {
            return Err(Fault::StaleReading { age, limit });
        }
        if ahead > limit {
            return Err(Fault::ReadingAhead { ahead, limit });
        }
        self.memory.newest
    }

    fn inspect(&mut self, reading: &Reading, sent: &[f64]) -> Result<(), Fault> {
        for (quantity, values) in [("position", &reading.position), ("velocity", &reading.velocity)] {
            if let Some(joint) = values.iter().position(|x| !x.is_finite()) {
                return Err(Fault::NonFiniteReading { quantity, joint });
            }
        }
        let moved = self.check_motion(reading);
        let memory = &mut self.memory;
        memory.stamp = reading.stamp;
        memory.position.copy_from_slice(&reading.position);
        memory.continuous = true;
        let frozen = memory.frozen.check(&self.settings.frozen, reading, sent);
        moved.and(frozen)?;
        self.check_velocities(reading)?;
        self.check_limits(reading)
    }

    /// Compares the positions with the previous ones. No joint may jump, and a joint that flies
    /// must be seen flying.
    fn check_motion(&mut self, reading: &Reading) -> Result<(), Fault> {
        let Memory { position, excess, stamp, continuous, .. } = &mut self.memory;
        let (tolerance, mut jumped) = (self.settings.jump_tolerance, Ok(()));
        let elapsed = reading.stamp.saturating_sub(*stamp).as_secs_f64();
        for (joint, excess) in excess.iter_mut().enumerate() {
            let (velocity, speed) = (reading.velocity[joint], self.settings.speed[joint]);
            let moved = reading.position[joint] - position[joint];
            if !*continuous {
                *excess = Excess::default();
                continue;
            }
            excess.add(velocity, moved, elapsed, speed);
            let (jump, limit) = (moved.abs(), speed * elapsed + tolerance);
            // A joint at its reported speed did not jump.
            let flies = velocity.abs() > speed && Excess::of(velocity, moved, elapsed).agrees(tolerance);
            if jump > limit && !flies {
                *excess = Excess::default();
                jumped = jumped.and(Err(Fault::JointJump { joint, jump, limit }));
            }
        }
        jumped
    }

    /// A speed at which the loop trips must show in the positions. Braking by a wrong velocity
    /// would drive the arm.
    fn check_velocities(&self, reading: &Reading) -> Result<(), Fault> {
        let wrong = |excess: &Excess| !excess.agrees(self.settings.jump_tolerance);
        match self.memory.excess.iter().position(wrong) {
            Some(joint) => {
                let Excess { moved, said } = self.memory.excess[joint];
                Err(Fault::ContradictoryVelocity { joint, velocity: reading.velocity[joint], moved, said })
            }
            None => Ok(()),
        }
    }

    fn check_limits(&self, reading: &Reading) -> Result<(), Fault> {
        for (joint, [lowest, highest, lower, upper]) in self.settings.bounds.iter().copied().enumerate() {
            let (position, velocity) = (reading.position[joint], reading.velocity[joint]);
            let limit = self.settings.speed[joint];
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

    /// Takes note that the plant or its time was reset: the next reading is not compared with the
    /// last.
    pub fn forget(&mut self) {
        self.memory.continuous = false;
        self.memory.frozen.forget();
    }
}

/// Counts missed periods in a row.
#[derive(Clone, Copy, Debug)]
pub(in crate::control) struct MissCounter {
    /// Largest number of periods missed in a row.
    pub settings: u64,
    in_a_row: u64,
}

impl MissCounter {
    pub fn new(limit: u64) -> Self {
        Self { settings: limit, in_a_row: 0 }
    }

    /// Takes the number of periods missed before a cycle. A cycle on time ends the row.
    pub fn count(&mut self, misses: u64) -> Result<(), Fault> {
        self.in_a_row = if misses == 0 { 0 } else { self.in_a_row.saturating_add(misses) };
        if self.in_a_row > self.settings {
            let misses = std::mem::take(&mut self.in_a_row);
            return Err(Fault::MissedDeadlines { misses, limit: self.settings });
        }
        Ok(())
    }
}

/// Watches the supervisor's heartbeat counter.
#[derive(Clone, Copy, Debug)]
pub(in crate::control) struct Heartbeat {
    /// Longest silence; none for no limit.
    pub settings: Option<Duration>,
    /// Whether time passes by itself. If not, silence means nothing.
    watched: bool,
    count: u64,
    last: Duration,
}

impl Heartbeat {
    pub fn new(limit: Option<Duration>, watched: bool, now: Duration) -> Self {
        Self { settings: limit, watched, count: 0, last: now }
    }

    /// Starts anew: the loop begins at `now`.
    pub fn restart(&mut self, now: Duration) {
        self.last = now;
    }

    /// Takes note that the loop's time changed from `before` to `now`.
    pub fn shift(&mut self, before: Duration, now: Duration) {
        self.last = now.saturating_sub(before.saturating_sub(self.last));
    }

    pub fn check(&mut self, now: Duration, count: u64) -> Result<(), Fault> {
        let Some(limit) = self.settings.filter(|_| self.watched) else { return Ok(()) };
        if count != self.count {
            (self.count, self.last) = (count, now);
        }
        let silence = now.saturating_sub(self.last);
        if silence > limit { Err(Fault::HeartbeatLost { silence, limit }) } else { Ok(()) }
    }
}
