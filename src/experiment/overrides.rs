//! Overrides of an experiment: a user's YAML file with changes and own variants.
//!
//! ```yaml
//! seeds: 5
//! all:                       # changes every variant; a method or task: variants that have it
//!   iterations: 50
//! variants:
//!   - label: MOTO            # changes the named fields of a variant
//!     method: {moto: {epsilon: 0.2}}
//!   - label: no guard        # adds a variant made from another
//!     like: MOTO
//!     method: {moto: {guard: {enabled: false}}}
//! only: [MOTO, no guard]     # drops all other variants
//! ```
//!
//! If two groups have a variant of the same name, `group` selects one. A file with a `name` is a
//! whole experiment, such as the `config.yaml` of a results folder.

use std::path::Path;

use moto_settings::{FieldError, Joints, Refusal, Schema, Tree, Value, nearest};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{ExperimentConfig, ExperimentError, Measure, Variant};
use crate::setup::{YamlError, read_yaml};
use crate::storage::files::{Disk, Files};

/// Fields that a file may change. Variants are changed in the tree, which keeps the line numbers.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Overrides {
    title: Option<String>,
    seeds: Option<u64>,
    first_seed: Option<u64>,
    measures: Option<Vec<Measure>>,
    #[serde(rename = "all")]
    #[schemars(with = "Option<serde_json::Value>")]
    _all: IgnoredAny,
    #[serde(rename = "variants")]
    #[schemars(with = "Option<serde_json::Value>")]
    _variants: IgnoredAny,
    only: Option<Vec<String>>,
}

/// The experiment, changed by a file.
///
/// # Errors
/// [`ExperimentError::Overrides`], with the file, the line, the field and the fault.
pub fn overridden(config: &ExperimentConfig, path: &Path) -> Result<ExperimentConfig, ExperimentError> {
    checked(path, |tree| match tree.get("name") {
        None => apply(config, tree),
        Some(_) => {
            let whole: ExperimentConfig = read(tree)?;
            match whole.name == config.name {
                true => Ok(whole),
                false => {
                    Err(FieldError::value("name", format!("{:?}", whole.name), format!("{:?}", config.name)).into())
                }
            }
        }
    })
}

/// The experiment that a file describes as a whole.
///
/// # Errors
/// As [`overridden`].
pub fn described(path: &Path) -> Result<ExperimentConfig, ExperimentError> {
    checked(path, read)
}

/// Reads a file, makes an experiment of it, and checks the experiment.
fn checked(
    path: &Path,
    make: impl FnOnce(Tree) -> Result<ExperimentConfig, Wrong>,
) -> Result<ExperimentConfig, ExperimentError> {
    let wrong = |line: Option<u64>, what: String| ExperimentError::Overrides { path: path.into(), line, what };
    let bytes = Disk.read(path)?;
    let text = str::from_utf8(&bytes).map_err(|_| wrong(None, "this is not a text (UTF-8)".into()))?;
    let tree = read_yaml(text).map_err(|YamlError { line, reason }| wrong(line, reason))?;
    let mut config = make(tree).map_err(|Wrong { line, what }| wrong(line, what))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    config.variants.iter_mut().for_each(|variant| variant.locate(folder));
    config.validate().map_err(|error| wrong(None, error.to_string()))?;
    Ok(config)
}

/// A fault and its line.
struct Wrong {
    line: Option<u64>,
    what: String,
}

impl Wrong {
    /// The same fault, with the outer field named in front.
    fn of(self, outer: &str) -> Self {
        Self { what: format!("{outer}: {}", self.what), ..self }
    }
}

impl From<Refusal> for Wrong {
    fn from(Refusal { line, error }: Refusal) -> Self {
        Self { line, what: error.to_string() }
    }
}

impl From<FieldError> for Wrong {
    fn from(error: FieldError) -> Self {
        Self { line: None, what: error.to_string() }
    }
}

fn read<T: serde::de::DeserializeOwned + JsonSchema>(mut tree: Tree) -> Result<T, Wrong> {
    Schema::of::<T>().check(&mut tree, Joints::Unknown)?;
    Ok(tree.into_typed()?)
}

/// Takes a field out of a group. `None` if the field is missing or null.
fn take(tree: &mut Tree, field: &str) -> Option<Tree> {
    let Value::Map(fields) = &mut tree.value else { return None };
    let place = fields.iter().position(|(name, _)| name == field)?;
    Some(fields.remove(place).1).filter(|tree| tree.value != Value::Null)
}

/// Takes a text out of a group.
fn take_text(tree: &mut Tree, field: &str) -> Result<Option<String>, Wrong> {
    let Some(found) = take(tree, field) else { return Ok(None) };
    match found.text() {
        Some(text) => Ok(Some(text.into())),
        None => Err(Wrong { line: found.line, what: FieldError::value(field, &found, "a text").to_string() }),
    }
}

fn apply(config: &ExperimentConfig, tree: Tree) -> Result<ExperimentConfig, Wrong> {
    let mut changes = tree.clone();
    let Overrides { title, seeds, first_seed, measures, only, .. } = read(tree)?;
    let mut new = config.clone();
    new.title = title.unwrap_or(new.title);
    new.seeds = seeds.unwrap_or(new.seeds);
    new.first_seed = first_seed.unwrap_or(new.first_seed);
    new.measures = measures.unwrap_or(new.measures);
    if let Some(all) = take(&mut changes, "all") {
        change_all(&mut new.variants, all).map_err(|wrong| wrong.of("all"))?;
    }
    if let Some(variants) = take(&mut changes, "variants") {
        let line = variants.line;
        let Value::List(variants) = variants.value else {
            return Err(Wrong { line, what: "variants is not a list: begin each with `- label: ...`".into() });
        };
        variants.into_iter().try_for_each(|change| change_one(&mut new.variants, change))?;
    }
    if let Some(only) = only {
        if let Some(label) = only.iter().find(|label| !new.variants.iter().any(|variant| variant.label == **label)) {
            return Err(unknown(&new.variants, changes.get("only").and_then(|only| only.line), label));
        }
        new.variants.retain(|variant| only.contains(&variant.label));
    }
    Ok(new)
}

/// The error for a label that no variant has.
fn unknown(variants: &[Variant], line: Option<u64>, label: &str) -> Wrong {
    let labels = || variants.iter().map(|variant| variant.label.as_str());
    let hint = match nearest(label, labels()) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("there are {}", labels().collect::<Vec<_>>().join(", ")),
    };
    Wrong { line, what: format!("there is no variant {label:?}; {hint}") }
}

/// Changes a variant, or adds a variant made from another.
fn change_one(variants: &mut Vec<Variant>, mut change: Tree) -> Result<(), Wrong> {
    let line = change.line;
    let like = take_text(&mut change, "like")?;
    let label = take_text(&mut change, "label")?
        .ok_or_else(|| Wrong { line, what: "variants: label is missing, expected the name of the variant".into() })?;
    let group = change.get("group").and_then(Tree::text);
    let named =
        |variant: &Variant, label: &str| variant.label == label && group.is_none_or(|group| variant.group == group);
    let found = |label: &str| variants.iter().position(|variant| named(variant, label));
    let place = found(&label);
    let Some(base) = like.as_ref().map_or(place, |like| found(like)) else {
        let wrong = unknown(variants, line, like.as_ref().unwrap_or(&label));
        let what = if like.is_none() { format!("{} (a new one has `like: ...`)", wrong.what) } else { wrong.what };
        return Err(Wrong { what, ..wrong });
    };
    let mut variant = changed(&variants[base], &change).map_err(|wrong| wrong.of(&format!("variant {label:?}")))?;
    variant.label = label;
    match place {
        Some(place) => variants[place] = variant,
        None => variants.push(variant),
    }
    Ok(())
}

/// Changes every variant. Changes of a method or task apply to the variants that have it.
fn change_all(variants: &mut [Variant], mut fields: Tree) -> Result<(), Wrong> {
    for choice in ["method", "task"] {
        let Some(named) = take(&mut fields, choice) else { continue };
        let line = named.line;
        let Value::Map(named) = named.value else {
            return Err(Wrong {
                line,
                what: format!("{choice} is not a group, expected the {choice} that is changed"),
            });
        };
        for (kind, inner) in named {
            let mut found = false;
            for variant in variants.iter_mut() {
                if Tree::of(variant)?.get(choice).is_some_and(|one| one.get(&kind).is_some()) {
                    let line = inner.line;
                    let one = Tree { value: Value::Map(vec![(kind.clone(), inner.clone())]), line };
                    *variant = changed(variant, &Tree { value: Value::Map(vec![(choice.into(), one)]), line })?;
                    found = true;
                }
            }
            if !found {
                return Err(Wrong { line: inner.line, what: format!("no variant has {choice}.{kind}") });
            }
        }
    }
    variants.iter_mut().try_for_each(|variant| {
        *variant = changed(variant, &fields)?;
        Ok(())
    })
}

/// A variant with some fields changed.
fn changed(variant: &Variant, fields: &Tree) -> Result<Variant, Wrong> {
    let mut tree = Tree::of(variant)?;
    Schema::of::<Variant>().merge(&mut tree, fields);
    read(tree)
}
