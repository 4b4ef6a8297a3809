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
}
