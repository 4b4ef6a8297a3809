//! Reads a URDF into a [`Model`]: fixed links are merged into the bodies that carry them, their frames are kept.

use std::collections::BTreeMap;
use std::path::Path;

use nalgebra::{Matrix3, Rotation3, SymmetricEigen, Vector3};
use urdf_rs::{JointType, Pose};

use super::error::ModelError;
use super::model::{Body, Frame, Joint, JointKind, Model, Passive};
use super::spatial::Inertia;

/// Default gravity, m/s^2, as in other simulators.
const GRAVITY: f64 = 9.81;
/// Largest distance of an axis's length from 1. Such an axis was rounded and is normalised; any
/// other is an error.
const AXIS_TOLERANCE: f64 = 1e-3;
/// Largest negative principal moment, as a share of their sum: files round.
const INERTIA_TOLERANCE: f64 = 1e-6;

/// The soft limits of a joint's `safety_controller`, no wider than its limits; these where it has none, or leaves both at zero.
fn soft_limits(joint: &urdf_rs::Joint, lower: f64, upper: f64) -> Result<(f64, f64), ModelError> {
    let Some(safety) = &joint.safety_controller else { return Ok((lower, upper)) };
    let (soft_lower, soft_upper) = (safety.soft_lower_limit, safety.soft_upper_limit);
    if soft_lower == 0. && soft_upper == 0. {
        return Ok((lower, upper));
    }
    let soft = (soft_lower.max(lower), soft_upper.min(upper));
    if soft_lower.is_nan() || soft_upper.is_nan() || soft.0 >= soft.1 {
        let rule = "must be below the soft upper limit, within the limits";
        return Err(ModelError::value("joint", &joint.name, "soft lower limit", soft_lower, rule));
    }
    Ok(soft)
}

impl Model {
    /// Reads a URDF file.
    ///
    /// # Errors
    /// The file cannot be read, or [`Model::from_urdf_str`] refuses it; the error names the file.
    pub fn from_urdf_file(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|source| ModelError::Read { path: path.into(), source })?;
        Self::from_urdf_str(&text).map_err(|source| ModelError::File { path: path.into(), source: Box::new(source) })
    }

    /// Reads a URDF. Its root link is the world.
    ///
    /// # Errors
    /// It is not a URDF; its links do not form one tree; a joint is floating or planar, or mimics
    /// another; a joint's axis is not a unit vector; a revolute or prismatic joint has no limits; a
    /// moving link has no mass, or an inertia that no body can have.
    pub fn from_urdf_str(urdf: &str) -> Result<Self, ModelError> {
        let robot = urdf_rs::read_from_string(urdf).map_err(|source| ModelError::syntax(urdf, source))?;
        let tree = Tree::new(&robot)?;
        let mut model = Self {
            name: robot.name.clone(),
            joints: Vec::new(),
            bodies: Vec::new(),
            frames: Vec::new(),
            gravity: Vector3::new(0., 0., -GRAVITY),
            reference: Vector3::zeros(),
        };
        // Depth first: each entry is a joint, its parent body, and the frame on that body where the
        // joint starts.
        model.attach(tree.root, 0, Placement::IDENTITY)?;
        let mut open: Vec<_> = tree.joints_below(tree.root).map(|joint| (joint, 0, Placement::IDENTITY)).collect();
        while let Some((joint, parent, start)) = open.pop() {
            let start = start.then(&Placement::new("joint", &joint.name, &joint.origin)?);
            let (body, placement) = match model.add_joint(joint)? {
                None => (parent, start),
                Some(axis) => {
                    // The axis becomes the body's z; the link's frame keeps its direction.
                    let turn = turn_z_to(&axis);
                    model.bodies.push(Body {
                        parent,
                        prismatic: joint.joint_type == JointType::Prismatic,
                        rotation: start.rotation * turn,
                        translation: start.translation,
                        mass: 0.,
                        centre: Vector3::zeros(),
                        inertia: Matrix3::zeros(),
                    });
                    (model.bodies.len(), Placement { rotation: turn.transpose(), translation: Vector3::zeros() })
                }
            };
            let link = tree.links[joint.child.link.as_str()];
            model.attach(link, body, placement)?;
            open.extend(tree.joints_below(link).map(|joint| (joint, body, placement)));
        }
        if model.frames.len() < robot.links.len() {
            return Err(tree.unreachable(&model));
        }
        model.check_inertias()?;
        model.move_origin();
        Ok(model)
    }

    /// Adds a joint if it moves, and gives its axis.
    fn add_joint(&mut self, joint: &urdf_rs::Joint) -> Result<Option<Vector3<f64>>, ModelError> {
        let name = &joint.name;
        let kind = match joint.joint_type {
            JointType::Fixed => return Ok(None),
            JointType::Revolute => JointKind::Revolute,
            JointType::Continuous => JointKind::Continuous,
            JointType::Prismatic => JointKind::Prismatic,
            ref other => {
                let kind = format!("{other:?}").to_lowercase();
                return Err(ModelError::JointType { joint: name.clone(), kind });
            }
        };
        if let Some(mimic) = &joint.mimic {
            return Err(ModelError::Mimic { joint: name.clone(), of: mimic.joint.clone() });
        }
        let check = |field, value: f64, rule, holds: bool| match holds {
            true => Ok(()),
            false => Err(ModelError::value("joint", name, field, value, rule)),
        };
        let axis = Vector3::from(joint.axis.xyz.0);
        let unit = (axis.norm() - 1.).abs() <= AXIS_TOLERANCE;
        check("length of the axis", axis.norm(), "must be 1", unit)?;

        let limit = &joint.limit;
        let none = [limit.lower, limit.upper, limit.effort, limit.velocity] == [0.; 4];
        let (lower, upper, velocity, effort) = if kind == JointKind::Continuous {
            let (velocity, effort) = if none { (f64::INFINITY, f64::INFINITY) } else { (limit.velocity, limit.effort) };
            (f64::NEG_INFINITY, f64::INFINITY, velocity, effort)
        } else {
            if none {
                return Err(ModelError::NoLimit { joint: name.clone() });
            }
            check("limit lower", limit.lower, "must be below the upper limit", limit.lower < limit.upper)?;
            (limit.lower, limit.upper, limit.velocity, limit.effort)
        };
        check("limit velocity", velocity, "must not be negative", velocity >= 0.)?;
        check("limit effort", effort, "must not be negative", effort >= 0.)?;

        let mut passive = Passive::default();
        if let Some(dynamics) = &joint.dynamics {
            (passive.damping, passive.friction) = (dynamics.damping, dynamics.friction);
            let valid = |value: f64| value >= 0. && value.is_finite();
            check("dynamics damping", passive.damping, "must be finite and not negative", valid(passive.damping))?;
            check("dynamics friction", passive.friction, "must be finite and not negative", valid(passive.friction))?;
        }
        let (soft_lower, soft_upper) = soft_limits(joint, lower, upper)?;
        let name = name.clone();
        self.joints.push(Joint { name, kind, lower, upper, soft_lower, soft_upper, velocity, effort, passive });
        Ok(Some(axis.normalize()))
    }

    /// Fixes a link to a body: its frame, and its mass if the body moves.
    fn attach(&mut self, link: &urdf_rs::Link, body: usize, placement: Placement) -> Result<(), ModelError> {
        let Placement { rotation, translation } = placement;
        self.frames.push(Frame { name: link.name.clone(), body, rotation, translation });
        let Some(body) = body.checked_sub(1).map(|i| &mut self.bodies[i]) else { return Ok(()) };
        let inertial = &link.inertial;
        let mass = inertial.mass.value;
        if !(mass >= 0. && mass.is_finite()) {
            let rule = "must be finite and not negative";
            return Err(ModelError::value("link", &link.name, "inertial mass", mass, rule));
        }
        let i = &inertial.inertia;
        let tensor = Matrix3::new(i.ixx, i.ixy, i.ixz, i.ixy, i.iyy, i.iyz, i.ixz, i.iyz, i.izz);
        check_tensor(&link.name, &tensor)?;
        let at = placement.then(&Placement::new("link", &link.name, &inertial.origin)?);
        let total = body.mass + mass;
        if total > 0. {
            // Both inertias are moved to the common centre of mass, by way of this frame's origin.
            let own = Inertia::new(mass, at.translation, at.rotation * tensor * at.rotation.transpose());
            let sum = Inertia::new(body.mass, body.centre, body.inertia).plus(&own);
            body.mass = total;
            body.centre = sum.moment / total;
            body.inertia = sum.rotational - Inertia::new(total, body.centre, Matrix3::zeros()).rotational;
        }
        Ok(())
    }

    /// Every joint must move some inertia of its own body: then forward dynamics has a solution in every position.
    fn check_inertias(&self) -> Result<(), ModelError> {
        for (i, body) in self.bodies.iter().enumerate() {
            // The link behind the joint is the body's first frame.
            let link = || self.frames.iter().find(|frame| frame.body == i + 1).map_or("", |frame| frame.name.as_str());
            if body.mass <= 0. {
                let rule = "a link that moves must have a mass, itself or in what is fixed to it";
                return Err(ModelError::value("link", link(), "inertial mass", body.mass, rule));
            }
            let about_axis = Inertia::new(body.mass, body.centre, body.inertia).rotational[(2, 2)];
            if !body.prismatic && about_axis <= 0. {
                let rule = "must be positive";
                return Err(ModelError::value("link", link(), "inertia about its joint's axis", about_axis, rule));
            }
        }
        Ok(())
    }

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

/// Axes and origin of a frame in another.
#[derive(Clone, Copy)]
struct Placement {
    rotation: Matrix3<f64>,
    translation: Vector3<f64>,
}

impl Placement {
    const IDENTITY: Self =
        Self { rotation: Matrix3::new(1., 0., 0., 0., 1., 0., 0., 0., 1.), translation: Vector3::new(0., 0., 0.) };

    /// From the origin of a link's inertia or of a joint.
    fn new(element: &'static str, name: &str, pose: &Pose) -> Result<Self, ModelError> {
        let values = || pose.xyz.0.into_iter().chain(pose.rpy.0);
        if let Some(value) = values().find(|value| !value.is_finite()) {
            return Err(ModelError::value(element, name, "origin", value, "must be finite"));
        }
        let [roll, pitch, yaw] = pose.rpy.0;
        let rotation = Rotation3::from_euler_angles(roll, pitch, yaw).into_inner();
        Ok(Self { rotation, translation: pose.xyz.0.into() })
    }

    /// The frame `other` in the outer frame: `other` is given in this frame, this frame in the
    /// outer one.
    fn then(&self, other: &Self) -> Self {
        Self {
            rotation: self.rotation * other.rotation,
            translation: self.translation + self.rotation * other.translation,
        }
    }
}

/// The smallest rotation that takes z to the axis; for an axis that points down, half a turn and
/// the smallest rotation after it. Exact along the coordinate axes.
fn turn_z_to(axis: &Vector3<f64>) -> Matrix3<f64> {
    if axis.z < 0. {
        return turn_z_to(&-axis) * Matrix3::from_diagonal(&Vector3::new(1., -1., -1.));
    }
    let (x, y, z) = (axis.x, axis.y, axis.z);
    let scale = 1. / (1. + z);
    Matrix3::new(1. - scale * x * x, -scale * x * y, x, -scale * x * y, 1. - scale * y * y, y, -x, -y, z)
}

/// The principal moments of inertia must not be negative. One moment may exceed the sum of the
/// other two: many published robots break that rule, and the equations of motion do not need it.
fn check_tensor(link: &str, tensor: &Matrix3<f64>) -> Result<(), ModelError> {
    let fail = |value, rule| Err(ModelError::value("link", link, "inertial inertia", value, rule));
    if let Some(&value) = tensor.iter().find(|value| !value.is_finite()) {
        return fail(value, "must be finite");
    }
    let moments = SymmetricEigen::new(*tensor).eigenvalues;
    if moments.min() < -INERTIA_TOLERANCE * moments.sum().abs() {
        return fail(moments.min(), "principal moments must not be negative");
    }
    Ok(())
}

/// The links and joints of a URDF, found to have one root and no link with two parents.
struct Tree<'a> {
    root: &'a urdf_rs::Link,
    links: BTreeMap<&'a str, &'a urdf_rs::Link>,
    joints: &'a [urdf_rs::Joint],
}

impl<'a> Tree<'a> {
    fn new(robot: &'a urdf_rs::Robot) -> Result<Self, ModelError> {
        let mut links = BTreeMap::new();
        for link in &robot.links {
            if links.insert(link.name.as_str(), link).is_some() {
                return Err(ModelError::Duplicate { element: "link", name: link.name.clone() });
            }
        }
        let mut names = BTreeMap::new();
        let mut above: BTreeMap<&str, &str> = BTreeMap::new();
        for joint in &robot.joints {
            if names.insert(joint.name.as_str(), ()).is_some() {
                return Err(ModelError::Duplicate { element: "joint", name: joint.name.clone() });
            }
            for (field, link) in [("parent", &joint.parent.link), ("child", &joint.child.link)] {
                if !links.contains_key(link.as_str()) {
                    let (joint, link) = (joint.name.clone(), link.clone());
                    return Err(ModelError::UnknownLink { joint, field, link });
                }
            }
            if let Some(first) = above.insert(&joint.child.link, &joint.name) {
                let (link, second) = (joint.child.link.clone(), joint.name.clone());
                return Err(ModelError::Loop { link, first: first.into(), second });
            }
        }
        let roots: Vec<_> = robot.links.iter().filter(|link| !above.contains_key(link.name.as_str())).collect();
        match roots[..] {
            [root] => Ok(Self { root, links, joints: &robot.joints }),
            _ => Err(ModelError::Root { roots: roots.iter().map(|link| link.name.clone()).collect() }),
        }
    }

    /// The joints that start at a link, last in the file first: the order in which a stack returns them first to last.
    fn joints_below(&self, link: &'a urdf_rs::Link) -> impl Iterator<Item = &'a urdf_rs::Joint> + use<'a> {
        self.joints.iter().rev().filter(|joint| joint.parent.link == link.name)
    }

    /// The error for a link that the model did not reach.
    fn unreachable(&self, model: &Model) -> ModelError {
        let missing = self.links.keys().find(|name| model.frame(name).is_none());
        ModelError::Unreachable {
            link: missing.map_or(String::new(), |name| name.to_string()),
            root: self.root.name.clone(),
        }
    }
}
