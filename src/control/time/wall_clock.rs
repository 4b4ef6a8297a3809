//! The wall clock: absolute sleeps on the monotonic clock.

use crate::control::Clock;
use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, ClockNanosleepFlags, clock_gettime, clock_nanosleep};
use std::time::Duration;

/// `CLOCK_MONOTONIC`, counted from an epoch that copies of the clock share.
#[derive(Clone, Copy, Debug)]
pub struct WallClock {
    epoch: Duration,
}

impl WallClock {
    /// A clock whose epoch is now.
    pub fn new() -> Self {
        Self { epoch: monotonic() }
    }
}

impl Default for WallClock {
    fn default() -> Self {
        Self::new()
    }
}

/// `CLOCK_MONOTONIC` always exists and the address is valid, so the call cannot fail.
pub(super) fn monotonic() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from)
}

impl Clock for WallClock {
    fn now(&self) -> Duration {
        monotonic().saturating_sub(self.epoch)
    }

    fn sleep_until(&mut self, release: Duration, _idle: bool) {
        let until = TimeSpec::from_duration(self.epoch + release);
        // A signal interrupts the sleep. With an absolute time the sleep is just repeated.
        while clock_nanosleep(ClockId::CLOCK_MONOTONIC, ClockNanosleepFlags::TIMER_ABSTIME, &until) == Err(Errno::EINTR)
        {
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wakes_at_or_after_the_release_and_copies_share_the_epoch() {
        let mut clock = WallClock::new();
        let copy = clock;
        let release = clock.now() + Duration::from_millis(3);
        clock.sleep_until(release, false);
        assert!(copy.now() >= release);
        clock.sleep_until(Duration::ZERO, true);
    }
}
