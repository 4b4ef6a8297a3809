//! `moto_controller soak`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::Failure;
use super::config::ConfigArgument;
use super::duration;
use crate::commands::{SoakOptions, soak};
use crate::terminal::output::{print, say};

/// Run for long and keep nothing: does memory stay flat, and the loop as fast as it was?
///
/// Everything runs as in `dry-run`: loop, learner, storage. The folder is a temporary one that keeps the newest 50 trials and
/// is removed at the end. Each tenth of the run is a line; the first is the warm-up.
#[derive(Args)]
pub struct Soak {
    #[command(flatten)]
    config: ConfigArgument,

    /// Trials in lockstep, rounded up to whole iterations
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    trials: u32,

    /// On the wall clock instead, for so many minutes, with the deadline statistics
    #[arg(long, value_name = "M", conflicts_with = "trials", value_parser = duration::minutes)]
    minutes: Option<Duration>,
}

impl Soak {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let Self { config, trials, minutes } = self;
        let report = soak(SoakOptions {
            config: config.source(),
            trials: trials as usize,
            wall_clock: minutes,
            tell: Box::new(|part| say(part)),
        })?;
        print(&report)?;
        Ok(if report.error.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
