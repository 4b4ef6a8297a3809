//! `moto_controller soak`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::Failure;
use super::config::ConfigArgument;
use super::duration;
use super::live::LiveArguments;
use crate::commands::{SoakOptions, soak};
use crate::terminal::output::{print, say};

/// Run for long and keep nothing: do memory and the loop's timing stay constant?
///
/// Loop, learner and storage run as in `dry-run`. A temporary folder keeps the newest 50 trials and
/// is removed at the end. The report has a line for each tenth of the run; the first is the warm-up.
#[derive(Args)]
pub struct Soak {
    #[command(flatten)]
    config: ConfigArgument,

    /// Trials in lockstep, rounded up to whole iterations
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    trials: u32,

    /// Run on the wall clock for M minutes instead, with the deadline statistics
    #[arg(long, value_name = "M", conflicts_with = "trials", value_parser = duration::minutes)]
    minutes: Option<Duration>,

    #[command(flatten)]
    live: LiveArguments,
}

impl Soak {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let Self { config, trials, minutes, live } = self;
        let report = soak(SoakOptions {
            config: config.source(),
            trials: trials as usize,
            wall_clock: minutes,
            live: live.config(),
            tell: Box::new(|part| say(part)),
        })?;
        print(&report)?;
        Ok(if report.error.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
