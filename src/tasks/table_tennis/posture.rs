//! Inverse kinematics: joint positions and velocities that strike the ball.

use super::config::PlayerConfig;
use super::world::{RacketArm, RacketState};
use crate::dynamics::JointKind;
use nalgebra::{DMatrix, DVector, Point3, Vector3};

/// Desired state of the racket at the hit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RacketGoal {
    /// Centre, m.
    pub centre: Vector3<f64>,
    /// Unit normal.
    pub normal: Vector3<f64>,
    /// Speed of the centre along the normal, m/s.
    pub normal_speed: f64,
}

/// Joint positions and velocities at the hit (n each).
#[derive(Clone, Debug, PartialEq)]
pub struct HittingPosture {
    /// rad or m
    pub position: Vec<f64>,
    /// rad/s or m/s
    pub velocity: Vec<f64>,
}

/// Number of steps of the least-squares search, and of the Newton steps after the search.
const SEARCH_STEPS: usize = 200;
const POLISH_STEPS: usize = 20;
/// Step below which the search ends, rad and m.
const SETTLED: f64 = 1e-9;
/// Residual below which the goal counts as reached, m and 1.
const REACHED: f64 = 1e-9;

struct Search<'a> {
    arm: &'a RacketArm,
    workspace: crate::dynamics::Workspace,
    jacobian: DMatrix<f64>,
    goal: &'a RacketGoal,
}

impl Search<'_> {
    fn racket(&mut self, q: &DVector<f64>) -> RacketState {
        let still = vec![0.; q.len()];
        self.arm.racket(&mut self.workspace, q.as_slice(), &still)
    }

    /// Residual of position and normal (6), and its Jacobian (6 x n).
    fn task(&mut self, q: &DVector<f64>) -> (DVector<f64>, DMatrix<f64>) {
        let racket = self.racket(q);
        let point = Point3::from(racket.centre);
        self.arm.model().jacobian(&self.workspace, self.arm.racket_frame(), point, &mut self.jacobian);
        let mut residual = DVector::zeros(6);
        residual.fixed_rows_mut::<3>(0).copy_from(&(racket.centre - self.goal.centre));
        residual.fixed_rows_mut::<3>(3).copy_from(&(racket.normal - self.goal.normal));
        let mut jacobian = self.jacobian.clone();
        let turning = -racket.normal.cross_matrix() * self.jacobian.fixed_rows::<3>(3);
        jacobian.rows_mut(3, 3).copy_from(&turning);
        (residual, jacobian)
    }
}

/// The posture near `rest` (n) that brings the racket to `goal`, and the least joint velocity that
/// gives the racket its speed.
///
/// The posture is a Levenberg-Marquardt minimum of the weighted residuals of position, normal and
/// distance from rest. The posture is then moved until position and normal are exact; this motion
/// is the least one by the weights of the distance from rest. The velocity minimises
/// `qd' W qd + |w|^2` subject to the desired speed along the normal, with `w` the racket's angular
/// velocity. `None` if the goal is out of reach.
pub fn hitting_posture(
    arm: &RacketArm,
    config: &PlayerConfig,
    rest: &[f64],
    goal: &RacketGoal,
) -> Option<HittingPosture> {
    let model = arm.model();
    let dof = model.dof();
    let of_kind = |sliding: f64, turning: f64| {
        let weight = |i: usize| if model.joints()[i].kind == JointKind::Prismatic { sliding } else { turning };
        DVector::from_fn(dof, |i, _| weight(i))
    };
    let posture = of_kind(config.base_posture_weight, config.arm_posture_weight);
    let rest = DVector::from_column_slice(rest);
    let mut search = Search { arm, workspace: model.workspace(), jacobian: DMatrix::zeros(6, dof), goal };

    let weighted = |search: &mut Search, q: &DVector<f64>| {
        let (task, task_jacobian) = search.task(q);
        let weight = |row: usize| if row < 3 { config.position_weight } else { config.normal_weight };
        let mut residual = DVector::zeros(6 + dof);
        let mut jacobian = DMatrix::zeros(6 + dof, dof);
        for row in 0..6 {
            residual[row] = weight(row) * task[row];
            jacobian.row_mut(row).copy_from(&(task_jacobian.row(row) * weight(row)));
        }
        for joint in 0..dof {
            residual[6 + joint] = posture[joint] * (q[joint] - rest[joint]);
            jacobian[(6 + joint, joint)] = posture[joint];
        }
        (residual, jacobian)
    };
    let mut q = rest.clone();
    let mut damping = 1e-3;
    let (mut residual, mut jacobian) = weighted(&mut search, &q);
    for _ in 0..SEARCH_STEPS {
        let mut normal = jacobian.tr_mul(&jacobian);
        for i in 0..dof {
            normal[(i, i)] *= 1. + damping;
        }
        let step = normal.cholesky()?.solve(&jacobian.tr_mul(&residual));
        if step.norm() < SETTLED {
            break;
        }
        let candidate = &q - &step;
        let (next_residual, next_jacobian) = weighted(&mut search, &candidate);
        if next_residual.norm_squared() <= residual.norm_squared() {
            (q, residual, jacobian) = (candidate, next_residual, next_jacobian);
            damping *= 0.2;
        } else {
            damping *= 5.;
        }
    }

    let cheapness = posture.map(|weight| 1. / weight);
    for _ in 0..POLISH_STEPS {
        let (residual, mut jacobian) = search.task(&q);
        if residual.norm() < REACHED {
            break;
        }
        for (mut column, cheap) in jacobian.column_iter_mut().zip(&cheapness) {
            column *= *cheap;
        }
        let step = jacobian.svd(true, true).solve(&residual, 1e-6).ok()?;
        q -= step.component_mul(&cheapness);
    }
    let (residual, _) = search.task(&q);
    if residual.norm().is_nan() || residual.norm() >= 1e3 * REACHED {
        return None;
    }

    let along_normal = search.jacobian.rows(0, 3).tr_mul(&goal.normal);
    let turning = search.jacobian.rows(3, 3);
    let cost = turning.tr_mul(&turning)
        + DMatrix::from_diagonal(&of_kind(config.base_velocity_weight, config.arm_velocity_weight));
    let direction = cost.cholesky()?.solve(&along_normal);
    let velocity = &direction * (goal.normal_speed / along_normal.dot(&direction));
    Some(HittingPosture { position: q.as_slice().to_vec(), velocity: velocity.as_slice().to_vec() })
}
