//! The lockstep clock: time is the plant's, and passes only during a trial.

use crate::control::Clock;
use crate::robot::{Plant, PlantDriver, RobotPort};
use std::thread;
use std::time::Duration;

/// A clock that owns the plant: sleeping until a release means stepping the plant to that time. The
/// plant starts anew at each trial, so a trial is a function of its key, its policy and its noise
/// alone.
pub struct LockstepClock<P> {
    driver: PlantDriver<P>,
    now: Duration,
}

/// Longest sleep of an idle loop, in case the supervisor's wake-up does not come.
const IDLE_SLEEP: Duration = Duration::from_millis(20);

impl<P: Plant> LockstepClock<P> {
    /// A clock at zero that steps `plant` at its end of the link.
    pub fn new(plant: P, port: RobotPort) -> Self {
        Self { driver: PlantDriver::new(plant, port, true), now: Duration::ZERO }
    }
}

impl<P: Plant> Clock for LockstepClock<P> {
    fn now(&self) -> Duration {
        self.now
    }

    fn sleep_until(&mut self, release: Duration, idle: bool) {
        if idle {
            thread::park_timeout(IDLE_SLEEP);
        } else {
            self.driver.advance(release);
            self.now = release;
        }
    }

    fn waits_when_idle(&self) -> bool {
        true
    }

    fn real_time(&self) -> bool {
        false
    }

    fn resets_plant(&self) -> bool {
        true
    }
}
