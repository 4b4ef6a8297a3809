//! The simulated arm: rigid-body dynamics, saturated drives and soft joint stops.

use super::integrator::SemiImplicitEuler;
use crate::dynamics::{JointKind, Model, Workspace};
use moto_settings::{FieldError, check};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Parameters of an arm that a URDF lacks, one entry per joint in the order of the model. Units are
/// those of a rotation. For a prismatic joint read kg for kg m^2 and m for rad.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ArmConfig {
    /// Inertia of each drive seen at its joint.
    #[schemars(extend("minimum" = 0, "maximum" = 1000, "x-unit" = "kg or kg m^2", "x-per" = "joint", "x-empty" = "all 0"))]
    pub armature: Vec<f64>,
    /// Stiffness of each joint's spring towards position zero.
    #[schemars(extend("minimum" = 0, "maximum" = 1000000, "x-unit" = "N/m or N m/rad", "x-per" = "joint", "x-empty" = "all 0"))]
    pub stiffness: Vec<f64>,
    /// Angle by which a revolute joint exceeds its range under its full effort.
    #[schemars(extend("minimum" = 0.001, "maximum" = 1, "x-unit" = "rad"))]
    pub stop_give_angle: f64,
    /// Length by which a prismatic joint exceeds its range under its full effort.
    #[schemars(extend("minimum" = 0.0001, "maximum" = 0.1, "x-unit" = "m"))]
    pub stop_give_length: f64,
    /// Damping of the stops, as a time: damping over stiffness.
    #[schemars(extend("minimum" = 0, "maximum" = 0.1, "x-unit" = "s"))]
    pub stop_damping_time: f64,
}

impl Default for ArmConfig {
    /// No armature, no springs, and slightly soft stops.
    fn default() -> Self {
        Self {
            armature: vec![],
            stiffness: vec![],
            stop_give_angle: 0.05,
            stop_give_length: 0.01,
            stop_damping_time: 0.02,
        }
    }
}

impl ArmConfig {
    /// Checks every parameter for an arm of `dof` joints.
    ///
    /// # Errors
    /// The first parameter that is out of range or has the wrong length.
    pub fn validate(&self, dof: usize) -> Result<(), FieldError> {
        check(self, dof)
    }

    /// Gives the joints of a model their armature and springs.
    ///
    /// # Errors
    /// As [`Self::validate`].
    pub fn apply(&self, model: &mut Model) -> Result<(), FieldError> {
        self.validate(model.dof())?;
        for (i, joint) in model.joints_mut().iter_mut().enumerate() {
            // An empty list means zero for every joint.
            joint.passive.armature = self.armature.get(i).copied().unwrap_or(0.);
            joint.passive.stiffness = self.stiffness.get(i).copied().unwrap_or(0.);
            joint.passive.spring_reference = 0.;
        }
        Ok(())
    }
}

/// A joint's end stop: a spring and a damper that only push back.
#[derive(Clone, Copy, Debug)]
struct Stop {
    lower: f64,
    upper: f64,
    stiffness: f64,
    damping: f64,
}

impl Stop {
    fn torque(&self, q: f64, qd: f64) -> f64 {
        if q < self.lower {
            (self.stiffness * (self.lower - q) - self.damping * qd).max(0.)
        } else if q > self.upper {
            (self.stiffness * (self.upper - q) - self.damping * qd).min(0.)
        } else {
            0.
        }
    }
}

/// The arm, with its present state.
#[derive(Clone, Debug)]
pub struct Arm {
    model: Arc<Model>,
    workspace: Workspace,
    stops: Vec<Stop>,
    position: Vec<f64>,
    velocity: Vec<f64>,
    torque: Vec<f64>,
    integrator: SemiImplicitEuler,
}

impl Arm {
    /// An arm at position zero, at rest.
    pub fn new(model: Arc<Model>, config: &ArmConfig) -> Self {
        let dof = model.dof();
        let stops = model.joints().iter().map(|joint| {
            let give =
                if joint.kind == JointKind::Prismatic { config.stop_give_length } else { config.stop_give_angle };
            let limited = joint.lower.is_finite() || joint.upper.is_finite();
            let stiffness = if limited { joint.effort / give } else { 0. };
            Stop { lower: joint.lower, upper: joint.upper, stiffness, damping: stiffness * config.stop_damping_time }
        });
        Self {
            workspace: model.workspace(),
            stops: stops.collect(),
            position: vec![0.; dof],
            velocity: vec![0.; dof],
            torque: vec![0.; dof],
            integrator: SemiImplicitEuler::new(&model),
            model,
        }
    }

    /// Joint positions (n), rad or m.
    pub fn position(&self) -> &[f64] {
        &self.position
    }

    /// Joint velocities (n), rad/s or m/s.
    pub fn velocity(&self) -> &[f64] {
        &self.velocity
    }

    /// Places the arm at `q` (n), at rest.
    ///
    /// # Panics
    /// If the length is not the number of joints.
    pub fn place(&mut self, q: &[f64]) {
        self.position.copy_from_slice(q);
        self.velocity.fill(0.);
    }

    /// Moves the arm by `dt` seconds under joint efforts (n), N m or N. The drives saturate the
    /// efforts at the limits of the robot description. The step is semi-implicit Euler with
    /// implicit joint damping.
    pub fn step(&mut self, effort: &[f64], dt: f64) {
        for (i, (torque, joint)) in self.torque.iter_mut().zip(self.model.joints()).enumerate() {
            *torque =
                effort[i].clamp(-joint.effort, joint.effort) + self.stops[i].torque(self.position[i], self.velocity[i]);
        }
        let Self { model, workspace, position, velocity, torque, .. } = self;
        self.integrator.step(model, workspace, torque, dt, position, velocity);
    }
}
