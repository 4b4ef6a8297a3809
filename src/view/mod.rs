//! What a trial looks like: the arm, and the world around it. Viewers draw it from the trials on
//! disk, and the report draws it itself.

mod arm;
mod description;
mod stage;
#[cfg(test)]
mod tests;

pub use arm::{Arm, Part};
pub use description::scene_urdf;
pub use stage::{Stage, Transform};

use nalgebra::{Isometry3, Vector3};

use crate::dynamics::Shape;

/// A shape of the world around the arm.
#[derive(Clone, Debug, PartialEq)]
pub struct Thing {
    /// Its name.
    pub name: String,
    /// Its pose in the world; of a thing that follows a body, its pose on that body.
    pub pose: Isometry3<f64>,
    /// Its shape.
    pub shape: Shape,
    /// Red, green, blue and opacity, each 0 to 1.
    pub color: [f64; 4],
    /// Name of the observed body that it is.
    pub follows: Option<String>,
}

impl Thing {
    /// A thing that stands still, with its axes along the world's.
    pub fn at(name: &str, position: Vector3<f64>, shape: Shape, color: [f64; 4]) -> Self {
        Self { name: name.into(), pose: position.into(), shape, color, follows: None }
    }

    /// An observed body, drawn as a sphere.
    pub fn body(name: &str, radius: f64, color: [f64; 4]) -> Self {
        let shape = Shape::Sphere { radius };
        Self { follows: Some(name.into()), ..Self::at(name, Vector3::zeros(), shape, color) }
    }
}

/// The world around the arm in one trial.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surroundings {
    /// Pose of the robot description's root link in the world.
    pub base: Isometry3<f64>,
    /// The things in the world.
    pub things: Vec<Thing>,
}

/// A place that a stroke was to reach, and where it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// What came there, e.g. `landing`.
    pub name: String,
    /// Where it was to come (x, y, z), m in the world.
    pub target: Vector3<f64>,
    /// Where it came (x, y, z), m in the world.
    pub reached: Vector3<f64>,
}
