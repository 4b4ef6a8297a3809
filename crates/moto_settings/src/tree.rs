//! Untyped values from a file or a message.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::FieldError;
use super::serialize::ToTree;

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The value.
    pub value: Value,
    /// Line of the value in the file, from 1; `None` if the value is not from a file.
    pub line: Option<u64>,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// A number that is not an integer, or an infinity, or "not a number".
    Double(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// Named values, in the order of the file.
    Map(Vec<(String, Tree)>),
}

/// Trees are equal if their values are, regardless of their lines.
impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl From<Value> for Tree {
    fn from(value: Value) -> Self {
        Self { value, line: None }
    }
}

impl Tree {
    /// Converts a value to a tree.
    ///
    /// # Errors
    /// A value of a kind that no configuration has, e.g. a map with keys that are not texts.
    pub fn of(value: &impl Serialize) -> Result<Self, FieldError> {
        value.serialize(ToTree)
    }

    /// Converts the tree to a typed value. Check the tree before, because errors here have no
    /// detail.
    ///
    /// # Errors
    /// A tree that is not of this type.
    pub fn into_typed<T: DeserializeOwned>(self) -> Result<T, FieldError> {
        T::deserialize(self)
    }

    /// The value of a field; `None` if the tree has no such field.
    pub fn get(&self, field: &str) -> Option<&Self> {
        let Value::Map(fields) = &self.value else { return None };
        fields.iter().find(|(name, _)| name == field).map(|(_, tree)| tree)
    }

    /// The text; `None` if the value is not a text.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    /// Sets the value of a dotted name and makes the maps on the path. A value on the path that is
    /// not a map is replaced.
    pub fn insert(&mut self, name: &str, value: Self) {
        let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
        if !matches!(self.value, Value::Map(_)) {
            self.value = Value::Map(vec![]);
        }
        let Value::Map(fields) = &mut self.value else { return };
        let place = fields.iter().position(|(name, _)| name == first).unwrap_or_else(|| {
            fields.push((first.into(), Value::Null.into()));
            fields.len() - 1
        });
        match rest {
            Some(rest) => fields[place].1.insert(rest, value),
            None => fields[place].1 = value,
        }
    }
}

/// Text for messages: the value found.
impl std::fmt::Display for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.value {
            Value::Null => write!(f, "empty"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Integer(value) => write!(f, "{value}"),
            Value::Double(value) => write!(f, "{value}"),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::List(list) => write!(f, "a list of {}", list.len()),
            Value::Map(fields) => match &fields[..] {
                [] => write!(f, "an empty group"),
                [(name, _)] => write!(f, "a group with the field {name}"),
                [(name, _), ..] => write!(f, "a group with the fields {name} and {} more", fields.len() - 1),
            },
        }
    }
}
