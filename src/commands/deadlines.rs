//! Deadline statistics of the loop as a table.

use std::fmt;

use crate::control::{LatencySummary, Quantiles};

/// Displays deadline statistics.
pub struct DeadlineTable(pub LatencySummary);

impl fmt::Display for DeadlineTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(summary) = self;
        let share = 100. * summary.misses as f64 / (summary.cycles + summary.misses).max(1) as f64;
        writeln!(f, "{} control cycles, {} periods missed ({share:.3} %)", summary.cycles, summary.misses)?;
        writeln!(f, "  us                    p50       p99     p99.9       max")?;
        for (name, quantiles) in [
            ("release lateness", &summary.release_lateness),
            ("execution time", &summary.execution),
            ("response time", &summary.response),
            ("state age", &summary.state_age),
        ] {
            let Quantiles { p50, p99, p99_9, max } = *quantiles;
            write!(f, "  {name:<16}")?;
            for nanoseconds in [p50, p99, p99_9, max] {
                write!(f, "{:10.1}", nanoseconds as f64 / 1e3)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
