//! Spatial vectors (6: angular, then linear part) and inertias in world axes at the reference point
//! (Featherstone 2008, chapter 2), of one robot or of several at once ([`Number`]).

use nalgebra::{Matrix3, Vector3};
use std::ops::{Add, AddAssign, Mul, Sub};

use super::lanes::Number;

/// A vector of N components.
#[derive(Clone, Copy, Debug)]
pub struct Vector<T, const N: usize>(pub [T; N]);

/// A matrix of N x N components, by rows.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<T, const N: usize>(pub [[T; N]; N]);

/// The vector with these components. A loop is inlined where `array::from_fn` need not be.
#[inline(always)]
fn filled<T: Number, const N: usize>(component: impl Fn(usize) -> T) -> Vector<T, N> {
    let mut vector = Vector::zeros();
    for i in 0..N {
        vector.0[i] = component(i);
    }
    vector
}

/// The matrix with these rows.
#[inline(always)]
fn rows<T: Number, const N: usize>(row: impl Fn(usize) -> Vector<T, N>) -> Matrix<T, N> {
    let mut matrix = Matrix::zeros();
    for i in 0..N {
        matrix.0[i] = row(i).0;
    }
    matrix
}

impl<T: Number, const N: usize> Vector<T, N> {
    /// Zeros.
    #[inline(always)]
    pub fn zeros() -> Self {
        Self([T::splat(0.); N])
    }

    /// The scalar product.
    #[inline(always)]
    pub fn dot(&self, other: &Self) -> T {
        let mut sum = self.0[0] * other.0[0];
        for i in 1..N {
            sum += self.0[i] * other.0[i];
        }
        sum
    }
}

impl<T: Number, const N: usize> Add for Vector<T, N> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        filled(|i| self.0[i] + other.0[i])
    }
}

impl<T: Number, const N: usize> AddAssign for Vector<T, N> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<T: Number, const N: usize> Sub for Vector<T, N> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        filled(|i| self.0[i] - other.0[i])
    }
}

impl<T: Number, const N: usize> Mul<T> for Vector<T, N> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, factor: T) -> Self {
        filled(|i| self.0[i] * factor)
    }
}

impl<T: Number> Vector<T, 3> {
    /// The same vector for every robot.
    #[inline(always)]
    pub fn splat(vector: &Vector3<f64>) -> Self {
        filled(|i| T::splat(vector[i]))
    }

    /// The vector product.
    #[inline(always)]
    pub fn cross(&self, other: &Self) -> Self {
        let ([a, b, c], [x, y, z]) = (self.0, other.0);
        Self([b * z - c * y, c * x - a * z, a * y - b * x])
    }
}

impl<T: Number, const N: usize> Matrix<T, N> {
    /// Zeros.
    #[inline(always)]
    pub fn zeros() -> Self {
        Self([[T::splat(0.); N]; N])
    }

    /// The product with a vector.
    #[inline(always)]
    pub fn times(&self, vector: &Vector<T, N>) -> Vector<T, N> {
        filled(|i| Vector(self.0[i]).dot(vector))
    }

    /// The product with another matrix.
    #[inline(always)]
    pub fn product(&self, other: &Self) -> Self {
        self.product_with_transposed(&rows(|i| filled(|j| other.0[j][i])))
    }

    /// The product with the transpose of another matrix.
    #[inline(always)]
    pub fn product_with_transposed(&self, other: &Self) -> Self {
        rows(|i| filled(|j| Vector(self.0[i]).dot(&Vector(other.0[j]))))
    }

    /// The difference of this matrix and `column * row`.
    #[inline(always)]
    pub fn less_outer(&self, column: &Vector<T, N>, row: &Vector<T, N>) -> Self {
        rows(|i| filled(|j| self.0[i][j] - column.0[i] * row.0[j]))
    }
}

impl<T: Number, const N: usize> Add for Matrix<T, N> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        rows(|i| filled(|j| self.0[i][j] + other.0[i][j]))
    }
}

impl<T: Number> Matrix<T, 3> {
    /// The same matrix for every robot.
    #[inline(always)]
    pub fn splat(matrix: &Matrix3<f64>) -> Self {
        rows(|i| filled(|j| T::splat(matrix[(i, j)])))
    }
}

impl From<Vector<f64, 3>> for Vector3<f64> {
    #[inline(always)]
    fn from(vector: Vector<f64, 3>) -> Self {
        Self::from(vector.0)
    }
}

impl From<Matrix<f64, 3>> for Matrix3<f64> {
    #[inline(always)]
    fn from(matrix: Matrix<f64, 3>) -> Self {
        Self::from_fn(|i, j| matrix.0[i][j])
    }
}

/// Makes a spatial vector.
#[inline(always)]
pub fn spatial<T: Number>(angular: Vector<T, 3>, linear: Vector<T, 3>) -> Vector<T, 6> {
    let ([a, b, c], [x, y, z]) = (angular.0, linear.0);
    Vector([a, b, c, x, y, z])
}

/// The angular part.
#[inline(always)]
pub fn angular<T: Number>(v: &Vector<T, 6>) -> Vector<T, 3> {
    Vector([v.0[0], v.0[1], v.0[2]])
}

/// The linear part.
#[inline(always)]
pub fn linear<T: Number>(v: &Vector<T, 6>) -> Vector<T, 3> {
    Vector([v.0[3], v.0[4], v.0[5]])
}

/// `v x m`, the rate of a motion vector `m` that moves with velocity `v` (equation 2.31).
#[inline(always)]
pub fn cross_motion<T: Number>(v: &Vector<T, 6>, m: &Vector<T, 6>) -> Vector<T, 6> {
    let rotation = angular(v);
    spatial(rotation.cross(&angular(m)), linear(v).cross(&angular(m)) + rotation.cross(&linear(m)))
}

/// `v x* f`, the rate of a force vector `f` that moves with velocity `v` (equation 2.32).
#[inline(always)]
pub fn cross_force<T: Number>(v: &Vector<T, 6>, f: &Vector<T, 6>) -> Vector<T, 6> {
    let rotation = angular(v);
    spatial(rotation.cross(&angular(f)) + linear(v).cross(&linear(f)), rotation.cross(&linear(f)))
}

/// A rigid body's inertia at the reference point (equation 2.63).
#[derive(Clone, Copy, Debug)]
pub struct Inertia<T> {
    /// Mass, kg.
    pub mass: f64,
    /// Mass times the centre of mass, kg m.
    pub moment: Vector<T, 3>,
    /// Rotational inertia about the reference point, kg m^2.
    pub rotational: Matrix<T, 3>,
}

impl Inertia<f64> {
    /// Makes the inertia of a body of one robot; the arguments are those of [`Self::new`].
    pub fn of(mass: f64, centre: &Vector3<f64>, about_centre: &Matrix3<f64>) -> Self {
        Self::new(mass, Vector::splat(centre), Matrix::splat(about_centre))
    }
}

impl<T: Number> Inertia<T> {
    /// Makes an inertia from the mass, the centre of mass and the rotational inertia about the
    /// centre of mass.
    #[inline(always)]
    pub fn new(mass: f64, centre: Vector<T, 3>, about_centre: Matrix<T, 3>) -> Self {
        let moment = centre * T::splat(mass);
        let mut rotational = about_centre.less_outer(&moment, &centre);
        let trace = moment.dot(&centre);
        for i in 0..3 {
            rotational.0[i][i] += trace;
        }
        Self { mass, moment, rotational }
    }

    /// Momentum for the motion `v`, or force for the acceleration `v`.
    #[inline(always)]
    pub fn times(&self, v: &Vector<T, 6>) -> Vector<T, 6> {
        let (rotation, translation) = (angular(v), linear(v));
        spatial(
            self.rotational.times(&rotation) + self.moment.cross(&translation),
            translation * T::splat(self.mass) - self.moment.cross(&rotation),
        )
    }

    /// The force for an acceleration of a body that moves with a velocity (equation 2.68).
    #[inline(always)]
    pub fn force(&self, velocity: &Vector<T, 6>, acceleration: &Vector<T, 6>) -> Vector<T, 6> {
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
    pub fn matrix(&self) -> Matrix<T, 6> {
        let ([x, y, z], [a, b, c], zero, mass) = (self.moment.0, self.rotational.0, T::splat(0.), T::splat(self.mass));
        Matrix([
            [a[0], a[1], a[2], zero, -z, y],
            [b[0], b[1], b[2], z, zero, -x],
            [c[0], c[1], c[2], -y, x, zero],
            [zero, z, -y, mass, zero, zero],
            [-z, zero, x, zero, mass, zero],
            [y, -x, zero, zero, zero, mass],
        ])
    }
}
