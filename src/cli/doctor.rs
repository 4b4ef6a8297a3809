//! `moto_controller doctor`.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::Failure;
use super::config::ConfigArgument;
use super::duration;
use crate::commands::{DoctorOptions, DoctorReport, Verdict, doctor};
use crate::terminal::output::print;

/// Say which deadlines this machine can keep, and how to improve it.
///
/// Rights are tried, not guessed. Then the loop runs on the wall clock and makes strokes with the
/// simulated arm: half of the time on an idle machine, half of it with every processor busy and the
/// learner updating. A histogram shows both halves, and each half is graded: excellent (no period
/// missed, every release within a tenth of the period), good (99.9 % of them), fair (few enough
/// periods missed to learn from), poor. A program of yours as simulator (robot.simulator) is started
/// and asked as in a stroke.
#[derive(Args)]
pub struct Doctor {
    #[command(flatten)]
    config: ConfigArgument,

    /// Control period to measure, s, e.g. 0.00025 for 4 kHz [default: the configuration's]
    #[arg(long, value_name = "S", value_parser = duration::seconds)]
    period: Option<Duration>,

    /// Duration of the measurement, s; 0 for none
    #[arg(long, value_name = "S", default_value = "20", value_parser = duration::seconds)]
    seconds: Duration,

    /// Folder of the runs
    #[arg(long, value_name = "DIR", default_value = "runs")]
    folder: PathBuf,

    /// File of the histogram
    #[arg(long, value_name = "FILE", default_value = "latency.svg")]
    picture: PathBuf,

    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let Self { config, period, seconds, folder, picture, json } = self;
        let report = doctor(&DoctorOptions { config: config.source(), period, time: seconds, folder, picture })?;
        let said = if json { serde_json::to_string_pretty(&report)? + "\n" } else { Text(&report).to_string() };
        print(said)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A report for people.
struct Text<'a>(&'a DoctorReport);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        for fact in &report.facts {
            let mark = match fact.verdict {
                Verdict::Good => "good",
                Verdict::Fair => "fair",
                Verdict::Poor => "POOR",
            };
            writeln!(f, "{mark}  {:<22} {}", fact.name, fact.found)?;
            if let Some(advice) = &fact.advice {
                writeln!(f, "{:29}{advice}", "")?;
            }
        }
        report.measured.iter().try_for_each(|measured| write!(f, "\n{measured}"))?;
        report.picture.iter().try_for_each(|picture| writeln!(f, "\nhistogram: {}", picture.display()))
    }
}
