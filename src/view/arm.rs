//! The arm: its links' frames as transforms, and its shapes on the bodies that joints move.

use nalgebra::{Isometry3, UnitQuaternion, Vector3};

use super::Transform;
use crate::dynamics::{Description, FrameId, Model, ModelError, MovingBody, Shape, Visual};

/// Radius of the arm where its description has no shape that can be drawn, m.
const RADIUS: f64 = 0.03;
/// Shortest distance between joints that is drawn, m.
const SHORTEST: f64 = 1e-3;

/// The arm of a robot description.
#[derive(Clone, Debug)]
pub struct Arm {
    urdf: String,
    root: String,
    model: Model,
    links: Vec<Link>,
    shapes: Vec<(FrameId, Visual)>,
}

/// A link below the root.
#[derive(Clone, Debug)]
struct Link {
    name: String,
    frame: FrameId,
    parent: String,
    parent_frame: FrameId,
    /// Whether no joint moves it against its parent.
    fixed: bool,
}

/// A shape on a body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// The body, as a place in [`Arm::bodies`]; `None` for the root.
    pub body: Option<usize>,
    /// The shape, with its pose on the body.
    pub visual: Visual,
}

impl Arm {
    /// The arm of the description `urdf`, with `model` made from it. The root link is the model's
    /// world.
    ///
    /// # Errors
    /// A text that is no robot description.
    pub fn new(urdf: &str, model: &Model) -> Result<Self, ModelError> {
        let description = Description::parse(urdf)?;
        let link = |name: &str| {
            let parent = description.parent_of(name)?;
            let (frame, parent_frame) = (model.frame(name)?, model.frame(parent)?);
            let fixed = model.place(frame).0 == model.place(parent_frame).0;
            Some(Link { name: name.into(), frame, parent: parent.into(), parent_frame, fixed })
        };
        let of_link = |name: &str| {
            let frame = model.frame(name)?;
            Some(description.visuals(name).into_iter().map(move |visual| (frame, visual)))
        };
        Ok(Self {
            urdf: urdf.into(),
            root: description.root().into(),
            links: description.links().filter_map(link).collect(),
            shapes: description.links().filter_map(of_link).flatten().collect(),
            model: model.clone(),
        })
    }

    /// The text of the description.
    pub fn urdf(&self) -> &str {
        &self.urdf
    }

    /// The root link.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Number of joints that move, n.
    pub fn dof(&self) -> usize {
        self.model.dof()
    }

    /// The transforms of links that no joint moves against their parents.
    pub fn fixed(&self) -> Vec<Transform> {
        self.transforms(true, &vec![0.; self.dof()])
    }

    /// The transforms of the other links at joint positions `q` (n), rad or m.
    pub fn moving(&self, q: &[f64]) -> Vec<Transform> {
        self.transforms(false, q)
    }

    fn transforms(&self, fixed: bool, q: &[f64]) -> Vec<Transform> {
        let mut workspace = self.model.workspace();
        self.model.kinematics(&mut workspace, q, &vec![0.; q.len()]);
        let pose = |frame| self.model.pose(&workspace, frame);
        let links = self.links.iter().filter(|link| link.fixed == fixed);
        links
            .map(|link| Transform {
                parent: link.parent.clone(),
                child: link.name.clone(),
                pose: pose(link.parent_frame).inv_mul(&pose(link.frame)),
            })
            .collect()
    }

    /// The bodies that joints move, a parent before its children.
    pub fn bodies(&self) -> impl Iterator<Item = MovingBody> {
        self.model.bodies()
    }

    /// The shapes on the bodies. An arm without a shape on any moving body, e.g. one of meshes, is
    /// drawn by cylinders from joint to joint.
    pub fn parts(&self) -> Vec<Part> {
        let part = |(frame, visual): &(FrameId, Visual)| {
            let (body, at) = self.model.place(*frame);
            Part { body, visual: Visual { pose: at * visual.pose, ..*visual } }
        };
        let parts: Vec<Part> = self.shapes.iter().map(part).collect();
        if parts.iter().any(|part| part.body.is_some()) { parts } else { self.skeleton() }
    }

    /// Cylinders from each body's joint to the joints and links that it carries.
    fn skeleton(&self) -> Vec<Part> {
        let joints = self.bodies().map(|body| (body.parent, body.at_zero.translation.vector));
        let links = self.links.iter().map(|link| {
            let (body, at) = self.model.place(link.frame);
            (body, at.translation.vector)
        });
        let bones = joints.chain(links).filter(|(_, to)| to.norm() > SHORTEST);
        let mut parts: Vec<Part> = vec![];
        for (body, to) in bones {
            let visual = bone(&to);
            if !parts.contains(&Part { body, visual }) {
                parts.push(Part { body, visual });
            }
        }
        parts
    }
}

/// A cylinder from the origin to a point.
fn bone(to: &Vector3<f64>) -> Visual {
    let turn = UnitQuaternion::rotation_between(&Vector3::z(), to);
    let turn = turn.unwrap_or_else(|| UnitQuaternion::from_axis_angle(&Vector3::x_axis(), std::f64::consts::PI));
    let shape = Shape::Cylinder { radius: RADIUS, length: to.norm() };
    Visual { pose: Isometry3::from_parts((to / 2.).into(), turn), shape, color: None }
}
