//! Chooses the start posture.

use nalgebra::{DMatrix, DVector, Matrix3, Point3, SymmetricEigen, Vector3};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::InitError;
use super::arm::Arm;
use super::given::Posture;
use super::limits::{JointLimits, Limits};

/// Number of postures tried.
const TRIED: usize = 400;
/// Largest distance of a tried joint position from the joint's home: rad, and m.
const AROUND: [f64; 2] = [1., 0.15];
/// Largest share of a joint's effort limit that gravity may take.
const WEIGHT: f64 = 0.7;
/// Largest acceleration that counts, in multiples of the speed limit per second. A stroke cannot
/// use more.
const ACCELERATION: f64 = 10.;
/// Smallest lever that counts, as a share of the arm's largest lever.
const LEVER: f64 = 0.2;

/// The arm at rest in a posture.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// Joint positions (n), rad or m.
    pub position: Vec<f64>,
    /// Efforts against gravity (n), N m or N.
    pub gravity: Vec<f64>,
    /// Independence of the joints, 0 to 1: smallest share of a joint's inertia that is left when
    /// the other joints are free. It is near 0 if two axes are nearly parallel, so that one joint
    /// cancels the motion of another.
    pub independence: f64,
    /// Inertia that each joint moves while the other joints are free (n), kg m^2 or kg: 1 /
    /// (M^-1)_jj. If axes are nearly parallel, it is far below the diagonal of the mass matrix. A
    /// gain derived from the diagonal would then be unstable.
    pub inertia: Vec<f64>,
    /// Mass matrix (n x n).
    pub mass: DMatrix<f64>,
    /// Jacobian of the tip's position (3 x n), m per unit of the joint.
    pub jacobian: DMatrix<f64>,
    /// Effort limits (n). A missing limit is replaced by twice the joint's weight plus the effort
    /// for an acceleration of 5 rad/s^2 or m/s^2.
    pub effort: Vec<f64>,
    /// Largest acceleration of each joint alone, with the effort left by gravity (n), rad/s^2 or
    /// m/s^2.
    pub acceleration: Vec<f64>,
    /// Position of the tip, m.
    pub tip: Point3<f64>,
}

impl Start {
    pub fn at(arm: &Arm, limits: &Limits, position: Vec<f64>) -> Self {
        let (model, n) = (&arm.model, position.len());
        let (mut workspace, zeros) = (model.workspace(), vec![0.; n]);
        let (mut gravity, mut mass, mut jacobian) = (vec![0.; n], DMatrix::zeros(n, n), DMatrix::zeros(6, n));
        model.inverse_dynamics(&mut workspace, &position, &zeros, &zeros, &mut gravity);
        model.mass_matrix(&mut workspace, &position, &mut mass);
        model.kinematics(&mut workspace, &position, &zeros);
        let tip = arm.tip_at(&workspace);
        model.jacobian(&workspace, arm.frame, tip, &mut jacobian);
        let effort: Vec<f64> =
            (0..n).map(|j| limits.0[j].effort.value.unwrap_or(2. * gravity[j].abs() + 5. * mass[(j, j)])).collect();
        let acceleration = (0..n)
            .map(|j| ((effort[j] - gravity[j].abs()) / mass[(j, j)]).clamp(0., ACCELERATION * limits.0[j].speed()))
            .collect();
        let jacobian = jacobian.rows(0, 3).into_owned();
        // The mass matrix is positive definite, since every joint moves some inertia of its own.
        let inverse = mass.clone().cholesky().map_or_else(|| DMatrix::identity(n, n), |factors| factors.inverse());
        let inertia: Vec<f64> = inverse.diagonal().iter().map(|entry| 1. / entry).collect();
        let independence = (0..n).map(|j| inertia[j] / mass[(j, j)]).fold(1., f64::min);
        Self { position, gravity, independence, inertia, mass, jacobian, effort, acceleration, tip }
    }

    /// Lever of each joint at the tip (n), m per unit of the joint; a short one counts as the
    /// smallest that matters.
    pub fn levers(&self) -> DVector<f64> {
        let levers =
            DVector::from_iterator(self.position.len(), self.jacobian.column_iter().map(|column| column.norm()));
        let least = LEVER * levers.max();
        levers.map(|lever| lever.max(least))
    }

    /// Directions (columns) in which the tip accelerates most to least easily, and this ease, m/s^2
    /// per m of lever. They are the eigenvectors and eigenvalues of J A J^T, with A the joints'
    /// accelerations.
    pub fn ease(&self) -> (Matrix3<f64>, Vector3<f64>) {
        let mut ease = Matrix3::zeros();
        for (j, acceleration) in self.acceleration.iter().enumerate() {
            let column: Vector3<f64> = self.jacobian.fixed_view::<3, 1>(0, j).into_owned();
            ease += column * column.transpose() * *acceleration;
        }
        let eigen = SymmetricEigen::new(ease);
        let mut order = [0, 1, 2];
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        let vectors = Matrix3::from_columns(&order.map(|i| eigen.eigenvectors.column(i).into_owned()));
        (vectors, Vector3::from(order.map(|i| eigen.eigenvalues[i].max(0.))))
    }

    /// The joint with the largest share of its effort limit taken by gravity, and this share.
    fn weight(&self) -> (usize, f64) {
        let shares = self.gravity.iter().zip(&self.effort).map(|(gravity, effort)| gravity.abs() / effort);
        shares.enumerate().fold((0, 0.), |most, share| if share.1 > most.1 { share } else { most })
    }
}

/// The arm in a given posture.
///
/// # Errors
/// A joint is not inside its bounds, or the drives cannot carry the arm there.
pub(super) fn given(arm: &Arm, limits: &Limits, posture: &Posture) -> Result<Start, InitError> {
    let start = Start::at(arm, limits, posture.of(limits)?);
    let (joint, share) = start.weight();
    if share <= WEIGHT {
        return Ok(start);
    }
    let joint = limits.0[joint].name.clone();
    Err(InitError::StartTooHeavy { joint, share: (share * 100.).round(), most: WEIGHT * 100. })
}

/// The best of several random postures about the joints' zeros, the same postures each time. In the
/// best posture, the tip moves easily in two directions, gravity leaves the drives much effort, and
/// no two axes are nearly parallel.
///
/// # Errors
/// The drives cannot carry the arm in any of the postures.
pub(super) fn choose(arm: &Arm, limits: &Limits) -> Result<Start, InitError> {
    let mut random = ChaCha12Rng::seed_from_u64(0);
    let mut best: Option<(f64, Start)> = None;
    let mut lightest: Option<(usize, f64)> = None;
    for tried in 0..TRIED {
        let position = limits.0.iter().map(|joint| {
            let (low, high) = around(joint);
            let home = 0_f64.clamp(low, high);
            let drawn = if tried == 0 { home } else { random.random_range(low..=high) };
            (drawn * 1e3).round() / 1e3
        });
        let start = Start::at(arm, limits, position.collect());
        let (joint, share) = start.weight();
        if lightest.is_none_or(|(_, least)| share < least) {
            lightest = Some((joint, share));
        }
        let ease = start.ease().1;
        let second = if start.position.len() > 1 { ease[1] } else { ease[0] };
        let score = (ease[0] * second).sqrt() * (1. - share) * start.independence;
        if share <= WEIGHT && best.as_ref().is_none_or(|(most, _)| score > *most) {
            best = Some((score, start));
        }
    }
    best.map(|(_, start)| start).ok_or_else(|| {
        let joint = lightest.map_or(String::new(), |(joint, _)| limits.0[joint].name.clone());
        InitError::TooHeavy { joint, share: WEIGHT * 100. }
    })
}

/// The positions tried of a joint: about zero or the bound next to zero, three margins inside the
/// bounds.
fn around(joint: &JointLimits) -> (f64, f64) {
    let (lower, upper) = joint.range();
    let inside = 3. * joint.margin();
    let (lower, upper) = (lower + inside, upper - inside);
    let home = 0_f64.clamp(lower, upper);
    let reach = AROUND[usize::from(joint.kind == crate::dynamics::JointKind::Prismatic)];
    ((home - reach).max(lower), (home + reach).min(upper))
}
