//! Progress display: a bar on a terminal, otherwise a plain line per iteration.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::terminal::logging::{BARS, draws_bars};
use crate::terminal::output::{print_progress, shows_progress};

/// Summary of an iteration.
#[derive(Clone, Copy, Debug)]
pub struct IterationSummary {
    /// 0-based iteration.
    pub iteration: usize,
    /// Trials used for learning so far.
    pub trials: usize,
    /// Rollouts of the iteration.
    pub rollouts: usize,
    /// Rollouts of the iteration that a limit ended and that were learned from.
    pub broken_off: usize,
    /// Mean return of the iteration's rollouts.
    pub mean_return: f64,
    /// Share of the iteration's rollouts that succeeded, exploration noise included.
    pub success: f64,
    /// KL of the update, nats: mean over the steps, or of the search distribution. `None` if the
    /// learner has no KL.
    pub kl: Option<f64>,
    /// Effective samples per fit, mean over the steps. `None` if the learner does not count them.
    pub effective_samples: Option<f64>,
    /// Wall time of the learner's update.
    pub update_time: Duration,
}

impl fmt::Display for IterationSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "return {:8.3}  success with exploration {:.2} ({} strokes",
            self.mean_return, self.success, self.rollouts
        )?;
        match self.broken_off {
            0 => write!(f, ")")?,
            count => write!(f, ", {count} broken off)")?,
        }
        self.kl.iter().try_for_each(|kl| write!(f, "  KL {kl:.3}"))?;
        self.effective_samples.iter().try_for_each(|samples| write!(f, "  ESS {samples:5.0}"))?;
        write!(f, "  update {:.2} s", self.update_time.as_secs_f64())
    }
}

/// Progress display of a run.
pub struct Progress {
    /// `None` if no bar can be drawn.
    bar: Option<ProgressBar>,
    pace: Pace,
}

impl Progress {
    /// Starts at `done` of `total` trials of the run in a folder.
    pub fn new(done: usize, total: usize, folder: &Path) -> Self {
        let bar = (shows_progress() && draws_bars()).then(|| {
            let bar = BARS.add(ProgressBar::new(total as u64).with_position(done as u64));
            let style = ProgressStyle::with_template(
                "{bar:30.cyan/blue} {pos:>5}/{len} trials  {elapsed_precise}{prefix}\n{msg}\n{report}",
            );
            let show = format!("look at it, now or later: moto_controller show {}", folder.display());
            let style = style.map(|style| {
                style.with_key("report", move |_: &ProgressState, out: &mut dyn fmt::Write| {
                    // A line that cannot be drawn is left out.
                    let _ = out.write_str(&show);
                })
            });
            // The template is a constant. If it does not parse, the default style is used.
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { bar, pace: Pace { since: Instant::now(), before: done, done, total } }
    }

    /// Counts a trial that was stored or used for learning.
    pub fn trial(&mut self) {
        self.pace.done += 1;
        if let Some(bar) = &self.bar {
            bar.inc(1);
            bar.set_prefix(self.pace.to_string());
        }
    }

    /// Shows a complete iteration.
    pub fn iteration(&mut self, summary: &IterationSummary) {
        match &self.bar {
            Some(bar) => bar.set_message(summary.to_string()),
            None => {
                let (iteration, trials, total) = (summary.iteration + 1, summary.trials, self.pace.total);
                print_progress(format_args!(
                    "iteration {iteration:4}  trials {trials:5}/{total}  {summary}{}",
                    self.pace
                ));
            }
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Rate of the trials made by this process.
struct Pace {
    since: Instant,
    /// Trials that existed at the start.
    before: usize,
    done: usize,
    total: usize,
}

impl Pace {
    /// Time until all trials are made. `None` while the rate is unknown.
    fn left(&self, elapsed: Duration) -> Option<Duration> {
        let made = self.done.checked_sub(self.before).filter(|made| *made > 0)?;
        let left = self.total.saturating_sub(self.done) as f64 / made as f64;
        // A number that is not a valid duration counts as unknown.
        Duration::try_from_secs_f64(elapsed.as_secs_f64() * left).ok()
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(left) = self.left(self.since.elapsed()).map(|left| left.as_secs()) else { return Ok(()) };
        match left {
            0..60 => write!(f, "  learning ends in about {left} s"),
            60..3600 => write!(f, "  learning ends in about {} min", left.div_ceil(60)),
            _ => write!(f, "  learning ends in about {} h {:02} min", left / 3600, left % 3600 / 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_by_the_trials_of_this_process() {
        let pace = |before, done| Pace { since: Instant::now(), before, done, total: 100 };
        let left = |before, done| pace(before, done).left(Duration::from_secs(10));
        assert_eq!(left(0, 20), Some(Duration::from_secs(40)));
        // In a resumed run, the earlier trials took none of this time.
        assert_eq!(left(60, 80), Some(Duration::from_secs(10)));
        assert_eq!(left(60, 60), None);
        assert_eq!(left(0, 100), Some(Duration::ZERO));
        assert_eq!(left(0, 120), Some(Duration::ZERO));
    }

    #[test]
    fn the_success_says_whose_it_is() {
        let summary = IterationSummary {
            iteration: 3,
            trials: 60,
            rollouts: 15,
            broken_off: 0,
            mean_return: -1.5,
            success: 0.6,
            kl: Some(0.1),
            effective_samples: Some(300.),
            update_time: Duration::from_millis(50),
        };
        let said = summary.to_string();
        assert!(said.contains("success with exploration 0.60 (15 strokes)"), "{said}");
        let said = IterationSummary { broken_off: 2, ..summary }.to_string();
        assert!(said.contains("(15 strokes, 2 broken off)"), "{said}");
    }
}
