//! The arm and its world in the form that the page draws.

use nalgebra::Isometry3;
use serde::Serialize;

use crate::dynamics::{MovingBody, Shape, Visual};
use crate::view::{Arm, Part, Surroundings, Thing};

/// Position (x, y, z), m, and rotation as a quaternion (x, y, z, w).
#[derive(Clone, Debug, Serialize)]
pub struct PagePose {
    at: [f64; 3],
    turn: [f64; 4],
}

impl From<Isometry3<f64>> for PagePose {
    fn from(pose: Isometry3<f64>) -> Self {
        Self { at: pose.translation.vector.into(), turn: pose.rotation.coords.into() }
    }
}

/// A shape and its pose on what carries it.
#[derive(Clone, Debug, Serialize)]
pub struct PageShape {
    kind: &'static str,
    /// Edges of a box; radius and length of a cylinder along z; radius of a sphere, m.
    size: Vec<f64>,
    pose: PagePose,
    color: Option<[f64; 4]>,
}

impl PageShape {
    fn new(shape: Shape, pose: Isometry3<f64>, color: Option<[f64; 4]>) -> Self {
        let (kind, size) = match shape {
            Shape::Box(edges) => ("box", edges.to_vec()),
            Shape::Cylinder { radius, length } => ("cylinder", vec![radius, length]),
            Shape::Sphere { radius } => ("sphere", vec![radius]),
        };
        Self { kind, size, pose: pose.into(), color }
    }
}

/// A body that a joint moves.
#[derive(Clone, Debug, Serialize)]
struct PageBody {
    parent: Option<usize>,
    joint: usize,
    prismatic: bool,
    pose: PagePose,
    shapes: Vec<PageShape>,
}

/// The arm: bodies with their joints along z, a parent before its children.
#[derive(Clone, Debug, Serialize)]
pub struct PageArm {
    bodies: Vec<PageBody>,
    /// Shapes of the root.
    root: Vec<PageShape>,
}

impl PageArm {
    /// The arm of a robot description.
    pub fn new(arm: &Arm) -> Self {
        let parts = arm.parts();
        let of = |body: Option<usize>| {
            let own = parts.iter().filter(|part| part.body == body);
            let shape =
                |Part { visual: Visual { pose, shape, color }, .. }: &Part| PageShape::new(*shape, *pose, *color);
            own.map(shape).collect::<Vec<_>>()
        };
        let body = |(i, body): (usize, MovingBody)| PageBody {
            parent: body.parent,
            joint: body.joint,
            prismatic: body.prismatic,
            pose: body.at_zero.into(),
            shapes: of(Some(i)),
        };
        Self { bodies: arm.bodies().enumerate().map(body).collect(), root: of(None) }
    }
}

/// A thing of the world around the arm.
#[derive(Clone, Debug, Serialize)]
struct PageThing {
    name: String,
    follows: Option<String>,
    #[serde(flatten)]
    shape: PageShape,
}

/// The world around the arm.
#[derive(Clone, Debug, Serialize)]
pub struct PageScene {
    base: PagePose,
    things: Vec<PageThing>,
}

impl From<&Surroundings> for PageScene {
    fn from(scene: &Surroundings) -> Self {
        let thing = |thing: &Thing| PageThing {
            name: thing.name.clone(),
            follows: thing.follows.clone(),
            shape: PageShape::new(thing.shape, thing.pose, Some(thing.color)),
        };
        Self { base: scene.base.into(), things: scene.things.iter().map(thing).collect() }
    }
}
