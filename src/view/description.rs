//! The scene as a robot description of its own, which every viewer of robots can draw.

use std::fmt::Write;

use nalgebra::Isometry3;

use super::{Stage, Thing};
use crate::dynamics::Shape;

/// The scene as a URDF: a link of each thing, in the frames of [`Stage::fixed`] and
/// [`Stage::moving`]. A body that moves hangs on a floating joint.
pub fn scene_urdf(stage: &Stage) -> String {
    let world = stage.world();
    let mut urdf = format!("<robot name=\"scene\">\n  <link name=\"{world}\"/>\n");
    for thing in &stage.surroundings.things {
        // Writing to a string cannot fail.
        let _ = write_thing(&mut urdf, world, thing);
    }
    urdf + "</robot>\n"
}

fn write_thing(urdf: &mut String, world: &str, thing: &Thing) -> std::fmt::Result {
    let Thing { name, pose, shape, color: [red, green, blue, opacity], follows } = thing;
    let name = escaped(&Stage::frame_of(name));
    let geometry = match shape {
        Shape::Box([x, y, z]) => format!("<box size=\"{x} {y} {z}\"/>"),
        Shape::Cylinder { radius, length } => format!("<cylinder radius=\"{radius}\" length=\"{length}\"/>"),
        Shape::Sphere { radius } => format!("<sphere radius=\"{radius}\"/>"),
    };
    let (kind, pose) = if follows.is_some() { ("floating", Isometry3::identity()) } else { ("fixed", *pose) };
    let (at, (roll, pitch, yaw)) = (pose.translation.vector, pose.rotation.euler_angles());
    writeln!(urdf, "  <link name=\"{name}\">")?;
    writeln!(urdf, "    <visual>")?;
    writeln!(urdf, "      <geometry>{geometry}</geometry>")?;
    writeln!(urdf, "      <material name=\"{name}\"><color rgba=\"{red} {green} {blue} {opacity}\"/></material>")?;
    writeln!(urdf, "    </visual>")?;
    writeln!(urdf, "  </link>")?;
    writeln!(urdf, "  <joint name=\"{name}_joint\" type=\"{kind}\">")?;
    writeln!(urdf, "    <parent link=\"{world}\"/>")?;
    writeln!(urdf, "    <child link=\"{name}\"/>")?;
    writeln!(urdf, "    <origin xyz=\"{} {} {}\" rpy=\"{roll} {pitch} {yaw}\"/>", at.x, at.y, at.z)?;
    writeln!(urdf, "  </joint>")
}

/// A name as the value of an attribute.
fn escaped(name: &str) -> String {
    quick_xml::escape::escape(name).into_owned()
}
