//! Conversion of values between the configuration and ROS.

use moto_settings::{Field, Kind, Tree, Value};
use r2r::ParameterValue;

use crate::ros::RosError;

/// A value in ROS form.
pub fn value(field: &Field, tree: &Tree) -> ParameterValue {
    let double = |tree: &Tree| match &tree.value {
        Value::Integer(i) => *i as f64,
        Value::Double(x) => *x,
        _ => f64::NAN,
    };
    let text = |tree: &Tree| tree.text().map_or_else(|| tree.to_string(), String::from);
    match (field.kind, &tree.value) {
        (_, Value::Null) => ParameterValue::NotSet,
        (Kind::DoubleArray, Value::List(list)) => ParameterValue::DoubleArray(list.iter().map(double).collect()),
        (Kind::TextArray, Value::List(list)) => ParameterValue::StringArray(list.iter().map(text).collect()),
        (Kind::Double, _) => ParameterValue::Double(double(tree)),
        (_, Value::Bool(value)) => ParameterValue::Bool(*value),
        // ROS integers have 63 bits without the sign.
        (_, Value::Integer(value)) => ParameterValue::Integer(i64::try_from(*value).unwrap_or(i64::MAX)),
        _ => ParameterValue::String(text(tree)),
    }
}

/// A value from its ROS form.
pub fn tree(name: &str, field: &Field, value: &ParameterValue) -> Result<Tree, RosError> {
    let doubles = |list: &[f64]| Value::List(list.iter().map(|value| Value::Double(*value).into()).collect());
    let tree = match (field.kind, value) {
        (_, ParameterValue::NotSet) if field.optional => Value::Null,
        (Kind::Bool, ParameterValue::Bool(value)) => Value::Bool(*value),
        (Kind::Integer, ParameterValue::Integer(value)) => Value::Integer((*value).into()),
        (Kind::Double, ParameterValue::Double(value)) => Value::Double(*value),
        // An integer is accepted as a double, as in the configuration file.
        (Kind::Double, ParameterValue::Integer(value)) => Value::Double(*value as f64),
        (Kind::Text, ParameterValue::String(value)) => Value::Text(value.clone()),
        (Kind::DoubleArray, ParameterValue::DoubleArray(list)) => doubles(list),
        (Kind::DoubleArray, ParameterValue::IntegerArray(list)) => {
            doubles(&list.iter().map(|value| *value as f64).collect::<Vec<_>>())
        }
        (Kind::TextArray, ParameterValue::StringArray(list)) => {
            Value::List(list.iter().map(|text| Value::Text(text.clone()).into()).collect())
        }
        (kind, other) => {
            let reason = format!("expected {}, got {} ({})", wanted(kind), other.type_name(), field.expected);
            return Err(RosError::Parameter { name: name.into(), reason });
        }
    };
    Ok(tree.into())
}

fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "boolean",
        Kind::Integer => "integer",
        Kind::Double => "double",
        Kind::Text => "string",
        Kind::DoubleArray => "double array",
        Kind::TextArray => "string array",
    }
}
