//! Cholesky factorisation in the matrix's own memory.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::cholesky::llt::solve::solve_in_place;
use faer::{ColMut, Mat, Par, Spec};

/// Cholesky factor of a positive definite matrix, in its lower triangle. Nothing else is read.
pub(crate) struct Cholesky(Mat<f64>);

impl Cholesky {
    /// Factors a matrix in its place; `None` if it is not positive definite. Only the lower triangle is read.
    pub fn new(mut matrix: Mat<f64>) -> Option<Self> {
        let (order, settings) = (matrix.nrows(), Spec::default());
        let mut memory = MemBuffer::new(cholesky_in_place_scratch::<f64>(order, Par::Seq, settings));
        let stack = MemStack::new(&mut memory);
        cholesky_in_place(matrix.as_mut(), Default::default(), Par::Seq, stack, settings).ok()?;
        Some(Self(matrix))
    }

    /// The inverse of the matrix times `target`.
    pub fn solve(&self, target: &[f64]) -> Vec<f64> {
        let mut solution = target.to_vec();
        let column = ColMut::from_slice_mut(&mut solution).as_mat_mut();
        // The solution needs no memory of its own.
        solve_in_place(self.0.as_ref(), column, Par::Seq, MemStack::new(&mut []));
        solution
    }

    /// The memory of the factor.
    pub fn into_inner(self) -> Mat<f64> {
        self.0
    }
}
