//! Differences between two configurations, setting by setting.

use std::fmt;

use serde_json::Value;

/// A setting whose value differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its dotted name. A list's entry is named by number, or by its joint.
    pub setting: String,
    /// Its value before.
    pub before: String,
    /// Its value now.
    pub now: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was {}, is {}", self.setting, self.before, self.now)
    }
}

/// The differences as a phrase.
pub fn listed(differences: &[Difference]) -> String {
    differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// All settings that differ, with their names. Entries of lists with one entry per joint are named
/// by joint.
pub fn differences(before: &Value, now: &Value, joints: &[String]) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(String::new(), before, now, joints, &mut found);
    found
}

fn compare(name: String, before: &Value, now: &Value, joints: &[String], found: &mut Vec<Difference>) {
    match (before, now) {
        (Value::Object(one), Value::Object(other)) => {
            let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
            let keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)));
            for key in keys {
                let [a, b] = [one, other].map(|fields| fields.get(key).unwrap_or(&Value::Null));
                compare(below(key), a, b, joints, found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (i, (a, b)) in one.iter().zip(other).enumerate() {
                let entry = joints.get(i).filter(|_| joints.len() == one.len()).cloned();
                compare(format!("{name}[{}]", entry.unwrap_or_else(|| i.to_string())), a, b, joints, found);
            }
        }
        // YAML may read 1.0 back as 1.
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        (a, b) if a == b => {}
        (a, b) => found.push(Difference { setting: name, before: said(a), now: said(b) }),
    }
}

fn said(value: &Value) -> String {
    match value {
        Value::Null => "not set".into(),
        Value::Array(list) => format!("a list of {}", list.len()),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_difference_is_named_with_both_values() {
        let joints = ["bx".to_owned(), "j1".to_owned()];
        let before = json!({"a": 1, "limits": {"effort": [1., 2.], "other": [1, 2, 3]}, "gone": true, "list": [1]});
        let now = json!({"a": 1.0, "limits": {"effort": [1., 3.], "other": [1, 5, 3]}, "new": "x", "list": [1, 2]});
        let found: Vec<String> = differences(&before, &now, &joints).iter().map(ToString::to_string).collect();
        let expected = [
            "gone was true, is not set",
            "limits.effort[j1] was 2.0, is 3.0",
            "limits.other[1] was 2, is 5",
            "list was a list of 1, is a list of 2",
            "new was not set, is \"x\"",
        ];
        assert_eq!(found, expected);
    }
}
