//! Reduction of a symmetric matrix to a narrow band by block reflectors, `A = Q B Q'`.
//!
//! Half the work of a tridiagonalisation is matrix-vector products, which memory bounds. A
//! reduction that stops at a band needs matrix products only (the first stage of two-stage
//! symmetric eigensolvers: Bischof, Lang and Sun, "A framework for symmetric band reduction", ACM
//! TOMS 26, 2000), and solving with a narrow band is as fast.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::householder::{
    apply_block_householder_on_the_left_in_place_with_conj as apply,
    apply_block_householder_transpose_on_the_left_in_place_with_conj as apply_transpose,
};
use faer::linalg::matmul::matmul;
use faer::linalg::qr::no_pivoting::factor;
use faer::linalg::temp_mat_scratch;
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::reborrow::{Reborrow, ReborrowMut};
use faer::{Accum, Conj, Mat, MatMut, MatRef, Par};
use std::cmp::Ordering;

/// Subdiagonals of the band.
pub(super) const WIDTH: usize = 8;
/// Columns processed together when only the lower triangle is updated.
const STRIP: usize = 64;

/// A reduced matrix.
pub(super) struct Band {
    /// Entries `(i, i - d)` of the band for d = 0 .. WIDTH, zero outside the matrix (order).
    pub rows: Vec<[f64; WIDTH + 1]>,
    /// Unit lower trapezoidal V and upper triangular T of each block reflector `I - V T^-1 V'`. V
    /// ends at the last row.
    reflectors: Vec<(Mat<f64>, Mat<f64>)>,
}

impl Band {
    /// Reduces a symmetric matrix. Only the lower triangle is read.
    pub fn reduce(mut matrix: Mat<f64>) -> Self {
        let order = matrix.nrows();
        let scratch = factor::qr_in_place_scratch::<f64>(order, WIDTH, WIDTH, Par::Seq, Default::default());
        let mut memory = MemBuffer::new(scratch);
        let (mut left, mut right) = (Mat::zeros(order, 2 * WIDTH), Mat::zeros(order, 2 * WIDTH));
        let mut reflectors = Vec::with_capacity(order / WIDTH);
        for (start, length) in strips(0, order) {
            mirror(matrix.as_mut().submatrix_mut(start, start, length, length));
        }
        // The last rows lie within the band already.
        for start in (0..order.saturating_sub(WIDTH + 1)).step_by(WIDTH) {
            let first = start + WIDTH;
            let (_, _, panel, trailing) = matrix.as_mut().split_at_mut(first, first);
            let mut panel = panel.subcols_mut(start, WIDTH);
            let rows = panel.nrows();
            let count = WIDTH.min(rows);
            let mut t = Mat::zeros(count, count);
            let stack = MemStack::new(&mut memory);
            factor::qr_in_place(panel.rb_mut(), t.as_mut(), Par::Seq, stack, Default::default());
            let v = Mat::from_fn(rows, count, |i, j| match i.cmp(&j) {
                Ordering::Less => 0.0,
                Ordering::Equal => 1.0,
                Ordering::Greater => panel[(i, j)],
            });
            let left = left.as_mut().submatrix_mut(0, 0, rows, 2 * count);
            let right = right.as_mut().submatrix_mut(0, 0, rows, 2 * count);
            reflect(first, trailing, v.as_ref(), t.as_ref(), left, right);
            reflectors.push((v, t));
        }
        let entry = |i: usize, d: usize| if d <= i { matrix[(i, i - d)] } else { 0.0 };
        let rows = (0..order).map(|i| std::array::from_fn(|d| entry(i, d))).collect();
        Self { rows, reflectors }
    }

    /// `Q' target`.
    pub fn rotate(&self, target: &mut [f64]) {
        let mut memory = MemBuffer::new(temp_mat_scratch::<f64>(WIDTH, 1));
        for (v, t) in &self.reflectors {
            let (target, stack) = (last_rows(target, v.nrows()), MemStack::new(&mut memory));
            apply_transpose(v.as_ref(), t.as_ref(), Conj::No, target, Par::Seq, stack);
        }
    }

    /// `Q target`.
    pub fn rotate_back(&self, target: &mut [f64]) {
        let mut memory = MemBuffer::new(temp_mat_scratch::<f64>(WIDTH, 1));
        for (v, t) in self.reflectors.iter().rev() {
            let (target, stack) = (last_rows(target, v.nrows()), MemStack::new(&mut memory));
            apply(v.as_ref(), t.as_ref(), Conj::No, target, Par::Seq, stack);
        }
    }
}

fn last_rows(target: &mut [f64], rows: usize) -> MatMut<'_, f64> {
    let first = target.len() - rows;
    MatMut::from_column_major_slice_mut(&mut target[first..], rows, 1)
}

/// (start, length) of the column strips of the trailing matrix that starts at `first`, relative to
/// `first`. The strips do not move with the trailing matrix, because their diagonal blocks are
/// stored whole.
fn strips(first: usize, order: usize) -> impl Iterator<Item = (usize, usize)> {
    (first / STRIP * STRIP..order).step_by(STRIP).map(move |start| {
        let inside = start.max(first);
        (inside - first, (start + STRIP).min(order) - inside)
    })
}

/// Copies the lower triangle to the upper one.
fn mirror(mut block: MatMut<'_, f64>) {
    for j in 0..block.ncols() {
        for i in 0..j {
            block[(i, j)] = block[(j, i)];
        }
    }
}

/// `A <- H'AH` for the block reflector `H = I - V T^-1 V'`. With `Y = A V T^-1` and
/// `W = Y - 1/2 V T^-T V'Y` the result is `A - V W' - W V'`. `A`, the trailing matrix that starts
/// at `first`, holds its lower triangle and the whole diagonal blocks of its strips. `left` and
/// `right` are scratch for (V, W) and (W, V).
fn reflect(
    first: usize,
    mut a: MatMut<'_, f64>,
    v: MatRef<'_, f64>,
    t: MatRef<'_, f64>,
    mut left: MatMut<'_, f64>,
    mut right: MatMut<'_, f64>,
) {
    let (rows, count) = (v.nrows(), v.ncols());
    let (mut copy, mut w) = left.rb_mut().split_at_col_mut(count);
    copy.copy_from(v);
    w.fill(0.0);
    for (start, length) in strips(first, first + rows) {
        let strip = a.rb().submatrix(start, start, rows - start, length);
        let mine = v.subrows(start, length);
        matmul(w.rb_mut().subrows_mut(start, rows - start), Accum::Add, strip, mine, 1.0, Par::Seq);
        let (below, others) = (strip.split_at_row(length).1, v.split_at_row(start + length).1);
        matmul(w.rb_mut().subrows_mut(start, length), Accum::Add, below.transpose(), others, 1.0, Par::Seq);
    }
    solve_lower_triangular_in_place(t.transpose(), w.rb_mut().transpose_mut(), Par::Seq);
    let mut inner = Mat::zeros(count, count);
    matmul(inner.as_mut(), Accum::Replace, v.transpose(), w.rb(), 1.0, Par::Seq);
    solve_lower_triangular_in_place(t.transpose(), inner.as_mut(), Par::Seq);
    matmul(w.rb_mut(), Accum::Add, v, inner.as_ref(), -0.5, Par::Seq);
    right.rb_mut().subcols_mut(0, count).copy_from(w.rb());
    right.rb_mut().subcols_mut(count, count).copy_from(v);
    for (start, length) in strips(first, first + rows) {
        let strip = a.rb_mut().submatrix_mut(start, start, rows - start, length);
        let (left, right) = (left.rb().subrows(start, rows - start), right.rb().subrows(start, length));
        matmul(strip, Accum::Add, left, right.transpose(), -1.0, Par::Seq);
    }
}
