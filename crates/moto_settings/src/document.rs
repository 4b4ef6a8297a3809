//! The documentation of a configuration, made from the same attributes as its checks.

use std::fmt::Write;

use serde_json::Value as Json;

use super::fields::{alternatives, attribute, description, expected, is_choice, kind, named, nullable, words};
use super::{Kind, Schema, Tree, Value};

/// All fields of a schema as Markdown: a table per group, with type, range, unit and default. The
/// fields are in the order of `sample`, a configuration. Fields that `sample` lacks come last.
pub fn document(schema: &Schema, sample: &Tree) -> String {
    let mut text = String::new();
    group(&schema.0, Some(sample), "", &mut text);
    text
}

/// A field of a group: its name, its schema and its value in the sample.
type Entry<'a> = (String, &'a Json, Option<&'a Tree>);

fn group(node: &Json, sample: Option<&Tree>, name: &str, text: &mut String) {
    let entries = fields(node, sample);
    let (groups, values): (Vec<Entry<'_>>, Vec<Entry<'_>>) = entries.into_iter().partition(|(_, node, _)| {
        alternatives(node).any(|one| one.get("properties").is_some()) && words(node).is_empty()
    });
    if !name.is_empty() && (!values.is_empty() || is_choice(node)) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "## `{name}`\n");
        if let Some(said) = description(node) {
            let _ = writeln!(text, "{said}\n");
        }
        if is_choice(node) {
            let _ = writeln!(text, "One of these:\n");
            for (alternative, inner, _) in fields(node, None) {
                let said = alternatives(node)
                    .find(|one| one.get("properties").is_some_and(|all| all.get(&alternative).is_some()));
                let said = said.and_then(description).or_else(|| description(inner)).unwrap_or_default();
                let _ = writeln!(text, "- `{alternative}`: {said}");
            }
            let _ = writeln!(text);
        }
    }
    if !values.is_empty() && !is_choice(node) {
        let _ = writeln!(text, "| field | what it is | allowed | default |\n|---|---|---|---|");
        for (field, node, _) in &values {
            let _ =
                writeln!(text, "| `{field}` | {} | {} | {} |", said(node), cell(&allowed(node)), cell(&default(node)));
        }
        let _ = writeln!(text);
    }
    for (field, node, _) in &values {
        let dot = if name.is_empty() { "" } else { "." };
        members(node, &format!("{name}{dot}{field}"), text);
    }
    for (field, inner, sample) in groups {
        let below = if name.is_empty() { field } else { format!("{name}.{field}") };
        group(inner, sample, &below, text);
    }
}

/// The groups in a list, or under names that the user chooses.
fn members(node: &Json, name: &str, text: &mut String) {
    if is_choice(node) {
        let alternatives = alternatives(node).filter_map(|one| one.get("properties")?.as_object()).flatten();
        alternatives.for_each(|(alternative, inner)| members(inner, &format!("{name}.{alternative}"), text));
        return;
    }
    let listed = node.get("items").map(|inner| (inner, format!("{name}[i]")));
    let below = named(node).map(|inner| (inner, format!("{name}.<name>")));
    let Some((inner, name)) = listed.or(below) else { return };
    if inner.get("properties").is_some() {
        group(inner, None, &name, text);
    }
}

/// The fields of a group, or the alternatives of a choice.
fn fields<'a>(node: &'a Json, sample: Option<&'a Tree>) -> Vec<Entry<'a>> {
    let mut known: Vec<Entry<'a>> = alternatives(node)
        .filter_map(|one| one.get("properties")?.as_object())
        .flatten()
        .map(|(field, node)| (field.clone(), node, sample.and_then(|sample| sample.get(field))))
        .collect();
    if let Some(Value::Map(order)) = sample.map(|sample| &sample.value) {
        let place = |field: &str| order.iter().position(|(name, _)| name == field).unwrap_or(order.len());
        known.sort_by_key(|(field, ..)| place(field));
    }
    known
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The text of a field, with the meaning of each of its words.
fn said(node: &Json) -> String {
    let mut text = description(node).unwrap_or_default();
    for one in alternatives(node) {
        let (word, said) = (one.get("const").and_then(Json::as_str), description(one));
        if let (Some(word), Some(said)) = (word, said) {
            let _ = write!(text, " `{word}`: {said}");
        }
        let named = one.get("properties").and_then(Json::as_object).and_then(|all| all.keys().next());
        if let (Some(word), Some(said), true) = (named, description(one), !words(node).is_empty()) {
            let _ = write!(text, " `{word}: ...`: {said}");
        }
    }
    cell(&text)
}

/// The allowed values, in short.
fn allowed(node: &Json) -> String {
    let list = matches!(kind(node), Some(Kind::DoubleArray));
    if !list {
        return expected(node);
    }
    let mut entry = node.clone();
    entry["type"] = "number".into();
    let one = expected(&entry);
    match attribute(node, "x-per") {
        Some(per) => format!("per {per}: {one}"),
        None => format!("each: {one}"),
    }
}

fn default(node: &Json) -> String {
    if let Some(empty) = attribute(node, "x-empty") {
        return empty.into();
    }
    match node.get("default") {
        // An optional value may be missing.
        None if nullable(node) => "none".into(),
        None => "must be given".into(),
        Some(Json::Null) if nullable(node) => "none".into(),
        Some(Json::String(text)) if text.is_empty() => "empty".into(),
        Some(Json::String(text)) => format!("`{text}`"),
        Some(value) => format!("`{value}`"),
    }
}
