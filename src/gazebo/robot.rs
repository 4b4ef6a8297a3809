//! The robot description for Gazebo: links and moving joints as they are, with what Gazebo needs besides.

use std::fmt::Write;
use std::path::Path;

use nalgebra::{Isometry3, Matrix3, Unit};
use quick_xml::escape::escape;

use super::GazeboError;
use super::drives::{Driven, inertias};
use super::urdf::{SPECK, element, fixed, inertial, no_weight, origin, with_inertia};
use crate::dynamics::{Compensated, Description, Element, JointKind, Workspace};
use crate::setup::Setup;
use crate::tasks::{Paddle, Scene};

/// The link that sdformat takes for the world.
const WORLD: &str = "world";
/// A limit that is none, as sdformat writes it.
const UNLIMITED: f64 = 1e16;
/// Thickness of the racket, m: our own has none, and the engine needs some.
const THICKNESS: f64 = 0.004;

/// Whose simulation a description is for.
pub(super) enum For<'a> {
    /// Gazebo's. The plugin there reads its controllers from this file.
    Gazebo(&'a Path),
    /// Our own, which places the robot as its task says, and has the armature of joints that slide.
    DryRun,
}

/// Writes the description.
///
/// # Errors
/// A description whose root cannot be placed.
pub(super) fn description(setup: &Setup, scene: &Scene, purpose: &For<'_>) -> Result<String, GazeboError> {
    let description = Description::parse(&setup.urdf)?;
    let document = Element::parse(&setup.urdf)?;
    // A description has its robot, else it were refused.
    let robot = document.child("robot").cloned().unwrap_or_default();
    let writer = Writer::new(setup, &description);
    let mut text = format!(
        "<?xml version=\"1.0\"?>\n<!-- Written by `moto_controller gazebo` from the configuration: change that, not this. -->\n\
         <robot name=\"{}\">\n",
        escape(description.name())
    );
    robot.children.iter().filter(|child| child.tag == "material").for_each(|child| element(child, 1, &mut text));
    let in_gazebo = matches!(purpose, For::Gazebo(_));
    if in_gazebo && description.root() != WORLD {
        let mount = fixed("world_mount", WORLD, description.root(), &scene.base);
        let _ = write!(text, "  <link name=\"{WORLD}\"/>\n{mount}");
    } else if in_gazebo && scene.base != Isometry3::identity() {
        return Err(GazeboError::RootIsTheWorld { task: setup.config.task.name().into() });
    }
    let paddle = |link: &str| scene.paddle.as_ref().filter(|paddle| paddle.link == link);
    let weightless = setup.config.robot.compensates.contains(&Compensated::Gravity);
    for child in &robot.children {
        let name = child.attribute("name").unwrap_or_default();
        match child.tag.as_str() {
            "link" => {
                let repair = setup.config.robot.repair_inertias.then(|| description.repaired_inertia(name));
                link(child, name, paddle(name), weightless, repair.transpose()?.flatten(), &mut text);
            }
            "joint" => writer.joint(child, name, &mut text),
            _ => {}
        }
    }
    writer.drives(in_gazebo, &mut text);
    if let For::Gazebo(controllers) = purpose {
        text += &control(setup, controllers);
    }
    text += "</robot>\n";
    Ok(text)
}

/// Writes joints, for which it knows the model at the start posture.
struct Writer<'a> {
    setup: &'a Setup,
    description: &'a Description,
    workspace: Workspace,
}

impl<'a> Writer<'a> {
    fn new(setup: &'a Setup, description: &'a Description) -> Self {
        let mut workspace = setup.model.workspace();
        let q = &setup.config.control.start_posture;
        setup.model.kinematics(&mut workspace, q, &vec![0.; q.len()]);
        Self { setup, description, workspace }
    }

    /// Pose of a link in another's frame. Both are links of the model.
    fn relative(&self, from: &str, to: &str) -> Isometry3<f64> {
        let model = &self.setup.model;
        let pose =
            |link: &str| model.frame(link).map_or(Isometry3::identity(), |link| model.pose(&self.workspace, link));
        pose(from).inverse() * pose(to)
    }

    /// Writes a joint: with the model's limits, damping and friction if it moves, else where it is locked.
    fn joint(&self, child: &Element, name: &str, text: &mut String) {
        let end = |tag: &str| child.child(tag).and_then(|end| end.attribute("link")).unwrap_or_default();
        let (above, below) = (end("parent"), end("child"));
        let Some(joint) = self.setup.model.joints().iter().find(|joint| joint.name == name) else {
            *text += &fixed(name, above, below, &self.relative(above, below));
            return;
        };
        let kind = match joint.kind {
            JointKind::Revolute => "revolute",
            JointKind::Continuous => "continuous",
            JointKind::Prismatic => "prismatic",
        };
        let _ = writeln!(text, "  <joint name=\"{}\" type=\"{kind}\">", escape(name));
        let _ = writeln!(text, "    <parent link=\"{}\"/>\n    <child link=\"{}\"/>", escape(above), escape(below));
        for tag in ["origin", "axis"] {
            child.child(tag).into_iter().for_each(|child| element(child, 2, text));
        }
        let within = |limit: f64| limit.clamp(-UNLIMITED, UNLIMITED);
        let [lower, upper, effort, velocity] = [joint.lower, joint.upper, joint.effort, joint.velocity].map(within);
        let _ = writeln!(
            text,
            "    <limit lower=\"{lower:?}\" upper=\"{upper:?}\" effort=\"{effort:?}\" velocity=\"{velocity:?}\"/>"
        );
        let passive = &joint.passive;
        let _ = writeln!(
            text,
            "    <dynamics damping=\"{}\" friction=\"{}\"/>\n  </joint>",
            passive.damping, passive.friction
        );
        if passive.stiffness > 0. {
            let _ = writeln!(
                text,
                "  <gazebo reference=\"{}\">\n    <springReference>{}</springReference>\n    \
                 <springStiffness>{}</springStiffness>\n  </gazebo>",
                escape(name),
                passive.spring_reference,
                passive.stiffness
            );
        }
    }

    /// Writes the bodies that stand for the drives, each a link of its own; those of joints that slide where `sliding`.
    fn drives(&self, sliding: bool, text: &mut String) {
        let Self { setup, description, .. } = self;
        let driven: Vec<(Driven, &str)> = setup
            .model
            .joints()
            .iter()
            .enumerate()
            .filter_map(|(joint, known)| self.driven(joint, &known.name))
            .collect();
        let (driven, links): (Vec<_>, Vec<_>) = driven.into_iter().unzip();
        let inertias = inertias(&setup.model, &driven, &setup.config.control.start_posture);
        for (Driven { joint, axis, .. }, link) in driven.iter().zip(links) {
            let (joint, inertia) = (&setup.model.joints()[*joint], inertias[*joint]);
            let slides = joint.kind == JointKind::Prismatic;
            if inertia == 0. || (slides && !sliding) {
                continue;
            }
            let mut name = format!("{}_drive", joint.name);
            while description.links().any(|link| link == name) {
                name.push('_');
            }
            let (mass, moments) = match slides {
                true => (inertia, Matrix3::identity() * SPECK.1),
                false => (
                    SPECK.0,
                    Matrix3::identity() * (0.5 * inertia) + axis.as_ref() * axis.transpose() * (0.5 * inertia),
                ),
            };
            let _ = write!(text, "  <link name=\"{}\">\n{}  </link>\n", escape(&name), inertial(mass, &moments));
            let mount = format!("{name}_mount");
            *text += &fixed(&mount, link, &name, &Isometry3::identity());
            if slides {
                // Of a link of its own, since armature has no weight.
                let _ = writeln!(
                    text,
                    "  <gazebo reference=\"{}\"><preserveFixedJoint>true</preserveFixedJoint></gazebo>\n{}",
                    escape(&mount),
                    no_weight(&name)
                );
            }
        }
    }

    fn driven(&self, joint: usize, name: &str) -> Option<(Driven, &'a str)> {
        let link = self.description.moved_by(name)?;
        let axis = self.description.axis_of(name)?;
        let depth = self.description.joints_to(link)?.len();
        Some((Driven { joint, depth, link: self.setup.model.frame(link)?, axis: Unit::new_normalize(axis) }, link))
    }
}

/// Writes a link as it is, with an inertia if it has none, and the racket's surface if it is the racket's.
/// `repaired` is the inertia taken in place of its own, kg m^2.
fn link(
    child: &Element,
    name: &str,
    paddle: Option<&Paddle>,
    weightless: bool,
    repaired: Option<Matrix3<f64>>,
    text: &mut String,
) {
    if name == WORLD {
        let _ = writeln!(text, "  <link name=\"{WORLD}\"/>");
        return;
    }
    let _ = writeln!(text, "  <link name=\"{}\">", escape(name));
    if child.child("inertial").is_none() {
        *text += &inertial(SPECK.0, &(Matrix3::identity() * SPECK.1));
    }
    let kept = child.children.iter().filter(|part| matches!(part.tag.as_str(), "inertial" | "visual" | "collision"));
    for part in kept {
        match repaired.filter(|_| part.tag == "inertial") {
            Some(repaired) => *text += &with_inertia(part, &repaired),
            None => element(part, 2, text),
        }
    }
    if let Some(Paddle { pose, radius, .. }) = paddle {
        let _ = writeln!(
            text,
            "    <collision>\n      {}\n      <geometry><cylinder radius=\"{radius}\" length=\"{THICKNESS}\"/></geometry>\n    \
             </collision>",
            origin(pose)
        );
    }
    *text += "  </link>\n";
    if let Some(paddle) = paddle {
        let _ = writeln!(
            text,
            "  <gazebo reference=\"{}\">\n    <collision><surface><bounce><restitution_coefficient>{}</restitution_coefficient>\
             </bounce></surface></collision>\n  </gazebo>",
            escape(name),
            paddle.restitution
        );
    }
    if weightless {
        let _ = writeln!(text, "{}", no_weight(name));
    }
}

/// The tags of ros2_control: an effort for each joint, from its start position.
fn control(setup: &Setup, controllers: &Path) -> String {
    let mut text = format!(
        "  <ros2_control name=\"{}\" type=\"system\">\n    <hardware><plugin>gz_ros2_control/GazeboSimSystem</plugin></hardware>\n",
        escape(setup.model.name())
    );
    for (joint, start) in setup.config.robot.joints.iter().zip(&setup.config.control.start_posture) {
        let _ = write!(
            text,
            "    <joint name=\"{}\">\n      <command_interface name=\"effort\"/>\n      <state_interface name=\"position\">\
             <param name=\"initial_value\">{start:?}</param></state_interface>\n      <state_interface name=\"velocity\"/>\n      \
             <state_interface name=\"effort\"/>\n    </joint>\n",
            escape(joint)
        );
    }
    let _ = write!(
        text,
        "  </ros2_control>\n  <gazebo>\n    <plugin filename=\"gz_ros2_control-system\" \
         name=\"gz_ros2_control::GazeboSimROS2ControlPlugin\">\n      <parameters>{}</parameters>\n    </plugin>\n  </gazebo>\n",
        escape(controllers.to_string_lossy().as_ref())
    );
    text
}
