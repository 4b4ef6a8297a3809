//! `moto_controller report`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use crate::commands::report;
use crate::terminal::output::print;

/// Make the report of a run: one HTML file to look at, which needs no network.
///
/// It shows the stroke before and after in three dimensions, the learning curve, where strokes came,
/// efforts against limits, gains, KL, entropy, guard events, deadlines, and trials that were left
/// out. A dry run makes it at its end; after an interrupted run, or one on a robot, this command
/// does.
#[derive(Args)]
pub struct Report {
    /// The run's folder
    #[arg(value_name = "DIR")]
    run: PathBuf,
}

impl Report {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        print(format_args!("{}\n", report(&self.run, None)?.display()))?;
        Ok(ExitCode::SUCCESS)
    }
}
