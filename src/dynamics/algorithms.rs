//! Inverse dynamics, forward dynamics, mass matrix.

use nalgebra::DMatrix;
use pulp::NullaryFnOnce;

use super::lanes::Number;
use super::model::{Model, Workspace};
use super::spatial::{Vector, spatial};

impl Model {
    /// Inverse dynamics (recursive Newton-Euler, Featherstone 2008, equations 5.7 to 5.11): the
    /// actuators' efforts `tau` (n), N m or N, for the accelerations `qdd` (n) at positions `q` (n)
    /// and velocities `qd` (n). The efforts move the bodies and the drives' armature against
    /// gravity and the joints' own forces.
    pub fn inverse_dynamics(&self, ws: &mut Workspace, q: &[f64], qd: &[f64], qdd: &[f64], tau: &mut [f64]) {
        let n = self.dof();
        assert!(q.len() == n && qd.len() == n && qdd.len() == n && tau.len() == n, "joint values: not {n}");
        ws.bodies[0].acceleration = spatial(Vector::zeros(), Vector::splat(&-self.gravity));
        for (i, body) in self.bodies.iter().enumerate() {
            let (before, rest) = ws.bodies.split_at_mut(i + 1);
            let (parent, state) = (&before[body.parent], &mut rest[0]);
            let j = body.joint;
            body.place(parent, q[j], qd[j], state);
            state.acceleration = parent.acceleration + state.axis * qdd[j] + state.drift;
            let inertia = body.inertia_at(state);
            state.force = inertia.force(&state.velocity, &state.acceleration);
        }
        for (i, body) in self.bodies.iter().enumerate().rev() {
            let (before, rest) = ws.bodies.split_at_mut(i + 1);
            let (parent, state) = (&mut before[body.parent], &rest[0]);
            let j = body.joint;
            let passive = &self.joints[j].passive;
            tau[j] = state.axis.dot(&state.force) + passive.armature * qdd[j] - passive.torque(q[j], qd[j]);
            if body.parent > 0 {
                parent.force += state.force;
            }
        }
    }

    /// Forward dynamics (articulated bodies, Featherstone 2008, section 7.3): the accelerations
    /// `qdd` (n) under the actuators' efforts `tau` (n), N m or N, of one robot or of several
    /// ([`Lanes`](super::Lanes)). The inverse of [`Model::inverse_dynamics`].
    pub fn forward_dynamics<T: Number>(&self, ws: &mut Workspace<T>, q: &[T], qd: &[T], tau: &[T], qdd: &mut [T]) {
        self.forward_dynamics_implicit(ws, q, qd, tau, 0., qdd);
    }

    /// The accelerations `qdd` (n) of a step of `dt` seconds, with damping and friction at the end
    /// of the step: `(M + dt C) qdd = tau - bias - C qd`. C is the diagonal of
    /// [`Passive::resistance`](super::Passive::resistance). The step `qd + dt qdd` is stable for
    /// any damping.
    pub fn forward_dynamics_implicit<T: Number>(
        &self,
        ws: &mut Workspace<T>,
        q: &[T],
        qd: &[T],
        tau: &[T],
        dt: f64,
        qdd: &mut [T],
    ) {
        let n = self.dof();
        assert!(q.len() == n && qd.len() == n && tau.len() == n && qdd.len() == n, "joint values: not {n}");
        T::with_wide_instructions(ForwardDynamics { model: self, ws, q, qd, tau, dt, qdd });
    }

    /// Mass matrix `out` (n x n) at positions `q` (n), with the armature on its diagonal (composite
    /// rigid bodies, Featherstone 2008, section 6.2). Leaves the workspace with zero velocities.
    pub fn mass_matrix(&self, ws: &mut Workspace, q: &[f64], out: &mut DMatrix<f64>) {
        let n = self.dof();
        assert!(q.len() == n && out.shape() == (n, n), "joint values: not {n}, or shape of the mass matrix");
        for (i, body) in self.bodies.iter().enumerate() {
            let (before, rest) = ws.bodies.split_at_mut(i + 1);
            body.place(&before[body.parent], q[body.joint], 0., &mut rest[0]);
            rest[0].composite = body.inertia_at(&rest[0]);
        }
        out.fill(0.);
        for (i, body) in self.bodies.iter().enumerate().rev() {
            let state = ws.bodies[i + 1];
            let force = state.composite.times(&state.axis);
            let j = body.joint;
            out[(j, j)] = state.axis.dot(&force) + self.joints[j].passive.armature;
            let mut ancestor = body.parent;
            while ancestor > 0 {
                let entry = ws.bodies[ancestor].axis.dot(&force);
                let carrier = &self.bodies[ancestor - 1];
                out[(carrier.joint, j)] = entry;
                out[(j, carrier.joint)] = entry;
                ancestor = carrier.parent;
            }
            if body.parent > 0 {
                let parent = &mut ws.bodies[body.parent].composite;
                *parent = parent.plus(&state.composite);
            }
        }
    }
}

/// [`Model::forward_dynamics_implicit`], with its arguments.
struct ForwardDynamics<'a, T> {
    model: &'a Model,
    ws: &'a mut Workspace<T>,
    q: &'a [T],
    qd: &'a [T],
    tau: &'a [T],
    dt: f64,
    qdd: &'a mut [T],
}

impl<T: Number> NullaryFnOnce for ForwardDynamics<'_, T> {
    type Output = ();

    // What is not inlined here, down to the last addition, has no wide instructions.
    #[inline(always)]
    fn call(self) {
        let Self { model, ws, q, qd, tau, dt, qdd } = self;
        // Outward pass: the forces if no joint accelerated.
        ws.bodies[0].acceleration = spatial(Vector::zeros(), Vector::splat(&-model.gravity));
        for (i, body) in model.bodies.iter().enumerate() {
            let (before, rest) = ws.bodies.split_at_mut(i + 1);
            let (parent, state) = (&before[body.parent], &mut rest[0]);
            let j = body.joint;
            body.place(parent, q[j], qd[j], state);
            state.acceleration = parent.acceleration + state.drift;
            let inertia = body.inertia_at(state);
            state.force = inertia.force(&state.velocity, &state.acceleration);
            state.articulated = inertia.matrix();
        }
        // Inward pass: the inertia that each joint moves, and the effort left for it.
        for (i, body) in model.bodies.iter().enumerate().rev() {
            let (before, rest) = ws.bodies.split_at_mut(i + 1);
            let (parent, state) = (&mut before[body.parent], &mut rest[0]);
            let j = body.joint;
            let passive = &model.joints[j].passive;
            let reaction = state.articulated.times(&state.axis);
            let armature = T::splat(passive.armature);
            let inertia = state.axis.dot(&reaction) + armature + T::splat(dt) * passive.resistance(qd[j]);
            let inverse = T::splat(1.) / inertia;
            let effort = tau[j] + passive.torque(q[j], qd[j]) - state.axis.dot(&state.force);
            state.free_acceleration = effort * inverse;
            state.coupling = reaction * inverse;
            if body.parent > 0 {
                let left = state.articulated.less_outer(&state.coupling, &reaction);
                parent.articulated = parent.articulated + left;
                parent.force += state.force + state.coupling * effort;
            }
        }
        // Outward pass: the joints' accelerations. `acceleration` is now the part due to them.
        ws.bodies[0].acceleration = Vector::zeros();
        for (i, body) in model.bodies.iter().enumerate() {
            let (before, rest) = ws.bodies.split_at_mut(i + 1);
            let (parent, state) = (&before[body.parent], &mut rest[0]);
            let j = body.joint;
            qdd[j] = state.free_acceleration - state.coupling.dot(&parent.acceleration);
            state.acceleration = parent.acceleration + state.axis * qdd[j];
        }
    }
}
