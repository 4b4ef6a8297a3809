//! The robot's time stamps in the time of the loop.

use std::time::Duration;

use r2r::builtin_interfaces::msg::Time;

/// How far two clocks may drift apart, s per s: the least delay seen is given up at this rate.
const DRIFT: f64 = 1e-4;
/// A stamp that goes back by more than this is a restart of its source, and not a message that came late.
const RESTART: i64 = 1_000_000_000;

/// Maps the stamps of one machine onto the loop's clock: a stamp plus the least delay seen so far. Messages that were
/// delayed then look as old as they are, and the time between two of them is the time between their measurements.
#[derive(Clone, Debug, Default)]
pub struct StampMap {
    /// Least of reception minus stamp, ns.
    offset: Option<i64>,
    received: Duration,
    newest: i64,
}

fn nanoseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// A message's stamp, ns since its epoch; `None` if it was not filled in.
pub fn stamp(time: &Time) -> Option<i64> {
    (time.sec != 0 || time.nanosec != 0).then(|| i64::from(time.sec) * 1_000_000_000 + i64::from(time.nanosec))
}

/// Nanoseconds as a message's stamp.
pub fn message_time(time: Duration) -> Time {
    Time { sec: i32::try_from(time.as_secs()).unwrap_or(i32::MAX), nanosec: time.subsec_nanos() }
}

impl StampMap {
    /// The time of the loop's clock at `stamp` (ns), received at `received`. `None` if it is not newer than the last one.
    pub fn map_newer(&mut self, stamp: i64, received: Duration) -> Option<Duration> {
        if self.offset.is_some() && stamp <= self.newest {
            if self.newest - stamp < RESTART {
                return None;
            }
            self.offset = None;
        }
        self.newest = stamp;
        Some(self.map(stamp, received))
    }

    /// The time of the loop's clock at `stamp` (ns), received at `received`.
    pub fn map(&mut self, stamp: i64, received: Duration) -> Duration {
        let delay = nanoseconds(received) - stamp;
        let given_up = (received.saturating_sub(self.received).as_nanos() as f64 * DRIFT) as i64;
        let offset = self.offset.map_or(delay, |offset| delay.min(offset.saturating_add(given_up)));
        self.offset = Some(offset);
        self.received = received;
        Duration::from_nanos(u64::try_from(stamp.saturating_add(offset)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    fn at(milliseconds: i64) -> Duration {
        Duration::from_nanos((milliseconds * MS) as u64)
    }

    #[test]
    fn a_delayed_message_looks_as_old_as_it_is() {
        let mut map = StampMap::default();
        let epoch = 1_700_000_000_000 * MS;
        assert_eq!(map.map_newer(epoch, at(100)), Some(at(100)));
        assert_eq!(map.map_newer(epoch + 2 * MS, at(102)), Some(at(102)));
        // Two messages held up by a stall and received together, 6 ms late.
        let late = map.map_newer(epoch + 4 * MS, at(110)).unwrap();
        let next = map.map_newer(epoch + 6 * MS, at(110)).unwrap();
        assert!(late >= at(104) && late < at(104) + Duration::from_micros(2), "{late:?}");
        assert_eq!(next - late, at(2));
    }

    #[test]
    fn what_is_not_newer_is_no_news() {
        let mut map = StampMap::default();
        assert!(map.map_newer(5 * MS, at(1)).is_some());
        assert_eq!(map.map_newer(5 * MS, at(3)), None);
        assert_eq!(map.map_newer(4 * MS, at(4)), None);
        assert!(map.map_newer(6 * MS, at(5)).is_some());
    }

    #[test]
    fn a_restarted_source_is_followed() {
        let mut map = StampMap::default();
        map.map_newer(10_000 * MS, at(50));
        assert_eq!(map.map_newer(2 * MS, at(60)), Some(at(60)));
    }

    #[test]
    fn slow_drift_is_followed() {
        let mut map = StampMap::default();
        // The source's clock loses 50 ppm: its delay seems to grow.
        let mut last = Duration::ZERO;
        for second in 1..=1000i64 {
            let stamp = second * 1000 * MS - second * 50_000;
            last = map.map_newer(stamp, at(second * 1000)).unwrap();
        }
        assert!(at(1_000_000) - last < Duration::from_micros(1), "{:?}", at(1_000_000) - last);
    }
}
