//! The quadratic surrogate of the return, in coordinates in which the search distribution is the
//! standard normal.

use super::samples::Samples;
use crate::moto::{Design, MotoError, Ridge};
use crate::policy::LinearGaussian;
use crate::quadratic::{Columns, Quadratic};
use nalgebra::DMatrix;

/// The coordinates of a search distribution.
pub struct Whitening<'a> {
    law: &'a LinearGaussian,
    /// Lower Cholesky factor of the covariance.
    pub factor: DMatrix<f64>,
    /// Inverse of the covariance's symmetric root.
    pub inverse_root: DMatrix<f64>,
}

impl<'a> Whitening<'a> {
    /// The coordinates of `law`, the parameters given the context.
    ///
    /// # Errors
    /// [`MotoError::Numerical`] if the covariance is not positive definite.
    pub fn new(law: &'a LinearGaussian) -> Result<Self, MotoError> {
        let factor = law.covariance.clone().cholesky();
        let factor = factor.ok_or(MotoError::Numerical { quantity: "search distribution", step: 0 })?.unpack();
        let mut eigen = law.covariance.clone().symmetric_eigen();
        eigen.eigenvalues.apply(|x| *x = x.max(f64::MIN_POSITIVE).sqrt().recip());
        Ok(Self { law, factor, inverse_root: eigen.recompose() })
    }

    /// The samples' parameters in these coordinates (parameter x sample).
    pub fn white(&self, samples: &Samples) -> DMatrix<f64> {
        let mut white = &samples.parameters - &self.law.gain * &samples.contexts;
        white.column_iter_mut().for_each(|mut column| column -= &self.law.bias);
        self.factor.solve_lower_triangular_mut(&mut white);
        white
    }
}

/// The quadratic of contexts (context x sample) and white parameters (parameter x sample) that fits
/// the samples' returns best.
pub fn surrogate(
    contexts: &DMatrix<f64>,
    white: &DMatrix<f64>,
    samples: &Samples,
    ridge: Ridge,
    linear_penalty: f64,
) -> Quadratic {
    let (rows, dims) = (contexts.nrows(), contexts.nrows() + white.nrows());
    let mut columns = Columns::zeros(white.ncols(), dims);
    for i in 0..white.ncols() {
        columns.set(i, 0, contexts.column(i).as_slice());
        columns.set(i, rows, white.column(i).as_slice());
    }
    let thresholds = vec![f64::MIN_POSITIVE; dims];
    Design::new(&columns, samples.weights.clone(), &thresholds, linear_penalty, ridge).fit(&samples.returns).function
}
