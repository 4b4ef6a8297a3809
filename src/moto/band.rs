//! Reduction of a symmetric matrix to a narrow band by block reflectors, `A = Q B Q'`.
//!
//! Half of a tridiagonalisation's work is matrix-vector products, bound by memory; stopping at a band turns all of it into
//! matrix products (the first stage of two-stage symmetric eigensolvers: Bischof, Lang and Sun, "A framework for symmetric
//! band reduction", ACM TOMS 26, 2000), and a narrow band is as good to solve with.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::householder;
use faer::linalg::matmul::matmul;
use faer::linalg::qr::no_pivoting::factor;
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::reborrow::{Reborrow, ReborrowMut};
use faer::{Accum, Conj, Mat, MatMut, MatRef, Par};

/// Subdiagonals of the band.
pub(super) const WIDTH: usize = 8;
/// Columns handled at once where only the lower triangle is worked on.
const STRIP: usize = 64;

/// A reduced matrix.
pub(super) struct Band {
    /// Entries `(i, i - d)` of the band for d = 0 .. WIDTH, zero where there is none (order).
    pub rows: Vec<[f64; WIDTH + 1]>,
    /// Reflectors, each block's below the band, and their triangular factors.
    reflectors: Mat<f64>,
    factors: Mat<f64>,
}

impl Band {
    /// Reduces a symmetric matrix, of which the lower triangle is read.
    pub fn reduce(mut matrix: Mat<f64>) -> Self {
        let order = matrix.nrows();
        let reflected = order.saturating_sub(WIDTH + 1).div_ceil(WIDTH) * WIDTH;
        let reflected = reflected.min(order.saturating_sub(WIDTH));
        let mut factors = Mat::zeros(WIDTH, reflected);
        let scratch = factor::qr_in_place_scratch::<f64>(order, WIDTH, WIDTH, Par::Seq, Default::default());
        let mut memory = MemBuffer::new(scratch);
        let (mut left, mut right) = (Mat::zeros(order, 2 * WIDTH), Mat::zeros(order, 2 * WIDTH));
        for (start, length) in strips(0, order) {
            mirror(matrix.as_mut().submatrix_mut(start, start, length, length));
        }
        for start in (0..reflected).step_by(WIDTH) {
            let (_, _, panel, trailing) = matrix.as_mut().split_at_mut(start + WIDTH, start + WIDTH);
            let mut panel = panel.subcols_mut(start, WIDTH);
            let rows = panel.nrows();
            let count = WIDTH.min(rows);
            let mut triangle = factors.as_mut().submatrix_mut(0, start, count, count);
            let stack = MemStack::new(&mut memory);
            factor::qr_in_place(panel.rb_mut(), triangle.rb_mut(), Par::Seq, stack, Default::default());
            let left = left.as_mut().submatrix_mut(0, 0, rows, 2 * count);
            let right = right.as_mut().submatrix_mut(0, 0, rows, 2 * count);
            reflect(start + WIDTH, trailing, panel.rb().subcols(0, count), triangle.rb(), left, right);
        }
        let entry = |i: usize, d: usize| if d <= i { matrix[(i, i - d)] } else { 0.0 };
        let rows = (0..order).map(|i| std::array::from_fn(|d| entry(i, d))).collect();
        Self { rows, reflectors: matrix, factors }
    }

    fn basis(&self) -> MatRef<'_, f64> {
        let (order, reflected) = (self.reflectors.nrows(), self.factors.ncols());
        self.reflectors.as_ref().submatrix(WIDTH, 0, order - WIDTH, reflected)
    }

    /// `Q' target`.
    pub fn rotate(&self, target: &mut [f64]) {
        if self.factors.ncols() == 0 {
            return;
        }
        let rows = target.len() - WIDTH;
        let scratch =
            householder::apply_block_householder_sequence_transpose_on_the_left_in_place_scratch::<f64>(rows, WIDTH, 1);
        householder::apply_block_householder_sequence_transpose_on_the_left_in_place_with_conj(
            self.basis(),
            self.factors.as_ref(),
            Conj::No,
            MatMut::from_column_major_slice_mut(&mut target[WIDTH..], rows, 1),
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(scratch)),
        );
    }

    /// `Q target`.
    pub fn rotate_back(&self, target: &mut [f64]) {
        if self.factors.ncols() == 0 {
            return;
        }
        let rows = target.len() - WIDTH;
        let scratch = householder::apply_block_householder_sequence_on_the_left_in_place_scratch::<f64>(rows, WIDTH, 1);
        householder::apply_block_householder_sequence_on_the_left_in_place_with_conj(
            self.basis(),
            self.factors.as_ref(),
            Conj::No,
            MatMut::from_column_major_slice_mut(&mut target[WIDTH..], rows, 1),
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(scratch)),
        );
    }
}

/// (start, length) of the column strips of the trailing matrix from `first` on, relative to it. They do not move with it,
/// because their diagonal blocks are kept whole.
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

/// `A <- H'AH` for the block reflector `H = I - V T^-1 V'`, V unit lower trapezoidal in `panel`: with `Y = A V T^-1` and
/// `W = Y - 1/2 V T^-T V'Y` that is `A - V W' - W V'`. `A`, the trailing matrix from `first` on, holds its lower triangle and the
/// whole diagonal blocks of its strips; `left` and `right` are scratch for (V, W) and (W, V).
fn reflect(
    first: usize,
    mut a: MatMut<'_, f64>,
    panel: MatRef<'_, f64>,
    t: MatRef<'_, f64>,
    mut left: MatMut<'_, f64>,
    mut right: MatMut<'_, f64>,
) {
    let (rows, count) = (panel.nrows(), panel.ncols());
    let (mut v, mut w) = left.rb_mut().split_at_col_mut(count);
    for j in 0..count {
        for i in 0..rows {
            v[(i, j)] = match i.cmp(&j) {
                std::cmp::Ordering::Less => 0.0,
                std::cmp::Ordering::Equal => 1.0,
                std::cmp::Ordering::Greater => panel[(i, j)],
            };
        }
    }
    let v = v.rb();
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
