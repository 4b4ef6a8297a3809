//! Values as a file or a message has them, before it is known what each is for.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::FieldError;
use super::serialize::ToTree;

/// A value, and where it stands.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The value.
    pub value: Value,
    /// Its line in the file, from 1; none if it is not from a file.
    pub line: Option<u64>,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// Another number, infinite ones and "not a number" included.
    Double(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// Named values, in the order of the file.
    Map(Vec<(String, Tree)>),
}

/// Trees are the same if their values are, wherever they stand.
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
    /// The value as a tree.
    ///
    /// # Errors
    /// If it is of a kind that no configuration has, e.g. a map whose keys are not texts.
    pub fn of(value: &impl Serialize) -> Result<Self, FieldError> {
        value.serialize(ToTree)
    }

    /// The typed value. The tree is to be checked before: what is wrong here is not said in detail.
    ///
    /// # Errors
    /// If the tree is not of this type.
    pub fn into_typed<T: DeserializeOwned>(self) -> Result<T, FieldError> {
        T::deserialize(self)
    }

    /// The value of a field; `None` if there is none of that name.
    pub fn get(&self, field: &str) -> Option<&Self> {
        let Value::Map(fields) = &self.value else { return None };
        fields.iter().find(|(name, _)| name == field).map(|(_, tree)| tree)
    }

    /// The text; `None` if it is none.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    /// Sets the value of a dotted name, making the maps on the way. What stands in the way gives place.
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

/// For people: what was found.
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
