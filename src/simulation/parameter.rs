//! Refusing parameters that make no sense, by name and value.

/// Why a configuration is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// A number is outside its range, or not a number.
    #[error("{field} is {value}, expected {low} to {high}")]
    OutOfRange {
        /// Name of the parameter, as written in the configuration.
        field: String,
        /// Value found.
        value: f64,
        /// Least value allowed.
        low: f64,
        /// Greatest value allowed.
        high: f64,
    },
    /// A list has the wrong number of entries.
    #[error("{field} has {found} entries, expected {expected}")]
    Length {
        /// Name of the parameter, as written in the configuration.
        field: String,
        /// Entries found.
        found: usize,
        /// Entries expected.
        expected: usize,
    },
}

/// Checks that `value` lies between `low` and `high`, both included.
///
/// # Errors
/// The field, its value and the range.
pub fn check_range(field: &str, value: f64, low: f64, high: f64) -> Result<(), ParameterError> {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(ParameterError::OutOfRange { field: field.into(), value, low, high })
    }
}

/// Checks that `values` has `expected` entries between `low` and `high`.
///
/// # Errors
/// The field and what is wrong with it; an entry is named `field[index]`.
pub fn check_list(field: &str, values: &[f64], expected: usize, low: f64, high: f64) -> Result<(), ParameterError> {
    if values.len() != expected {
        return Err(ParameterError::Length { field: field.into(), found: values.len(), expected });
    }
    values.iter().enumerate().try_for_each(|(i, &v)| check_range(&format!("{field}[{i}]"), v, low, high))
}
