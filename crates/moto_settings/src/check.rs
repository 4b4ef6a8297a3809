//! Checks values against the attributes of their fields.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use super::fields::{alternatives, attribute, expected, forms, is_choice, kind, named, nullable, words};
use super::ros_name;
use super::{FieldError, Joints, Kind, Range, Refusal, Schema, Tree, Value, nearest};

/// Checks a typed value against the attributes of its fields.
///
/// # Errors
/// The first value that is refused.
pub fn check<'a, T: Serialize + JsonSchema>(value: &T, joints: impl Into<Joints<'a>>) -> Result<(), FieldError> {
    Schema::of::<T>().check(&mut Tree::of(value)?, joints).map_err(|refusal| refusal.error)
}

impl Schema {
    /// Checks a tree: names, types, choices, ranges, and the lengths of lists if the joints are
    /// known. Words of a choice get the form of the schema: `noisy-bounce` becomes `noisy_bounce`.
    ///
    /// # Errors
    /// The first value that is refused, in the order of the file.
    pub fn check<'a>(&self, tree: &mut Tree, joints: impl Into<Joints<'a>>) -> Result<(), Refusal> {
        Check { joints: joints.into() }.node(&self.0, tree, "")
    }
}

struct Check<'a> {
    joints: Joints<'a>,
}

fn join(outer: &str, field: &str) -> String {
    if outer.is_empty() { field.into() } else { format!("{outer}.{field}") }
}

/// Whether a value may belong to an alternative of this form.
fn has_form(form: &Json, value: &Value) -> bool {
    let words = words(form);
    match value {
        Value::Text(text) if !words.is_empty() => words.contains(&text.replace('-', "_")),
        Value::Text(_) => kind(form) == Some(Kind::Text),
        Value::Integer(_) | Value::Double(_) => matches!(kind(form), Some(Kind::Integer | Kind::Double)),
        Value::List(_) => form.get("items").is_some(),
        Value::Map(_) => alternatives(form).any(|one| one.get("properties").is_some()) || named(form).is_some(),
        Value::Bool(_) => kind(form) == Some(Kind::Bool),
        Value::Null => false,
    }
}

fn wrong(node: &Json, tree: &Tree, field: &str) -> Refusal {
    let field = if field.is_empty() { "the whole" } else { field };
    FieldError::value(field, tree, expected(node)).at(tree)
}

/// The alternative that has these fields, which stand one level too high.
fn above<'a>(node: &'a Json, fields: &[(String, Tree)]) -> Option<&'a str> {
    let has = |settings: &Json, name: &String| {
        alternatives(settings).any(|one| one.get("properties").is_some_and(|own| own.get(name).is_some()))
    };
    let mut kinds = alternatives(node).filter_map(|one| one.get("properties")?.as_object()).flatten();
    let found = kinds.find(|(_, settings)| fields.iter().all(|(name, _)| has(settings, name)));
    found.map(|(kind, _)| kind.as_str())
}

impl Check<'_> {
    fn node(&self, node: &Json, tree: &mut Tree, field: &str) -> Result<(), Refusal> {
        if tree.value == Value::Null && nullable(node) {
            return Ok(());
        }
        let forms = forms(node);
        if !forms.is_empty() {
            return match forms.into_iter().find(|form| has_form(form, &tree.value)) {
                Some(form) => self.node(form, tree, field),
                None => Err(wrong(node, tree, field)),
            };
        }
        if is_choice(node) || !words(node).is_empty() {
            return self.choice(node, tree, field);
        }
        if let Some(inner) = named(node) {
            let Value::Map(fields) = &mut tree.value else { return Err(wrong(node, tree, field)) };
            return fields.iter_mut().try_for_each(|(name, value)| self.node(inner, value, &join(field, name)));
        }
        if let Some(group) = alternatives(node).find(|one| one.get("properties").is_some()) {
            return self.group(group, tree, field);
        }
        match kind(node) {
            Some(Kind::Bool) if !matches!(tree.value, Value::Bool(_)) => Err(wrong(node, tree, field)),
            Some(Kind::Integer) => self.integer(node, tree, field),
            Some(Kind::Double) => number(node, tree, field),
            Some(Kind::Text) => text(node, tree, field),
            Some(Kind::DoubleArray | Kind::TextArray) => self.list(node, tree, field),
            None if node.get("items").is_some() => self.list(node, tree, field),
            _ => Ok(()),
        }
    }

    fn group(&self, group: &Json, tree: &mut Tree, field: &str) -> Result<(), Refusal> {
        let Value::Map(fields) = &mut tree.value else { return Err(wrong(group, tree, field)) };
        let Some(known) = group["properties"].as_object() else { return Ok(()) };
        for (name, value) in fields.iter_mut() {
            let Some(inner) = known.get(name) else {
                let names = || known.keys().map(String::as_str);
                let hint = match nearest(name, names()) {
                    Some(near) => format!("did you mean {}?", join(field, near)),
                    None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
                };
                return Err(FieldError::Unknown { field: join(field, name), hint }.at(value));
            };
            self.node(inner, value, &join(field, name))?;
        }
        let required = group.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
        for name in required {
            if !fields.iter().any(|(field, _)| field == name) {
                let missing = FieldError::Missing { field: join(field, name), expected: expected(&known[name]) };
                return Err(missing.at(tree));
            }
        }
        Ok(())
    }

    /// Checks a choice of words or of groups.
    fn choice(&self, node: &Json, tree: &mut Tree, field: &str) -> Result<(), Refusal> {
        match &mut tree.value {
            Value::Text(text) => {
                let words = words(node);
                let plain = text.replace('-', "_");
                if !words.contains(&plain) {
                    return Err(wrong(node, tree, field));
                }
                *text = plain;
                Ok(())
            }
            Value::Map(fields) => {
                if let [(name, value)] = &mut fields[..]
                    && let Some(inner) = alternatives(node).find_map(|one| one.get("properties")?.get(&*name))
                {
                    return self.node(inner, value, &join(field, name));
                }
                match (above(node, fields), fields.first()) {
                    (Some(kind), Some((name, value))) => {
                        let hint = format!("put it under {kind}: {}", join(&join(field, kind), name));
                        Err(FieldError::Unknown { field: join(field, name), hint }.at(value))
                    }
                    _ => Err(wrong(node, tree, field)),
                }
            }
            _ => Err(wrong(node, tree, field)),
        }
    }

    fn integer(&self, node: &Json, tree: &Tree, field: &str) -> Result<(), Refusal> {
        let Value::Integer(value) = tree.value else { return Err(wrong(node, tree, field)) };
        // An integer beyond 64 bits is refused, whatever the range.
        let sized = i64::try_from(value).is_ok() || u64::try_from(value).is_ok();
        let accepted = sized && Range::of(node).contains(value as f64);
        if accepted { Ok(()) } else { Err(wrong(node, tree, field)) }
    }

    fn list(&self, node: &Json, tree: &mut Tree, field: &str) -> Result<(), Refusal> {
        let per = attribute(node, "x-per");
        let Value::List(list) = &mut tree.value else { return Err(wrong(node, tree, field)) };
        let found = list.len();
        let fixed = node.get("minItems").and_then(Json::as_u64).filter(|_| node.get("maxItems").is_some());
        let wanted = match (fixed, per, self.joints.count()) {
            (Some(count), ..) if count != found as u64 => Some(format!("expected {count}")),
            (None, Some("joint"), Some(count)) if count != found => {
                let may_be_empty = attribute(node, "x-empty").is_some();
                (found > 0 || !may_be_empty).then(|| format!("the robot has {count} joints"))
            }
            _ => None,
        };
        if let Some(expected) = wanted {
            return Err(FieldError::Length { field: field.into(), found, expected }.at(tree));
        }
        for (i, entry) in list.iter_mut().enumerate() {
            let name = match per {
                Some("joint") => format!("{field} of joint {}", self.joints.name(i)),
                Some("axis") => format!("{field} of axis {}", ["x", "y", "z"].get(i).unwrap_or(&"")),
                _ => format!("{field}[{i}]"),
            };
            match kind(node) {
                // An entry has the attributes of its list.
                Some(Kind::DoubleArray) => number(&entry_of(node), entry, &name)?,
                _ => self.node(&node["items"], entry, &name)?,
            }
        }
        Ok(())
    }
}

/// The attributes of a list of numbers, in the form of an entry's attributes.
fn entry_of(list: &Json) -> Json {
    let mut entry = list.clone();
    entry["type"] = "number".into();
    entry
}

fn number(node: &Json, tree: &Tree, field: &str) -> Result<(), Refusal> {
    let value = match tree.value {
        Value::Integer(value) => value as f64,
        Value::Double(value) => value,
        _ => return Err(wrong(node, tree, field)),
    };
    if Range::of(node).contains(value) { Ok(()) } else { Err(wrong(node, tree, field)) }
}

fn text(node: &Json, tree: &Tree, field: &str) -> Result<(), Refusal> {
    let Value::Text(text) = &tree.value else { return Err(wrong(node, tree, field)) };
    let named = attribute(node, "x-name").filter(|rule| !(*rule == "optional" && text.is_empty()));
    match named.and_then(|_| ros_name::wrong(text)) {
        Some(rule) => Err(FieldError::value(field, tree, format!("a name as ROS 2 has them, which {rule}")).at(tree)),
        None => Ok(()),
    }
}
