//! Ridge solutions of one symmetric system for a whole grid of ridges, and the choice among them.
//!
//! The Gram matrix is reduced once to a tridiagonal one, `G = Q T Q'`; each ridge then costs O(order) for the degrees of
//! freedom and for the solution, and the target enters through `Q'y` only. Candidates run side by side in vector lanes.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::{evd::tridiag, householder};
use faer::{Conj, Mat, MatMut, Par};
use pulp::{Simd, WithSimd};

/// Candidates computed side by side.
pub(super) const LANES: usize = 8;
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

    /// `1 + tr(T (T + ridge)^-1)` for each lane.
    fn degrees_of_freedom(&self, ridges: &Lanes) -> Lanes {
        let trace = pulp::Arch::new().dispatch(Pivots { system: self, ridges });
        std::array::from_fn(|l| 1.0 + self.order() as f64 - ridges[l] * trace[l])
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
        pulp::Arch::new().dispatch(Solutions { system: self, ridges: &lanes(ridges), rotated })
    }

    fn coupling(&self, i: usize) -> f64 {
        if i == 0 { 0.0 } else { self.subdiagonal[i - 1] }
    }
}

/// Traces of the inverses: the derivative of the log-determinant, `sum d_i' / d_i` over the pivots, whose recurrence adds
/// positive terms only.
struct Pivots<'a> {
    system: &'a RidgeSystem,
    ridges: &'a Lanes,
}

impl WithSimd for Pivots<'_> {
    type Output = Lanes;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Lanes {
        let (zero, one) = (simd.splat_f64s(0.0), simd.splat_f64s(1.0));
        let mut trace = [0.0; LANES];
        let ridges = S::as_simd_f64s(self.ridges).0;
        for (ridge, trace) in ridges.iter().zip(S::as_mut_simd_f64s(&mut trace).0) {
            let (mut inverse, mut slope) = (zero, zero);
            for (i, diagonal) in self.system.diagonal.iter().enumerate() {
                let coupling = simd.splat_f64s(self.system.coupling(i));
                let multiplier = simd.mul_f64s(coupling, inverse);
                slope = simd.mul_add_e_f64s(simd.mul_f64s(multiplier, multiplier), slope, one);
                let pivot = simd.sub_f64s(simd.splat_f64s(*diagonal), simd.mul_f64s(multiplier, coupling));
                inverse = simd.div_f64s(one, simd.add_f64s(simd.max_f64s(pivot, zero), *ridge));
                *trace = simd.mul_add_e_f64s(slope, inverse, *trace);
            }
        }
        trace
    }
}

struct Solutions<'a> {
    system: &'a RidgeSystem,
    ridges: &'a Lanes,
    rotated: &'a [f64],
}

impl WithSimd for Solutions<'_> {
    type Output = Vec<Lanes>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<Lanes> {
        let (zero, one) = (simd.splat_f64s(0.0), simd.splat_f64s(1.0));
        let order = self.system.order();
        let mut solution = vec![[0.0; LANES]; order];
        let mut multipliers = vec![[0.0; LANES]; order];
        for (v, ridge) in S::as_simd_f64s(self.ridges).0.iter().enumerate() {
            let (mut inverse, mut forward) = (zero, zero);
            for i in 0..order {
                let coupling = simd.splat_f64s(self.system.coupling(i));
                let multiplier = simd.mul_f64s(coupling, inverse);
                let diagonal = simd.splat_f64s(self.system.diagonal[i]);
                let pivot = simd.sub_f64s(diagonal, simd.mul_f64s(multiplier, coupling));
                inverse = simd.div_f64s(one, simd.add_f64s(simd.max_f64s(pivot, zero), *ridge));
                forward = simd.sub_f64s(simd.splat_f64s(self.rotated[i]), simd.mul_f64s(multiplier, forward));
                S::as_mut_simd_f64s(&mut multipliers[i]).0[v] = multiplier;
                S::as_mut_simd_f64s(&mut solution[i]).0[v] = simd.mul_f64s(forward, inverse);
            }
            for i in (1..order).rev() {
                let (above, below) = solution.split_at_mut(i);
                let below = S::as_simd_f64s(&below[0]).0[v];
                let above = &mut S::as_mut_simd_f64s(&mut above[i - 1]).0[v];
                *above = simd.sub_f64s(*above, simd.mul_f64s(S::as_simd_f64s(&multipliers[i]).0[v], below));
            }
        }
        solution
    }
}

/// Fills the lanes, repeating the last ridge.
fn lanes(ridges: &[f64]) -> Lanes {
    std::array::from_fn(|l| ridges[l.min(ridges.len() - 1)])
}
