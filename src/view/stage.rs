//! The arm in its scene, as a tree of frames.

use std::sync::Arc;

use nalgebra::{Isometry3, Vector3};

use super::{Arm, Surroundings};

/// The world's frame.
const WORLD: &str = "world";
/// The world's frame around a robot whose root is called `world` and does not stand at its origin.
const OUTSIDE: &str = "scene";
/// Begin of the names of the scene's frames, apart from the robot's.
const PREFIX: &str = "scene_";

/// The pose of a frame in its parent.
#[derive(Clone, Debug, PartialEq)]
pub struct Transform {
    /// The parent's name.
    pub parent: String,
    /// The frame's name.
    pub child: String,
    /// The pose.
    pub pose: Isometry3<f64>,
}

/// The arm in the scene of a trial.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The arm.
    pub arm: Arc<Arm>,
    /// The world around it.
    pub surroundings: Surroundings,
}

impl Stage {
    /// Name of the world's frame.
    pub fn world(&self) -> &'static str {
        if self.arm.root() == WORLD && self.surroundings.base != Isometry3::identity() { OUTSIDE } else { WORLD }
    }

    /// Name of a thing's frame.
    pub fn frame_of(thing: &str) -> String {
        format!("{PREFIX}{thing}")
    }

    /// The transforms that hold throughout the trial.
    pub fn fixed(&self) -> Vec<Transform> {
        let world = self.world();
        let mut transforms = self.arm.fixed();
        if self.arm.root() != world {
            transforms.insert(
                0,
                Transform { parent: world.into(), child: self.arm.root().into(), pose: self.surroundings.base },
            );
        }
        let things = self.surroundings.things.iter().filter(|thing| thing.follows.is_none());
        transforms.extend(things.map(|thing| Transform {
            parent: world.into(),
            child: Self::frame_of(&thing.name),
            pose: thing.pose,
        }));
        transforms
    }

    /// The transforms at joint positions `q` (n), rad or m. `body` returns the position of an
    /// observed body, m in the world; `None` if it is not observed.
    pub fn moving(&self, q: &[f64], body: impl Fn(&str) -> Option<Vector3<f64>>) -> Vec<Transform> {
        let mut transforms = self.arm.moving(q);
        let followed = |name: &Option<String>| name.as_deref().and_then(&body);
        transforms.extend(self.surroundings.things.iter().filter_map(|thing| {
            let at = followed(&thing.follows)?;
            let pose = Isometry3::from(at) * thing.pose;
            Some(Transform { parent: self.world().into(), child: Self::frame_of(&thing.name), pose })
        }));
        transforms
    }
}
