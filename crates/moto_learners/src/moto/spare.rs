//! Memory of square matrices that are no longer needed. Large matrices whose memory comes fresh from
//! the system cost as much as their factorisation.

use faer::Mat;
use std::sync::{Mutex, PoisonError};

#[derive(Default)]
pub(crate) struct Spare(Mutex<Vec<Mat<f64>>>);

impl Spare {
    /// A matrix of this order, whose entries may be anything.
    pub fn take(&self, order: usize) -> Mat<f64> {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = spare.iter().position(|matrix| matrix.nrows() == order);
        fits.map(|index| spare.swap_remove(index)).unwrap_or_else(|| Mat::zeros(order, order))
    }

    /// Takes a matrix back.
    pub fn give(&self, matrix: Mat<f64>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(matrix);
    }
}
