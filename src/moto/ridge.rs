//! Ridge solutions of one symmetric system for a whole grid of ridges, and the choice among them.
//!
//! The Gram matrix is reduced once to a tridiagonal one, `G = Q T Q'`; each ridge then costs O(order) for the degrees of
//! freedom and for the solution, and the target enters through `Q'y` only. Candidates run side by side in vector lanes.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::{evd::tridiag, householder};
use faer::{Conj, Mat, MatMut, Par};

/// Candidates computed side by side.
const LANES: usize = 8;
type Lanes = [f64; LANES];

/// Reflectors are applied in blocks of this many.
const BLOCK: usize = 16;

/// The grid of generalised cross-validation: half decades from 1e-8 to 10.
pub(super) fn grid() -> Vec<f64> {
    (0..19).map(|k| 10f64.powf(-8.0 + 0.5 * f64::from(k))).collect()
}

/// A ridge and what the fit would use of the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    pub ridge: f64,
    /// Trace of the hat matrix, the intercept included.
    pub degrees_of_freedom: f64,
}

/// A positive semidefinite system, reduced.
pub(super) struct RidgeSystem {
    /// Reflectors below the subdiagonal, and their block factors.
    reflectors: Mat<f64>,
    factors: Mat<f64>,
    diagonal: Vec<f64>,
    subdiagonal: Vec<f64>,
    /// Ridges in ascending order.
    pub candidates: Vec<Candidate>,
}

impl RidgeSystem {
    /// Reduces a Gram matrix (its lower triangle is read) of order at least 1.
    pub fn new(mut gram: Mat<f64>, ridges: &[f64]) -> Self {
        let order = gram.nrows();
        let block = BLOCK.min(order - 1).max(1);
        let mut factors = Mat::zeros(block, order - 1);
        let scratch = tridiag::tridiag_in_place_scratch::<f64>(order, Par::Seq, Default::default());
        let mut memory = MemBuffer::new(scratch);
        let stack = MemStack::new(&mut memory);
        tridiag::tridiag_in_place(gram.as_mut(), factors.as_mut(), Par::Seq, stack, Default::default());
        let diagonal: Vec<f64> = (0..order).map(|i| gram[(i, i)]).collect();
        let subdiagonal: Vec<f64> = (1..order).map(|i| gram[(i, i - 1)]).collect();
        let mut system = Self { reflectors: gram, factors, diagonal, subdiagonal, candidates: Vec::new() };
        for group in ridges.chunks(LANES) {
            let freedom = system.degrees_of_freedom(&lanes(group));
            system.candidates.extend(
                group.iter().zip(freedom).map(|(&ridge, degrees_of_freedom)| Candidate { ridge, degrees_of_freedom }),
            );
        }
        system
    }

    pub fn order(&self) -> usize {
        self.diagonal.len()
    }

    /// `1 + tr(T (T + ridge)^-1)` for each lane: the trace of the inverse is the derivative of the log-determinant,
    /// `sum d_i' / d_i` over the pivots, whose recurrence adds positive terms only.
    fn degrees_of_freedom(&self, ridges: &Lanes) -> Lanes {
        let mut freedom = [1.0 + self.order() as f64; LANES];
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                let (mut inverse, mut slope) = ([0.0; LANES], [0.0; LANES]);
                for (i, diagonal) in self.diagonal.iter().enumerate() {
                    let coupling = if i == 0 { 0.0 } else { self.subdiagonal[i - 1] };
                    for l in 0..LANES {
                        let multiplier = coupling * inverse[l];
                        slope[l] = (multiplier * multiplier).mul_add(slope[l], 1.0);
                        let pivot = (diagonal - multiplier * coupling).max(0.0) + ridges[l];
                        inverse[l] = 1.0 / pivot;
                        freedom[l] -= ridges[l] * slope[l] * inverse[l];
                    }
                }
            },
        );
        freedom
    }

    /// `Q' target`.
    pub fn rotate(&self, target: &mut [f64]) {
        let order = self.order();
        if order < 2 {
            return;
        }
        let scratch = householder::apply_block_householder_sequence_transpose_on_the_left_in_place_scratch::<f64>(
            order - 1,
            self.factors.nrows(),
            1,
        );
        householder::apply_block_householder_sequence_transpose_on_the_left_in_place_with_conj(
            self.reflectors.as_ref().submatrix(1, 0, order - 1, order - 1),
            self.factors.as_ref(),
            Conj::No,
            MatMut::from_column_major_slice_mut(&mut target[1..], order - 1, 1),
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(scratch)),
        );
    }

    /// `Q target`.
    pub fn rotate_back(&self, target: &mut [f64]) {
        let order = self.order();
        if order < 2 {
            return;
        }
        let scratch = householder::apply_block_householder_sequence_on_the_left_in_place_scratch::<f64>(
            order - 1,
            self.factors.nrows(),
            1,
        );
        householder::apply_block_householder_sequence_on_the_left_in_place_with_conj(
            self.reflectors.as_ref().submatrix(1, 0, order - 1, order - 1),
            self.factors.as_ref(),
            Conj::No,
            MatMut::from_column_major_slice_mut(&mut target[1..], order - 1, 1),
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(scratch)),
        );
    }

    /// `(T + ridge)^-1 rotated` for up to `LANES` ridges, one solution per lane.
    pub fn solve(&self, ridges: &[f64], rotated: &[f64]) -> Vec<Lanes> {
        let ridges = lanes(ridges);
        let order = self.order();
        let mut solution = vec![[0.0; LANES]; order];
        let mut multipliers = vec![[0.0; LANES]; order];
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                let mut inverse = [0.0; LANES];
                let mut previous = [0.0; LANES];
                for i in 0..order {
                    let coupling = if i == 0 { 0.0 } else { self.subdiagonal[i - 1] };
                    for l in 0..LANES {
                        let multiplier = coupling * inverse[l];
                        let pivot = (self.diagonal[i] - multiplier * coupling).max(0.0) + ridges[l];
                        previous[l] = rotated[i] - multiplier * previous[l];
                        inverse[l] = 1.0 / pivot;
                        multipliers[i][l] = multiplier;
                        solution[i][l] = previous[l] * inverse[l];
                    }
                }
                for i in (1..order).rev() {
                    for l in 0..LANES {
                        solution[i - 1][l] -= multipliers[i][l] * solution[i][l];
                    }
                }
            },
        );
        solution
    }
}

/// Fills the lanes, repeating the last ridge.
fn lanes(ridges: &[f64]) -> Lanes {
    std::array::from_fn(|l| ridges[l.min(ridges.len() - 1)])
}
