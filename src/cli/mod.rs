//! The command line: one file per subcommand, thin.

mod config;
mod doctor;
mod dry_run;
mod duration;
mod environment;
mod evaluate;
mod experiment;
mod gazebo;
mod init;
mod live;
mod replay;
mod report;
#[cfg(feature = "ros")]
mod ros;
mod setting;
mod show;
mod soak;
mod teach;

use clap::{CommandFactory, Parser, Subcommand};

use crate::terminal::output::say;

/// Reason why a command failed, for its user.
type Failure = Box<dyn std::error::Error>;

/// A real-time robot controller that learns strokes on the robot.
///
/// The robot executes a stroke again and again through a hard-deadline control loop; between trials
/// MOTO (Akrour et al., JMLR 2018) improves the policy within an exact trust region. Start with
/// `moto_controller dry-run`: it learns to return table-tennis balls on an embedded simulated arm
/// and needs nothing but this program.
#[derive(Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 success, 1 failure (the message says what to do), 2 wrong usage, 75 jobs of an \
                  experiment are unfinished (run the same command again), 130 stopped by a signal (everything is saved). A reader of the output who goes away (`| head -1`) ends the printing, not the \
                  run, and changes no exit code; output that cannot be written otherwise is a failure."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Init),
    DryRun(dry_run::DryRun),
    Doctor(doctor::Doctor),
    Environment(environment::Environment),
    Evaluate(evaluate::Evaluate),
    Experiment(experiment::Experiment),
    Replay(replay::Replay),
    Report(report::Report),
    Show(show::Show),
    Gazebo(gazebo::Gazebo),
    Soak(soak::Soak),
    Teach(teach::Teach),
    #[cfg(feature = "ros")]
    Run(ros::Run),
    #[cfg(feature = "ros")]
    Simulate(ros::Simulate),
}

/// Runs a command whose log goes to standard error alone.
fn logged<T>(command: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    crate::terminal::logging::initialise();
    command()
}

/// The command line's definition: subcommands, arguments and their help.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the command line and returns the process's exit code.
pub fn main() -> std::process::ExitCode {
    let words = std::env::args_os();
    #[cfg(feature = "ros")]
    let words = crate::ros::without_ros_arguments(words);
    let arguments = Arguments::parse_from(words);
    let outcome = match arguments.command {
        Command::Init(command) => logged(|| command.run()),
        Command::DryRun(command) => logged(|| command.run()),
        Command::Doctor(command) => logged(|| command.run()),
        Command::Environment(command) => logged(|| command.run()),
        Command::Evaluate(command) => logged(|| command.run()),
        Command::Experiment(command) => logged(|| command.run()),
        Command::Replay(command) => logged(|| command.run()),
        Command::Report(command) => logged(|| command.run()),
        Command::Show(command) => logged(|| command.run()),
        Command::Gazebo(command) => logged(|| command.run()),
        Command::Soak(command) => logged(|| command.run()),
        Command::Teach(command) => logged(|| command.run()),
        #[cfg(feature = "ros")]
        Command::Run(command) => command.run(),
        #[cfg(feature = "ros")]
        Command::Simulate(command) => command.run(),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            say(format_args!("error: {error}"));
            std::process::ExitCode::FAILURE
        }
    }
}
