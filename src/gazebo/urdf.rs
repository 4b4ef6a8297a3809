//! Pieces of a URDF.

use std::fmt::Write;

use nalgebra::{Isometry3, Matrix3, Rotation3};
use quick_xml::escape::escape;

use crate::dynamics::Element;

/// Mass and moment of inertia of a link that has none, kg and kg m^2: too little to be felt. Up to 1e-6 kg sdformat takes
/// for nothing.
pub(super) const SPECK: (f64, f64) = (1e-5, 1e-9);

/// An extension: a link that gravity does not pull at.
pub(super) fn no_weight(link: &str) -> String {
    format!("  <gazebo reference=\"{}\"><turnGravityOff>true</turnGravityOff></gazebo>", escape(link))
}

/// The inertia of a link: mass, kg, and inertia about the link's origin, kg m^2.
pub(super) fn inertial(mass: f64, tensor: &Matrix3<f64>) -> String {
    format!("    <inertial>\n      <mass value=\"{mass}\"/>\n{}    </inertial>\n", moments(tensor))
}

/// An `inertial` as it is, but for the inertia about its centre of mass, kg m^2.
pub(super) fn with_inertia(inertial: &Element, tensor: &Matrix3<f64>) -> String {
    let mut text = "    <inertial>\n".to_owned();
    inertial.children.iter().filter(|part| part.tag != "inertia").for_each(|part| element(part, 3, &mut text));
    text + &moments(tensor) + "    </inertial>\n"
}

fn moments(i: &Matrix3<f64>) -> String {
    let [xx, xy, xz] = [i[(0, 0)], i[(0, 1)], i[(0, 2)]];
    let [yy, yz, zz] = [i[(1, 1)], i[(1, 2)], i[(2, 2)]];
    format!("      <inertia ixx=\"{xx}\" ixy=\"{xy}\" ixz=\"{xz}\" iyy=\"{yy}\" iyz=\"{yz}\" izz=\"{zz}\"/>\n")
}

/// A joint that does not move.
pub(super) fn fixed(name: &str, above: &str, below: &str, pose: &Isometry3<f64>) -> String {
    format!(
        "  <joint name=\"{}\" type=\"fixed\">\n    <parent link=\"{}\"/>\n    <child link=\"{}\"/>\n    {}\n  </joint>\n",
        escape(name),
        escape(above),
        escape(below),
        origin(pose)
    )
}

/// The element of a pose.
pub(super) fn origin(pose: &Isometry3<f64>) -> String {
    let (p, (roll, pitch, yaw)) = (pose.translation, Rotation3::from(pose.rotation).euler_angles());
    format!("<origin xyz=\"{} {} {}\" rpy=\"{roll} {pitch} {yaw}\"/>", p.x, p.y, p.z)
}

/// Writes an element and all inside it.
pub(super) fn element(of: &Element, depth: usize, text: &mut String) {
    let pad = "  ".repeat(depth);
    let _ = write!(text, "{pad}<{}", of.tag);
    for (name, value) in of.attributes() {
        let _ = write!(text, " {name}=\"{}\"", escape(value));
    }
    if of.children.is_empty() {
        *text += "/>\n";
        return;
    }
    *text += ">\n";
    of.children.iter().for_each(|child| element(child, depth + 1, text));
    let _ = writeln!(text, "{pad}</{}>", of.tag);
}
