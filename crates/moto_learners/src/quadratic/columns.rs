//! Samples with each dimension contiguous, for vectorised kernels and matrix products.

use faer::{MatMut, MatRef};
use pulp::Simd;

/// Samples that a kernel processes side by side.
pub(crate) const LANES: usize = 32;
/// One number per sample of a block.
pub(crate) type Lanes = [f64; LANES];
/// Vector registers that a kernel uses at once.
const REGISTERS: usize = 4;

/// A matrix of samples x dims, by columns, padded with zeros to full lanes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    samples: usize,
    dims: usize,
    data: Vec<Lanes>,
}

impl Columns {
    pub fn zeros(samples: usize, dims: usize) -> Self {
        Self { samples, dims, data: vec![[0.0; LANES]; samples.div_ceil(LANES) * dims] }
    }

    pub fn samples(&self) -> usize {
        self.samples
    }

    pub fn dims(&self) -> usize {
        self.dims
    }

    /// Number of blocks of lanes.
    pub fn blocks(&self) -> usize {
        self.samples.div_ceil(LANES)
    }

    /// One block of one dimension.
    pub fn block(&self, dim: usize, block: usize) -> &Lanes {
        &self.data[dim * self.blocks() + block]
    }

    /// One dimension over all samples.
    pub fn dim(&self, index: usize) -> &[f64] {
        let blocks = self.blocks();
        &self.data[index * blocks..(index + 1) * blocks].as_flattened()[..self.samples]
    }

    /// One dimension over all samples, mutable.
    pub fn dim_mut(&mut self, index: usize) -> &mut [f64] {
        let blocks = self.blocks();
        &mut self.data[index * blocks..(index + 1) * blocks].as_flattened_mut()[..self.samples]
    }

    /// Writes the entries of one sample, from dimension `first` on.
    pub fn set(&mut self, sample: usize, first: usize, values: &[f64]) {
        let blocks = self.blocks();
        for (k, value) in values.iter().enumerate() {
            self.data[(first + k) * blocks + sample / LANES][sample % LANES] = *value;
        }
    }

    pub fn as_mat(&self) -> MatRef<'_, f64> {
        let stride = self.blocks() * LANES;
        MatRef::from_column_major_slice_with_stride(self.data.as_flattened(), self.samples, self.dims, stride)
    }

    pub fn as_mat_mut(&mut self) -> MatMut<'_, f64> {
        let stride = self.blocks() * LANES;
        let data = self.data.as_flattened_mut();
        MatMut::from_column_major_slice_with_stride_mut(data, self.samples, self.dims, stride)
    }
}

/// The registers of some lanes, in groups.
#[inline(always)]
pub(crate) fn registers<S: Simd>(lanes: &Lanes) -> &[[S::f64s; REGISTERS]] {
    const { assert!(LANES.is_multiple_of(REGISTERS * S::F64_LANES)) };
    pulp::as_arrays(S::as_simd_f64s(lanes).0).0
}

/// The registers of some lanes, in groups, mutable.
#[inline(always)]
pub(crate) fn registers_mut<S: Simd>(lanes: &mut Lanes) -> &mut [[S::f64s; REGISTERS]] {
    pulp::as_arrays_mut(S::as_mut_simd_f64s(lanes).0).0
}
