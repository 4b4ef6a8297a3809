//! A user's own variants: a YAML file that changes an experiment.
//!
//! ```yaml
//! seeds: 5
//! all:                       # changes every variant
//!   iterations: 50
//! variants:
//!   - label: MOTO            # changes a variant of the experiment: only what is named
//!     method: {moto: {epsilon: 0.2}}
//!   - label: no guard        # adds one, made from another
//!     like: MOTO
//!     method: {moto: {guard: {enabled: false}}}
//! only: [MOTO, no guard]     # leaves the others out
//! ```

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{ExperimentConfig, ExperimentError, Measure, Variant};
use crate::storage::files::{Disk, Files};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Overrides {
    /// For a file that was saved as an experiment's `config.yaml`: it must be of the same one.
    name: Option<String>,
    title: Option<String>,
    seeds: Option<u64>,
    measures: Option<Vec<Measure>>,
    #[serde(default)]
    all: Map<String, Value>,
    #[serde(default)]
    variants: Vec<Change>,
    only: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Change {
    label: String,
    #[serde(default)]
    like: Option<String>,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

/// The experiment with a file's changes.
///
/// # Errors
/// [`ExperimentError::Overrides`] with the file, the field and what is wrong.
pub fn overridden(config: &ExperimentConfig, path: &Path) -> Result<ExperimentConfig, ExperimentError> {
    let wrong = |field: String, what: String| ExperimentError::Overrides { path: path.into(), field, what };
    let text = String::from_utf8(Disk.read(path)?).map_err(|e| wrong("content".into(), e.to_string()))?;
    let value: Value = serde_saphyr::from_str(&text).map_err(|e| wrong("content".into(), e.to_string()))?;
    let overrides: Overrides =
        serde_path_to_error::deserialize(value).map_err(|e| wrong(e.path().to_string(), e.inner().to_string()))?;
    if let Some(name) = overrides.name.filter(|name| *name != config.name) {
        return Err(wrong("name".into(), format!("is {name:?}, expected {:?}", config.name)));
    }
    let mut new = config.clone();
    new.title = overrides.title.unwrap_or(new.title);
    new.seeds = overrides.seeds.unwrap_or(new.seeds);
    new.measures = overrides.measures.unwrap_or(new.measures);
    let all = Value::Object(overrides.all);
    for variant in &mut new.variants {
        *variant = changed(variant, &all).map_err(|(field, what)| wrong(format!("all.{field}"), what))?;
    }
    for (i, Change { label, like, fields }) in overrides.variants.into_iter().enumerate() {
        let found = |label: &str| new.variants.iter().position(|variant| variant.label == label);
        let place = found(&label);
        let base = like.as_ref().map_or(place, |like| found(like));
        let labels: Vec<_> = new.variants.iter().map(|v| v.label.as_str()).collect();
        let unknown = |name: &str| wrong(format!("variants[{i}].{name}"), format!("is none of {labels:?}"));
        let Some(base) = base else {
            return Err(match like {
                Some(like) => unknown(&format!("like: {like:?}")),
                None => unknown(&format!("label: {label:?}, without `like` to start from,")),
            });
        };
        let mut variant = changed(&new.variants[base], &Value::Object(fields))
            .map_err(|(field, what)| wrong(format!("variants[{i}] ({label}): {field}"), what))?;
        variant.label = label;
        match place {
            Some(place) => new.variants[place] = variant,
            None => new.variants.push(variant),
        }
    }
    if let Some(only) = overrides.only {
        let labels: Vec<_> = new.variants.iter().map(|v| v.label.clone()).collect();
        if let Some(label) = only.iter().find(|label| !labels.contains(label)) {
            return Err(wrong("only".into(), format!("{label:?} is none of {labels:?}")));
        }
        new.variants.retain(|variant| only.contains(&variant.label));
    }
    new.validate().map_err(|e| wrong("with these changes".into(), e.to_string()))?;
    Ok(new)
}

/// A variant with some fields changed, or the field that is wrong and why.
fn changed(variant: &Variant, fields: &Value) -> Result<Variant, (String, String)> {
    let mut value = serde_json::to_value(variant).map_err(|e| (String::new(), e.to_string()))?;
    merge(&mut value, fields);
    serde_path_to_error::deserialize(value).map_err(|e| (e.path().to_string(), e.inner().to_string()))
}

/// Puts the fields of `other` over those of `value`. A map of one key that `other` does not have is a choice among several
/// (`method: {moto: ...}`), which is replaced.
fn merge(value: &mut Value, other: &Value) {
    match (value, other) {
        (Value::Object(fields), Value::Object(others)) => {
            if fields.len() == 1 && others.len() == 1 && others.keys().ne(fields.keys()) {
                fields.clear();
            }
            for (key, other) in others {
                merge(fields.entry(key).or_insert(Value::Null), other);
            }
        }
        (value, other) => *value = other.clone(),
    }
}
