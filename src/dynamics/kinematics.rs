//! Poses, velocities and Jacobians.

use nalgebra::{DMatrix, Isometry3, Matrix3, Point3, Rotation3, Translation3, UnitQuaternion, Vector3};

use super::model::{Body, BodyState, Frame, FrameId, Model, Workspace};
use super::spatial::{Inertia, angular, cross_motion, linear, spatial};

impl Body {
    /// Places the body on its parent (Featherstone 2008, equations 4.4 and 5.7).
    #[inline(always)]
    pub(super) fn place(&self, parent: &BodyState, q: f64, qd: f64, out: &mut BodyState) {
        let mut rotation = parent.rotation * self.rotation;
        out.position = parent.position + parent.rotation * self.translation;
        let z = Vector3::new(rotation[(0, 2)], rotation[(1, 2)], rotation[(2, 2)]);
        if self.prismatic {
            out.position += z * q;
            out.axis = spatial(Vector3::zeros(), z);
        } else {
            let (sin, cos) = q.sin_cos();
            for row in 0..3 {
                let (x, y) = (rotation[(row, 0)], rotation[(row, 1)]);
                rotation[(row, 0)] = cos * x + sin * y;
                rotation[(row, 1)] = cos * y - sin * x;
            }
            out.axis = spatial(z, out.position.cross(&z));
        }
        out.rotation = rotation;
        let joint_velocity = out.axis * qd;
        out.velocity = parent.velocity + joint_velocity;
        out.drift = cross_motion(&parent.velocity, &joint_velocity);
    }

    /// The body's inertia at its present pose.
    #[inline(always)]
    pub(super) fn inertia_at(&self, state: &BodyState) -> Inertia {
        let centre = state.position + state.rotation * self.centre;
        Inertia::new(self.mass, centre, state.rotation * self.inertia * state.rotation.transpose())
    }
}

impl Model {
    /// Moves the robot: its root link gets the pose `base` in the world. Gravity keeps its direction
    /// in the world.
    pub fn set_base(&mut self, base: &Isometry3<f64>) {
        let rotation = base.rotation.to_rotation_matrix().into_inner();
        self.reference = rotation * self.reference + base.translation.vector;
        for body in self.bodies.iter_mut().filter(|body| body.parent == 0) {
            body.rotation = rotation * body.rotation;
            body.translation = rotation * body.translation;
        }
        for frame in self.frames.iter_mut().filter(|frame| frame.body == 0) {
            frame.rotation = rotation * frame.rotation;
            frame.translation = rotation * frame.translation;
        }
    }

    /// Computes pose and velocity of all bodies at positions `q` (n), rad or m, and velocities `qd`
    /// (n). The queries below answer for the state that a method last gave to this workspace.
    pub fn kinematics(&self, ws: &mut Workspace, q: &[f64], qd: &[f64]) {
        let n = self.dof();
        assert!(q.len() == n && qd.len() == n, "joint values: {} and {}, not {n}", q.len(), qd.len());
        for (i, body) in self.bodies.iter().enumerate() {
            let (before, rest) = ws.bodies.split_at_mut(i + 1);
            body.place(&before[body.parent], q[body.joint], qd[body.joint], &mut rest[0]);
        }
    }

    /// Pose of a frame in the world.
    pub fn pose(&self, ws: &Workspace, frame: FrameId) -> Isometry3<f64> {
        let frame = &self.frames[frame.0];
        let body = &ws.bodies[frame.body];
        let rotation: Matrix3<f64> = body.rotation * frame.rotation;
        let translation = self.reference + body.position + body.rotation * frame.translation;
        let rotation = UnitQuaternion::from_rotation_matrix(&Rotation3::from_matrix_unchecked(rotation));
        Isometry3::from_parts(Translation3::from(translation), rotation)
    }

    /// Centre of mass, in the world, of the body that a frame is fixed to. For a frame that does
    /// not move, the frame's origin.
    pub fn centre_of_mass(&self, ws: &Workspace, frame: FrameId) -> Point3<f64> {
        match self.frames[frame.0].body.checked_sub(1) {
            None => Point3::from(self.pose(ws, frame).translation.vector),
            Some(body) => {
                let state = &ws.bodies[body + 1];
                Point3::from(self.reference + state.position + state.rotation * self.bodies[body].centre)
            }
        }
    }

    /// Whether joints move a frame.
    pub fn is_moved(&self, frame: FrameId) -> bool {
        self.frames[frame.0].body > 0
    }

    /// Whether a frame's origin coincides with its body's joint.
    pub fn is_at_its_joint(&self, frame: FrameId) -> bool {
        let Frame { body, translation, .. } = &self.frames[frame.0];
        *body > 0 && translation.norm() == 0.
    }

    /// Velocity of the point of a frame's body at `point_world`: linear, m/s, and angular, rad/s,
    /// in world axes.
    pub fn velocity_at(
        &self,
        ws: &Workspace,
        frame: FrameId,
        point_world: Point3<f64>,
    ) -> (Vector3<f64>, Vector3<f64>) {
        let velocity = &ws.bodies[self.frames[frame.0].body].velocity;
        let rotation = angular(velocity);
        (linear(velocity) + rotation.cross(&(point_world.coords - self.reference)), rotation)
    }

    /// Jacobian of [`Model::velocity_at`]: `out` (6 x n), rows linear then angular, in world axes.
    pub fn jacobian(&self, ws: &Workspace, frame: FrameId, point_world: Point3<f64>, out: &mut DMatrix<f64>) {
        assert_eq!(out.shape(), (6, self.dof()), "shape of the Jacobian");
        out.fill(0.);
        let lever = point_world.coords - self.reference;
        let mut body = self.frames[frame.0].body;
        while body > 0 {
            let axis = &ws.bodies[body].axis;
            let rotation = angular(axis);
            let Body { joint, parent, .. } = self.bodies[body - 1];
            let mut column = out.fixed_view_mut::<6, 1>(0, joint);
            column.copy_from(&spatial(linear(axis) + rotation.cross(&lever), rotation));
            body = parent;
        }
    }
}
