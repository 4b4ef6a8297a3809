//! Poses, velocities and Jacobians.

use nalgebra::{DMatrix, Isometry3, Matrix3, Point3, Rotation3, Translation3, UnitQuaternion, Vector3};

use super::lanes::Number;
use super::model::{Body, BodyState, Frame, FrameId, Model, Workspace};
use super::spatial::{Inertia, Matrix, Vector, angular, cross_motion, linear, spatial};

impl Body {
    /// Places the body on its parent (Featherstone 2008, equations 4.4 and 5.7).
    #[inline(always)]
    pub(super) fn place<T: Number>(&self, parent: &BodyState<T>, q: T, qd: T, out: &mut BodyState<T>) {
        let mut rotation = parent.rotation.product(&Matrix::splat(&self.rotation));
        out.position = parent.position + parent.rotation.times(&Vector::splat(&self.translation));
        let z = Vector([rotation.0[0][2], rotation.0[1][2], rotation.0[2][2]]);
        if self.prismatic {
            out.position += z * q;
            out.axis = spatial(Vector::zeros(), z);
        } else {
            let (sin, cos) = q.sin_cos();
            for row in &mut rotation.0 {
                let [x, y, _] = *row;
                row[0] = cos * x + sin * y;
                row[1] = cos * y - sin * x;
            }
            out.axis = spatial(z, out.position.cross(&z));
        }
        out.rotation = rotation;
        let joint_velocity = out.axis * qd;
        out.velocity = parent.velocity + joint_velocity;
        out.drift = cross_motion(&parent.velocity, &joint_velocity);
    }

    /// The centre of mass at the body's present pose, relative to the reference point.
    #[inline(always)]
    pub(super) fn centre_at<T: Number>(&self, state: &BodyState<T>) -> Vector<T, 3> {
        state.position + state.rotation.times(&Vector::splat(&self.centre))
    }

    /// The body's inertia at its present pose.
    #[inline(always)]
    pub(super) fn inertia_at<T: Number>(&self, state: &BodyState<T>) -> Inertia<T> {
        let turned = state.rotation.product(&Matrix::splat(&self.inertia));
        Inertia::new(self.mass, self.centre_at(state), turned.product_with_transposed(&state.rotation))
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
        let turn = Matrix3::from(body.rotation);
        let rotation = turn * frame.rotation;
        let translation = self.reference + Vector3::from(body.position) + turn * frame.translation;
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
                let centre = state.rotation.times(&Vector::splat(&self.bodies[body].centre));
                Point3::from(self.reference + Vector3::from(state.position) + Vector3::from(centre))
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
        let (rotation, translation) = (Vector3::from(angular(velocity)), Vector3::from(linear(velocity)));
        (translation + rotation.cross(&(point_world.coords - self.reference)), rotation)
    }

    /// Jacobian of [`Model::velocity_at`]: `out` (6 x n), rows linear then angular, in world axes.
    pub fn jacobian(&self, ws: &Workspace, frame: FrameId, point_world: Point3<f64>, out: &mut DMatrix<f64>) {
        assert_eq!(out.shape(), (6, self.dof()), "shape of the Jacobian");
        out.fill(0.);
        let lever = point_world.coords - self.reference;
        let mut body = self.frames[frame.0].body;
        while body > 0 {
            let axis = &ws.bodies[body].axis;
            let (rotation, translation) = (Vector3::from(angular(axis)), Vector3::from(linear(axis)));
            let Body { joint, parent, .. } = self.bodies[body - 1];
            out.fixed_view_mut::<3, 1>(0, joint).copy_from(&(translation + rotation.cross(&lever)));
            out.fixed_view_mut::<3, 1>(3, joint).copy_from(&rotation);
            body = parent;
        }
    }
}
