//! `moto_controller teach`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::config::ConfigArgument;
use crate::commands::{TeachOptions, teach};
use crate::terminal::output::print;

/// Record a demonstration: lead the simulated arm by a scripted hand.
///
/// On a robot a person leads the arm, between two calls of the ROS 2 node's services `~/teach` and `~/record`. This command
/// rehearses that on the embedded simulated arm, through the same mode of the control loop and the same recorder. The loop
/// carries the arm against gravity and damps it, with all limits and watchdogs on; the hand, a spring and a damper at each joint,
/// pulls it along a motion, and ends the recording where the motion ends. What is printed then is what the configuration needs
/// to learn from the recording.
#[derive(Args)]
#[command(after_long_help = "\
The hand's file has via points, in the form of those of a demonstration. The motion begins in the start posture:
  via_points:
    - {time: 0.6, joints: {j2: -0.4, j4: 1.1}}   # s; rad or m
    - {time: 1.2, joints: rest}                  # back to the start posture

Examples:
  moto_controller teach --config config/stroke.yaml --out shown.mcap
  moto_controller teach --config my_robot.yaml --hand points.yaml --out shown.mcap
  moto_controller dry-run --config my_robot.yaml    with what was printed in it")]
pub struct Teach {
    #[command(flatten)]
    config: ConfigArgument,

    /// Via points that the hand leads the arm through [default: the task's own demonstration]
    #[arg(long, value_name = "FILE")]
    hand: Option<PathBuf>,

    /// The recording to write: joint states as a rosbag2 file in MCAP form
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Teach {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let Self { config, hand, out } = self;
        print(&teach(&TeachOptions { config: config.source(), hand, out })?)?;
        Ok(ExitCode::SUCCESS)
    }
}
