//! Integrators of a robot's motion, or of the motion of several that move in step
//! ([`Lanes`](crate::dynamics::Lanes)), with fixed steps and efforts constant within a step.

use crate::dynamics::{Model, Number, Workspace};

/// Semi-implicit Euler, order 1: `qd += dt qdd`, then `q += dt qd`, with `qdd` of
/// [`Model::forward_dynamics_implicit`]. Damping and friction are taken at the end of the step.
/// MuJoCo's `implicitfast` without constraints is the same method.
#[derive(Clone, Debug)]
pub struct SemiImplicitEuler<T = f64> {
    qdd: Box<[T]>,
}

impl<T: Number> SemiImplicitEuler<T> {
    /// An integrator for robots with the joints of `model`.
    pub fn new(model: &Model) -> Self {
        Self { qdd: vec![T::splat(0.); model.dof()].into() }
    }

    /// Moves positions `q` (n), rad or m, and velocities `qd` (n) by `dt` seconds under the efforts
    /// `tau` (n), N m or N. Does not allocate.
    pub fn step(&mut self, model: &Model, ws: &mut Workspace<T>, tau: &[T], dt: f64, q: &mut [T], qd: &mut [T]) {
        model.forward_dynamics_implicit(ws, q, qd, tau, dt, &mut self.qdd);
        let dt = T::splat(dt);
        for ((q, qd), qdd) in q.iter_mut().zip(qd).zip(&self.qdd) {
            *qd += dt * *qdd;
            *q += dt * *qd;
        }
    }
}

/// The classical Runge-Kutta method, order 4, fully explicit. It is for robots that need accuracy
/// and whose damping is small against inertia over step.
#[derive(Clone, Debug)]
pub struct RungeKutta4<T = f64> {
    stages: [Stage<T>; 4],
    q: Box<[T]>,
}

/// Velocity and acceleration at one of the four points (n each).
#[derive(Clone, Debug)]
struct Stage<T> {
    qd: Box<[T]>,
    qdd: Box<[T]>,
}

impl<T: Number> RungeKutta4<T> {
    /// An integrator for robots with the joints of `model`.
    pub fn new(model: &Model) -> Self {
        let zeros = || vec![T::splat(0.); model.dof()].into_boxed_slice();
        Self { stages: std::array::from_fn(|_| Stage { qd: zeros(), qdd: zeros() }), q: zeros() }
    }

    /// Same arguments as [`SemiImplicitEuler::step`].
    pub fn step(&mut self, model: &Model, ws: &mut Workspace<T>, tau: &[T], dt: f64, q: &mut [T], qd: &mut [T]) {
        const OFFSETS: [f64; 4] = [0., 0.5, 0.5, 1.];
        for (i, offset) in OFFSETS.into_iter().enumerate() {
            let (before, rest) = self.stages.split_at_mut(i);
            let stage = &mut rest[0];
            self.q.copy_from_slice(q);
            stage.qd.copy_from_slice(qd);
            if let Some(last) = before.last() {
                let h = T::splat(offset * dt);
                for j in 0..q.len() {
                    self.q[j] += h * last.qd[j];
                    stage.qd[j] += h * last.qdd[j];
                }
            }
            model.forward_dynamics(ws, &self.q, &stage.qd, tau, &mut stage.qdd);
        }
        let [a, b, c, d] = &self.stages;
        let (dt, two, six) = (T::splat(dt), T::splat(2.), T::splat(6.));
        let mean = |a: T, b: T, c: T, d: T| (a + two * (b + c) + d) / six;
        for j in 0..q.len() {
            q[j] += dt * mean(a.qd[j], b.qd[j], c.qd[j], d.qd[j]);
            qd[j] += dt * mean(a.qdd[j], b.qdd[j], c.qdd[j], d.qdd[j]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamics::tests::energy;

    /// The arm without damping, with its drives and springs.
    fn frictionless_arm() -> Model {
        let mut model = Model::from_urdf_file("urdf/table_tennis_arm.urdf").unwrap();
        for joint in model.joints_mut() {
            joint.passive.damping = 0.;
            joint.passive.armature = 0.02;
            joint.passive.stiffness = if joint.name.starts_with('b') { 1500. } else { 0. };
        }
        model
    }

    /// Largest change of energy over 0.4 s of free fall from rest, J.
    fn energy_drift(step: impl FnMut(&Model, &mut Workspace, &[f64], f64, &mut [f64], &mut [f64]), dt: f64) -> f64 {
        let mut step = step;
        let model = frictionless_arm();
        let mut ws = model.workspace();
        let (mut q, mut qd) = ([0., 0., 0., -0.8, -0.6, 0.3, 1.3, 1.2, 0.8], [0.; 9]);
        let start = energy(&model, &mut ws, &q, &qd);
        let mut drift = 0f64;
        for _ in 0..(0.4 / dt) as usize {
            step(&model, &mut ws, &[0.; 9], dt, &mut q, &mut qd);
            drift = drift.max((energy(&model, &mut ws, &q, &qd) - start).abs());
        }
        assert!(drift.is_finite());
        drift
    }

    #[test]
    fn energy_drift_falls_at_the_order_of_semi_implicit_euler() {
        let mut euler = SemiImplicitEuler::new(&frictionless_arm());
        let mut drift = |dt| energy_drift(|m, ws, tau, dt, q, qd| euler.step(m, ws, tau, dt, q, qd), dt);
        for dt in [1e-3, 5e-4, 2.5e-4] {
            let order = (drift(dt) / drift(dt / 2.)).log2();
            assert!((0.8..1.2).contains(&order), "order {order} at {dt}");
        }
    }

    #[test]
    fn energy_drift_falls_at_the_order_of_runge_kutta() {
        let mut runge_kutta = RungeKutta4::new(&frictionless_arm());
        let mut drift = |dt| energy_drift(|m, ws, tau, dt, q, qd| runge_kutta.step(m, ws, tau, dt, q, qd), dt);
        for dt in [4e-3, 2e-3, 1e-3] {
            let order = (drift(dt) / drift(dt / 2.)).log2();
            assert!((3.5..5.5).contains(&order), "order {order} at {dt}");
        }
    }

    /// A damping far beyond the stability of an explicit step slows the arm down and never reverses
    /// it. So does friction.
    #[test]
    fn stiff_damping_and_friction_are_stable() {
        let mut model = frictionless_arm();
        model.set_gravity(nalgebra::Vector3::zeros());
        let only = |model: &mut Model, damping: f64, friction: f64| {
            for joint in model.joints_mut() {
                joint.passive =
                    crate::dynamics::Passive { damping, friction, friction_velocity: 1e-4, ..Default::default() };
            }
        };
        for (damping, friction) in [(1e5, 0.), (0., 50.)] {
            only(&mut model, damping, friction);
            let (mut ws, mut euler) = (model.workspace(), SemiImplicitEuler::new(&model));
            let (mut q, mut qd) = ([0.1; 9], [1.; 9]);
            let mut last = energy(&model, &mut ws, &q, &qd);
            for _ in 0..200 {
                euler.step(&model, &mut ws, &[0.; 9], 2e-3, &mut q, &mut qd);
                let now = energy(&model, &mut ws, &q, &qd);
                assert!(now <= last * (1. + 1e-9) + 1e-12, "{now} J after {last} J");
                last = now;
            }
            assert!(qd.iter().all(|qd| qd.abs() < 1e-3), "{qd:?}");
        }
    }
}
