//! The progress of an experiment's jobs, for people.

use std::collections::BTreeMap;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};

use crate::experiment::{Job, Measure, Record, Watcher};
use crate::terminal::logging::{BARS, draws_bars};
use crate::terminal::output::print_progress;

/// Progress for people: on a terminal a bar for all seeds and a line for each variant, elsewhere a
/// line per finished seed.
pub struct Bars {
    total: Option<ProgressBar>,
    /// Lines by the variant's slug.
    variants: BTreeMap<String, Line>,
}

/// The line of a variant.
struct Line {
    bar: Option<ProgressBar>,
    /// Newest progress by seed.
    newest: Mutex<BTreeMap<u64, Newest>>,
}

/// Progress of a seed.
struct Newest {
    iterations: u64,
    value: f64,
}

impl Bars {
    /// Shows the progress of these jobs.
    pub fn new(jobs: &[Job<'_>]) -> Self {
        let terminal = draws_bars();
        let styled = |template: &str, length: u64| {
            let bar = BARS.add(ProgressBar::new(length));
            // The templates are constants. If one does not parse, the default style is used.
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        };
        let mut iterations = BTreeMap::<String, u64>::new();
        for job in jobs {
            *iterations.entry(job.variant.slug()).or_default() += job.variant.iterations as u64;
        }
        let width = iterations.keys().map(|slug| slug.chars().count()).max().unwrap_or(0);
        let all = iterations.values().sum();
        let variants = iterations.into_iter().map(|(slug, length)| {
            let bar = terminal.then(|| {
                let bar = styled("{prefix} {bar:20.cyan/blue} {msg}", length);
                bar.set_prefix(format!("{slug:width$}"));
                bar
            });
            (slug, Line { bar, newest: Mutex::default() })
        });
        let variants = variants.collect();
        let total = terminal.then(|| {
            styled("{bar:30.cyan/blue} {percent:>3} % of all iterations  {elapsed_precise} (left {eta})", all)
        });
        Self { total, variants }
    }

    fn update(&self, job: &Job<'_>, records: &[Record]) {
        let (Some(Line { bar, newest }), Some(last)) = (self.variants.get(&job.variant.slug()), records.last()) else {
            return;
        };
        // A poisoned lock means that another worker panicked. There is nothing to show then.
        let Ok(mut newest) = newest.lock() else { return };
        newest.insert(job.seed, Newest { iterations: last.iteration, value: mean_action(records) });
        let done: u64 = newest.values().map(|n| n.iterations).sum();
        let values: Vec<f64> = newest.values().map(|n| n.value).collect();
        drop(newest);
        if let Some(bar) = bar {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            bar.set_position(done);
            bar.set_message(format!("{} seeds begun, mean return {mean:.3}", values.len()));
        }
        if let Some(total) = &self.total {
            let positions = self.variants.values().filter_map(|line| line.bar.as_ref().map(ProgressBar::position));
            total.set_position(positions.sum());
        }
    }

    /// Takes the bars away.
    pub fn finish(&self) {
        let lines = self.variants.values().filter_map(|line| line.bar.as_ref());
        lines.chain(&self.total).for_each(ProgressBar::finish_and_clear);
    }
}

fn mean_action(records: &[Record]) -> f64 {
    Measure::MeanAction.newest(records).unwrap_or(f64::NAN)
}

impl Watcher for Bars {
    fn iterated(&self, job: &Job<'_>, records: &[Record]) {
        self.update(job, records);
    }

    fn finished(&self, job: &Job<'_>, records: &[Record]) {
        self.update(job, records);
        if self.total.is_none() {
            let value = mean_action(records);
            print_progress(format_args!("{job}: {} iterations, return {value:.3}", records.len()));
        }
    }
}
