//! Spatial vectors (6: angular, then linear part) and inertias in world axes at the reference point
//! (Featherstone 2008, chapter 2).

use nalgebra::{Matrix3, Matrix6, Vector3, Vector6};

/// Makes a spatial vector.
#[inline(always)]
pub fn spatial(angular: Vector3<f64>, linear: Vector3<f64>) -> Vector6<f64> {
    Vector6::new(angular.x, angular.y, angular.z, linear.x, linear.y, linear.z)
}

/// The angular part.
#[inline(always)]
pub fn angular(v: &Vector6<f64>) -> Vector3<f64> {
    Vector3::new(v[0], v[1], v[2])
}

/// The linear part.
#[inline(always)]
pub fn linear(v: &Vector6<f64>) -> Vector3<f64> {
    Vector3::new(v[3], v[4], v[5])
}

/// `v x m`, the rate of a motion vector `m` that moves with velocity `v` (equation 2.31).
#[inline(always)]
pub fn cross_motion(v: &Vector6<f64>, m: &Vector6<f64>) -> Vector6<f64> {
    let rotation = angular(v);
    spatial(rotation.cross(&angular(m)), linear(v).cross(&angular(m)) + rotation.cross(&linear(m)))
}

/// `v x* f`, the rate of a force vector `f` that moves with velocity `v` (equation 2.32).
#[inline(always)]
pub fn cross_force(v: &Vector6<f64>, f: &Vector6<f64>) -> Vector6<f64> {
    let rotation = angular(v);
    spatial(rotation.cross(&angular(f)) + linear(v).cross(&linear(f)), rotation.cross(&linear(f)))
}

/// The matrix of `v x`.
#[inline(always)]
pub fn skew(v: &Vector3<f64>) -> Matrix3<f64> {
    Matrix3::new(0., -v.z, v.y, v.z, 0., -v.x, -v.y, v.x, 0.)
}

/// A rigid body's inertia at the reference point (equation 2.63).
#[derive(Clone, Copy, Debug)]
pub struct Inertia {
    /// Mass, kg.
    pub mass: f64,
    /// Mass times the centre of mass, kg m.
    pub moment: Vector3<f64>,
    /// Rotational inertia about the reference point, kg m^2.
    pub rotational: Matrix3<f64>,
}

impl Inertia {
    /// Makes an inertia from the mass, the centre of mass and the rotational inertia about the
    /// centre of mass.
    #[inline(always)]
    pub fn new(mass: f64, centre: Vector3<f64>, about_centre: Matrix3<f64>) -> Self {
        let moment = centre * mass;
        let mut rotational = about_centre - moment * centre.transpose();
        let trace = moment.dot(&centre);
        for i in 0..3 {
            rotational[(i, i)] += trace;
        }
        Self { mass, moment, rotational }
    }

    /// Momentum for the motion `v`, or force for the acceleration `v`.
    #[inline(always)]
    pub fn times(&self, v: &Vector6<f64>) -> Vector6<f64> {
        let (rotation, translation) = (angular(v), linear(v));
        spatial(
            self.rotational * rotation + self.moment.cross(&translation),
            translation * self.mass - self.moment.cross(&rotation),
        )
    }

    /// The force for an acceleration of a body that moves with a velocity (equation 2.68).
    #[inline(always)]
    pub fn force(&self, velocity: &Vector6<f64>, acceleration: &Vector6<f64>) -> Vector6<f64> {
        self.times(acceleration) + cross_force(velocity, &self.times(velocity))
    }

    /// The inertia of both bodies joined.
    #[inline(always)]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            mass: self.mass + other.mass,
            moment: self.moment + other.moment,
            rotational: self.rotational + other.rotational,
        }
    }

    /// The 6 x 6 matrix of the inertia.
    #[inline(always)]
    pub fn matrix(&self) -> Matrix6<f64> {
        let coupling = skew(&self.moment);
        let mut out = Matrix6::zeros();
        out.fixed_view_mut::<3, 3>(0, 0).copy_from(&self.rotational);
        out.fixed_view_mut::<3, 3>(0, 3).copy_from(&coupling);
        out.fixed_view_mut::<3, 3>(3, 0).copy_from(&coupling.transpose());
        out.fixed_view_mut::<3, 3>(3, 3).copy_from(&Matrix3::from_diagonal_element(self.mass));
        out
    }
}
