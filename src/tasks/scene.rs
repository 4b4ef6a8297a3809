//! A task's world in plain shapes, for simulators outside this program.

use nalgebra::{Isometry3, Vector3};

/// The world around an arm. Restitutions are those of a contact with the ball, whose own is 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// Pose of the description's root link in the world.
    pub base: Isometry3<f64>,
    /// What stands in the world.
    pub obstacles: Vec<Obstacle>,
    /// What the arm strikes with.
    pub paddle: Option<Paddle>,
    /// The ball.
    pub ball: Option<ServedBall>,
}

/// A box that does not move, its edges along the world's axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Obstacle {
    /// Its name.
    pub name: &'static str,
    /// Its centre, m.
    pub centre: Vector3<f64>,
    /// Its edges, m.
    pub size: Vector3<f64>,
    /// Share of the normal speed that a bounce returns.
    pub restitution: f64,
}

/// A disc fixed to a link.
#[derive(Clone, Debug, PartialEq)]
pub struct Paddle {
    /// The link.
    pub link: String,
    /// The disc's pose in the link's frame; its normal is z.
    pub pose: Isometry3<f64>,
    /// The disc's radius, m.
    pub radius: f64,
    /// Share of the normal relative speed that an impact returns.
    pub restitution: f64,
}

/// A ball without spin, served when it is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ServedBall {
    /// Radius, m.
    pub radius: f64,
    /// Mass, kg.
    pub mass: f64,
    /// Deceleration per velocity of a drag that is linear in the velocity, 1/s.
    pub linear_drag: f64,
    /// Where it starts, m.
    pub position: Vector3<f64>,
    /// Its velocity at the start, m/s.
    pub velocity: Vector3<f64>,
    /// Where on the floor it waits, m. On its ways there and to the start it moves away from the plane
    /// in which it is struck, or along it.
    pub waits: [f64; 2],
}
