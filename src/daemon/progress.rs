//! Progress for people: a bar on a terminal, a plain line per iteration elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::logging::BARS;

/// What an iteration tells its watcher.
#[derive(Clone, Copy, Debug)]
pub struct IterationSummary {
    /// Iteration, from 0.
    pub iteration: usize,
    /// Trials learned from so far.
    pub trials: usize,
    /// Mean return of the iteration's rollouts.
    pub mean_return: f64,
    /// Share of its rollouts that succeeded, exploration noise included.
    pub success: f64,
    /// Mean KL of the update, nats per step.
    pub kl: f64,
    /// Effective samples per fit, mean over the steps.
    pub effective_samples: f64,
    /// Wall time of the learner's update.
    pub update_time: Duration,
}

impl std::fmt::Display for IterationSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "return {:8.3}  success {:.2}  KL {:.3}  ESS {:5.0}  update {:.2} s",
            self.mean_return,
            self.success,
            self.kl,
            self.effective_samples,
            self.update_time.as_secs_f64()
        )
    }
}

/// The progress of a run.
pub struct Progress {
    /// `None` where standard error is not a terminal.
    bar: Option<ProgressBar>,
    total: usize,
}

impl Progress {
    /// Starts at `done` of `total` trials.
    pub fn new(done: usize, total: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = BARS.add(ProgressBar::new(total as u64).with_position(done as u64));
            let style = ProgressStyle::with_template(
                "{bar:30.cyan/blue} {pos:>5}/{len} trials  {elapsed_precise} (left {eta})\n{msg}",
            );
            // The template is a constant; should it ever not parse, the default style serves.
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { bar, total }
    }

    /// One more trial was learned from or stored.
    pub fn trial(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    /// An iteration is complete.
    pub fn iteration(&self, summary: &IterationSummary) {
        match &self.bar {
            Some(bar) => bar.set_message(summary.to_string()),
            None => {
                println!("iteration {:4}  trials {:5}/{}  {summary}", summary.iteration + 1, summary.trials, self.total)
            }
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
