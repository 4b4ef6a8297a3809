//! The kernel of quadratic features, computed without the features.

use crate::quadratic::columns::Columns;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use pulp::{Simd, WithSimd};

/// Columns of the kernel computed together, so that the intermediate products fit in the cache.
const STRIP: usize = 64;

/// Sets `kernel` to the lower triangle of the weighted kernel (sample x sample) of centred features,
/// `sqrt(w_i w_j) (x_i - x)'(x_j - x)`, with x the weighted mean of the features. The features are
/// the linear terms, divided by the root of `linear_penalty`, and the products of all pairs, whose
/// inner product is `1/2 [(z.z')^2 + z^2.z'^2]`. `standard` (sample x input) holds z.
pub(super) fn set_centred_kernel(kernel: &mut Mat<f64>, standard: &Columns, weights: &[f64], linear_penalty: f64) {
    let samples = standard.samples();
    let mut squares = standard.clone();
    for k in 0..standard.dims() {
        squares.dim_mut(k).iter_mut().for_each(|z| *z *= *z);
    }
    let (z, zz) = (standard.as_mat(), squares.as_mat());
    let mut products = Mat::<f64>::zeros(samples, STRIP);
    let mut mean = vec![0.0; samples];
    for start in (0..samples).step_by(STRIP) {
        let (rows, columns) = (samples - start, STRIP.min(samples - start));
        let strip = kernel.as_mut().submatrix_mut(start, start, rows, columns);
        let (these, all) = (z.subrows(start, columns), z.subrows(start, rows));
        matmul(strip, Accum::Replace, all, these.transpose(), 1.0, Par::Seq);
        let (these, all) = (zz.subrows(start, columns), zz.subrows(start, rows));
        let block = products.as_mut().submatrix_mut(0, 0, rows, columns);
        matmul(block, Accum::Replace, all, these.transpose(), 0.5, Par::Seq);
        for j in start..start + columns {
            let (kernel, products) = (&mut kernel.col_as_slice_mut(j)[j..], products.col_as_slice(j - start));
            let products = &products[j - start..rows];
            let linear = 1.0 / linear_penalty;
            let combine = Combine { kernel, products, linear, weights: &weights[j..], mean: &mut mean[j..] };
            pulp::Arch::new().dispatch(combine);
        }
    }
    let overall: f64 = mean.iter().zip(weights).map(|(m, w)| m * w).sum();
    let roots: Vec<f64> = weights.iter().map(|w| w.sqrt()).collect();
    for j in 0..samples {
        let kernel = &mut kernel.col_as_slice_mut(j)[j..];
        let (shift, root) = (overall - mean[j], roots[j]);
        pulp::Arch::new().dispatch(Centre { kernel, mean: &mean[j..], roots: &roots[j..], shift, root });
    }
}

/// One column, from the diagonal down: turns inner products into kernel values, and adds to the
/// weighted means.
struct Combine<'a> {
    kernel: &'a mut [f64],
    products: &'a [f64],
    linear: f64,
    weights: &'a [f64],
    mean: &'a mut [f64],
}

impl WithSimd for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { kernel, products, linear, weights, mean } = self;
        // The diagonal entry counts once. Every other entry counts twice, for its row and for its
        // column.
        let weight = weights[0];
        let value = |dot: f64, product: f64| dot * (0.5 * dot + linear) + product;
        kernel[0] = value(kernel[0], products[0]);
        let mut own = kernel[0] * weight;
        let (heads, tails) = S::as_mut_simd_f64s(&mut kernel[1..]);
        let (products, product_tails) = S::as_simd_f64s(&products[1..]);
        let (row_weights, weight_tails) = S::as_simd_f64s(&weights[1..]);
        let (first, rest) = mean.split_at_mut(1);
        let (means, mean_tails) = S::as_mut_simd_f64s(rest);
        let (half, linears, column) = (simd.splat_f64s(0.5), simd.splat_f64s(linear), simd.splat_f64s(weight));
        let mut sum = simd.splat_f64s(0.0);
        for (((k, p), w), m) in heads.iter_mut().zip(products).zip(row_weights).zip(means) {
            *k = simd.mul_add_e_f64s(*k, simd.mul_add_e_f64s(half, *k, linears), *p);
            sum = simd.mul_add_e_f64s(*k, *w, sum);
            *m = simd.mul_add_e_f64s(*k, column, *m);
        }
        for (((k, p), w), m) in tails.iter_mut().zip(product_tails).zip(weight_tails).zip(mean_tails) {
            *k = value(*k, *p);
            own += *k * w;
            *m += *k * weight;
        }
        first[0] += own + simd.reduce_sum_f64s(sum);
    }
}

/// One column, from the diagonal down: centres and weights the kernel values.
struct Centre<'a> {
    kernel: &'a mut [f64],
    mean: &'a [f64],
    roots: &'a [f64],
    shift: f64,
    root: f64,
}

impl WithSimd for Centre<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { kernel, mean, roots, shift, root } = self;
        let (kernels, kernel_tails) = S::as_mut_simd_f64s(kernel);
        let (means, mean_tails) = S::as_simd_f64s(mean);
        let (others, other_tails) = S::as_simd_f64s(roots);
        let (shifts, column) = (simd.splat_f64s(shift), simd.splat_f64s(root));
        for ((k, m), r) in kernels.iter_mut().zip(means).zip(others) {
            let centred = simd.add_f64s(simd.sub_f64s(*k, *m), shifts);
            *k = simd.mul_f64s(centred, simd.mul_f64s(*r, column));
        }
        for ((k, m), r) in kernel_tails.iter_mut().zip(mean_tails).zip(other_tails) {
            *k = (*k - m + shift) * (r * root);
        }
    }
}
