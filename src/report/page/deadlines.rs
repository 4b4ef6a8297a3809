//! Histograms of the loop's times.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::control::Latency;

/// Width of the first bin, ns. Each further bin is this factor wider than the one before.
const FIRST: u64 = 125;
const WIDER: f64 = std::f64::consts::SQRT_2;

/// A histogram of the loop's times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deadlines {
    /// What was timed.
    pub name: String,
    /// Upper edge, us, and number of cycles of each bin.
    pub bins: Vec<(f64, u64)>,
}

impl Deadlines {
    /// The histograms of a set of cycles.
    pub fn of(latency: &Latency) -> Vec<Self> {
        let one = |name: &str, histogram: &Histogram<u32>| {
            let bins = histogram.iter_log(FIRST, WIDER);
            let bins = bins.map(|bin| (bin.value_iterated_to() as f64 / 1e3, bin.count_since_last_iteration()));
            Self { name: name.into(), bins: bins.collect() }
        };
        vec![one("release lateness", &latency.release_lateness), one("response", &latency.response)]
    }

    /// Adds the cycles of another histogram of the same times.
    pub fn add(&mut self, other: &Self) {
        // All histograms have the same bins from the first on, up to the last one that is not empty.
        for (bin, added) in self.bins.iter_mut().zip(&other.bins) {
            bin.1 += added.1;
        }
        self.bins.extend(other.bins.iter().skip(self.bins.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cycles that are so late, ns.
    fn late(by: impl Iterator<Item = u64> + Clone) -> Latency {
        let mut latency = Latency::new();
        by.clone().for_each(|ns| latency.release_lateness.record(ns).unwrap());
        by.for_each(|ns| latency.response.record(2 * ns).unwrap());
        latency
    }

    #[test]
    fn the_sum_is_the_histogram_of_all_cycles() {
        let (few, more) = (late((0..40).map(|i| 300 * i)), late((0..400).map(|i| 70_001 * i)));
        let mut both = late((0..40).map(|i| 300 * i));
        both.release_lateness.add(&more.release_lateness).unwrap();
        both.response.add(&more.response).unwrap();
        for (one, other) in [(&few, &more), (&more, &few)] {
            let mut sums = Deadlines::of(one);
            sums.iter_mut().zip(Deadlines::of(other)).for_each(|(sum, other)| sum.add(&other));
            assert_eq!(sums, Deadlines::of(&both));
        }
    }
}
