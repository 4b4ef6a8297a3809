//! The time stamps of a robot's messages, converted to the loop's time.

use std::time::Duration;

use super::sim_time::SimTime;
use crate::control::{Clock, WallClock};

/// Largest drift between two clocks, s per s. The least delay seen is raised at this rate.
const DRIFT: f64 = 1e-4;
/// A message may arrive earlier than the least delay allows by up to this time, ns; the least delay
/// is then lowered. The stamp of an earlier message is doubted.
const AHEAD: i64 = 5_000_000;
/// Number of doubted stamps in a row, in agreement with each other, after which they are believed:
/// the source's clock was set, or the source started anew.
const AGREED: u32 = 5;

fn nanoseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

fn duration(nanoseconds: i64) -> Duration {
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
}

/// The loop's time base, and the meaning of stamps in it.
#[derive(Clone)]
pub enum TimeBase {
    /// The wall clock; stamps are mapped onto it.
    Wall(WallClock),
    /// Simulated time; stamps are given in it.
    Simulated(SimTime),
    /// The stamps' own time, as in lockstep.
    Stamps,
}

/// Time at which a message was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dated {
    /// In the loop's time.
    pub at: Duration,
    /// By the source's own clock, ns; for the time between two of its messages.
    pub own: i64,
    /// Whether earlier messages are not comparable: the source's clock was set, or the source
    /// started anew.
    pub anew: bool,
    /// Whether the message has a stamp. If not, the time is that of receipt.
    pub stamped: bool,
}

/// Why a message is not used because of its stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undated {
    /// It has the same stamp as its predecessor.
    Repeated,
    /// It is stamped ahead of the loop's clock.
    Ahead(Duration),
    /// It is stamped before its predecessor, which never happens with one publisher.
    Back(Duration),
    /// The stamp or the clock is missing.
    Missing,
}

/// The publisher of messages, with its own delay and clock.
#[derive(Clone, Debug, Default)]
pub struct Source {
    map: StampMap,
    stamped: Option<bool>,
}

impl Source {
    /// Time at which a message with this stamp (ns), received now, was measured.
    ///
    /// # Errors
    /// The reason why the message must not be used.
    pub fn date(&mut self, stamp: Option<i64>, time: &TimeBase) -> Result<Dated, Undated> {
        match time {
            TimeBase::Wall(clock) => self.date_received(stamp, clock.now()),
            TimeBase::Simulated(clock) => {
                let stamp = stamp.or_else(|| clock.get().map(nanoseconds)).filter(|stamp| *stamp >= 0);
                self.map_own(stamp.ok_or(Undated::Missing)?)
            }
            TimeBase::Stamps => self.map_own(stamp.filter(|stamp| *stamp >= 0).ok_or(Undated::Missing)?),
        }
    }

    fn map_own(&mut self, own: i64) -> Result<Dated, Undated> {
        let (at, anew) = self.map.newer(own, None)?;
        Ok(Dated { at, own, anew, stamped: true })
    }

    fn date_received(&mut self, stamp: Option<i64>, received: Duration) -> Result<Dated, Undated> {
        let stamped = stamp.is_some();
        if self.stamped.is_some_and(|before| before != stamped) {
            self.map = StampMap { anew: true, ..StampMap::default() };
        }
        self.stamped = Some(stamped);
        let own = stamp.unwrap_or_else(|| nanoseconds(received));
        let (at, anew) = self.map.newer(own, Some(received))?;
        Ok(Dated { at, own, anew, stamped })
    }
}

/// Maps the stamps of one source onto the loop's clock: a stamp plus the least delay seen so far.
/// Delayed messages thus keep their age, and the time between two messages is the time between
/// their measurements. A single wild stamp changes nothing. Several stamps that agree mean that the
/// source's clock was set.
#[derive(Clone, Debug, Default)]
struct StampMap {
    /// Least difference between reception and stamp, ns.
    offset: Option<i64>,
    received: Duration,
    newest: i64,
    /// Number of doubted stamps in a row, the newest of them, and their least delay.
    doubted: u32,
    doubted_stamp: i64,
    doubted_offset: i64,
    /// Whether the next message starts anew.
    anew: bool,
}

impl StampMap {
    /// Maps `stamp` (ns), received at `received`, to the loop's time, and says whether the source
    /// starts anew. Without `received`, stamps are in the loop's time already.
    fn newer(&mut self, stamp: i64, received: Option<Duration>) -> Result<(Duration, bool), Undated> {
        let delay = received.map_or(0, |received| nanoseconds(received).saturating_sub(stamp));
        let received = received.unwrap_or(self.received);
        let Some(offset) = self.offset else {
            let anew = std::mem::take(&mut self.anew);
            return Ok((self.take(stamp, received, delay), anew));
        };
        if stamp == self.newest {
            return Err(Undated::Repeated);
        }
        let given_up = (received.saturating_sub(self.received).as_nanos() as f64 * DRIFT) as i64;
        let offset = offset.saturating_add(given_up);
        let ahead = offset.saturating_sub(delay);
        let doubt = if stamp < self.newest {
            Undated::Back(duration(self.newest.saturating_sub(stamp)))
        } else if ahead > AHEAD {
            Undated::Ahead(duration(ahead))
        } else {
            return Ok((self.take(stamp, received, delay.min(offset)), false));
        };
        let agrees = self.doubted > 0 && stamp > self.doubted_stamp;
        self.doubted_offset = if agrees { delay.min(self.doubted_offset) } else { delay };
        self.doubted = if agrees { self.doubted.saturating_add(1) } else { 1 };
        self.doubted_stamp = stamp;
        if self.doubted < AGREED {
            return Err(doubt);
        }
        Ok((self.take(stamp, received, self.doubted_offset), true))
    }

    fn take(&mut self, stamp: i64, received: Duration, offset: i64) -> Duration {
        (self.offset, self.received, self.newest, self.doubted) = (Some(offset), received, stamp, 0);
        duration(stamp.saturating_add(offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;
    const EPOCH: i64 = 1_700_000_000_000 * MS;

    fn at(milliseconds: i64) -> Duration {
        Duration::from_nanos((milliseconds * MS) as u64)
    }

    /// A source at 500 Hz whose messages take 1 ms, up to `until` (ms).
    fn steady(until: i64) -> StampMap {
        let mut map = StampMap::default();
        for ms in (2..=until).step_by(2) {
            assert_eq!(map.newer(EPOCH + ms * MS, Some(at(ms + 1))), Ok((at(ms + 1), false)));
        }
        map
    }

    fn close(found: Result<(Duration, bool), Undated>, expected: i64) -> bool {
        found.is_ok_and(|(found, _)| found.abs_diff(at(expected)) < Duration::from_micros(10))
    }

    #[test]
    fn a_delayed_message_looks_as_old_as_it_is() {
        let mut map = steady(100);
        // Two messages that a stall delayed, received together, 6 ms late.
        let (late, _) = map.newer(EPOCH + 102 * MS, Some(at(109))).unwrap();
        let (next, _) = map.newer(EPOCH + 104 * MS, Some(at(109))).unwrap();
        assert!(late >= at(103) && late < at(103) + Duration::from_micros(2), "{late:?}");
        assert_eq!(next - late, at(2));
    }

    #[test]
    fn what_is_not_newer_is_no_news() {
        let mut map = steady(100);
        assert_eq!(map.newer(EPOCH + 100 * MS, Some(at(103))), Err(Undated::Repeated));
        assert_eq!(map.newer(EPOCH + 99 * MS, Some(at(104))), Err(Undated::Back(at(1))));
        assert!(close(map.newer(EPOCH + 104 * MS, Some(at(105))), 105));
    }

    #[test]
    fn one_stamp_ahead_of_its_time_changes_nothing_after_it() {
        let mut map = steady(100);
        let ahead = map.newer(EPOCH + 162 * MS, Some(at(103)));
        assert!(
            matches!(ahead, Err(Undated::Ahead(by)) if by.abs_diff(at(60)) < Duration::from_micros(10)),
            "{ahead:?}"
        );
        for ms in (104..400).step_by(2) {
            assert!(close(map.newer(EPOCH + ms * MS, Some(at(ms + 1))), ms + 1), "at {ms} ms");
        }
    }

    #[test]
    fn a_first_stamp_ahead_of_its_time_is_forgotten_soon() {
        let mut map = StampMap::default();
        map.newer(EPOCH + 62 * MS, Some(at(1))).unwrap();
        let after: Vec<_> = (2..20).step_by(2).map(|ms| map.newer(EPOCH + ms * MS, Some(at(ms + 1)))).collect();
        assert!(after[..4].iter().all(|found| matches!(found, Err(Undated::Back(_)))), "{after:?}");
        assert_eq!(after[4], Ok((at(11), true)));
        assert!(close(after[5], 13), "{after:?}");
    }

    #[test]
    fn a_clock_that_is_set_is_followed_forwards_and_back() {
        for step in [60, -60, 5000, -5000] {
            let mut map = steady(100);
            let after: Vec<_> =
                (102..120).step_by(2).map(|ms| map.newer(EPOCH + (ms + step) * MS, Some(at(ms + 1)))).collect();
            assert!(after[..4].iter().all(Result::is_err), "{step}: {after:?}");
            assert_eq!(after[4], Ok((at(111), true)), "{step}");
            assert!(close(after[5], 113), "{step}: {after:?}");
        }
    }

    #[test]
    fn slow_drift_is_followed() {
        let mut map = StampMap::default();
        // The source's clock loses 50 ppm, so its delay seems to grow.
        let mut last = Duration::ZERO;
        for second in 1..=1000i64 {
            let stamp = second * 1000 * MS - second * 50_000;
            (last, _) = map.newer(stamp, Some(at(second * 1000))).unwrap();
        }
        assert!(at(1_000_000) - last < Duration::from_micros(1), "{:?}", at(1_000_000) - last);
    }

    #[test]
    fn a_delay_that_grows_stays_an_age() {
        let mut map = steady(100);
        for ms in (102..2000).step_by(2) {
            assert!(map.newer(EPOCH + ms * MS, Some(at(ms + 61))).unwrap().0 < at(ms + 2), "at {ms} ms");
        }
    }

    #[test]
    fn stamps_as_far_as_they_go_do_no_harm() {
        let mut map = StampMap::default();
        for seconds in [i64::from(i32::MIN), i64::from(i32::MAX), 0, i64::from(i32::MIN)] {
            let _ = map.newer(seconds * 1_000_000_000, Some(at(1)));
            let _ = map.newer(seconds * 1_000_000_000, None);
        }
    }

    #[test]
    fn without_a_stamp_the_time_of_receipt_is_taken() {
        let mut source = Source::default();
        let first = source.date_received(None, at(5)).unwrap();
        assert_eq!(first, Dated { at: at(5), own: 5 * MS, anew: false, stamped: false });
        assert_eq!(source.date_received(None, at(8)).unwrap().at, at(8));
        let stamped = source.date_received(Some(EPOCH), at(9)).unwrap();
        assert_eq!(stamped, Dated { at: at(9), own: EPOCH, anew: true, stamped: true });
        let clock = SimTime::default();
        assert_eq!(Source::default().date(None, &TimeBase::Simulated(clock.clone())), Err(Undated::Missing));
        clock.set(at(3));
        assert_eq!(Source::default().date(None, &TimeBase::Simulated(clock)).unwrap().at, at(3));
        assert_eq!(Source::default().date(None, &TimeBase::Stamps), Err(Undated::Missing));
        assert_eq!(Source::default().date(Some(-1), &TimeBase::Stamps), Err(Undated::Missing));
    }
}
