//! Inverse kinematics: joint positions, within the joints' bounds, that bring a point of a link to
//! a goal.

use nalgebra::{DMatrix, DVector, Point3, Vector3};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::dynamics::{FrameId, Model, Workspace};

/// Steps of one search.
const STEPS: usize = 200;
/// Number of searches. The first starts from the previous posture, the others from drawn postures.
const SEARCHES: usize = 40;
/// Distance at which a point counts as reached, m.
const REACHED: f64 = 1e-7;
/// Step below which a search ends, as a share of a joint's range.
const SETTLED: f64 = 1e-12;
/// Half the range from which an unbounded joint is drawn, centred on the previous posture, rad or
/// m.
const UNBOUNDED: f64 = std::f64::consts::PI;

/// A point of an arm that has a goal.
pub(super) struct Reach<'a> {
    pub model: &'a Model,
    pub frame: FrameId,
    /// The point in the link's frame, m.
    pub point: Point3<f64>,
    /// Lowest joint positions (n), rad or m.
    pub lower: &'a [f64],
    /// Highest joint positions (n), rad or m.
    pub upper: &'a [f64],
    /// Willingness of each joint to move (n). A joint with a greater value moves more.
    pub ease: &'a [f64],
}

/// The result of a goal out of reach.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OutOfReach {
    /// Remaining distance, m.
    pub by: f64,
    /// The reachable point nearest to the goal, m.
    pub nearest: Vector3<f64>,
}

/// Position of the point, and its Jacobian (3 x n).
struct Placed {
    at: Vector3<f64>,
    jacobian: DMatrix<f64>,
}

impl Reach<'_> {
    fn place(&self, workspace: &mut Workspace, q: &DVector<f64>) -> Placed {
        let n = self.model.dof();
        self.model.kinematics(workspace, q.as_slice(), &vec![0.; n]);
        let at = self.model.pose(workspace, self.frame) * self.point;
        let mut jacobian = DMatrix::zeros(6, n);
        self.model.jacobian(workspace, self.frame, at, &mut jacobian);
        Placed { at: at.coords, jacobian: jacobian.rows(0, 3).into_owned() }
    }

    fn bounded(&self, q: DVector<f64>) -> DVector<f64> {
        DVector::from_fn(q.len(), |j, _| q[j].clamp(self.lower[j], self.upper[j]))
    }

    /// Joint positions (n) that bring the point to `goal`, m. A search from `near` (n) comes first.
    /// If it fails, the result is the solution nearest to `near` among searches from drawn
    /// postures. The drawn postures are the same at every call.
    ///
    /// # Errors
    /// The remaining distance of the best search, if no search reaches the goal.
    pub fn positions(&self, goal: &Vector3<f64>, near: &[f64]) -> Result<Vec<f64>, OutOfReach> {
        let near = self.bounded(DVector::from_column_slice(near));
        let mut random = ChaCha8Rng::seed_from_u64(0);
        let mut found: Option<DVector<f64>> = None;
        let mut missed: Option<OutOfReach> = None;
        let far = |q: &DVector<f64>| (q - &near).component_div(&DVector::from_column_slice(self.ease)).norm();
        for search in 0..SEARCHES {
            let start = if search == 0 { near.clone() } else { self.draw(&near, &mut random) };
            let (q, at) = self.search(goal, start);
            let by = (at - goal).norm();
            if by <= REACHED {
                if search == 0 {
                    return Ok(q.as_slice().into());
                }
                if found.as_ref().is_none_or(|other| far(&q) < far(other)) {
                    found = Some(q);
                }
            } else if missed.as_ref().is_none_or(|other| by < other.by) {
                missed = Some(OutOfReach { by, nearest: at });
            }
        }
        // If no search succeeded, at least one missed.
        let none = OutOfReach { by: f64::INFINITY, nearest: *goal };
        found.map(|q| q.as_slice().into()).ok_or(missed.unwrap_or(none))
    }

    fn draw(&self, near: &DVector<f64>, random: &mut ChaCha8Rng) -> DVector<f64> {
        DVector::from_fn(near.len(), |j, _| {
            let (lower, upper) = (self.lower[j].max(near[j] - UNBOUNDED), self.upper[j].min(near[j] + UNBOUNDED));
            lower + (upper - lower) * random.random::<f64>()
        })
    }

    /// Levenberg-Marquardt steps in joint positions divided by `ease`. A joint that would leave its
    /// bounds stays at the bound. Returns the joint positions and the position of the point.
    fn search(&self, goal: &Vector3<f64>, start: DVector<f64>) -> (DVector<f64>, Vector3<f64>) {
        let mut workspace = self.model.workspace();
        let mut q = start;
        let mut damping = 1e-4;
        let mut placed = self.place(&mut workspace, &q);
        for _ in 0..STEPS {
            let error = placed.at - goal;
            if error.norm() <= 1e-2 * REACHED {
                break;
            }
            let mut scaled = placed.jacobian.clone();
            for (mut column, ease) in scaled.column_iter_mut().zip(self.ease) {
                column *= *ease;
            }
            let slope = scaled.tr_mul(&error);
            for (j, mut column) in scaled.column_iter_mut().enumerate() {
                let outward = (q[j] <= self.lower[j] && slope[j] > 0.) || (q[j] >= self.upper[j] && slope[j] < 0.);
                if outward {
                    column.fill(0.);
                }
            }
            let mut normal = &scaled * scaled.transpose();
            let size = normal.trace().max(f64::MIN_POSITIVE);
            for i in 0..3 {
                normal[(i, i)] += damping * size;
            }
            // The damping makes the matrix positive definite.
            let Some(factor) = normal.cholesky() else { break };
            let way = scaled.tr_mul(&factor.solve(&error));
            if way.amax() < SETTLED {
                break;
            }
            let step = way.component_mul(&DVector::from_column_slice(self.ease));
            let candidate = self.bounded(&q - step);
            let next = self.place(&mut workspace, &candidate);
            if (next.at - goal).norm_squared() < error.norm_squared() {
                (q, placed) = (candidate, next);
                damping = (damping * 0.2).max(1e-12);
            } else {
                damping *= 5.;
                if damping > 1e12 {
                    break;
                }
            }
        }
        (q, placed.at)
    }

    /// Joint velocities (n) that move the point by `velocity`, m/s, at positions `q` (n). They have
    /// the least norm after division by `ease`.
    ///
    /// # Errors
    /// The velocity of the point under the best joint velocities.
    pub fn velocities(&self, q: &[f64], velocity: &Vector3<f64>) -> Result<Vec<f64>, Vector3<f64>> {
        let Placed { jacobian, .. } = self.place(&mut self.model.workspace(), &DVector::from_column_slice(q));
        let ease = DVector::from_column_slice(self.ease);
        let mut scaled = jacobian.clone();
        for (mut column, ease) in scaled.column_iter_mut().zip(self.ease) {
            column *= *ease;
        }
        let largest = scaled.norm();
        let solved = scaled.svd(true, true).solve(velocity, 1e-6 * largest).unwrap_or_else(|_| DVector::zeros(q.len()));
        let found = solved.component_mul(&ease);
        let reached: Vector3<f64> = Vector3::from_iterator((&jacobian * &found).iter().copied());
        if (reached - velocity).norm() <= 1e-6 * (1. + velocity.norm()) {
            Ok(found.as_slice().into())
        } else {
            Err(reached)
        }
    }
}
