//! Linear dynamics fitted to a step's transitions. They reduce the variance of the regression's
//! targets (this project).
//!
//! The value of the predicted next state is subtracted from the targets and added back to the fit
//! exactly. The model's error stays in the remainder and is learned. The ridge does not shrink the
//! added part, which can explode over many backups of a badly determined value function (a ball
//! that bounces at random). A step therefore uses the control variate only where cross-validation
//! expects a smaller error of the fit.

use super::MotoError;
use super::regression::{Design, products};
use crate::quadratic::columns::Columns;
use faer::linalg::matmul::matmul;
use faer::linalg::solvers::Solve;
use faer::{Accum, Mat, Par, Side};
use nalgebra::{DMatrix, DVector};
use std::borrow::Cow;

/// Ridge on standardised inputs.
const RIDGE: f64 = 1e-6;

/// `s' = map (s, a) + offset`.
pub(super) struct LinearPrediction {
    /// (state x state + action); zero for inputs that the design left out.
    pub map: DMatrix<f64>,
    /// (state).
    pub offset: DVector<f64>,
}

impl LinearPrediction {
    /// Weighted ridge regression of `next` (sample x state) on the design's inputs. Also returns
    /// the predictions (sample x state). Samples that were broken off have no next state; `None` if all
    /// were.
    pub fn fit(
        design: &Design,
        next: &Columns,
        broken_off: &[bool],
        step: usize,
    ) -> Result<Option<(Self, Columns)>, MotoError> {
        let (samples, states) = (next.samples(), next.dims());
        let dims = design.kept.len();
        let Some(weights) = whole_weights(&design.weights, broken_off) else { return Ok(None) };
        // The design is centred with all samples.
        let (mut centred, mut moments, mut shift) =
            (Cow::Borrowed(&design.standard), Cow::Borrowed(&design.moments), vec![0.0; dims]);
        if let Cow::Owned(weights) = &weights {
            for (k, shift) in shift.iter_mut().enumerate() {
                *shift = design.standard.dim(k).iter().zip(weights).map(|(z, w)| w * z).sum();
                centred.to_mut().dim_mut(k).iter_mut().for_each(|z| *z -= *shift);
            }
            moments = Cow::Owned(products(&centred, weights));
        }
        let mut weighted = next.clone();
        let mut centre = DVector::zeros(states);
        for k in 0..states {
            centre[k] = next.dim(k).iter().zip(&*weights).map(|(x, w)| w * x).sum();
            for (x, w) in weighted.dim_mut(k).iter_mut().zip(&*weights) {
                *x = w * (*x - centre[k]);
            }
        }
        let mut normal = moments.into_owned();
        (0..dims).for_each(|i| normal[(i, i)] += RIDGE);
        let mut slopes = Mat::<f64>::zeros(dims, states);
        let inputs = centred.as_mat();
        matmul(slopes.as_mut(), Accum::Replace, inputs.transpose(), weighted.as_mat(), 1.0, Par::Seq);
        let factor = normal.llt(Side::Lower).map_err(|_| MotoError::Numerical { quantity: "linear dynamics", step })?;
        factor.solve_in_place(&mut slopes);
        let mut predicted = Columns::zeros(samples, states);
        for k in 0..states {
            predicted.dim_mut(k).fill(centre[k]);
        }
        matmul(predicted.as_mat_mut(), Accum::Add, inputs, slopes.as_ref(), 1.0, Par::Seq);
        let mut map = DMatrix::zeros(states, design.inputs);
        let mut offset = centre;
        for (k, &input) in design.kept.iter().enumerate() {
            for i in 0..states {
                let slope = slopes[(k, i)] / design.deviation[k];
                map[(i, input)] = slope;
                offset[i] -= slope * (design.mean[k] + shift[k] * design.deviation[k]);
            }
        }
        Ok(Some((Self { map, offset }, predicted)))
    }
}

/// The weights (sample) of the samples that have a next state, which sum to one; `None` if none has.
pub(super) fn whole_weights<'a>(weights: &'a [f64], broken_off: &[bool]) -> Option<Cow<'a, [f64]>> {
    if !broken_off.contains(&true) {
        return Some(Cow::Borrowed(weights));
    }
    let kept: Vec<f64> =
        weights.iter().zip(broken_off).map(|(w, broken_off)| if *broken_off { 0.0 } else { *w }).collect();
    let total: f64 = kept.iter().sum();
    (total > 0.0).then(|| Cow::Owned(kept.iter().map(|w| w / total).collect()))
}
