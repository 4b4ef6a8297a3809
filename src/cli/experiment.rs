//! `moto_controller experiment`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tracing::{info, warn};

use super::Failure;
use crate::experiment::catalogue::{ENTRIES, find};
use crate::experiment::{
    Ended, ExperimentConfig, Folder, Job, Record, RunnerOptions, Watcher, described, overridden, publish, run, table,
};
use crate::signals;
use crate::terminal::logging::{BARS, draws_bars};
use crate::terminal::output::{print, print_progress};

/// Exit code of a program that was stopped by a signal.
const STOPPED: u8 = 130;

/// Divisor of the iterations of a user's own experiment under `--quick`.
const QUICK: usize = 10;

/// Compare methods and settings over seeds: the figures of the paper, or your own.
///
/// Seeds run in parallel on all processors; the same seed gives the same numbers, to the bit, on
/// any number of them. The folder gets a CSV file per variant and seed, a summary, a figure, and
/// the settings written out. Ctrl-C saves everything; the same command goes on where it stopped,
/// and does not run finished seeds again.
#[derive(Args)]
#[command(after_long_help = "\
Examples:
  moto_controller experiment --list              what there is, and how long it takes
  moto_controller experiment 1c --quick          two seeds of the beginning, in less than a minute
  moto_controller experiment 1c                  all of it; Ctrl-C, and the same command goes on
  moto_controller experiment 1c --seeds 20       four more seeds in the same folder
  moto_controller experiment 1c --config mine.yaml --out experiments/mine
  moto_controller experiment 1c --config mine.yaml --first-seed 201 --out experiments/tuning

Your own variants, in mine.yaml:
  seeds: 5
  all: {iterations: 30}                          # changes every variant
  variants:
    - label: MOTO                                # changes one: only what is named
      method: {moto: {epsilon: 0.3}}
    - label: heavier                             # adds one, made from another
      like: MOTO
      task: {swing_up: {inertia: uniform_rods, torque_limit: 20}}
  only: [MOTO, heavier]                          # leaves the others out

Your own robot and stroke, in strike.yaml, run by `moto_controller experiment strike.yaml`:
  name: strike
  title: Two learners on my robot's first stroke
  seeds: 5
  measures: [success]
  variants:
    - {label: MOTO, task: {robot: {config: my_robot.yaml}}, method: {moto: {epsilon: 0.3}}, rollouts: 15, iterations: 20}
    - {label: REPS, task: {robot: {config: my_robot.yaml}}, method: {reps: {}}, rollouts: 15, iterations: 20}
The folder's config.yaml shows every setting there is; docs/experiment_variants.md explains them.")]
pub struct Experiment {
    /// Name of the experiment, or a file (.yaml) that describes a whole one
    #[arg(value_name = "NAME|FILE", required_unless_present = "list")]
    name: Option<String>,

    /// Explain all experiments
    #[arg(long)]
    list: bool,

    /// A small version with results in less than a minute
    #[arg(long)]
    quick: bool,

    /// Number of seeds [default: 16, or the file's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    seeds: Option<u64>,

    /// The first seed [default: 1, or the file's]; seeds 1 to 16 are reported, settings are tuned on
    /// 201 and later
    #[arg(long, value_name = "N")]
    first_seed: Option<u64>,

    /// Changes to the experiment (YAML): variants, learner, task, rollouts, iterations, seeds
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Draw the curves of other learners, dashed, in the panel of the returns with exploration: a CSV
    /// file, such as benches/peers.py makes
    #[arg(long, value_name = "FILE")]
    peers: Option<PathBuf>,

    /// The results folder [default: experiments/NAME, or experiments/NAME-quick]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Experiment {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let Some(name) = self.name.filter(|_| !self.list) else {
            print(listing())?;
            return Ok(ExitCode::SUCCESS);
        };
        let file = Path::new(&name);
        let mut config = if file.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            let config = described(file)?;
            if self.quick { config.quick(QUICK) } else { config }
        } else {
            let entry = find(&name)?;
            if self.quick { entry.quick() } else { (entry.config)() }
        };
        if let Some(path) = &self.config {
            config = overridden(&config, path)?;
        }
        config.seeds = self.seeds.unwrap_or(config.seeds);
        config.first_seed = self.first_seed.unwrap_or(config.first_seed);
        config.validate()?;
        let quick = if self.quick { "-quick" } else { "" };
        let out = self.out.unwrap_or_else(|| PathBuf::from("experiments").join(format!("{}{quick}", config.name)));
        let folder = Folder::open(&out, &config)?;
        let stop = stop_on_signal()?;
        info!(
            "{}: {} variants, {} seeds each; results: {}",
            config.name,
            config.variants.len(),
            config.seeds,
            out.display()
        );
        let bars = Bars::new(&config);
        let outcome = run(&config, &folder, RunnerOptions::default(), &stop, &bars);
        bars.finish();
        match outcome? {
            Ended::Stopped => {
                print(format_args!(
                    "stopped; everything is saved, and the same command goes on in {}\n",
                    out.display()
                ))?;
                Ok(ExitCode::from(STOPPED))
            }
            Ended::Complete(records) => {
                let summary = publish(&config, &records, &folder, self.peers.as_deref())?;
                print(format_args!(
                    "{}\n{}\nresults: {}\n  report.html (open it in a browser)  figure.svg  summary.csv  summary.json  seeds/*.csv  config.yaml\n",
                    config.title,
                    table(&summary),
                    out.display()
                ))?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// All experiments with the methods they compare.
fn listing() -> String {
    let entries = ENTRIES.iter().map(|entry| {
        let text = format!("{} Sixteen seeds on two processors: {}.", entry.explanation, entry.duration);
        format!("{:<10}{}\n", entry.name, folded(&text, 88).join("\n          "))
    });
    entries.collect::<Vec<_>>().join("\n")
}

/// Lines of at most `width` characters, broken between words.
fn folded(text: &str, width: usize) -> Vec<String> {
    text.split_whitespace().fold(Vec::<String>::new(), |mut lines, word| {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
        lines
    })
}

/// A flag that a signal to end the program sets. A second signal ends the program at once.
fn stop_on_signal() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    signals::listen(&[], move |signal, _| {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(STOPPED.into());
        }
        warn!("{signal}: stopping after the iterations that run, then saving (again to stop at once)");
    })?;
    Ok(stop)
}

/// Progress for people: on a terminal a bar for all seeds and a line for each variant, elsewhere a
/// line per finished seed.
struct Bars {
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
    fn new(config: &ExperimentConfig) -> Self {
        let terminal = draws_bars();
        let styled = |template: &str, length: u64| {
            let bar = BARS.add(ProgressBar::new(length));
            // The templates are constants. If one does not parse, the default style is used.
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        };
        let width = config.variants.iter().map(|v| v.slug().chars().count()).max().unwrap_or(0);
        let variants = config.variants.iter().map(|variant| {
            let slug = variant.slug();
            let bar = terminal.then(|| {
                let length = config.seeds * variant.iterations as u64;
                let bar = styled("{prefix} {bar:20.cyan/blue} {msg}", length);
                bar.set_prefix(format!("{slug:width$}"));
                bar
            });
            (slug, Line { bar, newest: Mutex::default() })
        });
        let variants = variants.collect();
        let iterations: u64 = config.variants.iter().map(|v| config.seeds * v.iterations as u64).sum();
        let total = terminal.then(|| {
            styled("{bar:30.cyan/blue} {percent:>3} % of all iterations  {elapsed_precise} (left {eta})", iterations)
        });
        Self { total, variants }
    }

    fn update(&self, job: &Job<'_>, records: &[Record]) {
        let (Some(Line { bar, newest }), Some(last)) = (self.variants.get(&job.variant.slug()), records.last()) else {
            return;
        };
        // A poisoned lock means that another worker panicked. There is nothing to show then.
        let Ok(mut newest) = newest.lock() else { return };
        newest.insert(job.seed, Newest { iterations: last.iteration, value: last.mean_action_return });
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

    fn finish(&self) {
        let lines = self.variants.values().filter_map(|line| line.bar.as_ref());
        lines.chain(&self.total).for_each(ProgressBar::finish_and_clear);
    }
}

impl Watcher for Bars {
    fn iterated(&self, job: &Job<'_>, records: &[Record]) {
        self.update(job, records);
    }

    fn finished(&self, job: &Job<'_>, records: &[Record]) {
        self.update(job, records);
        if self.total.is_none() {
            let value = records.last().map_or(f64::NAN, |r| r.mean_action_return);
            let (label, seed, iterations) = (&job.variant.label, job.seed, records.len());
            print_progress(format_args!("{label} seed {seed}: {iterations} iterations, return {value:.3}"));
        }
    }
}
