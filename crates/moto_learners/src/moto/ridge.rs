//! Ridge solutions of one symmetric system for a whole grid of ridges.
//!
//! The Gram matrix is reduced once to a band, `G = Q B Q'`. Each ridge then costs O(order), both
//! for the degrees of freedom and for the solution. The target enters through `Q'y` only.
//! Candidates run side by side in vector lanes.

use super::band::{Band, WIDTH};
use faer::Mat;
use pulp::{Simd, WithSimd};

/// Candidates computed side by side.
pub(super) const LANES: usize = 8;
type Lanes = [f64; LANES];

/// The grid of generalised cross-validation: half decades from 1e-8 to 10.
pub(super) fn grid() -> Vec<f64> {
    (0..19).map(|k| 10f64.powf(-8.0 + 0.5 * f64::from(k))).collect()
}

/// A ridge and the degrees of freedom of its fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub ridge: f64,
    /// Trace of the hat matrix, the intercept included.
    pub degrees_of_freedom: f64,
}

/// A reduced positive semidefinite system.
pub(crate) struct RidgeSystem {
    pub band: Band,
    /// Ridges in ascending order.
    pub candidates: Vec<Candidate>,
}

impl RidgeSystem {
    /// Reduces a Gram matrix. Only the lower triangle is read.
    pub fn new(gram: Mat<f64>, ridges: &[f64]) -> Self {
        let order = gram.nrows() as f64;
        let band = Band::reduce(gram);
        let mut candidates = Vec::with_capacity(ridges.len());
        for group in ridges.chunks(LANES) {
            let trace = pulp::Arch::new().dispatch(InverseTrace { band: &band, ridges: &lanes(group) });
            candidates.extend(group.iter().zip(trace).map(|(&ridge, trace)| {
                let degrees_of_freedom = 1.0 + order - ridge * trace;
                Candidate { ridge, degrees_of_freedom }
            }));
        }
        Self { band, candidates }
    }

    /// `(B + ridge)^-1 rotated` for up to `LANES` ridges, one solution per lane.
    pub fn solve(&self, ridges: &[f64], rotated: &[f64]) -> Vec<Lanes> {
        pulp::Arch::new().dispatch(Solutions { band: &self.band, ridges: &lanes(ridges), rotated })
    }
}

/// Fills the lanes and repeats the last ridge in unused lanes.
fn lanes(ridges: &[f64]) -> Lanes {
    std::array::from_fn(|l| ridges[l.min(ridges.len() - 1)])
}

/// Factor of `B + ridge = LDL'`. A row holds the entries of -L left of the diagonal, by distance
/// from the diagonal, with 1/D at distance 0.
type Factor<S> = Vec<[<S as Simd>::f64s; WIDTH + 1]>;

#[inline(always)]
fn factor<S: Simd>(simd: S, band: &Band, ridge: S::f64s) -> Factor<S> {
    let (zero, one) = (simd.splat_f64s(0.0), simd.splat_f64s(1.0));
    let mut factor: Factor<S> = vec![[zero; WIDTH + 1]; band.rows.len()];
    for (i, row) in band.rows.iter().enumerate() {
        let mut scaled = [zero; WIDTH + 1];
        let mut pivot = simd.splat_f64s(row[0]);
        // Columns from the left: first u = L D, then the entry of L and its share of the pivot.
        for d in (1..=WIDTH.min(i)).rev() {
            let j = i - d;
            let mut u = simd.splat_f64s(row[d]);
            for e in 1..=WIDTH - d {
                u = simd.mul_add_e_f64s(scaled[d + e], factor[j][e], u);
            }
            let entry = simd.neg_f64s(simd.mul_f64s(u, factor[j][0]));
            (scaled[d], factor[i][d]) = (u, entry);
            pivot = simd.mul_add_e_f64s(u, entry, pivot);
        }
        // The band is positive semidefinite, so a negative value is rounding.
        factor[i][0] = simd.div_f64s(one, simd.add_f64s(simd.max_f64s(pivot, zero), ridge));
    }
    factor
}

/// Traces of the inverses, from the inverse's entries within the band (Takahashi's recurrence, last
/// row first).
struct InverseTrace<'a> {
    band: &'a Band,
    ridges: &'a Lanes,
}

impl WithSimd for InverseTrace<'_> {
    type Output = Lanes;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Lanes {
        let zero = simd.splat_f64s(0.0);
        let order = self.band.rows.len();
        let mut trace = [0.0; LANES];
        for (ridge, trace) in S::as_simd_f64s(self.ridges).0.iter().zip(S::as_mut_simd_f64s(&mut trace).0) {
            let factor = factor(simd, self.band, *ridge);
            // Entries (j + a, j + b) of the inverse for the rows below the current row. The window
            // moves up row by row.
            let mut window = [[zero; WIDTH + 1]; WIDTH + 1];
            for j in (0..order).rev() {
                for a in (1..=WIDTH).rev() {
                    for b in (1..=WIDTH).rev() {
                        window[a][b] = window[a - 1][b - 1];
                    }
                }
                let below = WIDTH.min(order - 1 - j);
                let mut diagonal = factor[j][0];
                #[allow(clippy::needless_range_loop)] // Rows and columns of a symmetric window change places.
                for a in 1..=below {
                    let mut entry = zero;
                    for b in 1..=below {
                        entry = simd.mul_add_e_f64s(window[a][b], factor[j + b][b], entry);
                    }
                    (window[a][0], window[0][a]) = (entry, entry);
                }
                for (a, row) in window.iter().enumerate().take(below + 1).skip(1) {
                    diagonal = simd.mul_add_e_f64s(row[0], factor[j + a][a], diagonal);
                }
                window[0][0] = diagonal;
                *trace = simd.add_f64s(*trace, diagonal);
            }
        }
        trace
    }
}

struct Solutions<'a> {
    band: &'a Band,
    ridges: &'a Lanes,
    rotated: &'a [f64],
}

impl WithSimd for Solutions<'_> {
    type Output = Vec<Lanes>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<Lanes> {
        let order = self.band.rows.len();
        let mut solution = vec![[0.0; LANES]; order];
        for (v, ridge) in S::as_simd_f64s(self.ridges).0.iter().enumerate() {
            let factor = factor(simd, self.band, *ridge);
            let mut x: Vec<S::f64s> = self.rotated.iter().map(|r| simd.splat_f64s(*r)).collect();
            for i in 0..order {
                for d in 1..=WIDTH.min(i) {
                    x[i] = simd.mul_add_e_f64s(factor[i][d], x[i - d], x[i]);
                }
            }
            for i in (0..order).rev() {
                x[i] = simd.mul_f64s(x[i], factor[i][0]);
            }
            for i in (0..order).rev() {
                for d in 1..=WIDTH.min(i) {
                    x[i - d] = simd.mul_add_e_f64s(factor[i][d], x[i], x[i - d]);
                }
            }
            for (row, x) in solution.iter_mut().zip(x) {
                S::as_mut_simd_f64s(row).0[v] = x;
            }
        }
        solution
    }
}
