//! The model: moving bodies, their joints, named frames on the bodies, and the scratch memory of
//! the algorithms.

use nalgebra::{Isometry3, Matrix3, Rotation3, UnitQuaternion, Vector3};

use super::lanes::Number;
use super::spatial::{Inertia, Matrix, Vector};

/// The motion of a joint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JointKind {
    /// Rotation within limits.
    Revolute,
    /// Rotation without limits.
    Continuous,
    /// Translation within limits.
    Prismatic,
}

/// A joint's own forces, and its drive's inertia. Units are those of a rotation. For a prismatic
/// joint read N for N m and m for rad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passive {
    /// Viscous damping, N m s/rad; from the URDF.
    pub damping: f64,
    /// Coulomb friction, N m; from the URDF.
    pub friction: f64,
    /// Speed over which the friction changes sign, rad/s, above 0: the torque is
    /// `-friction * tanh(v / friction_velocity)`.
    pub friction_velocity: f64,
    /// Inertia of the drive seen at the joint, kg m^2. A URDF has none, so the value is 0 until it
    /// is set.
    pub armature: f64,
    /// Spring, N m/rad. A URDF has none, so the value is 0 until it is set.
    pub stiffness: f64,
    /// Rest position of the spring, rad.
    pub spring_reference: f64,
}

impl Default for Passive {
    /// No passive forces and no armature; a friction velocity of 0.01 rad/s.
    fn default() -> Self {
        Self { damping: 0., friction: 0., friction_velocity: 0.01, armature: 0., stiffness: 0., spring_reference: 0. }
    }
}

impl Passive {
    /// The joint's own torque, N m, at position `q`, rad, and velocity `v`, rad/s.
    #[inline(always)]
    pub fn torque<T: Number>(&self, q: T, v: T) -> T {
        let spring = T::splat(self.stiffness) * (T::splat(self.spring_reference) - q);
        let torque = spring - T::splat(self.damping) * v;
        if self.friction == 0. {
            return torque;
        }
        torque - v.map(|v| self.friction * (v / self.friction_velocity).tanh())
    }

    /// The factor `c >= 0` with which damping and friction are `-c v`, N m s/rad. The friction is
    /// linearised by its secant, not its tangent, so an implicit step slows a joint down but never
    /// reverses it.
    #[inline(always)]
    pub fn resistance<T: Number>(&self, v: T) -> T {
        if self.friction == 0. {
            return T::splat(self.damping);
        }
        v.map(|v| {
            let scaled = v / self.friction_velocity;
            let secant = if scaled.abs() < 1e-6 { 1. } else { scaled.tanh() / scaled };
            self.damping + self.friction / self.friction_velocity * secant
        })
    }
}

/// A joint that moves. Its place in [`Model::joints`] is its place in every vector of joint values.
#[derive(Clone, Debug, PartialEq)]
pub struct Joint {
    /// Name in the URDF.
    pub name: String,
    /// The motion of the joint.
    pub kind: JointKind,
    /// Lowest position, rad or m; minus infinity for a continuous joint, or if the URDF gives none.
    pub lower: f64,
    /// Highest position, rad or m; infinity for a continuous joint, or if the URDF gives none.
    pub upper: f64,
    /// Lowest position of the `safety_controller`, rad or m, within the limits; equal to `lower`
    /// without one.
    pub soft_lower: f64,
    /// Highest position of the `safety_controller`, rad or m, within the limits; equal to `upper`
    /// without one.
    pub soft_upper: f64,
    /// Highest speed, rad/s or m/s; infinity if the URDF gives none or 0.
    pub velocity: f64,
    /// Highest effort, N m or N; infinity if the URDF gives none or 0.
    pub effort: f64,
    /// The joint's own forces, and its drive's inertia.
    pub passive: Passive,
}

/// A link of a [`Model`], by number; [`Model::frame`] returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameId(pub(super) usize);

/// A rigid body behind a joint: a link and all links fixed to it. The z axis of its frame is the
/// joint's axis.
#[derive(Clone, Debug)]
pub(super) struct Body {
    /// The joint that moves this body, as a place in every vector of joint values.
    pub joint: usize,
    /// The parent body: 0 is the world, `i + 1` the body at place `i`. A parent precedes its
    /// children.
    pub parent: usize,
    /// Whether the joint slides instead of turning.
    pub prismatic: bool,
    /// Axes of this frame in the parent's frame at joint position 0.
    pub rotation: Matrix3<f64>,
    /// Origin of this frame in the parent's frame at joint position 0, m.
    pub translation: Vector3<f64>,
    /// Mass, kg.
    pub mass: f64,
    /// Centre of mass in this frame, m.
    pub centre: Vector3<f64>,
    /// Rotational inertia about the centre of mass in this frame, kg m^2.
    pub inertia: Matrix3<f64>,
}

/// A body that joints move, as a viewer needs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MovingBody {
    /// The body that carries it, as a place in [`Model::bodies`]; `None` for the world.
    pub parent: Option<usize>,
    /// The joint that moves it, as a place in every vector of joint values.
    pub joint: usize,
    /// Whether the joint slides along its axis instead of turning about it.
    pub prismatic: bool,
    /// Pose in the frame of `parent` at joint position 0. The z axis is the joint's.
    pub at_zero: Isometry3<f64>,
}

/// A named frame fixed to a body.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub name: String,
    /// The body, numbered as in [`Body::parent`].
    pub body: usize,
    pub rotation: Matrix3<f64>,
    pub translation: Vector3<f64>,
}

/// A tree of bodies. Only its gravity, its place in the world, the bodies' masses, and the joints' passive
/// parameters and limits, may be changed.
///
/// Joints are in the order of the selection ([`Selection::joints`](super::Selection::joints)).
/// Without a selection they are in the depth-first order of the URDF tree, children in file order.
/// Other joints are locked, and their bodies are part of the bodies that carry them. Every method
/// that takes joint values asserts that there are [`Model::dof`] of them.
#[derive(Clone, Debug)]
pub struct Model {
    pub(super) name: String,
    pub(super) joints: Vec<Joint>,
    pub(super) bodies: Vec<Body>,
    pub(super) frames: Vec<Frame>,
    pub(super) gravity: Vector3<f64>,
    /// The reference point of spatial vectors, in the world, m. The point is near the robot, which
    /// keeps the numbers small.
    pub(super) reference: Vector3<f64>,
}

impl Model {
    /// Name of the robot in its URDF.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of joints that move, n.
    pub fn dof(&self) -> usize {
        self.joints.len()
    }

    /// The joints that move (n).
    pub fn joints(&self) -> &[Joint] {
        &self.joints
    }

    /// The joints, mutable: their passive parameters or limits may be changed.
    pub fn joints_mut(&mut self) -> &mut [Joint] {
        &mut self.joints
    }

    /// Names of the links.
    pub fn links(&self) -> impl Iterator<Item = &str> {
        self.frames.iter().map(|frame| frame.name.as_str())
    }

    /// The frame of a link, including links behind fixed joints; `None` if the URDF has no link of
    /// that name.
    pub fn frame(&self, link: &str) -> Option<FrameId> {
        self.frames.iter().position(|frame| frame.name == link).map(FrameId)
    }

    /// The bodies that joints move, a parent before its children.
    pub fn bodies(&self) -> impl Iterator<Item = MovingBody> {
        self.bodies.iter().map(|body| MovingBody {
            parent: body.parent.checked_sub(1),
            joint: body.joint,
            prismatic: body.prismatic,
            at_zero: self.in_parent(body.parent, &body.rotation, &body.translation),
        })
    }

    /// The body that a frame is fixed to, as a place in [`Self::bodies`], and the frame's pose on it;
    /// `None` and the pose in the world for a frame that does not move.
    pub fn place(&self, frame: FrameId) -> (Option<usize>, Isometry3<f64>) {
        let frame = &self.frames[frame.0];
        (frame.body.checked_sub(1), self.in_parent(frame.body, &frame.rotation, &frame.translation))
    }

    /// A pose on a body. What the world carries is stored relative to the reference point.
    fn in_parent(&self, parent: usize, rotation: &Matrix3<f64>, translation: &Vector3<f64>) -> Isometry3<f64> {
        let translation = if parent == 0 { self.reference + translation } else { *translation };
        let rotation = UnitQuaternion::from_rotation_matrix(&Rotation3::from_matrix_unchecked(*rotation));
        Isometry3::from_parts(translation.into(), rotation)
    }

    /// Multiplies the mass and the inertia of each body by what `factor` returns, above 0. Bodies are
    /// in the order of [`Self::bodies`].
    pub fn scale_masses(&mut self, mut factor: impl FnMut() -> f64) {
        for body in &mut self.bodies {
            let factor = factor();
            body.mass *= factor;
            body.inertia *= factor;
        }
    }

    /// Gravity in the world, m/s^2; (0, 0, -9.81) by default.
    pub fn gravity(&self) -> Vector3<f64> {
        self.gravity
    }

    /// Sets the gravity, m/s^2.
    pub fn set_gravity(&mut self, gravity: Vector3<f64>) {
        self.gravity = gravity;
    }

    /// The scratch memory that the methods of this model need; for forward dynamics of several robots
    /// at once, that of [`Lanes`](super::Lanes).
    pub fn workspace<T: Number>(&self) -> Workspace<T> {
        Workspace { bodies: vec![BodyState::world(); self.bodies.len() + 1].into() }
    }
}

/// Scratch values of each body. A workspace belongs to the model that made it.
#[derive(Clone, Debug)]
pub struct Workspace<T = f64> {
    /// The world, then the bodies (n + 1).
    pub(super) bodies: Box<[BodyState<T>]>,
}

/// State of a body. Vectors and inertias are spatial, in world axes at the reference point.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyState<T = f64> {
    /// Axes of the body in the world.
    pub rotation: Matrix<T, 3>,
    /// Position of the body's origin relative to the reference point, m.
    pub position: Vector<T, 3>,
    /// Motion per unit of joint velocity.
    pub axis: Vector<T, 6>,
    pub velocity: Vector<T, 6>,
    /// Part of the acceleration due to velocities.
    pub drift: Vector<T, 6>,
    pub acceleration: Vector<T, 6>,
    /// Force through the joint, of the rigid or of the articulated body.
    pub force: Vector<T, 6>,
    /// Inertia of the composite body.
    pub composite: Inertia<T>,
    /// Inertia of the articulated body.
    pub articulated: Matrix<T, 6>,
    /// The joint's acceleration per acceleration of the parent, with reversed sign.
    pub coupling: Vector<T, 6>,
    /// The joint's acceleration if the parent did not accelerate.
    pub free_acceleration: T,
}

impl<T: Number> BodyState<T> {
    /// The world: at rest at the reference point.
    fn world() -> Self {
        Self {
            rotation: Matrix::splat(&Matrix3::identity()),
            position: Vector::zeros(),
            axis: Vector::zeros(),
            velocity: Vector::zeros(),
            drift: Vector::zeros(),
            acceleration: Vector::zeros(),
            force: Vector::zeros(),
            composite: Inertia { mass: 0., moment: Vector::zeros(), rotational: Matrix::zeros() },
            articulated: Matrix::zeros(),
            coupling: Vector::zeros(),
            free_acceleration: T::splat(0.),
        }
    }
}
