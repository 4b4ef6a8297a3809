//! `moto_controller evaluate`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use crate::commands::{EvaluateOptions, evaluate};
use crate::terminal::output::print;

/// Replay the policy of a run or an experiment without exploration noise, and report its success.
///
/// The strokes run through the control loop with the simulated arm and are not stored. The last
/// line is `success: SHARE`.
#[derive(Args)]
pub struct Evaluate {
    /// The run's folder, or a learned stroke of an experiment
    /// (experiments/NAME/seeds/METHOD-SEED.stroke.json)
    #[arg(value_name = "DIR|FILE")]
    run: PathBuf,

    /// Strokes to make [default: the configuration's evaluation_strokes, 200; with --realtime
    /// realtime_strokes, 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    strokes: Option<u64>,

    /// With exploration noise
    #[arg(long)]
    noise: bool,

    /// What the run's learner starts with, instead of what it learned
    #[arg(long)]
    initial: bool,

    /// On the wall clock, with the loop's deadlines, instead of in lockstep
    #[arg(long)]
    realtime: bool,

    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

impl Evaluate {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let Self { run, strokes, noise, initial, realtime, json } = self;
        let evaluation = evaluate(&EvaluateOptions { run, strokes, noise, initial, realtime })?;
        print(if json { serde_json::to_string_pretty(&evaluation)? + "\n" } else { evaluation.to_string() })?;
        Ok(ExitCode::SUCCESS)
    }
}
