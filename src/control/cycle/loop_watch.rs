//! A watch over a loop's cycles from another thread.

use crate::control::Status;
use std::time::{Duration, Instant};

/// Longest time counted between two looks. A longer gap means that the watcher was delayed, and the
/// loop may have been delayed too.
const MOST: Duration = Duration::from_millis(50);

/// Counts how long the cycles have stood still. A clock other than the wall clock may stand
/// rightfully, in lockstep or while a simulation is paused. Time then counts only while the robot
/// gets zero because commands are missing.
#[derive(Clone, Debug)]
pub struct LoopWatch {
    real_time: bool,
    /// Whether the first cycle may be long in coming.
    waits_for_first: bool,
    cycles: u64,
    silence: Duration,
    looked: Instant,
}

impl LoopWatch {
    pub(super) fn new(real_time: bool, waits_for_first: bool) -> Self {
        Self { real_time, waits_for_first, cycles: 0, silence: Duration::ZERO, looked: Instant::now() }
    }

    /// Time for which the loop has made no cycle. Call it every few milliseconds.
    pub fn silence(&mut self, status: &Status) -> Duration {
        self.after(status, self.looked.elapsed())
    }

    fn after(&mut self, status: &Status, elapsed: Duration) -> Duration {
        self.looked += elapsed;
        let begins = self.waits_for_first && status.cycles == 0;
        if begins || status.cycles != self.cycles || status.ended {
            (self.cycles, self.silence) = (status.cycles, Duration::ZERO);
        } else if self.real_time || status.timed_out {
            self.silence += elapsed.min(MOST);
        }
        self.silence
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::{Phase, SafetyState};

    fn status(cycles: u64, timed_out: bool) -> Status {
        let (phase, safety) = (Phase::Idle, SafetyState::Run);
        let (misses, lost_events, lost_samples) = (0, 0, 0);
        Status { phase, safety, paused: false, ended: false, cycles, misses, lost_events, lost_samples, timed_out }
    }

    #[test]
    fn cycles_that_stand_still_are_noticed_and_a_watcher_that_was_held_up_is_no_proof() {
        let tenth = MOST / 5;
        let mut watch = LoopWatch::new(true, false);
        assert_eq!(watch.after(&status(1, false), tenth), Duration::ZERO);
        assert_eq!([1, 2].map(|_| watch.after(&status(1, false), tenth)), [tenth, 2 * tenth]);
        assert_eq!(watch.after(&status(2, false), tenth), Duration::ZERO);
        assert_eq!(watch.after(&status(2, false), Duration::from_secs(100)), MOST);
    }

    #[test]
    fn a_clock_that_may_stand_is_no_dead_loop_unless_commands_are_missing() {
        let mut watch = LoopWatch::new(false, false);
        assert_eq!([1, 2, 3].map(|_| watch.after(&status(0, false), MOST)), [Duration::ZERO; 3]);
        assert_eq!(watch.after(&status(0, true), MOST), MOST);
    }
}
