//! An arm that holds a racket.

use std::sync::Arc;

use moto_settings::FieldError;
use nalgebra::{Point3, Vector3};

use super::racket::{Racket, RacketState};
use crate::dynamics::{FrameId, Model, Workspace};

/// An arm's model, and the frame of its racket.
#[derive(Clone, Debug)]
pub struct RacketArm {
    model: Arc<Model>,
    racket: FrameId,
}

impl RacketArm {
    /// Finds the racket on an arm.
    ///
    /// # Errors
    /// An arm without the racket's link.
    pub fn new(model: Arc<Model>, racket: &Racket) -> Result<Self, FieldError> {
        let frame = model.frame(&racket.link).ok_or_else(|| {
            let links = format!("a link of robot {}", model.name());
            FieldError::value("racket.link", format!("{:?}", racket.link), links)
        })?;
        Ok(Self { model, racket: frame })
    }

    /// The arm's model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The racket's frame.
    pub fn racket_frame(&self) -> FrameId {
        self.racket
    }

    /// The racket at joint positions `q` (n) and velocities `qd` (n).
    pub fn racket(&self, workspace: &mut Workspace, q: &[f64], qd: &[f64]) -> RacketState {
        self.model.kinematics(workspace, q, qd);
        let pose = self.model.pose(workspace, self.racket);
        let centre = pose.translation.vector;
        let (velocity, angular_velocity) = self.model.velocity_at(workspace, self.racket, Point3::from(centre));
        RacketState { centre, normal: pose.rotation * Vector3::x(), velocity, angular_velocity }
    }
}
