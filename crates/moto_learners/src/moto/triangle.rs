//! What a band reduction spends its time on: the product of a symmetric matrix and a panel, and the
//! matrix's update by panels. Only the lower triangle of the matrix is read.
//!
//! The panels are as narrow as the band. A general matrix product spends half its time on copies of
//! such operands, and reads the triangle twice to multiply with both of its sides.

use super::band::WIDTH;
use super::reflector::Small;
use pulp::{Simd, WithSimd};

/// Columns of the triangle taken together. Their diagonal block is kept whole, not only its lower
/// triangle.
pub(super) const COLUMNS: usize = 4;
/// A row of a panel.
pub(super) type Row = [f64; WIDTH];

/// `W = Y - 1/2 V M' V'Y` with `Y = A V M`.
pub(super) struct Companion<'a> {
    /// Columns of A (order).
    pub matrix: &'a [&'a mut [f64]],
    /// Rows of V (order).
    pub panel: &'a [Row],
    pub middle: &'a Small,
    /// Scratch (order).
    pub product: &'a mut [Row],
    /// Rows of W (order).
    pub companion: &'a mut [Row],
}

impl WithSimd for Companion<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { matrix, panel, middle, product, companion } = self;
        product.fill([0.0; WIDTH]);
        add_product(simd, matrix, panel, product);
        companion.fill([0.0; WIDTH]);
        add_rows(simd, product, middle, companion);
        let inner = inner_products(simd, panel, companion);
        let correction: Small = std::array::from_fn(|i| {
            std::array::from_fn(|j| -0.5 * (0..WIDTH).map(|k| middle[k][i] * inner[k][j]).sum::<f64>())
        });
        add_rows(simd, panel, &correction, companion);
    }
}

/// `sum += A panel`.
#[inline(always)]
fn add_product<S: Simd>(simd: S, matrix: &[&mut [f64]], panel: &[Row], sum: &mut [Row]) {
    let order = matrix.len();
    for (group, columns) in matrix.chunks(COLUMNS).enumerate() {
        let first = group * COLUMNS;
        let end = first + columns.len();
        for v in 0..WIDTH / S::F64_LANES {
            let mut factors = [simd.splat_f64s(0.0); COLUMNS];
            for (factor, row) in factors.iter_mut().zip(&panel[first..end]) {
                *factor = S::as_simd_f64s(row).0[v];
            }
            let mut totals = [simd.splat_f64s(0.0); COLUMNS];
            for i in first..end {
                let y = &mut S::as_mut_simd_f64s(&mut sum[i]).0[v];
                for (column, factor) in columns.iter().zip(&factors) {
                    *y = simd.mul_add_e_f64s(simd.splat_f64s(column[i]), *factor, *y);
                }
            }
            // Nothing is below the diagonal block of the last columns, which may be fewer.
            let [a, b, c, d] = columns else { continue };
            let [a, b, c, d] = [&a[end..order], &b[end..order], &c[end..order], &d[end..order]];
            let entries = a.iter().zip(b).zip(c).zip(d);
            for ((x, y), (((a, b), c), d)) in panel[end..order].iter().zip(&mut sum[end..order]).zip(entries) {
                let (x, y) = (S::as_simd_f64s(x).0[v], &mut S::as_mut_simd_f64s(y).0[v]);
                for (p, entry) in [*a, *b, *c, *d].into_iter().enumerate() {
                    let entry = simd.splat_f64s(entry);
                    *y = simd.mul_add_e_f64s(entry, factors[p], *y);
                    totals[p] = simd.mul_add_e_f64s(entry, x, totals[p]);
                }
            }
            for (row, total) in sum[first..end].iter_mut().zip(&totals) {
                let y = &mut S::as_mut_simd_f64s(row).0[v];
                *y = simd.add_f64s(*y, *total);
            }
        }
    }
}

/// `sum += panel small`.
#[inline(always)]
fn add_rows<S: Simd>(simd: S, panel: &[Row], small: &Small, sum: &mut [Row]) {
    for (row, sum) in panel.iter().zip(sum) {
        for (v, sum) in S::as_mut_simd_f64s(sum).0.iter_mut().enumerate() {
            for (x, factors) in row.iter().zip(small) {
                *sum = simd.mul_add_e_f64s(simd.splat_f64s(*x), S::as_simd_f64s(factors).0[v], *sum);
            }
        }
    }
}

/// `a'b`.
#[inline(always)]
fn inner_products<S: Simd>(simd: S, a: &[Row], b: &[Row]) -> Small {
    let mut sums = [[0.0; WIDTH]; WIDTH];
    for v in 0..WIDTH / S::F64_LANES {
        let mut totals = [simd.splat_f64s(0.0); WIDTH];
        for (a, b) in a.iter().zip(b) {
            let b = S::as_simd_f64s(b).0[v];
            for (total, a) in totals.iter_mut().zip(a) {
                *total = simd.mul_add_e_f64s(simd.splat_f64s(*a), b, *total);
            }
        }
        for (sum, total) in sums.iter_mut().zip(&totals) {
            S::as_mut_simd_f64s(sum).0[v] = *total;
        }
    }
    sums
}

/// `A <- A - left right'` where the difference is symmetric.
pub(super) struct Update<'a, 'b> {
    /// Columns of A (order).
    pub matrix: &'a mut [&'b mut [f64]],
    /// Columns of the left panel (order each).
    pub left: [&'a [f64]; 2 * WIDTH],
    /// Both halves of the right panel, by rows (order).
    pub right: [&'a [Row]; 2],
}

impl WithSimd for Update<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { matrix, left, right } = self;
        let order = matrix.len();
        for (group, columns) in matrix.chunks_mut(COLUMNS).enumerate() {
            let first = group * COLUMNS;
            // Starts higher, where nothing is read, if the rows are then a multiple of the tile.
            let surplus = (order - first).next_multiple_of(2 * S::F64_LANES) - (order - first);
            let start = if surplus <= first { first - surplus } else { first };
            let left = left.map(|column| &column[start..]);
            let factors = |j: usize| {
                let mut factors = [0.0; 2 * WIDTH];
                factors[..WIDTH].copy_from_slice(&right[0][j]);
                factors[WIDTH..].copy_from_slice(&right[1][j]);
                factors.iter_mut().for_each(|x| *x = -*x);
                factors
            };
            if let [a, b, c, d] = columns {
                let tile = [&mut a[start..], &mut b[start..], &mut c[start..], &mut d[start..]];
                update(
                    simd,
                    tile,
                    &[factors(first), factors(first + 1), factors(first + 2), factors(first + 3)],
                    &left,
                );
            } else {
                for (p, column) in columns.iter_mut().enumerate() {
                    update(simd, [&mut column[start..]], &[factors(first + p)], &left);
                }
            }
        }
    }
}

/// `column += left factors` for each column. All columns have the same rows.
#[inline(always)]
fn update<S: Simd, const C: usize>(
    simd: S,
    mut columns: [&mut [f64]; C],
    factors: &[[f64; 2 * WIDTH]; C],
    left: &[&[f64]; 2 * WIDTH],
) {
    let tile = 2 * S::F64_LANES;
    let rows = left[0].len();
    let whole = rows / tile * tile;
    for i in (0..whole).step_by(tile) {
        let mut sums = [[simd.splat_f64s(0.0); 2]; C];
        for (sum, column) in sums.iter_mut().zip(&columns) {
            let entries = S::as_simd_f64s(&column[i..i + tile]).0;
            *sum = [entries[0], entries[1]];
        }
        for (k, column) in left.iter().enumerate() {
            let l = S::as_simd_f64s(&column[i..i + tile]).0;
            let (upper, lower) = (l[0], l[1]);
            for (sum, factors) in sums.iter_mut().zip(factors) {
                let factor = simd.splat_f64s(factors[k]);
                sum[0] = simd.mul_add_e_f64s(upper, factor, sum[0]);
                sum[1] = simd.mul_add_e_f64s(lower, factor, sum[1]);
            }
        }
        for (sum, column) in sums.iter().zip(&mut columns) {
            let entries = S::as_mut_simd_f64s(&mut column[i..i + tile]).0;
            (entries[0], entries[1]) = (sum[0], sum[1]);
        }
    }
    for (column, factors) in columns.iter_mut().zip(factors) {
        for i in whole..rows {
            column[i] += left.iter().zip(factors).map(|(l, f)| l[i] * f).sum::<f64>();
        }
    }
}
