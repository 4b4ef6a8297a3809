//! Quadratic functions `1/2 z'Hz + h'z + c`: the form of Q (over state and action) and of V (over state).

use super::columns::Columns;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// `1/2 z' hessian z + gradient' z + constant`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quadratic {
    /// Symmetric (dim x dim).
    pub hessian: DMatrix<f64>,
    /// (dim).
    pub gradient: DVector<f64>,
    /// Value at zero.
    pub constant: f64,
}

impl Quadratic {
    /// Value at one point (dim).
    pub fn value(&self, point: &DVector<f64>) -> f64 {
        point.dot(&(&self.hessian * point * 0.5 + &self.gradient)) + self.constant
    }

    /// The function of x that is `self` at `map x + offset`.
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

    pub(super) fn is_finite(&self) -> bool {
        self.constant.is_finite() && self.hessian.iter().chain(self.gradient.iter()).all(|x| x.is_finite())
    }

    /// Values at all samples.
    pub(super) fn values(&self, points: &Columns) -> Vec<f64> {
        let mut values = vec![0.0; points.samples()];
        let dims: Vec<&[f64]> = (0..points.dims()).map(|i| points.dim(i)).collect();
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                let (blocks, tail) = values.as_chunks_mut::<32>();
                let start = blocks.len() * 32;
                for (k, block) in blocks.iter_mut().enumerate() {
                    self.fill(&dims, k * 32, block);
                }
                for (k, value) in tail.iter_mut().enumerate() {
                    self.fill::<1>(&dims, start + k, std::array::from_mut(value));
                }
            },
        );
        values
    }

    #[inline(always)]
    fn fill<const N: usize>(&self, dims: &[&[f64]], start: usize, values: &mut [f64; N]) {
        *values = [self.constant; N];
        for (i, z) in dims.iter().enumerate() {
            let (z, mut row) = (&z[start..start + N], [self.gradient[i]; N]);
            for (j, other) in dims[..=i].iter().enumerate() {
                let coefficient = if j == i { 0.5 } else { 1.0 } * self.hessian[(j, i)];
                for (r, x) in row.iter_mut().zip(&other[start..start + N]) {
                    *r = x.mul_add(coefficient, *r);
                }
            }
            for ((v, r), x) in values.iter_mut().zip(&row).zip(z) {
                *v = r.mul_add(*x, *v);
            }
        }
    }
}
