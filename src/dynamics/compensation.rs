//! What a robot's own driver adds to the efforts it is sent.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{Model, Workspace};

/// A part of the efforts that a driver may add by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compensated {
    /// What holds the bodies against gravity.
    Gravity,
    /// What holds them on their way against Coriolis and centrifugal forces.
    Coriolis,
}

/// The efforts that a driver adds by itself: the inverse dynamics of the bodies without any acceleration. Springs,
/// damping and friction of the joints are not among them.
#[derive(Clone, Debug)]
pub struct Compensation {
    model: Model,
    workspace: Workspace,
    parts: BTreeSet<Compensated>,
    zeros: Box<[f64]>,
    gravity: Box<[f64]>,
}

impl Compensation {
    /// Of a robot whose driver adds these parts; none where it adds nothing.
    pub fn new(model: &Model, parts: &BTreeSet<Compensated>) -> Option<Self> {
        let zeros: Box<[f64]> = vec![0.; model.dof()].into();
        let workspace = model.workspace();
        let gravity = zeros.clone();
        (!parts.is_empty()).then(|| Self { model: model.clone(), workspace, parts: parts.clone(), zeros, gravity })
    }

    /// Writes into `effort` (n), N m or N, what the driver adds at positions `q` and velocities `qd` (n). Allocates
    /// nothing.
    pub fn effort(&mut self, q: &[f64], qd: &[f64], effort: &mut [f64]) {
        if !self.parts.contains(&Compensated::Coriolis) {
            self.bodies(q, None, effort);
            return;
        }
        self.bodies(q, Some(qd), effort);
        if !self.parts.contains(&Compensated::Gravity) {
            let mut gravity = std::mem::take(&mut self.gravity);
            self.bodies(q, None, &mut gravity);
            effort.iter_mut().zip(&gravity).for_each(|(effort, gravity)| *effort -= gravity);
            self.gravity = gravity;
        }
    }

    /// Inverse dynamics of the bodies at zero acceleration, at these velocities or at rest.
    fn bodies(&mut self, q: &[f64], qd: Option<&[f64]>, effort: &mut [f64]) {
        let Self { model, workspace, zeros, .. } = self;
        let qd = qd.unwrap_or(zeros);
        model.inverse_dynamics(workspace, q, qd, zeros, effort);
        // The joints' own forces are part of the inverse dynamics, and no driver knows them.
        for (j, joint) in model.joints().iter().enumerate() {
            effort[j] += joint.passive.torque(q[j], qd[j]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Compensated::{Coriolis, Gravity};
    use super::*;
    use crate::setup::Setup;

    const Q: [f64; 9] = [0.1, -0.2, 0.3, 0.4, -0.5, 0.6, 0.7, -0.8, 0.9];
    const QD: [f64; 9] = [1., 2., -0.5, 0.3, 0.8, -1.1, 0.4, 0.9, -0.7];

    fn arm(bare: bool) -> Model {
        let mut model = Setup::shipped(|_| {}).unwrap().model;
        for joint in model.joints_mut() {
            let passive = &mut joint.passive;
            (passive.stiffness, passive.friction, passive.damping) = if bare { (0., 0., 0.) } else { (30., 2., 3.) };
        }
        model
    }

    fn adds(model: &Model, parts: &[Compensated]) -> [f64; 9] {
        let mut effort = [f64::NAN; 9];
        Compensation::new(model, &parts.iter().copied().collect()).unwrap().effort(&Q, &QD, &mut effort);
        effort
    }

    fn assert_near(a: &[f64; 9], b: &[f64; 9]) {
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-10), "{a:?}\n{b:?}");
    }

    #[test]
    fn the_parts_are_those_of_the_bodies_and_the_joints_own_forces_belong_to_none() {
        let (bare, model) = (arm(true), arm(false));
        let inverse_dynamics = |qd: &[f64; 9]| {
            let mut effort = [0.; 9];
            bare.inverse_dynamics(&mut bare.workspace(), &Q, qd, &[0.; 9], &mut effort);
            effort
        };
        let (whole, at_rest) = (inverse_dynamics(&QD), inverse_dynamics(&[0.; 9]));
        assert_near(&adds(&model, &[Gravity, Coriolis]), &whole);
        assert_near(&adds(&model, &[Gravity]), &at_rest);
        let mut weightless = model.clone();
        weightless.set_gravity(nalgebra::Vector3::zeros());
        assert_near(&adds(&model, &[Coriolis]), &adds(&weightless, &[Gravity, Coriolis]));
        assert!(adds(&model, &[Coriolis]).iter().any(|effort| effort.abs() > 0.1), "this velocity is felt");
        assert!(Compensation::new(&model, &BTreeSet::new()).is_none());
    }
}
