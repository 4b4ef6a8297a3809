//! Descriptions of fields, made from the fields' own attributes.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use super::Range;

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Each is what its name says.
pub enum Kind {
    Bool,
    Integer,
    Double,
    Text,
    DoubleArray,
    TextArray,
}

/// Description of a field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its type.
    pub kind: Kind,
    /// Whether the field may be left unset.
    pub optional: bool,
    /// Text of the field's documentation.
    pub text: String,
    /// Range of the value, or of each entry of a list.
    pub range: Range,
    /// Its unit.
    pub unit: Option<String>,
    /// Words that the field accepts; empty if it is no choice of words.
    pub choices: Vec<String>,
    /// The accepted values, in words.
    pub expected: String,
}

/// The schema of a configuration, with dotted names.
#[derive(Clone, Debug)]
pub struct Schema(pub(super) Json);

impl Schema {
    /// The schema of `T`.
    pub fn of<T: JsonSchema>() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
        Self(settings.into_generator().into_root_schema_for::<T>().to_value())
    }

    /// The description of the field with this dotted name; `None` if there is no such field, or if
    /// it is a group.
    pub fn field(&self, name: &str) -> Option<Field> {
        let (mut node, mut text) = (&self.0, String::new());
        for field in name.split('.') {
            if let Some(inner) = named(node) {
                (text, node) = (description(node).unwrap_or_default(), inner);
                continue;
            }
            let within = alternatives(node)
                .find(|one| one.get("properties").is_some_and(|fields| fields.get(field).is_some()))?;
            // The documentation of a choice covers its alternatives.
            text = description(within).unwrap_or_default();
            node = &within["properties"][field];
        }
        let kind = alternatives(node).find_map(kind)?;
        Some(Field {
            kind,
            optional: nullable(node),
            range: Range::of(node),
            unit: attribute(node, "x-unit").map(String::from),
            choices: words(node),
            text: description(node).unwrap_or(text),
            expected: expected(node),
        })
    }

    /// Whether the alternatives at `name` exclude each other, so that each is a field of its own.
    pub fn is_choice(&self, name: &str) -> bool {
        let mut node = &self.0;
        for field in name.split('.') {
            let Some(next) = alternatives(node).find_map(|alternative| alternative.get("properties")?.get(field))
            else {
                return false;
            };
            node = next;
        }
        is_choice(node)
    }

    /// The names of all fields, each group in alphabetical order.
    pub fn names(&self) -> Vec<String> {
        fn gather(node: &Json, name: &str, names: &mut Vec<String>) {
            let groups = alternatives(node).filter_map(|one| one.get("properties")?.as_object());
            let mut any = false;
            for (field, inner) in groups.flatten() {
                any = true;
                let dot = if name.is_empty() { "" } else { "." };
                gather(inner, &format!("{name}{dot}{field}"), names);
            }
            if !name.is_empty() && (!any || !words(node).is_empty()) {
                names.push(name.into());
            }
        }
        let mut names = vec![];
        gather(&self.0, "", &mut names);
        names
    }
}

/// The documentation of a field, on one line.
pub(super) fn description(node: &Json) -> Option<String> {
    let text = node.get("description")?.as_str()?;
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// An attribute whose value is a text.
pub(super) fn attribute<'a>(node: &'a Json, name: &str) -> Option<&'a str> {
    node.get(name).and_then(Json::as_str)
}

/// The schema itself and, for a choice, each of its alternatives.
pub(super) fn alternatives(node: &Json) -> impl Iterator<Item = &Json> {
    let of = |key| node.get(key).and_then(Json::as_array).into_iter().flatten();
    // An optional choice is a choice nested in a choice.
    let nested = |inner: &'static str| of("anyOf").filter_map(move |node| node.get(inner)?.as_array()).flatten();
    std::iter::once(node).chain(of("oneOf")).chain(of("anyOf")).chain(nested("oneOf"))
}

pub(super) fn is_choice(node: &Json) -> bool {
    node.get("oneOf").is_some()
        || node
            .get("anyOf")
            .and_then(Json::as_array)
            .is_some_and(|any| any.iter().any(|one| one.get("oneOf").is_some()))
}

/// The forms of a value that has several, e.g. a number or a word, a text or a list. Empty if there
/// is one form.
pub(super) fn forms(node: &Json) -> Vec<&Json> {
    fn gather<'a>(node: &'a Json, all: &mut Vec<&'a Json>) {
        match node.get("anyOf").and_then(Json::as_array) {
            Some(any) => any.iter().for_each(|one| gather(one, all)),
            None if node.get("type").is_some_and(|kind| kind == "null") => {}
            None => all.push(node),
        }
    }
    let mut all = vec![];
    gather(node, &mut all);
    if all.len() > 1 { all } else { vec![] }
}

/// The schema of a map's values, if the user chooses the map's names; `None` if the names are
/// given.
pub(super) fn named(node: &Json) -> Option<&Json> {
    node.get("additionalProperties").filter(|inner| inner.is_object())
}

/// Whether the value may be null.
pub(super) fn nullable(node: &Json) -> bool {
    alternatives(node).any(|one| match one.get("type") {
        Some(Json::String(one)) => one == "null",
        Some(Json::Array(several)) => several.iter().any(|one| one == "null"),
        _ => false,
    })
}

pub(super) fn kind(node: &Json) -> Option<Kind> {
    let name = match node.get("type")? {
        Json::Array(several) => several.iter().find(|one| *one != "null")?.as_str()?,
        one => one.as_str()?,
    };
    match name {
        "boolean" => Some(Kind::Bool),
        "integer" => Some(Kind::Integer),
        "number" => Some(Kind::Double),
        "string" => Some(Kind::Text),
        "array" => match kind(node.get("items")?) {
            Some(Kind::Double) => Some(Kind::DoubleArray),
            Some(Kind::Text) => Some(Kind::TextArray),
            None if !listed_words(node).is_empty() => Some(Kind::TextArray),
            _ => None,
        },
        _ => None,
    }
}

/// The words that a value accepts.
pub(super) fn words(node: &Json) -> Vec<String> {
    let text = |value: &Json| value.as_str().map(String::from);
    alternatives(node)
        .flat_map(|one| {
            let listed = one.get("enum").and_then(Json::as_array).into_iter().flatten();
            listed.filter_map(text).chain(one.get("const").and_then(text)).collect::<Vec<_>>()
        })
        .collect()
}

/// The words that an entry of a list may be. Not those of groups, which are no texts.
fn listed_words(node: &Json) -> Vec<String> {
    let items = node.get("items").filter(|items| alternatives(items).all(|one| one.get("properties").is_none()));
    items.map(words).unwrap_or_default()
}

/// The accepted values, in words.
pub(super) fn expected(node: &Json) -> String {
    let forms = forms(node);
    if !forms.is_empty() {
        let unit = attribute(node, "x-unit").map(|unit| format!(", in {unit}")).unwrap_or_default();
        let any: Vec<String> = forms.into_iter().map(expected).collect();
        return any.join(" or ") + &unit;
    }
    let words = words(node);
    let groups: Vec<&str> = alternatives(node)
        .filter_map(|one| one.get("properties")?.as_object())
        .flat_map(|fields| fields.keys().map(String::as_str))
        .collect();
    let or_nothing = if nullable(node) { ", or nothing" } else { "" };
    if is_choice(node) || !words.is_empty() {
        let mut all: Vec<String> = words;
        all.extend(groups.iter().map(|name| format!("{name}: ...")));
        return format!("{}{}{or_nothing}", if all.len() > 1 { "one of " } else { "" }, all.join(", "));
    }
    if !groups.is_empty() {
        return format!("a group of fields ({}){or_nothing}", groups.join(", "));
    }
    let unit = attribute(node, "x-unit").map(|unit| format!(" {unit}")).unwrap_or_default();
    let range = Range::of(node).to_string();
    let number = |word: &str| match &range[..] {
        "" if unit.is_empty() => word.to_owned(),
        "" => format!("{word} in{unit}"),
        range if word == "a number" => format!("{range}{unit}"),
        range => format!("{word}, {range}{unit}"),
    };
    let one = match kind(node) {
        Some(Kind::Bool) => "true or false".into(),
        Some(Kind::Integer) => number("a whole number"),
        Some(Kind::Double) => number("a number"),
        Some(Kind::Text) if attribute(node, "x-name").is_some() => "a ROS 2 name".into(),
        Some(Kind::Text) => "a text".into(),
        Some(Kind::DoubleArray) => format!("a list of numbers{}", per(node)),
        Some(Kind::TextArray) => match &listed_words(node)[..] {
            [] => format!("a list of texts{}", per(node)),
            words => format!("a list, each one of {}", words.join(", ")),
        },
        None if node.get("items").is_some() => "a list".into(),
        None if named(node).is_some() => "a group with names of your choice".into(),
        None => "a value".into(),
    };
    format!("{one}{or_nothing}")
}

fn per(node: &Json) -> String {
    attribute(node, "x-per").map(|one| format!(", one per {one}")).unwrap_or_default()
}
