//! `moto_controller replay`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use crate::commands::{ReplayOptions, replay};
use crate::terminal::output::print;

/// Make the control cycles of a recorded trial again, and compare them to the bit.
///
/// The cycle gets the recorded readings at their recorded times. Judged are the policy's state, the
/// action, the effort asked and the effort sent after the limits, each made from recorded input: the
/// first that differs is the one to look at. It says in which cycle, for which joint, and which
/// settings differ. The exit code is 0 if nothing differs. It works for trials of a robot too.
#[derive(Args)]
pub struct Replay {
    /// The run's folder
    #[arg(value_name = "DIR")]
    run: PathBuf,

    /// Number of the trial
    trial: u64,

    /// Another configuration than the run's: what would other limits have done?
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

impl Replay {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let Self { run, trial, config, json } = self;
        let replayed = replay(&ReplayOptions { run, trial, config })?;
        print(if json { serde_json::to_string_pretty(&replayed)? + "\n" } else { replayed.to_string() })?;
        Ok(if replayed.is_equal() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
