//! `moto_controller doctor`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::config::ConfigArgument;
use crate::daemon::{DoctorOptions, DoctorReport, Verdict, doctor};

/// Say what this machine can promise, and what to do where that is too little.
///
/// Rights are tried, not guessed. Then the loop runs on the wall clock, stroke after stroke on the simulated arm: half of the time
/// with nothing else to do, half of it with every processor busy and the learner updating. A histogram is drawn and each half
/// graded: excellent (no period missed, every release within a tenth of the period), good (99.9 % of them), fair (few enough
/// periods missed to learn from), poor.
#[derive(Args)]
pub struct Doctor {
    #[command(flatten)]
    config: ConfigArgument,

    /// How long to measure, s; 0 only looks
    #[arg(long, value_name = "S", default_value_t = 20.)]
    seconds: f64,

    /// Where runs are stored
    #[arg(long, value_name = "DIR", default_value = "runs")]
    folder: PathBuf,

    /// Where the histogram goes
    #[arg(long, value_name = "FILE", default_value = "latency.svg")]
    picture: PathBuf,

    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let Self { config, seconds, folder, picture, json } = self;
        let report = doctor(&DoctorOptions { config: config.path()?, seconds, folder, picture })?;
        if json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            print(&report);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print(report: &DoctorReport) {
    for fact in &report.facts {
        let mark = match fact.verdict {
            Verdict::Good => "good",
            Verdict::Fair => "fair",
            Verdict::Poor => "POOR",
        };
        println!("{mark}  {:<22} {}", fact.name, fact.found);
        if let Some(advice) = &fact.advice {
            println!("{:29}{advice}", "");
        }
    }
    for measured in &report.measured {
        print!("\n{measured}");
    }
    if let Some(picture) = &report.picture {
        println!("\nhistogram: {}", picture.display());
    }
}
