//! Builds a [`Model`] from a description. Fixed and locked links are merged into the bodies that
//! carry them, and keep their frames.

use std::path::Path;

use nalgebra::{Matrix3, Rotation3, Unit, Vector3};

use super::description::{Description, JointElement, JointType, Link};
use super::error::{ModelError, Reason};
use super::inertia;
use super::limits::{largest, passive, position_bounds, soft_bounds};
use super::model::{Body, Frame, Joint, JointKind, Model, Passive};
use super::note::Note;
use super::selection::{Role, Selection, roles};
use super::spatial::Inertia;
use super::values::Placement;

/// Default gravity, m/s^2, the usual value in simulators.
const GRAVITY: f64 = 9.81;

impl Model {
    /// Reads a URDF file. All joints of [`Description::joints`] move, in this order.
    ///
    /// # Errors
    /// The file cannot be read, or [`Description::parse`] or [`Description::model`] refuses it. The
    /// error names the file.
    pub fn from_urdf_file(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let path = path.as_ref();
        let made = Description::read(path)?.model(&Selection::default());
        made.map(|(model, _)| model).map_err(|error| error.of(path))
    }

    /// Reads the text of a URDF. All joints of [`Description::joints`] move, in this order.
    ///
    /// # Errors
    /// As [`Self::from_urdf_file`].
    pub fn from_urdf_str(urdf: &str) -> Result<Self, ModelError> {
        Ok(Description::parse(urdf)?.model(&Selection::default())?.0)
    }
}

impl Description {
    /// The model of the robot, and notes on its differences from the description. The joints of
    /// `selection` move, and all others are locked. The root link is the world.
    ///
    /// # Errors
    /// `selection` names a joint that does not exist or does not suit its use; a joint mimics one
    /// that moves; a floating or planar joint is not the root's; an axis is zero; the limits of a
    /// joint contradict each other; a value that is used is not a number; a link that moves has no
    /// mass, or an inertia that no body can have.
    pub fn model(&self, selection: &Selection) -> Result<(Model, Vec<Note>), ModelError> {
        let mut notes = vec![];
        let roles = roles(self, selection, &mut notes)?;
        let model = Model {
            name: self.name().into(),
            joints: vec![],
            bodies: vec![],
            frames: vec![],
            gravity: Vector3::new(0., 0., -GRAVITY),
            reference: Vector3::zeros(),
        };
        let repair = selection.repair_inertias;
        let mut builder = Builder { model, repair, notes };
        builder.attach(&self.links[self.root], 0, Placement::IDENTITY)?;
        // Body of each link, and the link's frame on that body.
        let mut places = vec![(0, Placement::IDENTITY); self.links.len()];
        let mut joints: Vec<Option<Joint>> = vec![None; roles.len()];
        for i in self.outwards() {
            let joint = &self.joints[i];
            let (parent, at) = places[joint.parent];
            let start = at.then(&joint.part().origin()?);
            let (body, placement) = match roles[i] {
                Role::Fixed => (parent, start),
                Role::Locked(position) => (parent, start.then(&moved(joint, position)?)),
                Role::Moves(place) => {
                    joints[place] = Some(builder.joint(joint)?);
                    builder.body(joint, parent, &start, place)?
                }
            };
            builder.attach(&self.links[joint.child], body, placement)?;
            places[joint.child] = (body, placement);
        }
        let Builder { mut model, notes, .. } = builder;
        model.joints = joints.into_iter().flatten().collect();
        self.check_inertias(&model)?;
        model.move_origin();
        Ok((model, notes))
    }

    /// The axis of a joint in the frame of the link that it moves, of length 1; `None` if there is no such joint, or it has no
    /// direction.
    pub fn axis_of(&self, joint: &str) -> Option<Vector3<f64>> {
        self.joints.iter().find(|known| known.name == joint).and_then(|joint| axis(joint).ok())
    }

    /// The rotational inertia about a link's centre of mass that is taken, with `repair_inertias`, in place of one that no
    /// body can have, in the frame of its `inertial`, kg m^2. `None` if a body can have it, or there is no such link.
    ///
    /// # Errors
    /// A value of the link's inertia is missing or not a number.
    pub fn repaired_inertia(&self, link: &str) -> Result<Option<Matrix3<f64>>, ModelError> {
        self.links.iter().find(|known| known.name == link).map_or(Ok(None), inertia::repaired)
    }

    /// Checks that every joint moves some inertia of its own body. Forward dynamics then has a
    /// solution in every position.
    fn check_inertias(&self, model: &Model) -> Result<(), ModelError> {
        for body in &model.bodies {
            let joint = &model.joints[body.joint].name;
            let refuse = |what, value| {
                let link = self.moved_by(joint).unwrap_or_default().to_owned();
                let line = self.links.iter().find(|known| known.name == link).map_or(1, |link| link.element.line);
                ModelError::at(line, Reason::Massless { link, joint: joint.clone(), what, value })
            };
            if body.mass <= 0. {
                return Err(refuse("inertial mass", body.mass));
            }
            let about_axis = Inertia::of(body.mass, &body.centre, &body.inertia).rotational.0[2][2];
            if !body.prismatic && about_axis <= 0. {
                return Err(refuse("inertia about its joint's axis", about_axis));
            }
        }
        Ok(())
    }
}

/// A model under construction.
struct Builder {
    model: Model,
    repair: bool,
    notes: Vec<Note>,
}

impl Builder {
    /// Makes a joint that moves.
    fn joint(&mut self, joint: &JointElement) -> Result<Joint, ModelError> {
        let kind = match joint.kind {
            JointType::Prismatic => JointKind::Prismatic,
            JointType::Continuous => JointKind::Continuous,
            _ => JointKind::Revolute,
        };
        let (lower, upper) = position_bounds(joint)?;
        let (velocity, effort) = largest(joint)?;
        let (soft_lower, soft_upper) = soft_bounds(joint, (lower, upper), &mut self.notes);
        let passive: Passive = passive(joint)?;
        Ok(Joint { name: joint.name.clone(), kind, lower, upper, soft_lower, soft_upper, velocity, effort, passive })
    }

    /// Adds the body behind a moving joint and returns it with the frame of its link. The axis
    /// becomes the body's z; the link's frame keeps its direction.
    fn body(
        &mut self,
        joint: &JointElement,
        parent: usize,
        start: &Placement,
        place: usize,
    ) -> Result<(usize, Placement), ModelError> {
        let turn = turn_z_to(&axis(joint)?);
        self.model.bodies.push(Body {
            joint: place,
            parent,
            prismatic: joint.kind == JointType::Prismatic,
            rotation: start.rotation * turn,
            translation: start.translation,
            mass: 0.,
            centre: Vector3::zeros(),
            inertia: Matrix3::zeros(),
        });
        Ok((self.model.bodies.len(), Placement { rotation: turn.transpose(), translation: Vector3::zeros() }))
    }

    /// Fixes a link to a body: adds the link's frame, and its mass if the body moves.
    fn attach(&mut self, link: &Link, body: usize, placement: Placement) -> Result<(), ModelError> {
        let Placement { rotation, translation } = placement;
        self.model.frames.push(Frame { name: link.name.clone(), body, rotation, translation });
        let Some(body) = body.checked_sub(1).map(|i| &mut self.model.bodies[i]) else { return Ok(()) };
        let own = inertia::of_link(link, &placement, self.repair, &mut self.notes)?;
        let total = body.mass + own.mass;
        if total > 0. {
            // Both inertias are moved to the common centre of mass, through this frame's origin.
            let sum = Inertia::of(body.mass, &body.centre, &body.inertia).plus(&own);
            body.mass = total;
            body.centre = Vector3::from(sum.moment) / total;
            let moved = Inertia::of(total, &body.centre, &Matrix3::zeros()).rotational;
            body.inertia = Matrix3::from(sum.rotational) - Matrix3::from(moved);
        }
        Ok(())
    }
}

impl Model {
    /// Moves the reference point to the first joint.
    fn move_origin(&mut self) {
        self.reference = self.bodies.first().map_or(Vector3::zeros(), |body| body.translation);
        for body in self.bodies.iter_mut().filter(|body| body.parent == 0) {
            body.translation -= self.reference;
        }
        for frame in self.frames.iter_mut().filter(|frame| frame.body == 0) {
            frame.translation -= self.reference;
        }
    }
}

/// The direction of a joint's axis; x by default. The axis may have any length.
fn axis(joint: &JointElement) -> Result<Vector3<f64>, ModelError> {
    let Some(part) = joint.part().child("axis") else { return Ok(Vector3::x()) };
    let Some(axis) = part.vector("xyz")? else { return Ok(Vector3::x()) };
    let length = axis.norm();
    if length > 0. && length.is_finite() {
        return Ok(axis.normalize());
    }
    Err(part.refuse("xyz", part.text("xyz").unwrap_or_default(), "must point somewhere"))
}

/// The frame of a joint at a position, in the frame of the joint's parent.
fn moved(joint: &JointElement, position: f64) -> Result<Placement, ModelError> {
    let axis = axis(joint)?;
    Ok(if joint.kind == JointType::Prismatic {
        Placement { translation: axis * position, ..Placement::IDENTITY }
    } else {
        let rotation = Rotation3::from_axis_angle(&Unit::new_unchecked(axis), position);
        Placement { rotation: rotation.into_inner(), ..Placement::IDENTITY }
    })
}

/// The smallest rotation that takes z to the axis. For an axis that points down, half a turn and
/// then the smallest rotation. Exact along the coordinate axes.
fn turn_z_to(axis: &Vector3<f64>) -> Matrix3<f64> {
    if axis.z < 0. {
        return turn_z_to(&-axis) * Matrix3::from_diagonal(&Vector3::new(1., -1., -1.));
    }
    let (x, y, z) = (axis.x, axis.y, axis.z);
    let scale = 1. / (1. + z);
    Matrix3::new(1. - scale * x * x, -scale * x * y, x, -scale * x * y, 1. - scale * y * y, y, -x, -y, z)
}
