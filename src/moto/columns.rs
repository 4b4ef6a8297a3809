//! Samples with each dimension contiguous: what the vectorised kernels and the matrix products read.

use faer::{MatMut, MatRef};

/// A matrix of samples x dims, by columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    samples: usize,
    data: Vec<f64>,
}

impl Columns {
    pub fn zeros(samples: usize, dims: usize) -> Self {
        Self { samples, data: vec![0.0; samples * dims] }
    }

    pub fn samples(&self) -> usize {
        self.samples
    }

    pub fn dims(&self) -> usize {
        self.data.len().checked_div(self.samples).unwrap_or(0)
    }

    /// One dimension over all samples.
    pub fn dim(&self, index: usize) -> &[f64] {
        &self.data[index * self.samples..(index + 1) * self.samples]
    }

    /// One dimension over all samples, to write.
    pub fn dim_mut(&mut self, index: usize) -> &mut [f64] {
        &mut self.data[index * self.samples..(index + 1) * self.samples]
    }

    /// Writes the entries of one sample, from dimension `first` on.
    pub fn set(&mut self, sample: usize, first: usize, values: &[f64]) {
        for (k, value) in values.iter().enumerate() {
            self.data[(first + k) * self.samples + sample] = *value;
        }
    }

    pub fn as_mat(&self) -> MatRef<'_, f64> {
        MatRef::from_column_major_slice(&self.data, self.samples, self.dims())
    }

    pub fn as_mat_mut(&mut self) -> MatMut<'_, f64> {
        let dims = self.dims();
        MatMut::from_column_major_slice_mut(&mut self.data, self.samples, dims)
    }
}
