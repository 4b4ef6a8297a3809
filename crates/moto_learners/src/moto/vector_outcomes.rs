//! The part of Q that fitted errors give (this project).
//!
//! The price of an error says less than the error: its square has lost the direction. A linear model
//! `e(z) = c + J z` of the errors to come, over the inputs z = (state, action), has few coefficients,
//! and its square is a quadratic in z with the right curvature (Gauss-Newton). That quadratic is
//! taken as part of Q. The regression learns what remains.

use super::Quadratic;
use super::importance::Weighted;
use super::regression::Design;
use super::ridge::{Candidate, RidgeSystem};
use super::store::Stored;
use crate::ErrorPrice;
use crate::batch::column;
use crate::quadratic::Columns;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use nalgebra::{DMatrix, DVector};

/// Least effective samples of a model.
const LEAST_SAMPLES: f64 = 12.0;
/// Largest degrees of freedom, as a fraction of the effective samples.
const FREEDOM: f64 = 0.9;

/// An error price with the step at which each stored rollout has its error.
pub(super) struct Errors {
    price: ErrorPrice,
    /// By entry of the store and rollout.
    steps: Vec<Vec<Option<usize>>>,
}

impl Errors {
    /// Finds the errors in the stored batches.
    pub fn find(prices: Vec<ErrorPrice>, entries: &[&Stored]) -> Vec<Self> {
        let find = |price: ErrorPrice| {
            let steps = entries.iter().map(|stored| price.steps(&stored.batch)).collect();
            Self { price, steps }
        };
        prices.into_iter().map(find).collect()
    }
}

/// The summed Gauss-Newton parts of all errors that are to come at step `t`; `None` if no error has a
/// model there. `weighted` holds the samples of the design.
pub(super) fn expected_price(
    t: usize,
    errors: &[Errors],
    weighted: &Weighted,
    design: &Design,
    entries: &[&Stored],
) -> Option<Quadratic> {
    let parts = errors.iter().filter_map(|errors| {
        let model = ErrorModel::fit(t, errors, weighted, design, entries)?;
        Some(model.price(errors.price.weight, design))
    });
    parts.reduce(|mut sum, part| {
        sum.add(&part);
        sum
    })
}

/// A linear model of an error over the design's standardised inputs.
struct ErrorModel {
    /// Jacobian (kept x error).
    slopes: DMatrix<f64>,
    /// Error at the origin of the standardised inputs (error).
    origin: DVector<f64>,
    /// Share of the samples' weight that has the error, by the price's slope.
    share: f64,
}

impl ErrorModel {
    /// Ridge regression on the rollouts whose error is still to come, weighted by the samples' weights
    /// times the slope of the price at the error. Generalised cross-validation chooses one ridge for
    /// all components. `None` if the samples cannot carry a model.
    fn fit(t: usize, errors: &Errors, weighted: &Weighted, design: &Design, entries: &[&Stored]) -> Option<Self> {
        let ErrorPrice { rows, shape, .. } = &errors.price;
        let (mut chosen, mut values, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for (i, (sample, weight)) in weighted.samples.iter().zip(&weighted.weights).enumerate() {
            let Some(step) = errors.steps[sample.entry][sample.rollout].filter(|step| *step >= t) else { continue };
            let outcome = column(&entries[sample.entry].batch.outcomes[step], sample.rollout);
            let error = &outcome[rows.clone()];
            let weight = weight * shape.slope(error.iter().map(|e| e * e).sum());
            if weight > 0.0 {
                chosen.push(i);
                values.push(error);
                weights.push(weight);
            }
        }
        let share: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= share);
        let effective = 1.0 / weights.iter().map(|w| w * w).sum::<f64>();
        let dims = design.kept.len();
        if effective < LEAST_SAMPLES || dims == 0 || !effective.is_finite() {
            return None;
        }
        // Both sides are centred and multiplied by the roots of the weights.
        let roots: Vec<f64> = weights.iter().map(|w| w.sqrt()).collect();
        let centred = |columns: &mut Columns, k: usize, of: &dyn Fn(usize) -> f64| {
            let mean: f64 = weights.iter().enumerate().map(|(i, w)| w * of(i)).sum();
            columns.dim_mut(k).iter_mut().zip(&roots).enumerate().for_each(|(i, (x, root))| *x = root * (of(i) - mean));
            mean
        };
        let (mut inputs, mut targets) = (Columns::zeros(chosen.len(), dims), Columns::zeros(chosen.len(), rows.len()));
        let input = |k: usize| {
            let standard = design.standard.dim(k);
            centred(&mut inputs, k, &|i| standard[chosen[i]])
        };
        let means = DVector::from_iterator(dims, (0..dims).map(input));
        let centre = DVector::from_fn(rows.len(), |e, _| centred(&mut targets, e, &|i| values[i][e]));
        let product = |a: &Columns, b: &Columns| {
            let mut product = Mat::zeros(a.dims(), b.dims());
            matmul(product.as_mut(), Accum::Replace, a.as_mat().transpose(), b.as_mat(), 1.0, Par::Seq);
            product
        };
        let ridges = ridges();
        let system = RidgeSystem::new(&mut product(&inputs, &inputs), &ridges);
        let mut rotated = product(&inputs, &targets);
        (0..rows.len()).for_each(|e| system.band.rotate(rotated.col_as_slice_mut(e)));
        let solutions: Vec<_> = (0..rows.len()).map(|e| system.solve(&ridges, rotated.col_as_slice(e))).collect();
        let total = targets.as_mat().squared_norm_l2();
        let score = |(lane, candidate): (usize, &Candidate)| {
            let Candidate { ridge, degrees_of_freedom } = *candidate;
            let explained = |e: usize| -> f64 {
                let entries = solutions[e].iter().zip(rotated.col_as_slice(e));
                entries.map(|(x, b)| x[lane] * (b + ridge * x[lane])).sum()
            };
            let unexplained = total - (0..rows.len()).map(explained).sum::<f64>();
            let score = unexplained.max(0.0) / (1.0 - degrees_of_freedom / effective).powi(2);
            (degrees_of_freedom < FREEDOM * effective).then_some((lane, score))
        };
        let scores = system.candidates.iter().enumerate().filter_map(score);
        // The smallest ridge of those with the least score.
        let (lane, _) = scores.reduce(|best, next| if next.1 < best.1 { next } else { best })?;
        let mut slopes = DMatrix::from_fn(dims, rows.len(), |k, e| solutions[e][k][lane]);
        slopes.column_iter_mut().for_each(|mut slopes| system.band.rotate_back(slopes.as_mut_slice()));
        let origin = centre - slopes.tr_mul(&means);
        Some(Self { slopes, origin, share })
    }

    /// `-weight share |origin + J z|^2` over the raw inputs.
    fn price(&self, weight: f64, design: &Design) -> Quadratic {
        let mut jacobian = DMatrix::zeros(self.origin.len(), design.inputs);
        let mut constant = self.origin.clone();
        for (k, &input) in design.kept.iter().enumerate() {
            for e in 0..self.origin.len() {
                let slope = self.slopes[(k, e)] / design.deviation[k];
                jacobian[(e, input)] = slope;
                constant[e] -= slope * design.mean[k];
            }
        }
        let factor = -weight * self.share;
        Quadratic {
            hessian: jacobian.tr_mul(&jacobian) * (2.0 * factor),
            gradient: jacobian.tr_mul(&constant) * (2.0 * factor),
            constant: factor * constant.norm_squared(),
        }
    }
}

/// The grid of generalised cross-validation: half decades from 1e-6 to 100.
fn ridges() -> [f64; 17] {
    std::array::from_fn(|k| 10f64.powf(-6.0 + 0.5 * k as f64))
}
