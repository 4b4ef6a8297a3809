//! Release lateness over the last seconds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::control::Quantiles;
use crate::report::page::LiveLateness;

/// Time over which quantiles are taken.
const OVER: Duration = Duration::from_secs(5);
/// Time between two computations.
const EVERY: Duration = Duration::from_secs(1);
/// Largest lateness, ns; longer ones count as this one.
const LONGEST: u64 = 10_000_000_000;
/// Most cycles that are remembered: those of [`OVER`] at a period of 0.1 ms.
const MOST: usize = 50_000;

/// The lateness of the cycles of the last seconds.
#[derive(Default)]
pub struct Lateness {
    /// When each was seen, and how late it was.
    cycles: VecDeque<(Instant, Duration)>,
    computed: Option<(Instant, LiveLateness)>,
}

impl Lateness {
    /// Takes further cycles, and forgets old ones.
    pub fn take(&mut self, now: Instant, cycles: impl Iterator<Item = Duration>) {
        self.cycles.extend(cycles.map(|lateness| (now, lateness)));
        let old = self.cycles.partition_point(|(seen, _)| now.duration_since(*seen) > OVER);
        self.cycles.drain(..old.max(self.cycles.len().saturating_sub(MOST)));
    }

    /// The quantiles, computed anew each second; `None` without a cycle.
    pub fn quantiles(&mut self, now: Instant) -> Option<LiveLateness> {
        if self.cycles.is_empty() {
            self.computed = None;
        } else if self.computed.is_none_or(|(at, _)| now.duration_since(at) >= EVERY) {
            // Two significant digits, as in the loop's own histograms.
            let mut histogram = Histogram::<u32>::new_with_bounds(1, LONGEST, 2).ok()?;
            for (_, lateness) in &self.cycles {
                histogram.saturating_record(u64::try_from(lateness.as_nanos()).unwrap_or(u64::MAX));
            }
            let quantiles = Quantiles::of(&histogram);
            self.computed = Some((now, LiveLateness { cycles: self.cycles.len(), quantiles }));
        }
        self.computed.map(|(_, quantiles)| quantiles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_last_seconds() {
        let (mut lateness, start) = (Lateness::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(lateness.quantiles(start), None);
        lateness.take(start, (1..=100).map(Duration::from_millis));
        let first = lateness.quantiles(start).unwrap();
        assert_eq!(first.cycles, 100);
        assert!(first.quantiles.p99.abs_diff(99_000_000) < 2_000_000, "{first:?}");
        lateness.take(at(4), [Duration::from_micros(1)].into_iter());
        assert_eq!(lateness.quantiles(at(4)).unwrap().cycles, 101);
        lateness.take(at(6), std::iter::empty());
        let later = lateness.quantiles(at(6)).unwrap();
        assert!(later.cycles == 1 && later.quantiles.max.abs_diff(1_000) < 10, "{later:?}");
        lateness.take(at(20), std::iter::empty());
        assert_eq!(lateness.quantiles(at(20)), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (mut lateness, start) = (Lateness::default(), Instant::now());
        lateness.take(start, std::iter::repeat_n(Duration::ZERO, 2 * MOST));
        assert_eq!(lateness.quantiles(start).unwrap().cycles, MOST);
    }
}
