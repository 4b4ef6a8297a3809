//! The model: moving bodies, the joints between them, named frames on them; and the scratch memory
//! of the algorithms.

use nalgebra::{Matrix3, Matrix6, Vector3, Vector6};

use super::spatial::Inertia;

/// How a joint moves its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JointKind {
    /// Rotation within limits.
    Revolute,
    /// Rotation without limits.
    Continuous,
    /// Translation within limits.
    Prismatic,
}

/// Forces a joint exerts by itself, and its drive's inertia. Units are those of a rotation; read N for N m and m for
/// rad in a prismatic joint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passive {
    /// Viscous damping, N m s/rad; from the URDF.
    pub damping: f64,
    /// Coulomb friction, N m; from the URDF.
    pub friction: f64,
    /// Speed over which the friction changes sign, rad/s, above 0: the torque is `-friction * tanh(v / friction_velocity)`.
    pub friction_velocity: f64,
    /// Inertia of the drive seen at the joint, kg m^2; not in a URDF, so 0 until it is set.
    pub armature: f64,
    /// Spring, N m/rad; not in a URDF, so 0 until it is set.
    pub stiffness: f64,
    /// Where the spring rests, rad.
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
    pub fn torque(&self, q: f64, v: f64) -> f64 {
        let mut torque = self.stiffness * (self.spring_reference - q) - self.damping * v;
        if self.friction != 0. {
            torque -= self.friction * (v / self.friction_velocity).tanh();
        }
        torque
    }

    /// The factor `c >= 0` for which damping and friction are `-c v`, N m s/rad. The friction is
    /// taken along its secant, not its tangent: an implicit step then slows a joint down but never
    /// reverses it.
    #[inline(always)]
    pub fn resistance(&self, v: f64) -> f64 {
        if self.friction == 0. {
            return self.damping;
        }
        let scaled = v / self.friction_velocity;
        let secant = if scaled.abs() < 1e-6 { 1. } else { scaled.tanh() / scaled };
        self.damping + self.friction / self.friction_velocity * secant
    }
}

/// A joint that moves; its place in [`Model::joints`] is its place in every vector of joint values.
#[derive(Clone, Debug, PartialEq)]
pub struct Joint {
    /// Name in the URDF.
    pub name: String,
    /// How it moves.
    pub kind: JointKind,
    /// Lowest position, rad or m; minus infinity for a continuous joint, or where the URDF gives none.
    pub lower: f64,
    /// Highest position, rad or m; infinity for a continuous joint, or where the URDF gives none.
    pub upper: f64,
    /// Lowest position of the `safety_controller`, rad or m, within the limits; the lowest position where there is none.
    pub soft_lower: f64,
    /// Highest position of the `safety_controller`, rad or m, within the limits; the highest position where there is none.
    pub soft_upper: f64,
    /// Highest speed, rad/s or m/s; infinity where the URDF gives none or 0.
    pub velocity: f64,
    /// Highest effort, N m or N; infinity where the URDF gives none or 0.
    pub effort: f64,
    /// Its own forces and its drive's inertia.
    pub passive: Passive,
}

/// A link of a [`Model`], by number; from [`Model::frame`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameId(pub(super) usize);

/// A rigid body behind a joint: a link and all that is fixed to it. Its frame has the joint's axis as z.
#[derive(Clone, Debug)]
pub(super) struct Body {
    /// The joint that moves it: its place in every vector of joint values.
    pub joint: usize,
    /// The body it moves on: 0 is the world, `i + 1` the body at place `i`; always before its children.
    pub parent: usize,
    /// Whether the joint slides instead of turning.
    pub prismatic: bool,
    /// Axes of this frame in the parent's at joint position 0.
    pub rotation: Matrix3<f64>,
    /// Origin of this frame in the parent's at joint position 0, m.
    pub translation: Vector3<f64>,
    /// kg
    pub mass: f64,
    /// Centre of mass in this frame, m.
    pub centre: Vector3<f64>,
    /// Rotational inertia about the centre of mass in this frame, kg m^2.
    pub inertia: Matrix3<f64>,
}

/// A named frame fixed to a body.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub name: String,
    /// As [`Body::parent`].
    pub body: usize,
    pub rotation: Matrix3<f64>,
    pub translation: Vector3<f64>,
}

/// An immutable tree of bodies; only its gravity and the joints' passive parameters may be changed.
///
/// Joints are in the order that was asked for ([`Selection::joints`](super::Selection::joints)), or else in the
/// depth-first order of the URDF tree, children in file order. Joints that were not asked for are locked, their bodies
/// part of what carries them. Every method that takes joint values asserts that there are [`Model::dof`] of them.
#[derive(Clone, Debug)]
pub struct Model {
    pub(super) name: String,
    pub(super) joints: Vec<Joint>,
    pub(super) bodies: Vec<Body>,
    pub(super) frames: Vec<Frame>,
    pub(super) gravity: Vector3<f64>,
    /// The reference point of spatial vectors, in the world, m. It is near the robot, which keeps
    /// the numbers small.
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

    /// The joints, to change their passive parameters or limits.
    pub fn joints_mut(&mut self) -> &mut [Joint] {
        &mut self.joints
    }

    /// Names of the links.
    pub fn links(&self) -> impl Iterator<Item = &str> {
        self.frames.iter().map(|frame| frame.name.as_str())
    }

    /// The frame of a link, also of one behind fixed joints; `None` if the URDF has no link of that name.
    pub fn frame(&self, link: &str) -> Option<FrameId> {
        self.frames.iter().position(|frame| frame.name == link).map(FrameId)
    }

    /// Gravity in the world, m/s^2; (0, 0, -9.81) unless it is set.
    pub fn gravity(&self) -> Vector3<f64> {
        self.gravity
    }

    /// Sets the gravity, m/s^2.
    pub fn set_gravity(&mut self, gravity: Vector3<f64>) {
        self.gravity = gravity;
    }

    /// The scratch memory that the methods of this model need.
    pub fn workspace(&self) -> Workspace {
        Workspace { bodies: vec![BodyState::world(); self.bodies.len() + 1].into() }
    }
}

/// Scratch values of each body. A workspace belongs to the model that made it.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The world, then the bodies (n + 1).
    pub(super) bodies: Box<[BodyState]>,
}

/// A body at one state. Vectors and inertias are spatial, in world axes at the reference point.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyState {
    /// Axes of the body in the world.
    pub rotation: Matrix3<f64>,
    /// Origin of the body from the reference point, m.
    pub position: Vector3<f64>,
    /// Motion per unit of joint velocity.
    pub axis: Vector6<f64>,
    pub velocity: Vector6<f64>,
    /// Part of the acceleration due to velocities.
    pub drift: Vector6<f64>,
    pub acceleration: Vector6<f64>,
    /// Force through the joint: of the rigid or of the articulated body.
    pub force: Vector6<f64>,
    /// Inertia of the composite body.
    pub composite: Inertia,
    /// Inertia of the articulated body.
    pub articulated: Matrix6<f64>,
    /// The joint's acceleration per acceleration of the parent, sign reversed.
    pub coupling: Vector6<f64>,
    /// The joint's acceleration if its parent did not accelerate.
    pub free_acceleration: f64,
}

impl BodyState {
    /// The world: at the reference point, at rest.
    fn world() -> Self {
        Self {
            rotation: Matrix3::identity(),
            position: Vector3::zeros(),
            axis: Vector6::zeros(),
            velocity: Vector6::zeros(),
            drift: Vector6::zeros(),
            acceleration: Vector6::zeros(),
            force: Vector6::zeros(),
            composite: Inertia { mass: 0., moment: Vector3::zeros(), rotational: Matrix3::zeros() },
            articulated: Matrix6::zeros(),
            coupling: Vector6::zeros(),
            free_acceleration: 0.,
        }
    }
}
