//! `moto_controller gazebo`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::config::ConfigArgument;
use crate::gazebo;
use crate::terminal::output::{print, say};

/// Describe robot and world for Gazebo, from the configuration of the simulated arm.
///
/// It writes robot.urdf (with the tags of ros2_control, inertias of the drives, springs and the racket's surface), world.sdf (floor,
/// court, the served ball), controllers.yaml, and dry_run.yaml, whose dry run has the arm that Gazebo has; for a robot whose driver adds Coriolis forces node.yaml too, with what the node is
/// to be told there. The launch file gazebo.launch.py does this by itself at each start.
#[derive(Args)]
pub struct Gazebo {
    #[command(flatten)]
    config: ConfigArgument,

    /// The folder to write to, which is made if it is missing; files of these names in it are replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// The world's real-time factor: below 1 for a machine that cannot keep up
    #[arg(long, value_name = "FACTOR", default_value_t = 1., value_parser = speed)]
    speed: f64,
}

impl Gazebo {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let setup = self.config.source().load(|_| {})?;
        let written = gazebo::write(&setup, &self.out, self.speed)?;
        written.notes.iter().for_each(|note| say(format_args!("note: {note}")));
        for path in
            [&written.robot, &written.world, &written.controllers, &written.dry_run].into_iter().chain(&written.node)
        {
            print(format_args!("{}\n", path.display()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn speed(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|x| (0.01..=100.).contains(x)).ok_or_else(|| "expected 0.01 to 100".into())
}
