//! Parses YAML to trees with the line of every value.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Error, Options, Spanned};

use moto_settings::{Tree, Value};

/// The reason why a text is not YAML.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct YamlError {
    /// 1-based line. `None` if the fault concerns the whole text.
    pub line: Option<u64>,
    /// The fault and its remedy.
    pub reason: String,
}

/// Reads a YAML document.
///
/// # Errors
/// The fault, with its line.
pub fn read_yaml(text: &str) -> Result<Tree, YamlError> {
    // `on`, `off`, `yes`, `no`, `y` and `n` are read as words, since they may be names of joints.
    let options = serde_saphyr::options! {
        strict_booleans: true,
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::PassThrough,
    };
    let read: Result<Node, Error> = serde_saphyr::from_str_with_options(text, options as Options);
    read.map(|node| node.0).map_err(|error| refused(&error))
}

/// The parser's error in our words.
fn refused(error: &Error) -> YamlError {
    let error = error.without_snippet();
    let reason = match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("{key} is given twice: keep one of them"),
        Error::DuplicateMappingKey { .. } => "a name is given twice: keep one of them".into(),
        Error::Eof { .. } => "the file ends before its last value: is it cut off?".into(),
        Error::MultipleDocuments { .. } => "a second document begins (`---`): give one document a file".into(),
        Error::UnknownAnchor { .. } => "an alias (`*name`) without its anchor (`&name`) before it".into(),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => "too large or too deeply nested for a configuration".into(),
        _ => "this is not YAML: look at the indentation, brackets, quotes and colons here and just before".into(),
    };
    let line = error.location().map(|location| location.line()).filter(|line| *line > 0);
    YamlError { line, reason }
}

/// A tree, as deserialised by the parser.
struct Node(Tree);

struct Plain(Value);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Plain>::deserialize(deserializer)?;
        let line = spanned.referenced.line();
        Ok(Self(Tree { value: spanned.value.0, line: (line > 0).then_some(line) }))
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor).map(Plain)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Double(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.into()))
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut entries = vec![];
        while let Some(Node(entry)) = list.next_element()? {
            entries.push(entry);
        }
        Ok(Value::List(entries))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = vec![];
        while let Some((name, Node(value))) = map.next_entry::<String, Node>()? {
            fields.push((name, value));
        }
        Ok(Value::Map(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_line() {
        let tree = read_yaml("a:\n  b: [1, 2.5]\n  c: {d: text}\ne: -.inf\nf: 1e3\ng: y\nh:\n").unwrap();
        let a = tree.get("a").unwrap();
        let Value::List(list) = &a.get("b").unwrap().value else { panic!("{a}") };
        assert_eq!((&list[1].value, list[1].line), (&Value::Double(2.5), Some(2)));
        let d = a.get("c").unwrap().get("d").unwrap();
        assert_eq!((d.text(), d.line), (Some("text"), Some(3)));
        assert_eq!(tree.get("e").unwrap().value, Value::Double(f64::NEG_INFINITY));
        assert_eq!(tree.get("f").unwrap().value, Value::Double(1e3));
        assert_eq!(tree.get("g").unwrap().text(), Some("y"));
        assert_eq!(tree.get("h").unwrap().value, Value::Null);
    }

    #[test]
    fn what_is_no_yaml_is_said_with_its_line_and_not_in_the_words_of_the_parser() {
        let said = |text| read_yaml(text).map(|tree| tree.to_string()).unwrap_err();
        assert_eq!(said("a: 1\nb: 2\na: 3\n").reason, "a is given twice: keep one of them");
        assert_eq!(said("a: 1\nb: 2\na: 3\n").line, Some(3));
        for text in ["a: [1, 2\nb: 3\n", "a: 1\n b: 2\n", "a: 'b\n", "a: {b: 1\n"] {
            let error = said(text);
            assert!(error.line.is_some(), "{text:?}: {error:?}");
            assert!(error.reason.contains("not YAML") || error.reason.contains("cut off"), "{text:?}: {error:?}");
        }
        assert!(said("a: *b\n").reason.contains("alias"));
        assert!(said("a: 1\n---\nb: 1\n").reason.contains("document"));
    }
}
