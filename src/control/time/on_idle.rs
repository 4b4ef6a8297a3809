//! A clock in lockstep that tells when the loop runs out of trials.

use crate::robot::Clock;
use std::time::Duration;

/// The clock `clock`, with a call before the loop waits for a trial.
pub struct OnIdle {
    clock: Box<dyn Clock>,
    wake: Box<dyn FnMut() + Send>,
}

impl OnIdle {
    /// Calls `wake` on the loop's thread each time it runs out of trials, before it waits for one. There is no
    /// deadline then if `clock` waits when idle: `wake` may make system calls.
    pub fn new(clock: Box<dyn Clock>, wake: impl FnMut() + Send + 'static) -> Self {
        Self { clock, wake: Box::new(wake) }
    }
}

impl Clock for OnIdle {
    fn now(&self) -> Duration {
        self.clock.now()
    }

    fn sleep_until(&mut self, release: Duration, idle: bool) {
        if idle {
            (self.wake)();
        }
        self.clock.sleep_until(release, idle);
    }

    fn waits_when_idle(&self) -> bool {
        self.clock.waits_when_idle()
    }

    fn real_time(&self) -> bool {
        self.clock.real_time()
    }

    fn stopwatch(&self) -> Option<Duration> {
        self.clock.stopwatch()
    }

    fn between_packets(&self) -> Option<Duration> {
        self.clock.between_packets()
    }

    fn repeats(&self) -> bool {
        self.clock.repeats()
    }

    fn resets_plant(&self) -> bool {
        self.clock.resets_plant()
    }
}
