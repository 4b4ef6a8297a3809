//! The part of Q that fitted errors give (this project).
//!
//! The price of an error says less than the error: its square has lost the direction. A linear model
//! `e(z) = c + J z` of the errors to come, over the inputs z = (state, action), has few coefficients,
//! and its square is a quadratic in z with the right curvature (Gauss-Newton). That quadratic is
//! taken as part of Q. The regression learns what remains.

use super::Quadratic;
use super::importance::Weighted;
use super::regression::Design;
use super::store::Stored;
use crate::ErrorPrice;
use crate::batch::column;
use faer::{Mat, Side};
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
                (chosen.push(i), values.push(error), weights.push(weight));
            }
        }
        let share: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= share);
        let effective = 1.0 / weights.iter().map(|w| w * w).sum::<f64>();
        let dims = design.kept.len();
        if effective < LEAST_SAMPLES || dims == 0 || !effective.is_finite() {
            return None;
        }
        let average = |of: &dyn Fn(usize) -> f64| weights.iter().enumerate().map(|(i, w)| w * of(i)).sum::<f64>();
        let means: Vec<f64> = (0..dims).map(|k| average(&|i| design.standard.dim(k)[chosen[i]])).collect();
        let centre = DVector::from_fn(rows.len(), |e, _| average(&|i| values[i][e]));
        // Both sides are multiplied by the roots of the weights.
        let inputs =
            Mat::from_fn(chosen.len(), dims, |i, k| weights[i].sqrt() * (design.standard.dim(k)[chosen[i]] - means[k]));
        let targets = Mat::from_fn(chosen.len(), rows.len(), |i, e| weights[i].sqrt() * (values[i][e] - centre[e]));
        let gram = inputs.transpose() * &inputs;
        let eigen = gram.self_adjoint_eigen(Side::Lower).ok()?;
        let powers: Vec<f64> = eigen.S().column_vector().iter().map(|x| x.max(0.0)).collect();
        let rotated = eigen.U().transpose() * (inputs.transpose() * &targets);
        let total = targets.squared_norm_l2();
        let squares: Vec<f64> =
            (0..dims).map(|k| (0..rows.len()).map(|e| rotated[(k, e)] * rotated[(k, e)]).sum()).collect();
        let mut best: Option<(f64, f64)> = None;
        for ridge in ridges() {
            let freedom = 1.0 + powers.iter().map(|p| p / (p + ridge)).sum::<f64>();
            if freedom >= FREEDOM * effective {
                continue;
            }
            let explained: f64 =
                powers.iter().zip(&squares).map(|(p, s)| s * (p + 2.0 * ridge) / ((p + ridge) * (p + ridge))).sum();
            let score = (total - explained).max(0.0) / (1.0 - freedom / effective).powi(2);
            if best.is_none_or(|(least, _)| score < least) {
                best = Some((score, ridge));
            }
        }
        let (_, ridge) = best?;
        let shrunk = Mat::from_fn(dims, rows.len(), |k, e| rotated[(k, e)] / (powers[k] + ridge));
        let solution = eigen.U() * shrunk;
        let slopes = DMatrix::from_fn(dims, rows.len(), |k, e| solution[(k, e)]);
        let origin = centre - slopes.tr_mul(&DVector::from_vec(means));
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
fn ridges() -> impl Iterator<Item = f64> {
    (0..17).map(|k| 10f64.powf(-6.0 + 0.5 * f64::from(k)))
}
