//! Errors of refused values.

use super::Tree;

/// Why a value is refused. Every message names the field, the value found and the values expected.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// A value is not accepted.
    #[error("{field} is {found}, expected {expected}")]
    Value {
        /// The field by its dotted name, with the entry if it is a list, e.g.
        /// `control.limits.effort of joint j3`.
        field: String,
        /// The value found.
        found: String,
        /// The accepted values.
        expected: String,
    },
    /// A list has the wrong number of entries.
    #[error("{field} has {found} {}, {expected}", if *found == 1 { "entry" } else { "entries" })]
    Length {
        /// The field.
        field: String,
        /// Number of entries found.
        found: usize,
        /// The accepted number of entries, with the reason.
        expected: String,
    },
    /// A name is unknown.
    #[error("there is no field {field}; {hint}")]
    Unknown {
        /// The field.
        field: String,
        /// The nearest name, or all names.
        hint: String,
    },
    /// A required field is missing.
    #[error("{field} is missing, expected {expected}")]
    Missing {
        /// The field.
        field: String,
        /// The accepted values.
        expected: String,
    },
    /// A value cannot be read or written. The earlier checks leave no such value.
    #[error("a value cannot be read: {0}")]
    Form(String),
}

impl FieldError {
    /// The error for a value that is not accepted.
    pub fn value(field: impl Into<String>, found: impl ToString, expected: impl Into<String>) -> Self {
        Self::Value { field: field.into(), found: found.to_string(), expected: expected.into() }
    }

    /// Puts the field's name below `outer`.
    pub fn within(mut self, outer: &str) -> Self {
        if let Self::Value { field, .. }
        | Self::Length { field, .. }
        | Self::Unknown { field, .. }
        | Self::Missing { field, .. } = &mut self
        {
            *field = format!("{outer}.{field}");
        }
        self
    }

    /// The field of the error; `None` if no field is known.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Value { field, .. }
            | Self::Length { field, .. }
            | Self::Unknown { field, .. }
            | Self::Missing { field, .. } => Some(field),
            Self::Form(_) => None,
        }
    }

    /// Adds the value's place in a file.
    pub(super) fn at(self, tree: &Tree) -> Refusal {
        Refusal { line: tree.line, error: self }
    }
}

/// A refused value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Line of the file, from 1; `None` if the value is not from a file.
    pub line: Option<u64>,
    /// The reason.
    pub error: FieldError,
}

impl serde::ser::Error for FieldError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::Form(message.to_string())
    }
}

impl serde::de::Error for FieldError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::Form(message.to_string())
    }
}
