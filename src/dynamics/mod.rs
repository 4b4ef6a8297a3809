//! Rigid-body dynamics and kinematics of a URDF tree of revolute, continuous, prismatic and fixed joints.
//!
//! [`Model`] is read from a URDF once; after that nothing here allocates or fails, so all of it may run in the control
//! loop. The algorithms are those of R. Featherstone, *Rigid Body Dynamics Algorithms* (Springer 2008): recursive
//! Newton-Euler (section 5.3), composite rigid bodies (6.2), articulated bodies (7.3), with the gravity as an upward
//! acceleration of the world. Two choices are ours and make them short and fast:
//! - spatial vectors are kept in world axes at one reference point (the first joint) instead of in body coordinates,
//!   so that the recursions only add, and the joint axes are the columns of every Jacobian;
//! - the frame of each moving body is turned so that its joint's axis is z: there are two kinds of joints, not seven.

mod algorithms;
mod build;
mod compensation;
mod description;
mod error;
mod inertia;
mod kinematics;
mod limits;
mod model;
mod note;
mod selection;
mod spatial;
#[cfg(test)]
pub(crate) mod tests;
mod values;
mod xml;

pub use compensation::{Compensated, Compensation};
pub use description::Description;
pub use error::{ModelError, Owner, Reason};
pub use model::{FrameId, Joint, JointKind, Model, Passive, Workspace};
pub use note::Note;
pub use selection::Selection;
