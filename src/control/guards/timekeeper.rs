//! The loop's time: that of its clock as long as the clock goes forward. A clock that stands or
//! jumps back would stop the loop silently, and the last effort would stay in force.

use super::fault::Fault;
use std::time::{Duration, Instant};

/// Watches the clock.
#[derive(Clone, Copy, Debug)]
pub(in crate::control) struct Timekeeper {
    /// Longest standstill of the clock, by the wall clock; none for no limit.
    pub settings: Option<Duration>,
    /// The clock's last time.
    clock: Duration,
    /// The loop's time: the clock's, or a later one if the clock stands for too long.
    latest: Duration,
    /// Begin of the clock's standstill.
    standing: Option<Instant>,
    /// Whether the standstill was too long and was reported.
    stopped: bool,
}

impl Timekeeper {
    pub fn new(limit: Option<Duration>, clock: Duration) -> Self {
        Self { settings: limit, clock, latest: clock, standing: None, stopped: false }
    }

    /// Starts anew: the loop begins at time `clock`.
    pub fn restart(&mut self, clock: Duration) {
        *self = Self::new(self.settings, clock);
    }

    /// The loop's time.
    pub fn now(&self) -> Duration {
        self.latest
    }

    /// Takes the clock's time after a sleep until `release`. Returns the loop's time if `release`
    /// is reached. `waits` says that the clock may stand now. If it stands for too long, time goes
    /// on without it, because the safe command must not wait.
    ///
    /// # Errors
    /// [`Fault::ClockBackward`] each time, and [`Fault::ClockStopped`] once.
    pub fn advance(&mut self, clock: Duration, release: Duration, waits: bool) -> Result<Option<Duration>, Fault> {
        if clock != self.clock || clock >= release || waits {
            (self.clock, self.standing, self.stopped) = (clock, None, false);
            let back = self.latest.saturating_sub(clock);
            self.latest = clock;
            return if back > Duration::ZERO {
                Err(Fault::ClockBackward { back })
            } else {
                Ok((clock >= release).then_some(clock))
            };
        }
        let stood = self.standing.get_or_insert_with(Instant::now).elapsed();
        let Some(limit) = self.settings.filter(|limit| stood > *limit) else { return Ok(None) };
        self.latest = clock.saturating_add(stood);
        if self.stopped {
            return Ok((self.latest >= release).then_some(self.latest));
        }
        self.stopped = true;
        Err(Fault::ClockStopped { stood, limit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const LIMIT: Duration = Duration::from_millis(20);

    #[test]
    fn a_clock_that_goes_forward_is_followed() {
        let mut time = Timekeeper::new(Some(LIMIT), MS);
        assert_eq!(time.advance(3 * MS, 2 * MS, false), Ok(Some(3 * MS)));
        assert_eq!(time.advance(4 * MS, 5 * MS, false), Ok(None), "not yet");
        assert_eq!(time.advance(900 * MS, 5 * MS, false), Ok(Some(900 * MS)), "however far");
        assert_eq!(time.advance(900 * MS, 900 * MS, false), Ok(Some(900 * MS)), "twice the same time is reached twice");
        assert_eq!(time.advance(Duration::MAX, 901 * MS, false), Ok(Some(Duration::MAX)));
    }

    #[test]
    fn a_clock_that_goes_back_is_a_fault_and_then_followed() {
        let mut time = Timekeeper::new(None, 50 * MS);
        assert_eq!(time.advance(20 * MS, 52 * MS, false), Err(Fault::ClockBackward { back: 30 * MS }));
        assert_eq!(time.advance(22 * MS, 22 * MS, false), Ok(Some(22 * MS)));
        assert_eq!(time.advance(21 * MS, 21 * MS, true), Err(Fault::ClockBackward { back: MS }), "idle or not");
    }

    #[test]
    fn a_clock_that_stands_is_a_fault_and_then_time_goes_on_without_it() {
        let mut time = Timekeeper::new(Some(LIMIT), 5 * MS);
        let begin = Instant::now();
        let fault = loop {
            match time.advance(5 * MS, 6 * MS, false) {
                Ok(woke) => assert_eq!(woke, None),
                Err(fault) => break fault,
            }
        };
        assert!(
            matches!(fault, Fault::ClockStopped { stood, limit: LIMIT } if stood > LIMIT && stood <= begin.elapsed())
        );
        let woke = time.advance(5 * MS, 6 * MS, false).unwrap().unwrap();
        assert!(woke > 5 * MS + LIMIT, "{woke:?}");
        // A clock that goes on after a standstill is behind.
        assert!(
            matches!(time.advance(7 * MS, woke, false), Err(Fault::ClockBackward { back }) if back >= woke - 7 * MS)
        );
        assert_eq!(time.advance(8 * MS, 8 * MS, false), Ok(Some(8 * MS)));
    }

    #[test]
    fn a_clock_that_may_stand_is_waited_for() {
        for (limit, waits) in [(Some(Duration::ZERO), true), (None, false)] {
            let mut time = Timekeeper::new(limit, 5 * MS);
            assert!((0..10_000).all(|_| time.advance(5 * MS, 6 * MS, waits) == Ok(None)));
        }
    }
}
