//! Robot and world for Gazebo (gz sim), from the configuration that the simulated arm has.
//!
//! Gazebo's engine (DART) and ours differ in what they know. The description for Gazebo makes up for
//! it: the drives' armature becomes inertia of the links (`drives.rs`), springs and initial
//! positions go into extensions of the description, and every link gets an inertia, since sdformat drops a link without one
//! (`robot.rs`). The world has the court, the served ball and its drag (`world.rs`).

mod drives;
mod error;
mod robot;
mod urdf;
mod world;

use std::path::{Path, PathBuf};

pub use self::error::GazeboError;
use crate::setup::Setup;

/// The files written for Gazebo.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The robot description with its ros2_control tags (URDF).
    pub robot: PathBuf,
    /// The world (SDF 1.9).
    pub world: PathBuf,
    /// The controllers of ros2_control (YAML).
    pub controllers: PathBuf,
    /// What differs in Gazebo from the configuration, for people.
    pub notes: Vec<String>,
}

/// Writes robot, world and controllers into `folder`, which is made if it is missing. The world is to run at `speed`, its
/// real-time factor, above 0.
///
/// # Errors
/// A description that Gazebo cannot have, or a file that cannot be written.
pub fn write(setup: &Setup, folder: &Path, speed: f64) -> Result<Written, GazeboError> {
    let scene = setup.task()?.scene();
    // The plugin in Gazebo looks for the controllers from a folder of its own.
    let folder = std::path::absolute(folder).map_err(|source| GazeboError::write(folder, source))?;
    std::fs::create_dir_all(&folder).map_err(|source| GazeboError::write(&folder, source))?;
    let controllers = folder.join("controllers.yaml");
    let described = robot::description(setup, &scene, &controllers)?;
    let files = [
        (folder.join("robot.urdf"), described.text),
        (folder.join("world.sdf"), world::world(setup, &scene, speed)),
        (controllers.clone(), controllers_of(setup)),
    ];
    for (path, text) in &files {
        std::fs::write(path, text).map_err(|source| GazeboError::write(path, source))?;
    }
    let [(robot, _), (world, _), _] = files;
    Ok(Written { robot, world, controllers, notes: described.notes })
}

/// The controllers of ros2_control: joint states out, efforts in, once per control period.
fn controllers_of(setup: &Setup) -> String {
    let joints: Vec<String> = setup.config.robot.joints.iter().map(|joint| format!("{joint:?}")).collect();
    format!(
        "controller_manager:
  ros__parameters:
    update_rate: {rate}
    joint_state_broadcaster:
      type: joint_state_broadcaster/JointStateBroadcaster
    effort_controller:
      type: forward_command_controller/ForwardCommandController

effort_controller:
  ros__parameters:
    joints: [{joints}]
    interface_name: effort
",
        rate = (1. / setup.config.control.period).round(),
        joints = joints.join(", ")
    )
}
