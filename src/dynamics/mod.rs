//! Rigid-body dynamics and kinematics of a URDF tree of revolute, continuous, prismatic and fixed
//! joints.
//!
//! [`Model`] is read from a URDF once. Afterwards no method here allocates or fails, so all may run
//! in the control loop. The algorithms are those of R. Featherstone, *Rigid Body Dynamics
//! Algorithms* (Springer 2008): recursive Newton-Euler (section 5.3), composite rigid bodies (6.2),
//! articulated bodies (7.3). Gravity is an upward acceleration of the world. Two choices of this
//! project keep the code short and fast:
//! - Spatial vectors are in world axes at one reference point (the first joint), not in body
//!   coordinates. The recursions only add, and the joint axes are the columns of every Jacobian.
//! - The frame of each moving body is turned so that its joint's axis is z. Two kinds of joints
//!   remain instead of seven.
//!
//! Forward dynamics computes with the numbers of one robot, or of several that move in step
//! ([`Lanes`]).

mod algorithms;
mod build;
mod compensation;
mod description;
mod error;
mod inertia;
mod kinematics;
mod lanes;
mod limits;
mod model;
mod note;
mod selection;
mod spatial;
#[cfg(test)]
pub(crate) mod tests;
mod values;
mod visual;
mod xml;

pub use compensation::{Compensated, Compensation};
pub use description::Description;
pub use error::{ModelError, Owner, Reason};
pub use lanes::{Lanes, Number};
pub use model::{FrameId, Joint, JointKind, Model, MovingBody, Passive, Workspace};
pub use note::Note;
pub use selection::Selection;
pub use visual::{Shape, Visual};
pub(crate) use xml::Element;
