//! Why a value is refused.

use super::Tree;

/// Why a value is refused. Every message names the field, what was found and what is expected.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// A value is not what is expected.
    #[error("{field} is {found}, expected {expected}")]
    Value {
        /// The field by its dotted name; of a list with the entry, e.g. `control.limits.effort of joint j3`.
        field: String,
        /// What was found.
        found: String,
        /// What is accepted.
        expected: String,
    },
    /// A list has the wrong number of entries.
    #[error("{field} has {found} {}, {expected}", if *found == 1 { "entry" } else { "entries" })]
    Length {
        /// The field.
        field: String,
        /// Entries found.
        found: usize,
        /// How many are accepted, and why.
        expected: String,
    },
    /// A name that means nothing.
    #[error("there is no field {field}; {hint}")]
    Unknown {
        /// The field.
        field: String,
        /// The nearest name, or the names there are.
        hint: String,
    },
    /// A field that has to be given.
    #[error("{field} is missing, expected {expected}")]
    Missing {
        /// The field.
        field: String,
        /// What is accepted.
        expected: String,
    },
    /// A value that cannot be read or written. The checks before leave no such value.
    #[error("a value cannot be read: {0}")]
    Form(String),
}

impl FieldError {
    /// A value that is not accepted.
    pub fn value(field: impl Into<String>, found: impl ToString, expected: impl Into<String>) -> Self {
        Self::Value { field: field.into(), found: found.to_string(), expected: expected.into() }
    }

    /// The same of a field that stands below `outer`.
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

    /// The field it is about; none where no field is known.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Value { field, .. }
            | Self::Length { field, .. }
            | Self::Unknown { field, .. }
            | Self::Missing { field, .. } => Some(field),
            Self::Form(_) => None,
        }
    }

    /// The same with its place in a file.
    pub(super) fn at(self, tree: &Tree) -> Refusal {
        Refusal { line: tree.line, error: self }
    }
}

/// A refused value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Line of the file, from 1; none if the value is not from a file.
    pub line: Option<u64>,
    /// Why.
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
