//! Quadratic functions `1/2 z'Hz + h'z + c`: the form of Q (over state and action) and of V (over
//! state).

pub(crate) mod columns;

mod backup;
mod states;

pub use backup::{QBlocks, backup};
pub(crate) use columns::Columns;
pub use states::StateDistribution;

use columns::{LANES, Lanes, registers, registers_mut};
use nalgebra::{DMatrix, DVector};
use pulp::{Simd, WithSimd};
use serde::{Deserialize, Serialize};

/// `1/2 z' hessian z + gradient' z + constant`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quadratic {
    /// Symmetric (dim x dim).
    #[serde(deserialize_with = "crate::policy::matrices::matrix")]
    pub hessian: DMatrix<f64>,
    /// (dim).
    pub gradient: DVector<f64>,
    /// Value at zero.
    pub constant: f64,
}

impl Quadratic {
    /// Zero everywhere.
    pub(super) fn zero(dim: usize) -> Self {
        Self { hessian: DMatrix::zeros(dim, dim), gradient: DVector::zeros(dim), constant: 0.0 }
    }

    /// Value at one point (dim).
    pub fn value(&self, point: &DVector<f64>) -> f64 {
        point.dot(&(&self.hessian * point * 0.5 + &self.gradient)) + self.constant
    }

    /// The quadratic of x that has the value of `self` at `map x + offset`.
    pub fn after(&self, map: &DMatrix<f64>, offset: &DVector<f64>) -> Self {
        let hessian = map.transpose() * &self.hessian * map;
        let slope = &self.hessian * offset + &self.gradient;
        Self { hessian, gradient: map.transpose() * slope, constant: self.value(offset) }
    }

    /// Adds another quadratic of the same dimension.
    pub fn add(&mut self, other: &Self) {
        self.hessian += &other.hessian;
        self.gradient += &other.gradient;
        self.constant += other.constant;
    }

    pub(crate) fn is_finite(&self) -> bool {
        self.constant.is_finite() && self.hessian.iter().chain(self.gradient.iter()).all(|x| x.is_finite())
    }

    /// Values at all samples.
    pub(crate) fn values(&self, points: &Columns) -> Vec<f64> {
        let mut values = vec![[0.0; LANES]; points.blocks()];
        pulp::Arch::new().dispatch(Values { function: self, points, values: &mut values });
        let mut values = values.into_flattened();
        values.truncate(points.samples());
        values
    }
}

struct Values<'a> {
    function: &'a Quadratic,
    points: &'a Columns,
    values: &'a mut [Lanes],
}

impl WithSimd for Values<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { function, points, values } = self;
        let dims = points.dims();
        for (block, values) in values.iter_mut().enumerate() {
            for (group, values) in registers_mut::<S>(values).iter_mut().enumerate() {
                *values = [simd.splat_f64s(function.constant); 4];
                for i in 0..dims {
                    let mut row = [simd.splat_f64s(function.gradient[i]); 4];
                    for j in 0..=i {
                        let weight = if i == j { 0.5 } else { 1.0 };
                        let coefficient = simd.splat_f64s(weight * function.hessian[(j, i)]);
                        for (row, x) in row.iter_mut().zip(&registers::<S>(points.block(j, block))[group]) {
                            *row = simd.mul_add_e_f64s(*x, coefficient, *row);
                        }
                    }
                    let z = &registers::<S>(points.block(i, block))[group];
                    for ((value, row), z) in values.iter_mut().zip(&row).zip(z) {
                        *value = simd.mul_add_e_f64s(*row, *z, *value);
                    }
                }
            }
        }
    }
}
