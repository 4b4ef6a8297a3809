//! A user's own variants: a YAML file that changes an experiment.
//!
//! ```yaml
//! seeds: 5
//! all:                       # changes every variant; what is in a method or task, those that have it
//!   iterations: 50
//! variants:
//!   - label: MOTO            # changes a variant of the experiment: only what is named
//!     method: {moto: {epsilon: 0.2}}
//!   - label: no guard        # adds one, made from another
//!     like: MOTO
//!     method: {moto: {guard: {enabled: false}}}
//! only: [MOTO, no guard]     # leaves the others out
//! ```
//!
//! Where two groups have a variant of the same name, `group` says which is meant. A file with a `name` is a whole experiment, as
//! a results folder's `config.yaml` is.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{ExperimentConfig, ExperimentError, Measure, Variant};
use crate::storage::files::{Disk, Files};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Overrides {
    title: Option<String>,
    seeds: Option<u64>,
    first_seed: Option<u64>,
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
    let new = if value.get("name").is_some() {
        let whole: ExperimentConfig = read(value).map_err(|(field, what)| wrong(field, what))?;
        if whole.name != config.name {
            return Err(wrong("name".into(), format!("is {:?}, expected {:?}", whole.name, config.name)));
        }
        whole
    } else {
        let overrides: Overrides = read(value).map_err(|(field, what)| wrong(field, what))?;
        apply(config, overrides).map_err(|(field, what)| wrong(field, what))?
    };
    new.validate().map_err(|e| wrong("with these changes".into(), e.to_string()))?;
    Ok(new)
}

/// A field, and what is wrong with it.
type Wrong = (String, String);

fn read<T: DeserializeOwned>(value: Value) -> Result<T, Wrong> {
    serde_path_to_error::deserialize(value).map_err(|e| (e.path().to_string(), e.inner().to_string()))
}

fn apply(config: &ExperimentConfig, overrides: Overrides) -> Result<ExperimentConfig, Wrong> {
    let mut new = config.clone();
    new.title = overrides.title.unwrap_or(new.title);
    new.seeds = overrides.seeds.unwrap_or(new.seeds);
    new.first_seed = overrides.first_seed.unwrap_or(new.first_seed);
    new.measures = overrides.measures.unwrap_or(new.measures);
    change_all(&mut new.variants, overrides.all).map_err(|(field, what)| (format!("all.{field}"), what))?;
    for (i, Change { label, like, fields }) in overrides.variants.into_iter().enumerate() {
        let group = fields.get("group").and_then(Value::as_str);
        let named = |v: &Variant, label: &str| v.label == label && group.is_none_or(|group| v.group == group);
        let found = |label: &str| new.variants.iter().position(|variant| named(variant, label));
        let place = found(&label);
        let base = like.as_ref().map_or(place, |like| found(like));
        let labels: Vec<_> = new.variants.iter().map(|v| v.label.as_str()).collect();
        let unknown = |name: &str| (format!("variants[{i}].{name}"), format!("is none of {labels:?}"));
        let Some(base) = base else {
            return Err(match like {
                Some(like) => unknown(&format!("like: {like:?}")),
                None => unknown(&format!("label: {label:?}, without `like` to start from,")),
            });
        };
        let mut variant = changed(&new.variants[base], &Value::Object(fields))
            .map_err(|(field, what)| (format!("variants[{i}] ({label}): {field}"), what))?;
        variant.label = label;
        match place {
            Some(place) => new.variants[place] = variant,
            None => new.variants.push(variant),
        }
    }
    if let Some(only) = overrides.only {
        let labels: Vec<_> = new.variants.iter().map(|v| v.label.clone()).collect();
        if let Some(label) = only.iter().find(|label| !labels.contains(label)) {
            return Err(("only".into(), format!("{label:?} is none of {labels:?}")));
        }
        new.variants.retain(|variant| only.contains(&variant.label));
    }
    Ok(new)
}

/// Changes every variant. What is named of a method or task changes the variants that have it.
fn change_all(variants: &mut [Variant], mut fields: Map<String, Value>) -> Result<(), Wrong> {
    for choice in ["method", "task"] {
        let named = match fields.remove(choice) {
            None => continue,
            Some(Value::Object(named)) => named,
            Some(other) => return Err((choice.into(), format!("is {other}, expected a map"))),
        };
        for (kind, inner) in named {
            let mut found = false;
            for variant in variants.iter_mut() {
                let value = serde_json::to_value(&*variant).map_err(|e| (choice.into(), e.to_string()))?;
                if value[choice].get(&kind).is_some() {
                    *variant = changed(variant, &json!({ choice: { (&kind): &inner } }))?;
                    found = true;
                }
            }
            if !found {
                return Err((choice.into(), format!("no variant has {kind:?}")));
            }
        }
    }
    let rest = Value::Object(fields);
    variants.iter_mut().try_for_each(|variant| {
        *variant = changed(variant, &rest)?;
        Ok(())
    })
}

/// A variant with some fields changed, or the field that is wrong and why.
fn changed(variant: &Variant, fields: &Value) -> Result<Variant, Wrong> {
    let mut value = serde_json::to_value(variant).map_err(|e| (String::new(), e.to_string()))?;
    merge(&mut value, fields);
    read(value)
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
