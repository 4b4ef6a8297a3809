//! The simulated chain, or several that move in step.

use super::{JointLimit, SwingUpConfig};
use crate::dynamics::{Model, Number, Workspace};
use crate::simulation::integrator::RungeKutta4;

/// A chain with its present state, or several ([`Lanes`](crate::dynamics::Lanes)).
pub struct Plant<T = f64> {
    config: SwingUpConfig,
    model: Model,
    workspace: Workspace<T>,
    integrator: RungeKutta4<T>,
    /// Angles and velocities (state).
    state: Vec<T>,
    torque: Vec<T>,
}

impl<T: Number> Plant<T> {
    pub(super) fn new(config: &SwingUpConfig, model: &Model) -> Self {
        let (state, torque) = (vec![T::splat(0.); 2 * model.dof()], vec![T::splat(0.); model.dof()]);
        let (workspace, integrator) = (model.workspace(), RungeKutta4::new(model));
        Self { config: config.clone(), model: model.clone(), workspace, integrator, state, torque }
    }

    /// Puts the chain into a state (state).
    pub fn reset(&mut self, state: &[T]) {
        self.state.copy_from_slice(state);
    }

    /// Angles and velocities (state), rad and rad/s.
    pub fn state(&self) -> &[T] {
        &self.state
    }

    /// Moves the chain by a policy step under the policy's torques (action), N m. Joint limits are
    /// checked at every substep.
    pub fn step(&mut self, asked: &[T]) {
        let dt = self.config.step / self.config.substeps as f64;
        for _ in 0..self.config.substeps {
            self.advance(asked, dt);
        }
    }

    /// Moves the chain by one integrator step of `dt` seconds.
    pub fn advance(&mut self, asked: &[T], dt: f64) {
        let Self { config, model, workspace, integrator, state, torque } = self;
        let (q, qd) = state.split_at_mut(model.dof());
        for (joint, (torque, asked)) in torque.iter_mut().zip(asked).enumerate() {
            let limit = config.joint_limit.as_ref().filter(|_| joint > 0);
            *torque = T::from_lanes(|lane| {
                let (angle, velocity, asked) = (q[joint].lane(lane), qd[joint].lane(lane), asked.lane(lane));
                let asked = limit.and_then(|limit| push_back(limit, angle, velocity)).unwrap_or(asked);
                asked.clamp(-config.torque_limit, config.torque_limit)
            });
        }
        integrator.step(model, workspace, torque, dt, q, qd);
    }
}

/// The torque that replaces the policy's at a joint beyond its limit; `None` within the limit.
fn push_back(limit: &JointLimit, angle: f64, velocity: f64) -> Option<f64> {
    let beyond = angle - angle.clamp(-limit.angle, limit.angle);
    (beyond != 0.).then(|| -limit.stiffness * beyond - limit.damping * velocity)
}
