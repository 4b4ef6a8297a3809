//! `moto_controller init`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use crate::init::{FirstTask, Options, Posture, init};
use crate::terminal::output::print;

/// Write a configuration for the arm of a robot description, with a first stroke to learn.
///
/// The description is a file, or what the robot publishes (--from-robot, in a program built with ROS 2), which is saved beside
/// the configuration. The stroke then starts in the robot's present posture.
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
  moto_controller init --urdf arm.urdf --start shoulder:0.4,elbow:-1.2
  moto_controller init --from-robot                                writes robot.yaml and robot.urdf
  moto_controller init --urdf arm.urdf --task table_tennis --racket hand
  moto_controller dry-run --config my_robot.yaml                   learns on the simulated arm")]
pub struct Init {
    /// Robot description: a URDF, or a xacro file, which the program `xacro` expands
    #[arg(long, value_name = "FILE", required_unless_present = "from_robot", conflicts_with = "from_robot")]
    urdf: Option<PathBuf>,

    /// Take description, joints and start posture from the robot, over ROS 2
    #[arg(long)]
    from_robot: bool,

    /// Topic of the robot's description
    #[arg(long, value_name = "TOPIC", requires = "from_robot", default_value = "robot_description")]
    description_topic: String,

    /// Topic of the robot's joint states
    #[arg(long, value_name = "TOPIC", requires = "from_robot", default_value = "joint_states")]
    joint_states_topic: String,

    /// Longest wait for the robot, s
    #[arg(long, value_name = "SECONDS", requires = "from_robot", default_value_t = 10., value_parser = seconds)]
    timeout: f64,

    /// Start posture, rad or m: A,B,C in the order of the joints, or JOINT:A,JOINT:B, which may lock other joints too
    /// [default: one that is chosen near the joints' zeros; with --from-robot the present one]
    #[arg(long, value_name = "POSTURE", allow_hyphen_values = true)]
    start: Option<Posture>,

    /// Link at the tip of the arm [default: that of the longest chain of joints, without a hand]
    #[arg(long, value_name = "LINK")]
    tip: Option<String>,

    /// What to learn first: a stroke through a point, or table tennis, for which the place of the arm at the table is searched
    #[arg(long, value_name = "TASK", default_value = "stroke", value_parser = FirstTask::NAMES)]
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

    /// The configuration to write [default: named by the robot description, or robot.yaml, in this folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Init {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let Self { urdf, tip, task, racket, places, joints, limits, xacro_args, repair_inertias, .. } = self;
        let task = FirstTask::named(&task);
        let (mut start, mut out, mut received) = (self.start, self.out, None);
        if self.from_robot {
            let (description, present) = ask_robot(&self.description_topic, &self.joint_states_topic, self.timeout)?;
            // At the table, the search chooses the posture.
            start = start.or((task == FirstTask::Stroke).then_some(Posture::Reported(present)));
            out = out.or(Some("robot.yaml".into()));
            received = Some(description);
        }
        let (urdf, xacro_arguments) = (urdf.unwrap_or_default(), words(&xacro_args));
        print(&init(&Options {
            urdf,
            received,
            start,
            tip,
            task,
            racket,
            places,
            joints,
            limits,
            xacro_arguments,
            repair_inertias,
            out,
        })?)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn words(arguments: &[String]) -> Vec<String> {
    arguments.iter().flat_map(|given| given.split_whitespace()).map(String::from).collect()
}

fn seconds(text: &str) -> Result<f64, String> {
    let allowed = 0.1..=3600.;
    text.parse().ok().filter(|x| allowed.contains(x)).ok_or_else(|| "expected 0.1 to 3600 s".into())
}

/// The robot's description, and the positions of its joints.
#[cfg(feature = "ros")]
fn ask_robot(description: &str, joints: &str, timeout: f64) -> Result<(String, BTreeMap<String, f64>), Failure> {
    use crate::ros::{RosError, ask_robot};
    let found = ask_robot(description, joints, std::time::Duration::from_secs_f64(timeout));
    found.map_err(|error| match error {
        RosError::NoMessage { .. } => {
            format!("{error}; is the robot up, and are these its topics (--description-topic, --joint-states-topic)?")
                .into()
        }
        other => other.into(),
    })
}

#[cfg(not(feature = "ros"))]
fn ask_robot(_: &str, _: &str, _: f64) -> Result<(String, BTreeMap<String, f64>), Failure> {
    Err("--from-robot speaks ROS 2, and this program was built without it: build it with `--features ros` \
         (docs/ros.md), or give the description as a file (option --urdf)"
        .into())
}
