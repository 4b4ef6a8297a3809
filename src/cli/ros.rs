//! `moto_controller run` and `moto_controller simulate`: the nodes of the feature `ros`.

use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::config::ConfigArgument;
use crate::ros;
use crate::terminal::logging;

/// Run as a ROS 2 node: the control loop and the learner on a robot that speaks ROS.
///
/// A managed node (configure, activate, deactivate), usually started by a launch file. ROS reads the
/// arguments after --ros-args: parameters (-p, --params-file), remappings (-r), log level.
#[derive(Args)]
pub struct Run {
    #[command(flatten)]
    config: ConfigArgument,
}

/// Run the simulated arm as a ROS 2 node of its own: joint states and the ball out, efforts in.
///
/// With robot.simulator in the configuration the arm is your program.
///
/// ROS reads the arguments after --ros-args. The parameter ros.clock chooses the wall clock or
/// lockstep with the controller.
#[derive(Args)]
pub struct Simulate {
    #[command(flatten)]
    config: ConfigArgument,
}

impl Run {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let (layer, lines) = ros::rosout();
        logging::initialise_with(Some(Box::new(layer)));
        ros::run(self.config.path()?, lines)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Simulate {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let (layer, lines) = ros::rosout();
        logging::initialise_with(Some(Box::new(layer)));
        ros::simulate(self.config.path()?, lines)?;
        Ok(ExitCode::SUCCESS)
    }
}
