//! What is done with an experiment in its results folder.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use tracing::{info, warn};

use super::progress::Bars;
use crate::cli::Failure;
use crate::experiment::{
    Collected, Ended, ExperimentConfig, ExperimentError, Folder, Job, Part, RunnerOptions, publish, run, slurm, table,
};
use crate::signals;
use crate::terminal::output::{print, say};

/// Exit code of a program that was stopped by a signal.
const STOPPED: u8 = 130;

/// Exit code of jobs that are not finished, through no fault of theirs: to be started again (`EX_TEMPFAIL` of sysexits.h).
const UNFINISHED: u8 = 75;

/// An experiment and its results folder.
pub struct Work<'a> {
    pub config: &'a ExperimentConfig,
    pub out: PathBuf,
    pub peers: Option<&'a Path>,
}

impl Work<'_> {
    /// Prints the jobs as JSON lines.
    pub fn list(&self) -> Result<ExitCode, Failure> {
        #[derive(Serialize)]
        struct Line<'a> {
            job: usize,
            #[serde(skip_serializing_if = "str::is_empty")]
            group: &'a str,
            variant: &'a str,
            seed: u64,
        }
        let mut text = String::new();
        for Job { index, variant, seed } in self.config.jobs() {
            let line = Line { job: index, group: &variant.group, variant: &variant.label, seed };
            writeln!(text, "{}", serde_json::to_string(&line)?)?;
        }
        print(text)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Runs the jobs of a part, and makes the summary of all.
    pub fn run(&self, part: Part) -> Result<ExitCode, Failure> {
        let Self { config, out, .. } = self;
        let (whole, jobs) = (part == Part::All, part.jobs(config)?);
        let unfinished = if whole { STOPPED } else { UNFINISHED };
        let stop = stop_on_signal(unfinished)?;
        let options = options()?;
        let folder = Folder::open(out, config)?;
        info!(
            "{}: {} variants, {} seeds each, {} jobs here, {} threads; results: {}",
            config.name,
            config.variants.len(),
            config.seeds,
            jobs.len(),
            options.threads,
            out.display()
        );
        let bars = Bars::new(&jobs);
        let outcome = run(&jobs, &folder, options, &stop, &bars);
        bars.finish();
        if whole && matches!(outcome, Ok(_) | Err(ExperimentError::Damaged { .. })) {
            folder.keep(config)?;
        }
        match outcome {
            // It may be a former attempt that has not ended yet.
            Err(error @ ExperimentError::InUse { .. }) if !whole => {
                say(format_args!("error: {error}"));
                Ok(ExitCode::from(UNFINISHED))
            }
            // The summary of the others names them.
            Err(ExperimentError::Damaged { .. }) if whole => self.summary(&folder),
            Err(error) => Err(error.into()),
            Ok(Ended::Stopped) => {
                print(format_args!(
                    "stopped; everything is saved, and the same command goes on in {}\n",
                    out.display()
                ))?;
                Ok(ExitCode::from(unfinished))
            }
            Ok(Ended::Complete) if whole => self.summary(&folder),
            Ok(Ended::Complete) => {
                let number = jobs.len();
                let noun = if number == 1 { "job is" } else { "jobs are" };
                print(format_args!("{number} {noun} finished in {}; --merge makes the summary\n", out.display()))?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }

    /// Makes the summary of what is finished.
    pub fn merge(&self) -> Result<ExitCode, Failure> {
        let folder = Folder::existing(&self.out, self.config)?;
        folder.keep(self.config)?;
        self.summary(&folder)
    }

    fn summary(&self, folder: &Folder) -> Result<ExitCode, Failure> {
        let Self { config, out, peers } = self;
        let collected = Collected::read(config, folder);
        if !collected.variants.is_empty() {
            let summary = publish(config, &collected, folder, *peers)?;
            print(format_args!(
                "{}\n{}\nresults: {}\n  report.html (open it in a browser)  figure.svg  summary.csv  summary.json  seeds/*.csv  config.yaml\n",
                config.title,
                table(&summary),
                out.display()
            ))?;
        }
        let complete = collected.missing.is_empty();
        if !complete {
            print(missing(&collected))?;
        }
        collected.check()?;
        Ok(if complete { ExitCode::SUCCESS } else { ExitCode::from(UNFINISHED) })
    }

    /// Writes the script of a Slurm array.
    pub fn submit(&self) -> Result<ExitCode, Failure> {
        let folder = Folder::open(&self.out, self.config)?;
        folder.keep(self.config)?;
        let [out, peers] = [Some(&*self.out), self.peers].map(|path| path.map(std::path::absolute).transpose());
        let (out, peers) = (out?.unwrap_or_default(), peers?);
        let jobs = self.config.jobs().len();
        let script = slurm::script(&std::env::current_exe()?, &out, &self.config.name, jobs, peers.as_deref());
        let path = folder.add("experiment.sbatch", &script)?;
        print(format_args!("{jobs} jobs; this submits them, and the merge behind them:\n  bash {}\n", path.display()))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The missing jobs, a line for each variant.
fn missing(collected: &Collected<'_>) -> String {
    let (missing, all) = (collected.missing.len(), collected.all());
    let mut variants = BTreeMap::<_, Vec<&Job<'_>>>::new();
    for job in &collected.missing {
        variants.entry((&job.variant.group, &job.variant.label)).or_default().push(job);
    }
    let lines = variants.into_iter().map(|((group, label), jobs)| {
        let group = if group.is_empty() { String::new() } else { format!("{group}, ") };
        let jobs: Vec<_> = jobs.into_iter().map(|job| format!("{} (job {})", job.seed, job.index)).collect();
        format!("  {group}{label}: seed {}\n", jobs.join(", "))
    });
    format!(
        "missing are {missing} of {all} seeds; run them with --job or --shard, and merge again:\n{}",
        lines.collect::<String>()
    )
}

/// As many threads as `RAYON_NUM_THREADS` says, else Slurm, else the machine.
fn options() -> Result<RunnerOptions, Failure> {
    let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let default = RunnerOptions::default();
    Ok(RunnerOptions { threads: slurm::threads(&variable)?.unwrap_or(default.threads), ..default })
}

/// A flag that a signal to end the program sets. A second signal ends the program at once, with the exit code `unfinished`.
fn stop_on_signal(unfinished: u8) -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    signals::listen(&[], move |signal, _| {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(unfinished.into());
        }
        warn!("{signal}: stopping after the iterations that run, then saving (again to stop at once)");
    })?;
    Ok(stop)
}
