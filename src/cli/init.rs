//! `moto_controller init`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use crate::init::{FirstTask, Options, init};
use crate::terminal::output::print;

/// Write a configuration for the arm of a robot description, with a first stroke to learn.
///
/// It picks the joints between the root and the tip, locks all others, takes the limits of the description, works out gains and
/// scales from the arm's own inertia, and writes a task: strike through a point that the demonstration misses by a hand's
/// breadth. Each value in the file says where it is from. Limits that the description lacks are left empty and listed: fill them
/// in before the dry run.
#[derive(Args)]
#[command(after_long_help = "\
Examples:
  moto_controller init --urdf my_robot.urdf                        writes my_robot.yaml
  moto_controller init --urdf panda.urdf.xacro --xacro-args hand:=true --tip panda_hand
  moto_controller init --urdf arm.urdf --joints shoulder,elbow --limits moveit_config/config/joint_limits.yaml
  moto_controller init --urdf arm.urdf --task table_tennis --racket hand
  moto_controller dry-run --config my_robot.yaml                   learns on the simulated arm")]
pub struct Init {
    /// Robot description: a URDF, or a xacro file, which the program `xacro` expands
    #[arg(long, value_name = "FILE")]
    urdf: PathBuf,

    /// Link at the tip of the arm [default: that of the longest chain of joints, without a hand]
    #[arg(long, value_name = "LINK")]
    tip: Option<String>,

    /// What to learn first: a stroke through a point, or table tennis, for which the place of the arm at the table is searched
    #[arg(long, value_name = "TASK", default_value = "stroke", value_parser = ["stroke", "table_tennis"])]
    task: String,

    /// Link that the racket is fixed to, for table tennis; its x axis is the racket's normal [default: racket, or the tip]
    #[arg(long, value_name = "LINK")]
    racket: Option<String>,

    /// Number of places at the table that are tried [default: 4000]
    #[arg(long, value_name = "N")]
    places: Option<usize>,

    /// Joints to learn, in the order wanted [default: those between the root and the tip]
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    joints: Option<Vec<String>>,

    /// Limits beside those of the description: MoveIt's joint_limits.yaml
    #[arg(long, value_name = "FILE")]
    limits: Option<PathBuf>,

    /// Argument of the xacro file; may be given several times
    #[arg(long, value_name = "NAME:=VALUE")]
    xacro_args: Vec<String>,

    /// Take the nearest possible inertia where that of a link is impossible
    #[arg(long)]
    repair_inertias: bool,

    /// The configuration to write [default: named by the robot description, in this folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Init {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let Self { urdf, tip, task, racket, places, joints, limits, xacro_args, repair_inertias, out } = self;
        let xacro_arguments = xacro_args.iter().flat_map(|given| given.split_whitespace()).map(String::from).collect();
        let task = if task == "table_tennis" { FirstTask::TableTennis } else { FirstTask::Stroke };
        let report =
            init(&Options { urdf, tip, task, racket, places, joints, limits, xacro_arguments, repair_inertias, out })?;
        print(&report)?;
        Ok(ExitCode::SUCCESS)
    }
}
