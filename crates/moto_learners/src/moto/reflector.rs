//! Block reflectors `I - V M V'` of narrow panels: the QR factorisation that makes them, and their
//! application (Schreiber and Van Loan, "A storage-efficient WY representation", SIAM J. Sci. Stat.
//! Comput. 10, 1989).

use super::band::WIDTH;
use pulp::{Simd, WithSimd};

/// A small square matrix, by rows.
pub(super) type Small = [[f64; WIDTH]; WIDTH];

/// An orthogonal matrix `I - V M V'`. It acts on the last rows of a vector.
pub(super) struct Reflector {
    /// Columns of V, unit lower trapezoidal; as many rows as it acts on. At most `WIDTH`.
    pub columns: Vec<Vec<f64>>,
    /// M, upper triangular; zero beyond the columns.
    pub middle: Small,
}

/// Factorises a panel, `QR`. R takes its place, with zeros below not written.
pub(super) struct Factorise<'a, 'b> {
    /// Columns of the panel.
    pub panel: &'a mut [&'b mut [f64]],
}

impl WithSimd for Factorise<'_, '_> {
    type Output = Reflector;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Reflector {
        let rows = self.panel.first().map_or(0, |column| column.len());
        let mut columns: Vec<Vec<f64>> = Vec::with_capacity(WIDTH);
        // Halves of the squared lengths; infinite where there is nothing to reflect.
        let mut halves = [f64::INFINITY; WIDTH];
        for j in 0..self.panel.len().min(rows) {
            let (done, later) = self.panel.split_at_mut(j + 1);
            let (head, tail) = done[j][j..].split_at_mut(1);
            let mut v = vec![0.0; rows];
            v[j] = 1.0;
            let below = dot(simd, tail, tail);
            if below != 0.0 {
                let length = (head[0] * head[0] + below).sqrt();
                let reflected = -length.copysign(head[0]);
                let scale = 1.0 / (head[0] - reflected);
                v[j + 1..].iter_mut().zip(tail).for_each(|(v, x)| *v = *x * scale);
                head[0] = reflected;
                halves[j] = 0.5 * (1.0 + below * scale * scale);
                for column in later {
                    let share = dot(simd, &v[j..], &column[j..]) / halves[j];
                    add(simd, -share, &v[j..], &mut column[j..]);
                }
            }
            columns.push(v);
        }
        // The inverse of the upper triangular matrix of the products v_i'v_j with `halves` on its
        // diagonal, column by column.
        let mut middle = [[0.0; WIDTH]; WIDTH];
        for j in 0..columns.len() {
            let mut products = [0.0; WIDTH];
            for (product, column) in products.iter_mut().zip(&columns[..j]) {
                *product = dot(simd, &column[j..], &columns[j][j..]);
            }
            for row in middle.iter_mut().take(j) {
                let sum: f64 = row.iter().zip(&products).take(j).map(|(m, p)| m * p).sum();
                row[j] = -sum / halves[j];
            }
            middle[j][j] = 1.0 / halves[j];
        }
        Reflector { columns, middle }
    }
}

/// The product of reflectors, one acting after the other, with a vector.
pub(super) struct Apply<'a> {
    pub reflectors: &'a [Reflector],
    /// Whether the transposed product is meant.
    pub transposed: bool,
    pub target: &'a mut [f64],
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { reflectors, transposed, target } = self;
        for k in 0..reflectors.len() {
            let Reflector { columns, middle } = &reflectors[if transposed { k } else { reflectors.len() - 1 - k }];
            let first = target.len() - columns[0].len();
            let target = &mut target[first..];
            let mut products = [0.0; WIDTH];
            for (product, column) in products.iter_mut().zip(columns) {
                *product = dot(simd, column, target);
            }
            for (i, column) in columns.iter().enumerate() {
                let entry = |j: usize| if transposed { middle[j][i] } else { middle[i][j] };
                let factor: f64 = (0..WIDTH).map(|j| entry(j) * products[j]).sum();
                add(simd, -factor, column, target);
            }
        }
    }
}

#[inline(always)]
fn dot<S: Simd>(simd: S, a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_tail), (b, b_tail)) = (S::as_simd_f64s(a), S::as_simd_f64s(b));
    let ((a, a_rest), (b, b_rest)) = (pulp::as_arrays::<4, _>(a), pulp::as_arrays::<4, _>(b));
    let mut sums = [simd.splat_f64s(0.0); 4];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum = simd.mul_add_e_f64s(*a, *b, *sum);
        }
    }
    for ((sum, a), b) in sums.iter_mut().zip(a_rest).zip(b_rest) {
        *sum = simd.mul_add_e_f64s(*a, *b, *sum);
    }
    let sum = simd.add_f64s(simd.add_f64s(sums[0], sums[1]), simd.add_f64s(sums[2], sums[3]));
    a_tail.iter().zip(b_tail).fold(simd.reduce_sum_f64s(sum), |sum, (a, b)| sum + a * b)
}

/// `sum += factor x`.
#[inline(always)]
fn add<S: Simd>(simd: S, factor: f64, x: &[f64], sum: &mut [f64]) {
    let ((x, x_tail), (sum, sum_tail)) = (S::as_simd_f64s(x), S::as_mut_simd_f64s(sum));
    let factors = simd.splat_f64s(factor);
    for (sum, x) in sum.iter_mut().zip(x) {
        *sum = simd.mul_add_e_f64s(*x, factors, *sum);
    }
    for (sum, x) in sum_tail.iter_mut().zip(x_tail) {
        *sum += x * factor;
    }
}
