//! `moto_controller dry-run`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::Failure;
use super::config::ConfigArgument;
use super::setting::whole;
use crate::commands::{DryRunOptions, dry_run};
use crate::setup::TaskConfig;
use crate::storage::Remedy;
use crate::supervisor::{Beginning, DaemonError, run_configuration};
use crate::tasks::table_tennis;
use crate::terminal::output::print;

/// Learn a stroke on the embedded simulated arm, through the same control loop as on a robot.
///
/// Trials run in lockstep with the simulated arm, as fast as the machine allows; after each batch of rollouts the learner
/// updates the policy. It ends with strokes of the learned policy on the wall clock and their deadline statistics. The run
/// folder holds everything: configuration, metrics, every trial (MCAP), checkpoints, the learning curve.
///
/// Ctrl-C stops the robot safely, then saves; go on with --resume.
#[derive(Args)]
#[command(after_long_help = "\
Examples:
  moto_controller dry-run                                    the noiseless setting, a quarter of a minute
  moto_controller dry-run --setting noisy-bounce --iterations 120 --seed 3
  moto_controller dry-run --resume runs/noiseless-1          go on where an interrupted run stopped
  moto_controller dry-run --warm-start runs/noiseless-1 --setting context
  moto_controller evaluate runs/noiseless-1                  judge what was learned")]
pub struct DryRun {
    #[command(flatten)]
    config: ConfigArgument,

    /// What differs from trial to trial [default: the configuration's]
    #[arg(long, value_enum)]
    setting: Option<Setting>,

    /// Iterations of the learner [default: the configuration's]
    #[arg(long, value_name = "N", value_parser = whole::<usize>("run.iterations"))]
    iterations: Option<usize>,

    /// Rollouts per iteration [default: the configuration's]
    #[arg(long, value_name = "M", value_parser = whole::<usize>("run.rollouts"))]
    rollouts: Option<usize>,

    /// Seed of everything random: the same seed gives the same run, to the bit [default: the configuration's]
    #[arg(long, value_parser = whole::<u64>("run.seed"))]
    seed: Option<u64>,

    /// Strokes on the wall clock at the end [default: the configuration's]
    #[arg(long, value_name = "N", value_parser = whole::<usize>("run.realtime_strokes"))]
    realtime_strokes: Option<usize>,

    /// All trials on the wall clock, as on a robot: the arm goes home between strokes
    #[arg(long)]
    realtime: bool,

    /// The run folder to make [default: runs/SETTING-SEED, with a number behind it where that exists]
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    out: Option<PathBuf>,

    /// Go on with the run in this folder, with its configuration; --iterations may ask for more
    #[arg(long, value_name = "DIR", conflicts_with_all = ["config", "setting", "rollouts", "seed", "warm_start"])]
    resume: Option<PathBuf>,

    /// Start from what the run in this folder learned, or a stroke that an experiment learned (METHOD-SEED.stroke.json), instead of
    /// the demonstration: robot, task, shapes and units must be the same; what else differs is listed. The run's transitions are
    /// learned from too where their rewards mean the same and the learner takes them
    #[arg(long, value_name = "DIR|FILE")]
    warm_start: Option<PathBuf>,
}

/// What differs from trial to trial.
#[derive(Clone, Copy, ValueEnum)]
enum Setting {
    /// (a) Nothing: the same serve each time
    Noiseless,
    /// (b) The velocity of the serve
    Context,
    /// (c) The bounce on the table
    #[value(alias = "noisy_bounce")]
    NoisyBounce,
}

impl From<Setting> for table_tennis::Setting {
    fn from(setting: Setting) -> Self {
        match setting {
            Setting::Noiseless => Self::Noiseless,
            Setting::Context => Self::Context,
            Setting::NoisyBounce => Self::NoisyBounce,
        }
    }
}

impl DryRun {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let Self { config, setting, iterations, rollouts, seed, realtime_strokes, realtime, out, resume, warm_start } =
            self;
        let source = match &resume {
            Some(folder) => run_configuration(folder)?,
            None => config.source(),
        };
        if setting.is_some() && !matches!(source.load(|_| {})?.config.task, TaskConfig::TableTennis(_)) {
            return Err("--setting is for table tennis, and the task of this configuration is another"
                .to_owned()
                .into());
        }
        let beginning = match (resume, warm_start) {
            (Some(folder), _) => Beginning::Resume(folder),
            (None, Some(from)) => Beginning::WarmStart(from),
            (None, None) => Beginning::Demonstration,
        };
        let report = dry_run(DryRunOptions {
            config: source,
            adjust: Box::new(move |config| {
                if let Some(setting) = setting {
                    config.set_setting(setting.into());
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
        })
        .map_err(named)?;
        print(&report)?;
        Ok(if report.interrupted() { ExitCode::from(130) } else { ExitCode::SUCCESS })
    }
}

/// The failure with the options that mend it.
fn named(error: DaemonError) -> Failure {
    match error.remedy() {
        Some(Remedy::ResumeOrAnotherFolder) => format!("{error} (options --resume and --out)").into(),
        Some(Remedy::AnotherFolder) => format!("{error} (option --out)").into(),
        None => error.into(),
    }
}
