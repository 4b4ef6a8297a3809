//! What is to be said of each parameter, taken from the one place where it is documented: the configuration's own fields.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// The type of a parameter.
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

/// What is known of a parameter besides its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Its type.
    pub kind: Kind,
    /// Whether it may be left unset.
    pub optional: bool,
    /// What it is, with its unit.
    pub text: String,
    /// Smallest and largest value of it, or of its entries, ends included.
    pub range: Option<(f64, f64)>,
    /// The words it may be.
    pub choices: Vec<String>,
}

/// The schema of a configuration, by dotted names.
#[derive(Clone, Debug)]
pub struct Schema(Value);

impl Schema {
    /// The schema of `T`.
    pub fn of<T: JsonSchema>() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
        Self(settings.into_generator().into_root_schema_for::<T>().to_value())
    }

    /// What is known of the parameter with this dotted name; `None` if there is no such parameter.
    pub fn describe(&self, name: &str) -> Option<Description> {
        let described = |node: &Value| node.get("description").and_then(Value::as_str).map(String::from);
        let (mut node, mut text) = (&self.0, String::new());
        for field in name.split('.') {
            let within = alternatives(node)
                .find(|one| one.get("properties").is_some_and(|fields| fields.get(field).is_some()))?;
            // An alternative of a choice is described where the choice is.
            text = described(within).unwrap_or_default();
            node = &within["properties"][field];
        }
        let kind = alternatives(node).find_map(kind)?;
        let text = described(node).unwrap_or(text);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(Description {
            kind,
            optional: alternatives(node).any(is_null),
            range: stated_range(&text).filter(|_| matches!(kind, Kind::Integer | Kind::Double | Kind::DoubleArray)),
            choices: alternatives(node).flat_map(choices).collect(),
            text,
        })
    }

    /// The alternative of a choice that `field` belongs to excludes the others: whether `name` is such a choice.
    pub fn is_choice(&self, name: &str) -> bool {
        let mut node = &self.0;
        for field in name.split('.') {
            let Some(next) = alternatives(node).find_map(|alternative| alternative.get("properties")?.get(field))
            else {
                return false;
            };
            node = next;
        }
        node.get("oneOf").is_some()
    }
}

/// The schema itself and, of a choice, each of its alternatives.
fn alternatives(node: &Value) -> impl Iterator<Item = &Value> {
    let of = |key| node.get(key).and_then(Value::as_array).into_iter().flatten();
    // An optional choice is a choice within a choice.
    let nested = |inner: &'static str| of("anyOf").filter_map(move |node| node.get(inner)?.as_array()).flatten();
    std::iter::once(node).chain(of("oneOf")).chain(of("anyOf")).chain(nested("oneOf"))
}

fn is_null(node: &Value) -> bool {
    match node.get("type") {
        Some(Value::String(one)) => one == "null",
        Some(Value::Array(several)) => several.iter().any(|one| one == "null"),
        _ => false,
    }
}

fn kind(node: &Value) -> Option<Kind> {
    let name = match node.get("type")? {
        Value::Array(several) => several.iter().find(|one| *one != "null")?.as_str()?,
        one => one.as_str()?,
    };
    match name {
        "boolean" => Some(Kind::Bool),
        "integer" => Some(Kind::Integer),
        "number" => Some(Kind::Double),
        "string" => Some(Kind::Text),
        "array" => match kind(node.get("items")?)? {
            Kind::Double => Some(Kind::DoubleArray),
            Kind::Text => Some(Kind::TextArray),
            _ => None,
        },
        _ => None,
    }
}

fn choices(node: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(String::from);
    let listed = node.get("enum").and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(text).chain(node.get("const").and_then(text)).collect()
}

/// The range a field's documentation states: `in [low, high]` with either bracket, or `(low to high)`.
fn stated_range(text: &str) -> Option<(f64, f64)> {
    let bracketed = text.match_indices("in ").find_map(|(at, _)| {
        let rest = text[at + 3..].strip_prefix(['[', '('])?;
        let (low, rest) = rest.split_once(", ")?;
        let high = &rest[..rest.find([']', ')'])?];
        Some((low.parse().ok()?, high.parse().ok()?))
    });
    bracketed.or_else(|| {
        text.match_indices('(').find_map(|(at, _)| {
            let (low, rest) = text[at + 1..].split_once(" to ")?;
            let high = &rest[..rest.find(')')?];
            Some((low.parse().ok()?, high.parse().ok()?))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::Config;

    #[test]
    fn a_range_is_read_as_the_documentation_states_it() {
        assert_eq!(stated_range("Control period, s, in [0.0001, 0.1]. Default 0.002."), Some((0.0001, 0.1)));
        assert_eq!(stated_range("Duration, s, in (0, 60]; longer where needed."), Some((0., 60.)));
        assert_eq!(stated_range("Where the ball starts (x, y, z), m (-10 to 10)."), Some((-10., 10.)));
        assert_eq!(stated_range("Posture a stroke starts from, inside the limits."), None);
    }

    #[test]
    fn fields_describe_themselves() {
        let schema = Schema::of::<Config>();
        let period = schema.describe("control.period").unwrap();
        assert_eq!((period.kind, period.optional, period.range), (Kind::Double, false, Some((0.0001, 0.1))));
        assert!(period.text.starts_with("Control period, s"), "{}", period.text);
        assert_eq!(schema.describe("control.limits.effort_rate").unwrap().kind, Kind::DoubleArray);
        assert_eq!(schema.describe("robot.joints").unwrap().kind, Kind::TextArray);
        let cpu = schema.describe("control.scheduling.cpu").unwrap();
        assert_eq!((cpu.kind, cpu.optional), (Kind::Integer, true));
        let setting = schema.describe("task.table_tennis.setting").unwrap();
        assert_eq!(setting.choices, ["noiseless", "context", "noisy_bounce"]);
        assert!(schema.describe("control.fly").is_none() && schema.describe("control").is_none());
        assert!(schema.is_choice("task") && !schema.is_choice("control"));
    }
}
