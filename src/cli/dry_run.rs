//! `moto_controller dry-run`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use moto_settings::Value;

use super::Failure;
use super::config::ConfigArgument;
use super::live::LiveArguments;
use super::setting::whole;
use crate::commands::{DryRunOptions, dry_run};
use crate::live::LiveError;
use crate::storage::Remedy;
use crate::supervisor::{Beginning, ConfigSource, DaemonError, run_configuration};
use crate::tasks::TaskConfig;
use crate::terminal::output::print;

/// Learn a stroke on the embedded simulated arm, through the same control loop as on a robot.
///
/// Trials run in lockstep with the simulated arm, as fast as the machine allows; after each batch
/// of rollouts the learner updates the policy. It ends with strokes of the learned policy on the
/// wall clock and their deadline statistics. The run folder holds everything: configuration,
/// metrics, every trial (MCAP), checkpoints, the learning curve.
///
/// Ctrl-C stops the robot safely, then saves; go on with --resume.
#[derive(Args)]
#[command(after_long_help = "\
Examples:
  moto_controller dry-run                                    the noiseless setting, a quarter of a minute
  moto_controller dry-run --setting noisy-bounce --iterations 120 --seed 3
  moto_controller dry-run --realtime --live                  look on in the browser
  moto_controller dry-run --resume runs/noiseless-1          go on where an interrupted run stopped
  moto_controller dry-run --warm-start runs/noiseless-1 --setting context
  moto_controller evaluate runs/noiseless-1                  judge what was learned")]
pub struct DryRun {
    #[command(flatten)]
    config: ConfigArgument,

    /// The task's setting, for a task with a field `setting`; of table tennis noiseless (a), context (b: the serve differs) or
    /// noisy-bounce (c: the bounce does) [default: the configuration's]
    #[arg(long)]
    setting: Option<String>,

    /// Iterations of the learner [default: the configuration's]
    #[arg(long, value_name = "N", value_parser = whole::<usize>("run.iterations"))]
    iterations: Option<usize>,

    /// Rollouts per iteration [default: the configuration's]
    #[arg(long, value_name = "M", value_parser = whole::<usize>("run.rollouts"))]
    rollouts: Option<usize>,

    /// Seed of all random numbers: the same seed gives the same run, to the bit [default: the
    /// configuration's]
    #[arg(long, value_parser = whole::<u64>("run.seed"))]
    seed: Option<u64>,

    /// Strokes on the wall clock at the end [default: the configuration's]
    #[arg(long, value_name = "N", value_parser = whole::<usize>("run.realtime_strokes"))]
    realtime_strokes: Option<usize>,

    /// All trials on the wall clock, as on a robot: the arm goes home between strokes
    #[arg(long)]
    realtime: bool,

    /// The run folder to make [default: runs/SETTING-SEED, with a number appended if that
    /// exists]
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    out: Option<PathBuf>,

    /// Go on with the run in this folder, with its configuration; --iterations may ask for more
    #[arg(long, value_name = "DIR", conflicts_with_all = ["config", "setting", "rollouts", "seed", "warm_start"])]
    resume: Option<PathBuf>,

    /// Start from the policy of the run in this folder, or from a stroke that an experiment learned
    /// (METHOD-SEED.stroke.json), instead of the demonstration: robot, task, shapes and units must
    /// be the same; other differences are listed. The learner uses the run's transitions too if
    /// their rewards have the same meaning
    #[arg(long, value_name = "DIR|FILE")]
    warm_start: Option<PathBuf>,

    #[command(flatten)]
    live: LiveArguments,
}

impl DryRun {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let Self {
            config,
            setting,
            iterations,
            rollouts,
            seed,
            realtime_strokes,
            realtime,
            out,
            resume,
            warm_start,
            live,
        } = self;
        let source = match &resume {
            Some(folder) => run_configuration(folder)?,
            None => config.source(),
        };
        let task = setting.map(|setting| set(&source, setting)).transpose()?;
        let beginning = match (resume, warm_start) {
            (Some(folder), _) => Beginning::Resume(folder),
            (None, Some(from)) => Beginning::WarmStart(from),
            (None, None) => Beginning::Demonstration,
        };
        let report = dry_run(DryRunOptions {
            config: source,
            adjust: Box::new(move |config| {
                if let Some(task) = task {
                    config.task = task;
                }
                let run = &mut config.run;
                run.iterations = iterations.unwrap_or(run.iterations);
                run.rollouts = rollouts.unwrap_or(run.rollouts);
                run.seed = seed.unwrap_or(run.seed);
                run.realtime_strokes = realtime_strokes.unwrap_or(run.realtime_strokes);
            }),
            realtime,
            out,
            beginning,
            live: live.config(),
        })
        .map_err(named)?;
        print(&report)?;
        Ok(if report.interrupted() { ExitCode::from(130) } else { ExitCode::SUCCESS })
    }
}

/// The task of a configuration in another setting.
fn set(source: &ConfigSource, setting: String) -> Result<TaskConfig, Failure> {
    let mut task = source.load(|_| {})?.config.task;
    task.set("setting", Value::Text(setting)).map_err(|error| format!("--setting: {error}"))?;
    Ok(task)
}

/// The failure with the options that mend it.
fn named(error: DaemonError) -> Failure {
    match &error {
        DaemonError::Live(LiveError::Reachable { .. }) => return format!("{error} (option --live-to-network)").into(),
        DaemonError::Live(LiveError::Bind { .. }) => return format!("{error} (option --live-port)").into(),
        _ => {}
    }
    match error.remedy() {
        Some(Remedy::ResumeOrAnotherFolder) => format!("{error} (options --resume and --out)").into(),
        Some(Remedy::AnotherFolder) => format!("{error} (option --out)").into(),
        None => error.into(),
    }
}
