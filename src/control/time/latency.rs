//! The timing of the loop: histograms that are allocated beforehand and read elsewhere.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Times of a set of cycles. Recording allocates nothing. Values keep two significant digits.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    /// Actual minus planned wake-up, ns.
    pub release_lateness: Histogram<u32>,
    /// From waking to the end of the cycle, ns.
    pub execution: Histogram<u32>,
    /// From the planned release to the command, ns.
    pub response: Histogram<u32>,
    /// Age of the joint state used, at the planned release, ns.
    pub state_age: Histogram<u32>,
    /// Cycles recorded.
    pub cycles: u64,
    /// Periods missed.
    pub misses: u64,
}

/// Largest value of the histograms, ns; longer times count as this value.
const LONGEST: u64 = 10_000_000_000;

/// Times of one cycle.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::control) struct CycleTimes {
    pub release_lateness: Duration,
    pub execution: Duration,
    pub response: Duration,
    pub state_age: Duration,
    pub misses: u64,
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Default for Latency {
    fn default() -> Self {
        Self::new()
    }
}

impl Latency {
    /// Empty histograms.
    pub fn new() -> Self {
        // The constructor accepts these constants: 1 <= low, 2 low <= high, digits <= 5.
        let histogram = || Histogram::new_with_bounds(1, LONGEST, 2).expect("constant bounds are valid");
        Self {
            release_lateness: histogram(),
            execution: histogram(),
            response: histogram(),
            state_age: histogram(),
            cycles: 0,
            misses: 0,
        }
    }

    /// Records a cycle. Real-time safe.
    pub(in crate::control) fn record(&mut self, times: &CycleTimes) {
        self.release_lateness.saturating_record(nanoseconds(times.release_lateness));
        self.execution.saturating_record(nanoseconds(times.execution));
        self.response.saturating_record(nanoseconds(times.response));
        self.state_age.saturating_record(nanoseconds(times.state_age));
        self.cycles += 1;
        self.misses = self.misses.saturating_add(times.misses);
    }

    fn histograms_mut(&mut self) -> [&mut Histogram<u32>; 4] {
        [&mut self.release_lateness, &mut self.execution, &mut self.response, &mut self.state_age]
    }

    /// Adds another set of cycles.
    pub fn add(&mut self, other: &Self) {
        if other.cycles == 0 {
            return;
        }
        let others = [&other.release_lateness, &other.execution, &other.response, &other.state_age];
        for (histogram, other) in self.histograms_mut().into_iter().zip(others) {
            // Addition requires equal bounds, which all histograms here have.
            let _ = histogram.add(other);
        }
        self.cycles += other.cycles;
        self.misses = self.misses.saturating_add(other.misses);
    }

    /// Empties the histograms and keeps their memory.
    pub fn clear(&mut self) {
        if self.cycles > 0 {
            for histogram in self.histograms_mut() {
                histogram.reset();
            }
            (self.cycles, self.misses) = (0, 0);
        }
    }

    /// Numbers for a report.
    pub fn summary(&self) -> LatencySummary {
        LatencySummary {
            cycles: self.cycles,
            misses: self.misses,
            release_lateness: Quantiles::of(&self.release_lateness),
            execution: Quantiles::of(&self.execution),
            response: Quantiles::of(&self.response),
            state_age: Quantiles::of(&self.state_age),
        }
    }
}

/// Quantiles of one histogram, ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantiles {
    /// Median.
    pub p50: u64,
    /// 99 of 100 cycles take no longer.
    pub p99: u64,
    /// 999 of 1000 cycles take no longer.
    pub p99_9: u64,
    /// Longest.
    pub max: u64,
}

impl Quantiles {
    /// Quantiles of a histogram; zeros if it is empty.
    pub fn of(histogram: &Histogram<u32>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile).min(histogram.max());
        Self { p50: at(0.5), p99: at(0.99), p99_9: at(0.999), max: histogram.max() }
    }
}

/// Summary of a set of cycles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatencySummary {
    /// Cycles run.
    pub cycles: u64,
    /// Periods missed.
    pub misses: u64,
    /// Actual minus planned wake-up, ns.
    pub release_lateness: Quantiles,
    /// From waking to the end of the cycle, ns.
    pub execution: Quantiles,
    /// From the planned release to the command, ns.
    pub response: Quantiles,
    /// Age of the joint state used, at the planned release, ns.
    pub state_age: Quantiles,
}

/// Latency handed out with a trial. Summed over trials, it covers every cycle of the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrialLatency {
    /// Cycles of the trial's stroke.
    pub stroke: Latency,
    /// All other cycles since the previous trial was handed to the supervisor.
    pub between: Latency,
}

impl TrialLatency {
    /// Empties both and keeps their memory.
    pub fn clear(&mut self) {
        self.stroke.clear();
        self.between.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_quantiles_are_those_of_the_cycles() {
        let (mut a, mut b) = (Latency::new(), Latency::new());
        for i in 1..=1000 {
            let times =
                CycleTimes { release_lateness: Duration::from_micros(i), misses: i % 2, ..CycleTimes::default() };
            if i % 3 == 0 { a.record(&times) } else { b.record(&times) }
        }
        b.record(&CycleTimes { response: Duration::MAX, ..CycleTimes::default() });
        a.add(&b);
        let summary = a.summary();
        assert_eq!((summary.cycles, summary.misses), (1001, 500));
        assert!(summary.release_lateness.p50.abs_diff(500_000) <= 5_000);
        assert!(summary.release_lateness.p99.abs_diff(990_000) <= 9_900);
        assert!(summary.response.max >= LONGEST, "a time that is too long still counts");
        a.clear();
        assert_eq!(a, Latency::new());
        assert_eq!(Latency::new().summary(), LatencySummary::default());
    }
}
