//! Weighted ridge regression of a quadratic function (this project's form of Akrour et al. 2018,
//! section 4).
//!
//! Inputs are standardised by their weighted mean and standard deviation. Features are the linear
//! terms and the centred products; the intercept is not penalised. Linear terms are divided by the
//! square root of their relative penalty, so that one factorisation serves every ridge. The part
//! that does not depend on the targets is computed once, in the smaller of the primal (feature x
//! feature) and the dual (sample x sample) form.

use super::kernel::set_centred_kernel;
use super::ridge::{Candidate, LANES, RidgeSystem, System, grid};
use super::spare::Spare;
use super::{Quadratic, Ridge};
use crate::quadratic::columns::Columns;
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, Par};
use nalgebra::{DMatrix, DVector};

/// Largest degrees of freedom, as a fraction of the effective sample size.
const FREEDOM: f64 = 0.9;
/// Unexplained variance below this value counts as rounding.
const SMALLEST_RESIDUAL: f64 = 1e-14;
/// Samples per block of explicit features.
const BLOCK: usize = 512;

/// Whether this number of effective samples can carry a fit with the candidate's degrees of freedom.
pub(super) fn carry(effective: f64, candidate: &Candidate) -> bool {
    candidate.degrees_of_freedom <= FREEDOM * effective
}

/// A regression problem without its targets.
pub(crate) struct Design {
    /// Number of inputs, including those left out.
    pub inputs: usize,
    /// Inputs that vary enough to be used.
    pub kept: Vec<usize>,
    /// Weighted mean of the kept inputs (kept).
    pub mean: Vec<f64>,
    /// Weighted standard deviation of the kept inputs (kept).
    pub deviation: Vec<f64>,
    /// Standardised kept inputs (sample x kept).
    pub standard: Columns,
    /// Weights, which sum to one (sample).
    pub weights: Vec<f64>,
    effective: f64,
    linear_penalty: f64,
    /// Weighted mean of the products of standardised inputs (kept x kept).
    pub moments: Mat<f64>,
    dual: bool,
    system: Option<System>,
}

/// The ridges of a design.
pub(crate) enum Ridges {
    /// Those that the configuration asks for.
    Of(Ridge),
    /// One whose degrees of freedom are known.
    Known(Candidate),
}

/// A fitted quadratic, with the ridge and the residual of the fit.
pub(crate) struct Fit {
    pub function: Quadratic,
    pub candidate: Candidate,
    /// Weighted root mean square residual, in the targets' unit.
    pub residual: f64,
}

impl Design {
    /// Prepares the regression on `inputs` (sample x input) with `weights` that sum to one
    /// (sample).
    ///
    /// Inputs whose standard deviation is at most their `threshold` are left out.
    pub fn new(inputs: &Columns, weights: Vec<f64>, thresholds: &[f64], linear_penalty: f64, ridge: Ridge) -> Self {
        Self::with(inputs, weights, thresholds, linear_penalty, Ridges::Of(ridge), &Spare::default())
    }

    /// As [`Self::new`], with memory from `spare`, and possibly a ridge whose degrees of freedom are known.
    pub fn with(
        inputs: &Columns,
        weights: Vec<f64>,
        thresholds: &[f64],
        linear_penalty: f64,
        ridges: Ridges,
        spare: &Spare,
    ) -> Self {
        let samples = inputs.samples();
        let effective = 1.0 / weights.iter().map(|w| w * w).sum::<f64>();
        let (mut kept, mut mean, mut deviation) = (Vec::new(), Vec::new(), Vec::new());
        for (input, threshold) in thresholds.iter().enumerate() {
            let values = inputs.dim(input);
            let centre: f64 = values.iter().zip(&weights).map(|(x, w)| x * w).sum();
            let variance: f64 = values.iter().zip(&weights).map(|(x, w)| w * (x - centre) * (x - centre)).sum();
            if variance.sqrt() >= *threshold {
                kept.push(input);
                mean.push(centre);
                // The offset bounds the scale of an input that does not vary.
                deviation.push(variance.sqrt() + 1e-8);
            }
        }
        let mut standard = Columns::zeros(samples, kept.len());
        for (k, &input) in kept.iter().enumerate() {
            let inverse = 1.0 / deviation[k];
            for (z, x) in standard.dim_mut(k).iter_mut().zip(inputs.dim(input)) {
                *z = (x - mean[k]) * inverse;
            }
        }
        let order = kept.len() * (kept.len() + 3) / 2;
        let mut design = Self {
            inputs: thresholds.len(),
            moments: products(&standard, &weights),
            kept,
            mean,
            deviation,
            standard,
            weights,
            effective,
            linear_penalty,
            dual: samples < order,
            system: None,
        };
        if order > 0 {
            let set = |gram: &mut Mat<f64>| {
                if design.dual {
                    set_centred_kernel(gram, &design.standard, &design.weights, linear_penalty);
                } else {
                    design.set_gram(gram);
                }
            };
            let order = if design.dual { samples } else { order };
            let system = match ridges {
                Ridges::Of(Ridge::CrossValidated) => System::with_ridges(order, set, &grid(), spare),
                Ridges::Of(Ridge::Fixed(ridge)) => System::with_ridges(order, set, &[ridge], spare),
                Ridges::Known(candidate) => System::with_ridge(order, set, candidate, spare),
            };
            design.system = Some(system);
        }
        design
    }

    /// Gives the memory of the system back. Nothing can be fitted then.
    pub fn release(&mut self, spare: &Spare) {
        if let Some(system) = self.system.take() {
            system.release(spare);
        }
    }

    /// Number of inputs left out.
    pub fn dropped(&self) -> usize {
        self.inputs - self.kept.len()
    }

    /// Sets the lower triangle of `gram` to the weighted covariance of the features (feature x feature).
    fn set_gram(&self, gram: &mut Mat<f64>) {
        let (n, dims) = (self.standard.samples(), self.kept.len());
        let order = dims * (dims + 3) / 2;
        gram.fill(0.0);
        let linear = self.linear_penalty.sqrt().recip();
        let centre = self.feature_means();
        let mut features = Columns::zeros(BLOCK, order);
        for start in (0..n).step_by(BLOCK) {
            let length = BLOCK.min(n - start);
            let root: Vec<f64> = self.weights[start..start + length].iter().map(|w| w.sqrt()).collect();
            let mut feature = 0;
            for i in 0..dims {
                let z = &self.standard.dim(i)[start..start + length];
                let column = &mut features.dim_mut(feature)[..length];
                for ((f, z), r) in column.iter_mut().zip(z).zip(&root) {
                    *f = z * linear * r;
                }
                feature += 1;
            }
            for i in 0..dims {
                let z = &self.standard.dim(i)[start..start + length];
                for j in i..dims {
                    let other = &self.standard.dim(j)[start..start + length];
                    let column = &mut features.dim_mut(feature)[..length];
                    for (((f, z), y), r) in column.iter_mut().zip(z).zip(other).zip(&root) {
                        *f = (z * y - centre[feature]) * r;
                    }
                    feature += 1;
                }
            }
            let block = features.as_mat().subrows(0, length);
            let (shape, whole) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
            let (gram, transposed) = (gram.as_mut(), block.transpose());
            triangular::matmul(gram, shape, Accum::Add, transposed, whole, block, whole, 1.0, Par::Seq);
        }
    }

    /// Weighted means of the features (feature); zero for the linear features.
    fn feature_means(&self) -> Vec<f64> {
        let dims = self.kept.len();
        let mut means = vec![0.0; dims];
        for i in 0..dims {
            means.extend((i..dims).map(|j| self.moments[(i, j)]));
        }
        means
    }

    /// Centred features summed over the samples with `coefficients` (sample): the product with the
    /// transposed feature matrix.
    fn project(&self, coefficients: &[f64]) -> Vec<f64> {
        let dims = self.kept.len();
        let products = products(&self.standard, coefficients);
        let total: f64 = coefficients.iter().sum();
        let linear = self.linear_penalty.sqrt().recip();
        let mut sums: Vec<f64> = (0..dims)
            .map(|i| linear * self.standard.dim(i).iter().zip(coefficients).map(|(z, c)| z * c).sum::<f64>())
            .collect();
        for i in 0..dims {
            sums.extend((i..dims).map(|j| products[(i, j)] - total * self.moments[(i, j)]));
        }
        sums
    }

    /// Fits the targets (sample).
    pub fn fit(&self, targets: &[f64]) -> Fit {
        let mean: f64 = targets.iter().zip(&self.weights).map(|(y, w)| y * w).sum();
        let variance: f64 = targets.iter().zip(&self.weights).map(|(y, w)| w * (y - mean) * (y - mean)).sum();
        let deviation = variance.sqrt() + 1e-12;
        let standard: Vec<f64> = targets.iter().map(|y| (y - mean) / deviation).collect();
        let power: f64 = standard.iter().zip(&self.weights).map(|(y, w)| w * y * y).sum();
        let Some(system) = &self.system else {
            let candidate = Candidate { ridge: 0.0, degrees_of_freedom: 1.0 };
            let function = self.raw(&[], mean, 1.0);
            return Fit { function, candidate, residual: power.sqrt() * deviation };
        };
        let target: Vec<f64> = if self.dual {
            standard.iter().zip(&self.weights).map(|(y, w)| y * w.sqrt()).collect()
        } else {
            self.project(&standard.iter().zip(&self.weights).map(|(y, w)| y * w).collect::<Vec<_>>())
        };
        let (candidate, mut solution, residual) = match system {
            System::Reduced(system) => {
                let mut rotated = target;
                system.band.rotate(&mut rotated);
                let (candidate, mut solution, residual) = self.choose(system, &rotated, power);
                system.band.rotate_back(&mut solution);
                (candidate, solution, residual)
            }
            System::Factored(factor, candidate) => {
                let solution = factor.solve(&target);
                let residual = self.unexplained(candidate.ridge, power, solution.iter().copied().zip(&target));
                (*candidate, solution, residual)
            }
        };
        if self.dual {
            let mut coefficients: Vec<f64> = solution.iter().zip(&self.weights).map(|(a, w)| a * w.sqrt()).collect();
            let total: f64 = coefficients.iter().sum();
            coefficients.iter_mut().zip(&self.weights).for_each(|(c, w)| *c -= total * w);
            solution = self.project(&coefficients);
        }
        let function = self.raw(&solution, mean, deviation);
        Fit { function, candidate, residual: residual.max(0.0).sqrt() * deviation }
    }

    /// Root mean square error that generalised cross-validation expects of a fit on new samples, in
    /// the targets' unit; infinite where the fit has more degrees of freedom than effective
    /// samples.
    pub fn expected_error(&self, fit: &Fit) -> f64 {
        let share = 1.0 - fit.candidate.degrees_of_freedom / self.effective;
        if share > 0.0 { fit.residual / share } else { f64::INFINITY }
    }

    /// Unexplained variance of the standardised targets, whose variance is `power`, from the entries of a
    /// solution and of its right-hand side.
    fn unexplained<'a>(&self, ridge: f64, power: f64, entries: impl Iterator<Item = (f64, &'a f64)> + Clone) -> f64 {
        let norm: f64 = entries.clone().map(|(x, _)| x * x).sum();
        if self.dual {
            return ridge * ridge * norm;
        }
        let explained: f64 = entries.map(|(x, b)| x * b).sum();
        power - explained - ridge * norm
    }

    /// The candidate with the smallest cross-validation score, among those whose degrees of freedom
    /// the data can carry; the largest ridge if there is none. Also returns the rotated solution
    /// and the unexplained variance of the standardised targets.
    fn choose(&self, system: &RidgeSystem, rotated: &[f64], power: f64) -> (Candidate, Vec<f64>, f64) {
        let carried = |candidate: &Candidate| carry(self.effective, candidate);
        let first = system.candidates.iter().position(carried).unwrap_or(system.candidates.len() - 1);
        let mut best: Option<(f64, Candidate, Vec<f64>, f64)> = None;
        for group in system.candidates[first..].chunks(LANES) {
            let ridges: Vec<f64> = group.iter().map(|c| c.ridge).collect();
            let solutions = system.solve(&ridges, rotated);
            for (lane, candidate) in group.iter().enumerate() {
                let solution = solutions.iter().map(|x| x[lane]);
                let unexplained = self.unexplained(candidate.ridge, power, solution.clone().zip(rotated));
                let share = 1.0 - candidate.degrees_of_freedom / self.effective;
                let score = unexplained.max(SMALLEST_RESIDUAL) / (share * share);
                if best.as_ref().is_none_or(|b| score < b.0) {
                    best = Some((score, *candidate, solution.collect(), unexplained));
                }
            }
        }
        match best {
            Some((_, candidate, solution, unexplained)) => (candidate, solution, unexplained),
            // Only NaN scores lead here. The solution is then NaN too, and the caller checks
            // finiteness.
            None => (system.candidates[first], vec![f64::NAN; rotated.len()], power),
        }
    }

    /// The quadratic in raw inputs, given coefficients of the centred features of standardised
    /// inputs.
    fn raw(&self, coefficients: &[f64], mean: f64, deviation: f64) -> Quadratic {
        let dims = self.kept.len();
        let mut function = Quadratic {
            hessian: DMatrix::zeros(self.inputs, self.inputs),
            gradient: DVector::zeros(self.inputs),
            constant: mean,
        };
        let linear = self.linear_penalty.sqrt().recip();
        let mut feature = dims;
        for i in 0..dims {
            let row = self.kept[i];
            function.gradient[row] = coefficients[i] * linear * deviation / self.deviation[i];
            for j in i..dims {
                let column = self.kept[j];
                let coefficient = coefficients[feature] * deviation;
                function.constant -= coefficient * self.moments[(i, j)];
                let raw = coefficient / (self.deviation[i] * self.deviation[j]);
                function.hessian[(row, column)] += raw;
                function.hessian[(column, row)] += raw;
                feature += 1;
            }
        }
        let mut centre = DVector::zeros(self.inputs);
        self.kept.iter().zip(&self.mean).for_each(|(&input, m)| centre[input] = *m);
        let shift = &function.hessian * &centre;
        function.constant += 0.5 * centre.dot(&shift) - function.gradient.dot(&centre);
        function.gradient -= shift;
        function
    }
}

/// `sum_i coefficients_i z_i z_i'` (dim x dim).
pub(super) fn products(inputs: &Columns, coefficients: &[f64]) -> Mat<f64> {
    let mut scaled = inputs.clone();
    for k in 0..inputs.dims() {
        scaled.dim_mut(k).iter_mut().zip(coefficients).for_each(|(z, c)| *z *= c);
    }
    let mut sums = Mat::zeros(inputs.dims(), inputs.dims());
    matmul(sums.as_mut(), Accum::Replace, scaled.as_mat().transpose(), inputs.as_mat(), 1.0, Par::Seq);
    sums
}
