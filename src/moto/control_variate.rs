//! Linear dynamics fitted to a step's transitions: they take variance out of the regression's targets (this project).
//!
//! The next-state value of the model's prediction is subtracted from the targets and added back to the fit exactly, so what
//! the model gets wrong stays in the remainder and is learned.

use super::MotoError;
use super::columns::Columns;
use faer::linalg::matmul::matmul;
use faer::linalg::solvers::Solve;
use faer::{Accum, Mat, Par, Side};
use nalgebra::{DMatrix, DVector};

/// Ridge on inputs scaled to unit mean square.
const RIDGE: f64 = 1e-8;

/// `s' = map (s, a) + offset`.
pub(super) struct LinearDynamics {
    /// (state x state + action).
    pub map: DMatrix<f64>,
    /// (state).
    pub offset: DVector<f64>,
}

impl LinearDynamics {
    /// Weighted ridge regression of `next` (sample x state) on `inputs` (sample x state + action); also returns its
    /// predictions (sample x state).
    pub fn fit(inputs: &Columns, next: &Columns, weights: &[f64], step: usize) -> Result<(Self, Columns), MotoError> {
        let (samples, dims, states) = (inputs.samples(), inputs.dims(), next.dims());
        let mut scaled = Columns::zeros(samples, dims + 1);
        let mut scale = vec![1.0 + 1e-9; dims + 1];
        let roots: Vec<f64> = weights.iter().map(|w| w.sqrt()).collect();
        for (k, scale) in scale.iter_mut().enumerate().take(dims) {
            *scale = inputs.dim(k).iter().zip(weights).map(|(x, w)| w * x * x).sum::<f64>().sqrt() + 1e-9;
            let inverse = 1.0 / *scale;
            for ((y, x), r) in scaled.dim_mut(k).iter_mut().zip(inputs.dim(k)).zip(&roots) {
                *y = x * inverse * r;
            }
        }
        scaled.dim_mut(dims).iter_mut().zip(&roots).for_each(|(y, r)| *y = r / scale[dims]);
        let mut targets = next.clone();
        for k in 0..states {
            targets.dim_mut(k).iter_mut().zip(&roots).for_each(|(y, r)| *y *= r);
        }
        let mut normal = Mat::<f64>::identity(dims + 1, dims + 1) * faer::Scale(RIDGE);
        let mut cross = Mat::<f64>::zeros(dims + 1, states);
        matmul(normal.as_mut(), Accum::Add, scaled.as_mat().transpose(), scaled.as_mat(), 1.0, Par::Seq);
        matmul(cross.as_mut(), Accum::Replace, scaled.as_mat().transpose(), targets.as_mat(), 1.0, Par::Seq);
        let factor = normal.llt(Side::Lower).map_err(|_| MotoError::Numerical { quantity: "linear dynamics", step })?;
        factor.solve_in_place(&mut cross);
        let map = DMatrix::from_fn(states, dims, |i, j| cross[(j, i)] / scale[j]);
        let offset = DVector::from_fn(states, |i, _| cross[(dims, i)] / scale[dims]);
        let mut predicted = Columns::zeros(samples, states);
        let transposed = Mat::from_fn(dims, states, |i, j| map[(j, i)]);
        for k in 0..states {
            predicted.dim_mut(k).fill(offset[k]);
        }
        matmul(predicted.as_mat_mut(), Accum::Add, inputs.as_mat(), transposed.as_ref(), 1.0, Par::Seq);
        Ok((Self { map, offset }, predicted))
    }
}
