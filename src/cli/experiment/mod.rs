//! `moto_controller experiment`.

mod progress;
mod spread;
mod work;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use self::spread::{Spread, What};
use self::work::Work;
use super::Failure;
use crate::experiment::catalogue::{ENTRIES, find};
use crate::experiment::{ExperimentConfig, described, overridden};
use crate::terminal::output::print;

/// Divisor of the iterations of a user's own experiment under `--quick`.
const QUICK: usize = 10;

/// Compare methods and settings over seeds: the figures of the paper, or your own.
///
/// Seeds run in parallel on all processors; the same seed gives the same numbers, to the bit, on
/// any number of them. The folder gets a CSV file per variant and seed, a summary, a figure, and
/// the settings written out. Ctrl-C saves everything; the same command goes on where it stopped,
/// and does not run finished seeds again. Several machines that share the folder may each run jobs of
/// it (docs/cluster.md).
#[derive(Args)]
#[command(after_long_help = "\
Examples:
  moto_controller experiment --list              what there is, and how long it takes
  moto_controller experiment 1c --quick          two seeds of the beginning, in less than a minute
  moto_controller experiment 1c                  all of it; Ctrl-C, and the same command goes on
  moto_controller experiment 1c --seeds 20       four more seeds in the same folder
  moto_controller experiment 1c --config mine.yaml --out experiments/mine
  moto_controller experiment 1c --config mine.yaml --first-seed 201 --out experiments/tuning
  moto_controller experiment 1c --shard 3/8      an eighth of the seeds, on one of eight machines
  moto_controller experiment 1c --merge          summary and figures of what they finished

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

    #[command(flatten)]
    spread: Spread,
}

impl Experiment {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let Some(name) = self.name.as_ref().filter(|_| !self.list) else {
            print(listing())?;
            return Ok(ExitCode::SUCCESS);
        };
        let config = self.configured(name)?;
        let quick = if self.quick { "-quick" } else { "" };
        let out = || PathBuf::from("experiments").join(format!("{}{quick}", config.name));
        let work = Work { config: &config, out: self.out.clone().unwrap_or_else(out), peers: self.peers.as_deref() };
        match self.spread.what()? {
            What::List => work.list(),
            What::Run(part) => work.run(part),
            What::Merge => work.merge(),
            What::Submit => work.submit(),
        }
    }

    /// The experiment of this name, changed by the options.
    fn configured(&self, name: &str) -> Result<ExperimentConfig, Failure> {
        let file = Path::new(name);
        let mut config = if file.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            let config = described(file)?;
            if self.quick { config.quick(QUICK) } else { config }
        } else {
            let entry = find(name)?;
            if self.quick { entry.quick() } else { (entry.config)() }
        };
        if let Some(path) = &self.config {
            config = overridden(&config, path)?;
        }
        config.seeds = self.seeds.unwrap_or(config.seeds);
        config.first_seed = self.first_seed.unwrap_or(config.first_seed);
        config.validate()?;
        Ok(config)
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
