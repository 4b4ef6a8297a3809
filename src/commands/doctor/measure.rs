//! Runs the loop on the wall clock, stroke after stroke, and measures its timing.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::super::deadlines::DeadlineTable;
use crate::control::{Latency, LatencySummary, StartupReport};
use crate::robot::{TrialKey, TrialKind};
use crate::setup::Setup;
use crate::supervisor::DaemonError;
use crate::supervisor::interrupt::Interrupt;
use crate::supervisor::machine::{Machine, Pace};
use crate::supervisor::runner::Runner;
use crate::tasks::Task;

/// Grade of the loop's timing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// No missed period, and all releases within a tenth of the period.
    Excellent,
    /// No missed period, and 99.9 % of the releases within a tenth of the period.
    Good,
    /// A share of missed periods with which strokes may still be learned from
    /// (`control.max_missed_share`).
    Fair,
    /// A larger share of missed periods.
    Poor,
}

impl Grade {
    fn of(latency: &LatencySummary, period: Duration, max_missed_share: f64) -> Self {
        let tenth = period.as_nanos() as u64 / 10;
        let share = latency.misses as f64 / (latency.cycles + latency.misses).max(1) as f64;
        match latency.release_lateness {
            lateness if latency.misses == 0 && lateness.max <= tenth => Self::Excellent,
            lateness if latency.misses == 0 && lateness.p99_9 <= tenth => Self::Good,
            _ if share <= max_missed_share => Self::Fair,
            _ => Self::Poor,
        }
    }
}

/// A measurement of the loop's timing.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// `idle` or `loaded`.
    pub condition: &'static str,
    /// Grade of the timing.
    pub grade: Grade,
    /// Priority, processor and memory lock of the loop.
    pub startup: StartupReport,
    /// Latency statistics.
    pub latency: LatencySummary,
    #[serde(skip)]
    histograms: Latency,
}

impl Measured {
    /// Release lateness: upper edge of each bin, us, and number of cycles in the bin.
    pub fn lateness(&self) -> Vec<(f64, u64)> {
        let bins = self.histograms.release_lateness.iter_log(125, 2_f64.sqrt());
        bins.map(|bin| (bin.value_iterated_to() as f64 / 1e3, bin.count_since_last_iteration())).collect()
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {:?} ({})", self.condition, self.grade, self.startup)?;
        write!(f, "{}", DeadlineTable(self.latency))?;
        // Bins are joined in pairs, so that each row covers a factor of two.
        let rows: Vec<(f64, u64)> =
            self.lateness().chunks(2).map(|bins| (bins[bins.len() - 1].0, bins.iter().map(|b| b.1).sum())).collect();
        for (edge, count) in rows.iter().filter(|row| row.1 > 0) {
            // Each sign stands for a factor of about 1.3, so that single outliers are visible.
            let bar = "#".repeat(1 + (2.5 * (*count as f64).log2()) as usize);
            writeln!(f, "  to {edge:9.1} us {count:8}  {bar}")?;
        }
        Ok(())
    }
}

/// Runs the loop for a time and measures it.
///
/// # Errors
/// The loop does not start, or ends early.
pub async fn measure(
    setup: &Setup,
    task: &dyn Task,
    condition: &'static str,
    time: Duration,
    interrupt: &Interrupt,
) -> Result<Measured, DaemonError> {
    let seed = setup.config.run.seed;
    let machine = Machine::start(setup, task, setup.plant(task, seed)?, Pace::WallClock)?;
    interrupt.guard(machine.control.client.stopper());
    let startup = machine.control.startup.clone();
    let mut runner = Runner::new(machine, seed);
    let law = setup.learner(&task.start()?)?.law().compile()?;
    let end = Instant::now() + time;
    let mut rollout = 0;
    let mut outcome = Ok(());
    runner.order(TrialKey { kind: TrialKind::Evaluate, iteration: 0, rollout }, &law, true);
    while Instant::now() < end {
        let next = tokio::time::timeout(end.saturating_duration_since(Instant::now()), runner.next());
        match next.await {
            Ok(Ok(trial)) => {
                runner.recycle(trial);
                rollout += 1;
                runner.order(TrialKey { kind: TrialKind::Evaluate, iteration: 0, rollout }, &law, true);
            }
            Ok(Err(error)) => {
                outcome = Err(error);
                break;
            }
            // The time is up.
            Err(_) => {}
        }
    }
    let histograms = runner.stop().1?;
    outcome?;
    let control = &setup.config.control;
    let latency = histograms.summary();
    let grade = Grade::of(&latency, control.period(), control.max_missed_share);
    Ok(Measured { condition, grade, startup, latency, histograms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades() {
        let grade = |misses, p99_9, max| {
            let mut latency = LatencySummary { cycles: 1000, misses, ..Latency::new().summary() };
            (latency.release_lateness.p99_9, latency.release_lateness.max) = (p99_9, max);
            Grade::of(&latency, Duration::from_millis(2), 0.02)
        };
        assert_eq!(grade(0, 150_000, 200_000), Grade::Excellent);
        assert_eq!(grade(0, 150_000, 200_001), Grade::Good);
        assert_eq!(grade(0, 250_000, 300_000), Grade::Fair);
        assert_eq!(grade(20, 1, 1), Grade::Fair);
        assert_eq!(grade(21, 1, 1), Grade::Poor);
    }
}
