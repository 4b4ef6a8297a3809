//! Reduction of a symmetric matrix to a narrow band by block reflectors, `A = Q B Q'`.
//!
//! Half the work of a tridiagonalisation is matrix-vector products, which memory bounds. A
//! reduction that stops at a band needs matrix products only (the first stage of two-stage
//! symmetric eigensolvers: Bischof, Lang and Sun, "A framework for symmetric band reduction", ACM
//! TOMS 26, 2000), and solving with a narrow band is as fast.

use super::reflector::{Apply, Factorise, Reflector};
use super::triangle::{COLUMNS, Companion, Row, Update};
use faer::{Mat, MatMut};

/// Subdiagonals of the band.
pub(super) const WIDTH: usize = 8;

/// A reduced matrix.
pub(super) struct Band {
    /// Entries `(i, i - d)` of the band for d = 0 .. WIDTH, zero outside the matrix (order).
    pub rows: Vec<[f64; WIDTH + 1]>,
    /// The factors of Q, first one first.
    reflectors: Vec<Reflector>,
}

impl Band {
    /// Reduces a symmetric matrix, in whose place nothing of use is left. Only the lower triangle is read.
    pub fn reduce(matrix: &mut Mat<f64>) -> Self {
        let order = matrix.nrows();
        let panel = || vec![[0.0; WIDTH]; order];
        let mut scratch =
            Scratch { panel: panel(), product: panel(), companion: panel(), left: vec![0.0; order * 2 * WIDTH] };
        let mut reflectors = Vec::with_capacity(order / WIDTH);
        let mut columns = columns(matrix.as_mut());
        for (group, columns) in columns.chunks_mut(COLUMNS).enumerate() {
            complete(group * COLUMNS, columns);
        }
        // The last rows lie within the band already.
        for start in (0..order.saturating_sub(WIDTH + 1)).step_by(WIDTH) {
            let first = start + WIDTH;
            let (panel, trailing) = columns[start..].split_at_mut(WIDTH);
            let mut panel: Vec<&mut [f64]> = panel.iter_mut().map(|column| &mut column[first..]).collect();
            let reflector = pulp::Arch::new().dispatch(Factorise { panel: &mut panel });
            let mut trailing: Vec<&mut [f64]> = trailing.iter_mut().map(|column| &mut column[first..]).collect();
            reflect(&mut trailing, &reflector, &mut scratch);
            reflectors.push(reflector);
        }
        let entry = |i: usize, d: usize| if d <= i { columns[i - d][i] } else { 0.0 };
        let rows = (0..order).map(|i| std::array::from_fn(|d| entry(i, d))).collect();
        Self { rows, reflectors }
    }

    /// `Q' target`.
    pub fn rotate(&self, target: &mut [f64]) {
        pulp::Arch::new().dispatch(Apply { reflectors: &self.reflectors, transposed: true, target });
    }

    /// `Q target`.
    pub fn rotate_back(&self, target: &mut [f64]) {
        pulp::Arch::new().dispatch(Apply { reflectors: &self.reflectors, transposed: false, target });
    }
}

/// The columns of a matrix.
fn columns(matrix: MatMut<'_, f64>) -> Vec<&mut [f64]> {
    let matrix = matrix.try_as_col_major_mut().expect("an owned matrix is stored by columns");
    matrix.col_iter_mut().map(|column| column.as_slice_mut()).collect()
}

/// Copies the lower triangle of a diagonal block, whose columns begin with `first`, to the upper one.
fn complete(first: usize, columns: &mut [&mut [f64]]) {
    for j in 0..columns.len() {
        for i in 0..j {
            columns[j][first + i] = columns[i][first + j];
        }
    }
}

/// Panels of a reduction, used for one block reflector after the other.
struct Scratch {
    /// Rows (order) of V, of A V, and of W.
    panel: Vec<Row>,
    product: Vec<Row>,
    companion: Vec<Row>,
    /// Columns of V and W, one after the other.
    left: Vec<f64>,
}

/// `A <- H'AH` for the block reflector `H = I - V M V'`. With `Y = A V M` and
/// `W = Y - 1/2 V M' V'Y` the result is `A - V W' - W V'`. `A`, given by its columns, holds its
/// lower triangle and whole diagonal blocks of `COLUMNS`.
fn reflect(matrix: &mut [&mut [f64]], reflector: &Reflector, scratch: &mut Scratch) {
    let order = matrix.len();
    let Scratch { panel, product, companion, left } = scratch;
    let (panel, product, companion) = (&mut panel[..order], &mut product[..order], &mut companion[..order]);
    let (left_v, left_w) = left[..order * 2 * WIDTH].split_at_mut(order * WIDTH);
    // The last reflector may have fewer columns. The others are then zero.
    panel.fill([0.0; WIDTH]);
    left_v.fill(0.0);
    for (k, column) in reflector.columns.iter().enumerate() {
        panel.iter_mut().zip(column).for_each(|(row, x)| row[k] = *x);
        left_v[k * order..(k + 1) * order].copy_from_slice(column);
    }
    let middle = &reflector.middle;
    pulp::Arch::new().dispatch(Companion { matrix, panel, middle, product, companion });
    for (k, column) in left_w.chunks_exact_mut(order).enumerate() {
        column.iter_mut().zip(&*companion).for_each(|(x, row)| *x = row[k]);
    }
    let (left_v, left_w) = (&*left_v, &*left_w);
    let column = |k: usize| if k < WIDTH { &left_v[k * order..] } else { &left_w[(k - WIDTH) * order..] };
    let left = std::array::from_fn(|k| &column(k)[..order]);
    pulp::Arch::new().dispatch(Update { matrix, left, right: [companion, panel] });
}
