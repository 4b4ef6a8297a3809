//! Ridge solutions of one symmetric system for a whole grid of ridges.
//!
//! The Gram matrix is reduced once to a band, `G = Q B Q'`. Each ridge then costs O(order), both
//! for the degrees of freedom and for the solution. The target enters through `Q'y` only.
//! Candidates run side by side in vector lanes.

use super::band::{Band, WIDTH};
use super::cholesky::Cholesky;
use super::spare::Spare;
use faer::Mat;
use pulp::{Simd, WithSimd};
use serde::{Deserialize, Serialize};

/// Candidates computed side by side: the whole grid, and what is left of the last register.
pub(super) const LANES: usize = 24;
type Lanes = [f64; LANES];
/// Registers that take turns, since each waits for its own last result.
const GROUP: usize = 3;

/// The grid of generalised cross-validation: half decades from 1e-8 to 10.
pub(super) fn grid() -> Vec<f64> {
    (0..19).map(|k| 10f64.powf(-8.0 + 0.5 * f64::from(k))).collect()
}

/// A ridge and the degrees of freedom of its fit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Candidate {
    pub ridge: f64,
    /// Trace of the hat matrix, the intercept included.
    pub degrees_of_freedom: f64,
}

/// A positive semidefinite system, ready for its targets.
pub(crate) enum System {
    /// Every ridge of a grid.
    Reduced(RidgeSystem),
    /// One ridge, whose degrees of freedom are known.
    Factored(Cholesky, Candidate),
}

impl System {
    /// A Gram matrix, which `set` writes, with every ridge of a grid.
    pub fn with_ridges(order: usize, set: impl Fn(&mut Mat<f64>), ridges: &[f64], spare: &Spare) -> Self {
        let mut gram = spare.take(order);
        set(&mut gram);
        let system = RidgeSystem::new(&mut gram, ridges);
        spare.give(gram);
        Self::Reduced(system)
    }

    /// A Gram matrix, which `set` writes, with one ridge; with all of the grid if rounding made the sum
    /// indefinite.
    pub fn with_ridge(order: usize, set: impl Fn(&mut Mat<f64>), candidate: Candidate, spare: &Spare) -> Self {
        let mut gram = spare.take(order);
        set(&mut gram);
        (0..order).for_each(|i| gram[(i, i)] += candidate.ridge);
        match Cholesky::new(gram) {
            Some(factor) => Self::Factored(factor, candidate),
            None => Self::with_ridges(order, set, &grid(), spare),
        }
    }

    /// Gives the memory back.
    pub fn release(self, spare: &Spare) {
        if let Self::Factored(factor, _) = self {
            spare.give(factor.into_inner());
        }
    }
}

/// A reduced positive semidefinite system.
pub(crate) struct RidgeSystem {
    pub band: Band,
    /// Ridges in ascending order.
    pub candidates: Vec<Candidate>,
}

impl RidgeSystem {
    /// Reduces a Gram matrix, in whose place nothing of use is left. Only the lower triangle is read.
    pub fn new(gram: &mut Mat<f64>, ridges: &[f64]) -> Self {
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

/// Lanes in registers, by groups.
#[inline(always)]
fn groups<S: Simd>(lanes: &Lanes) -> &[[S::f64s; GROUP]] {
    const { assert!(LANES.is_multiple_of(GROUP * S::F64_LANES)) };
    pulp::as_arrays(S::as_simd_f64s(lanes).0).0
}

/// Lanes in registers, by groups, mutable.
#[inline(always)]
fn groups_mut<S: Simd>(lanes: &mut Lanes) -> &mut [[S::f64s; GROUP]] {
    pulp::as_arrays_mut(S::as_mut_simd_f64s(lanes).0).0
}

/// `sum + a b`, register by register.
#[inline(always)]
fn add_product<S: Simd>(simd: S, a: &[S::f64s; GROUP], b: &[S::f64s; GROUP], sum: &mut [S::f64s; GROUP]) {
    for ((sum, a), b) in sum.iter_mut().zip(a).zip(b) {
        *sum = simd.mul_add_e_f64s(*a, *b, *sum);
    }
}

/// Factor of `B + ridge = LDL'`. A row holds the entries of -L left of the diagonal, by distance
/// from the diagonal, with 1/D at distance 0.
type Factor<S> = Vec<[[<S as Simd>::f64s; GROUP]; WIDTH + 1]>;

#[inline(always)]
fn factor<S: Simd>(simd: S, band: &Band, ridge: &[S::f64s; GROUP]) -> Factor<S> {
    let (zero, one) = (simd.splat_f64s(0.0), simd.splat_f64s(1.0));
    let mut factor: Factor<S> = Vec::with_capacity(band.rows.len());
    for (i, row) in band.rows.iter().enumerate() {
        let (mut scaled, mut current) = ([[zero; GROUP]; WIDTH + 1], [[zero; GROUP]; WIDTH + 1]);
        let mut pivot = [simd.splat_f64s(row[0]); GROUP];
        // Columns from the left: first u = L D, then the entry of L and its share of the pivot. The
        // newest u comes last into a sum, because it is not there yet.
        for d in (1..=WIDTH.min(i)).rev() {
            let j = i - d;
            let mut u = [simd.splat_f64s(row[d]); GROUP];
            for e in (1..=WIDTH - d).rev() {
                add_product(simd, &scaled[d + e], &factor[j][e], &mut u);
            }
            let mut entry = [zero; GROUP];
            for ((entry, u), inverse) in entry.iter_mut().zip(&u).zip(&factor[j][0]) {
                *entry = simd.neg_f64s(simd.mul_f64s(*u, *inverse));
            }
            (scaled[d], current[d]) = (u, entry);
            add_product(simd, &u, &entry, &mut pivot);
        }
        // The band is positive semidefinite, so a negative value is rounding.
        for ((inverse, pivot), ridge) in current[0].iter_mut().zip(&pivot).zip(ridge) {
            *inverse = simd.div_f64s(one, simd.add_f64s(simd.max_f64s(*pivot, zero), *ridge));
        }
        factor.push(current);
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
        let zero = [simd.splat_f64s(0.0); GROUP];
        let order = self.band.rows.len();
        let mut trace = [0.0; LANES];
        for (ridge, trace) in groups::<S>(self.ridges).iter().zip(groups_mut::<S>(&mut trace)) {
            let factor = factor(simd, self.band, ridge);
            // Column j of the inverse from the diagonal down, for the last columns, which take turns.
            let mut columns = [[zero; WIDTH + 1]; WIDTH + 1];
            for j in (0..order).rev() {
                let below = WIDTH.min(order - 1 - j);
                let mut column = [zero; WIDTH + 1];
                column[0] = factor[j][0];
                for a in 1..=below {
                    let mut entry = zero;
                    for b in 1..=below {
                        let known = &columns[(j + a.min(b)) % (WIDTH + 1)][a.abs_diff(b)];
                        add_product(simd, known, &factor[j + b][b], &mut entry);
                    }
                    column[a] = entry;
                    add_product(simd, &entry, &factor[j + a][a], &mut column[0]);
                }
                for (trace, diagonal) in trace.iter_mut().zip(&column[0]) {
                    *trace = simd.add_f64s(*trace, *diagonal);
                }
                columns[j % (WIDTH + 1)] = column;
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
        for (g, ridge) in groups::<S>(self.ridges).iter().enumerate() {
            let factor = factor(simd, self.band, ridge);
            for i in 0..order {
                let mut x = [simd.splat_f64s(self.rotated[i]); GROUP];
                for d in (1..=WIDTH.min(i)).rev() {
                    add_product(simd, &factor[i][d], &groups::<S>(&solution[i - d])[g], &mut x);
                }
                groups_mut::<S>(&mut solution[i])[g] = x;
            }
            for (x, factor) in solution.iter_mut().zip(&factor) {
                for (x, inverse) in groups_mut::<S>(x)[g].iter_mut().zip(&factor[0]) {
                    *x = simd.mul_f64s(*x, *inverse);
                }
            }
            for i in (0..order).rev() {
                let x = groups::<S>(&solution[i])[g];
                for d in 1..=WIDTH.min(i) {
                    add_product(simd, &factor[i][d], &x, &mut groups_mut::<S>(&mut solution[i - d])[g]);
                }
            }
        }
        solution
    }
}
