//! Second-order expansion of a function by central differences, exact for a quadratic up to
//! rounding.

use crate::quadratic::Quadratic;
use nalgebra::{DMatrix, DVector};

/// Expands `function` around `point` (dim), with differences over `widths` (dim, > 0), to a
/// quadratic of the absolute argument. A wide difference averages a rough function over its width.
pub fn expand(function: impl Fn(&[f64]) -> f64, point: &[f64], widths: &[f64]) -> Quadratic {
    let dim = point.len();
    let mut argument = point.to_vec();
    let mut at = |moves: &[(usize, f64)]| {
        argument.copy_from_slice(point);
        for &(i, sign) in moves {
            argument[i] += sign * widths[i];
        }
        function(&argument)
    };
    let centre = at(&[]);
    let (mut hessian, mut gradient) = (DMatrix::zeros(dim, dim), DVector::zeros(dim));
    for i in 0..dim {
        let (up, down) = (at(&[(i, 1.0)]), at(&[(i, -1.0)]));
        gradient[i] = (up - down) / (2.0 * widths[i]);
        hessian[(i, i)] = (up - 2.0 * centre + down) / (widths[i] * widths[i]);
        for j in 0..i {
            let same = at(&[(i, 1.0), (j, 1.0)]) + at(&[(i, -1.0), (j, -1.0)]);
            let opposite = at(&[(i, 1.0), (j, -1.0)]) + at(&[(i, -1.0), (j, 1.0)]);
            let mixed = (same - opposite) / (4.0 * widths[i] * widths[j]);
            hessian[(i, j)] = mixed;
            hessian[(j, i)] = mixed;
        }
    }
    let point = DVector::from_row_slice(point);
    let curved = &hessian * &point;
    let constant = centre - gradient.dot(&point) + 0.5 * curved.dot(&point);
    Quadratic { hessian, gradient: gradient - curved, constant }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_exact_for_a_quadratic() {
        let hessian = DMatrix::from_row_slice(3, 3, &[-2., 0.5, 0., 0.5, 3., -1., 0., -1., 0.]);
        let expected = Quadratic { hessian, gradient: DVector::from_row_slice(&[1., -4., 0.3]), constant: 7.0 };
        let function = |z: &[f64]| expected.value(&DVector::from_row_slice(z));
        let found = expand(function, &[0.7, -3.0, 20.0], &[1.0, 0.1, 5.0]);
        assert!((&found.hessian - &expected.hessian).amax() < 1e-9);
        assert!((&found.gradient - &expected.gradient).amax() < 1e-8);
        assert!((found.constant - expected.constant).abs() < 1e-7);
    }

    #[test]
    fn matches_the_derivatives_of_a_smooth_function() {
        let found = expand(|z| (z[0] * z[1]).sin(), &[0.5, -0.8], &[1e-4, 1e-4]);
        let (x, y) = (0.5_f64, -0.8_f64);
        let (sin, cos) = (x * y).sin_cos();
        assert!((found.hessian[(0, 0)] + y * y * sin).abs() < 1e-6);
        assert!((found.hessian[(0, 1)] - (cos - x * y * sin)).abs() < 1e-6);
        let point = DVector::from_row_slice(&[x, y]);
        assert!((found.value(&point) - sin).abs() < 1e-12);
        let slope = &found.hessian * &point + &found.gradient;
        assert!((slope - DVector::from_row_slice(&[y * cos, x * cos])).amax() < 1e-7);
    }
}
