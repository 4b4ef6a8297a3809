//! An arm that holds a racket.

use std::sync::Arc;

use moto_settings::FieldError;
use nalgebra::{Isometry3, Point3, UnitQuaternion, Vector3};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::racket::{Racket, RacketState};
use crate::dynamics::{FrameId, Model, Workspace};
use crate::tasks::links::link;

/// Place of the arm at the table: the pose of the robot description's root link in the world, which
/// has its origin on the floor below the centre of the table, x along the table and z up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Base {
    /// Origin of the root link (x, y, z). The robot is at negative x.
    #[schemars(extend("minimum" = -10, "maximum" = 10, "x-unit" = "m", "x-per" = "axis"))]
    pub position: [f64; 3],
    /// Rotation of the root link about z; 0 if its x axis points along the table, at the opponent.
    #[schemars(extend("minimum" = -7, "maximum" = 7, "x-unit" = "rad"))]
    pub yaw: f64,
}

impl Base {
    /// The pose of the root link.
    pub fn pose(&self) -> Isometry3<f64> {
        let turned = UnitQuaternion::from_axis_angle(&Vector3::z_axis(), self.yaw);
        Isometry3::from_parts(self.position.into(), turned)
    }
}

/// An arm's model, at its place, and its racket.
#[derive(Clone, Debug)]
pub struct RacketArm {
    model: Arc<Model>,
    link: FrameId,
    /// The racket's centre in the link's frame, m.
    centre: Point3<f64>,
    /// Unit normal in the link's frame.
    normal: Vector3<f64>,
}

impl RacketArm {
    /// Places an arm and finds its racket. The racket's settings must have been validated.
    ///
    /// # Errors
    /// An arm without the racket's link.
    pub fn new(mut model: Model, base: &Base, racket: &Racket) -> Result<Self, FieldError> {
        let link = link(&model, "racket.link", &racket.link)?;
        model.set_base(&base.pose());
        let (centre, normal) = (racket.offset.into(), Vector3::from(racket.normal).normalize());
        Ok(Self { model: Arc::new(model), link, centre, normal })
    }

    /// The arm's model. Its world is the table's.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The frame of the link that the racket is fixed to.
    pub fn racket_frame(&self) -> FrameId {
        self.link
    }

    /// The racket at joint positions `q` (n) and velocities `qd` (n).
    pub fn racket(&self, workspace: &mut Workspace, q: &[f64], qd: &[f64]) -> RacketState {
        self.model.kinematics(workspace, q, qd);
        let pose = self.model.pose(workspace, self.link);
        let centre = pose * self.centre;
        let (velocity, angular_velocity) = self.model.velocity_at(workspace, self.link, centre);
        RacketState { centre: centre.coords, normal: pose.rotation * self.normal, velocity, angular_velocity }
    }
}
