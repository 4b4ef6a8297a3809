//! Robot and world for Gazebo (gz sim), from the configuration that the simulated arm has.
//!
//! Gazebo's engine (DART) and ours differ in what they know. The description for Gazebo makes up for
//! it: the drives' armature becomes inertia of the links (`drives.rs`), springs and initial
//! positions go into extensions of the description, and every link gets an inertia, since sdformat drops a link without one
//! (`robot.rs`). The world has the court, the served ball and its drag (`world.rs`). A driver that adds Coriolis forces is
//! stood in for by the node, which sends them itself there.

mod drives;
mod error;
mod robot;
mod urdf;
mod world;

use std::path::{Path, PathBuf};

pub use self::error::GazeboError;
use self::robot::For;
use crate::dynamics::{Compensated, JointKind};
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
    /// A configuration whose dry run has the arm that Gazebo has (YAML). Its description lies beside it.
    pub dry_run: PathBuf,
    /// Parameters of the node that differ in Gazebo from the configuration (YAML), if there are any.
    pub node: Option<PathBuf>,
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
    let node = folder.join("node.yaml");
    let dry_run = folder.join("dry_run.yaml");
    let files = [
        (folder.join("robot.urdf"), robot::description(setup, &scene, &For::Gazebo(&controllers))?),
        (folder.join("world.sdf"), world::world(setup, &scene, speed)),
        (controllers.clone(), controllers_of(setup)),
        (dry_run.clone(), as_in_gazebo(setup)?),
        (folder.join(DRY_RUN_ROBOT), robot::description(setup, &scene, &For::DryRun)?),
    ];
    for (path, text) in &files {
        std::fs::write(path, text).map_err(|source| GazeboError::write(path, source))?;
    }
    let (node, notes) = match compensated(setup) {
        Compensation::Same => (None, vec![]),
        Compensation::GravityAlone => {
            std::fs::write(&node, GRAVITY_ALONE).map_err(|source| GazeboError::write(&node, source))?;
            (Some(node), vec![])
        }
        Compensation::Lacking => (None, vec![LACKING.into()]),
    };
    let [(robot, _), (world, _), ..] = files;
    Ok(Written { robot, world, controllers, dry_run, node, notes })
}

/// The description that the configuration of a dry run names.
const DRY_RUN_ROBOT: &str = "dry_run.urdf";

/// The configuration with the arm that Gazebo has: inertia of links stands for the armature of joints that turn. What a dry
/// run learns with it fits in Gazebo, where the drives couple the joints.
fn as_in_gazebo(setup: &Setup) -> Result<String, GazeboError> {
    let mut setup = setup.clone();
    let robot = &mut setup.config.robot;
    robot.urdf = DRY_RUN_ROBOT.into();
    robot.locked.clear(); // They are fixed where they are locked.
    robot.repair_inertias = false;
    for (joint, armature) in setup.model.joints().iter().zip(&mut robot.arm.armature) {
        if joint.kind != JointKind::Prismatic {
            *armature = 0.;
        }
    }
    Ok(setup.to_yaml()?)
}

/// What the robot's driver adds to the efforts, in Gazebo.
enum Compensation {
    /// What it adds on the robot.
    Same,
    /// Gravity, but no Coriolis forces: the node sends those, and the joints feel what they feel on the robot.
    GravityAlone,
    /// Nothing, where the configuration has Coriolis forces: a list without an entry cannot be a parameter of ROS.
    Lacking,
}

const GRAVITY_ALONE: &str =
    "# What the node is told besides its configuration: links without weight stand for a driver that carries the
# arm. Nothing adds Coriolis forces in Gazebo, so the node does.
/**:
  ros__parameters:
    robot:
      compensates: [gravity]
";
const LACKING: &str =
    "Gazebo adds no Coriolis forces as the robot's driver does (robot.compensates): fast strokes differ";

fn compensated(setup: &Setup) -> Compensation {
    let has = |part| setup.config.robot.compensates.contains(&part);
    match (has(Compensated::Coriolis), has(Compensated::Gravity)) {
        (false, _) => Compensation::Same,
        (true, true) => Compensation::GravityAlone,
        (true, false) => Compensation::Lacking,
    }
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
