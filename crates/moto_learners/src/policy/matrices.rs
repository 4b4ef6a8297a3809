//! Readers of stored matrices. The form is nalgebra's (entries, rows, columns), with a checked
//! product of rows and columns. In nalgebra's own reader the product wraps around, so that a
//! crafted shape passes for a matrix of few entries.
//!
//! Every matrix in a stored type uses one of these readers:
//! `#[serde(deserialize_with = "matrix")]`. A vector has one column and needs no product.

use nalgebra::DMatrix;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Reads a matrix.
///
/// # Errors
/// A number of entries that differs from rows times columns.
pub fn matrix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DMatrix<f64>, D::Error> {
    Checked::deserialize(deserializer).map(|Checked(matrix)| matrix)
}

/// Reads a list of matrices.
///
/// # Errors
/// The errors of [`matrix`].
pub fn matrices<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<DMatrix<f64>>, D::Error> {
    let list = Vec::<Checked>::deserialize(deserializer)?;
    Ok(list.into_iter().map(|Checked(matrix)| matrix).collect())
}

struct Checked(DMatrix<f64>);

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (entries, rows, columns): (Vec<f64>, usize, usize) = Deserialize::deserialize(deserializer)?;
        if rows.checked_mul(columns) != Some(entries.len()) {
            return Err(D::Error::custom(format!("a matrix of {rows} x {columns} has {} entries", entries.len())));
        }
        Ok(Self(DMatrix::from_vec(rows, columns, entries)))
    }
}
