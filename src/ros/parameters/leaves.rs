//! The leaves of a configuration: its single values by their dotted names.

use std::collections::BTreeMap;

use moto_settings::{FieldError, Schema, Tree, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{OWN, SIM_TIME};
use crate::ros::RosError;

/// Values by their dotted names.
pub type Leaves = BTreeMap<String, Tree>;

/// Sets a leaf. The alternatives of a choice exclude each other, and a value excludes names below
/// it.
pub fn assign(leaves: &mut Leaves, schema: &Schema, name: &str, value: Tree) {
    for (at, _) in name.match_indices('.') {
        let parent = &name[..at];
        leaves.remove(parent);
        if schema.is_choice(parent) {
            let chosen = name[at + 1..].split('.').next().unwrap_or_default();
            let keep = format!("{parent}.{chosen}");
            leaves.retain(|other, _| {
                !other.starts_with(&format!("{parent}.")) || *other == keep || other.starts_with(&format!("{keep}."))
            });
        }
    }
    leaves.retain(|other, _| !other.starts_with(&format!("{name}.")));
    leaves.insert(name.into(), value);
}

/// The leaves of a configuration, with `prefix` before their names.
pub fn leaves_of(config: &impl Serialize, prefix: &str) -> Result<Leaves, RosError> {
    fn gather(name: &str, tree: Tree, leaves: &mut Leaves) {
        match tree.value {
            Value::Map(fields) => {
                let dot = if name.is_empty() || name.ends_with('.') { "" } else { "." };
                fields.into_iter().for_each(|(field, tree)| gather(&format!("{name}{dot}{field}"), tree, leaves));
            }
            _ => drop(leaves.insert(name.into(), tree)),
        }
    }
    let mut leaves = Leaves::new();
    gather(prefix, Tree::of(config)?, &mut leaves);
    Ok(leaves)
}

/// The configuration of the leaves with `prefix` before their names. Each value is checked.
pub fn read<T: DeserializeOwned>(schema: &Schema, leaves: &Leaves, prefix: &str) -> Result<T, RosError> {
    let joints: Vec<String> = match leaves.get("robot.joints").map(|joints| &joints.value) {
        Some(Value::List(joints)) => joints.iter().filter_map(|joint| joint.text().map(String::from)).collect(),
        _ => vec![],
    };
    let mut root = Tree::from(Value::Map(vec![]));
    for (name, leaf) in leaves {
        let Some(name) = name.strip_prefix(prefix) else { continue };
        if prefix.is_empty() && (name.starts_with(OWN) || name == SIM_TIME) {
            continue;
        }
        root.insert(name, leaf.clone());
    }
    let named = |error: FieldError| match prefix.strip_suffix('.') {
        Some(outer) => error.within(outer),
        None => error,
    };
    schema.check(&mut root, &joints).map_err(|refusal| named(refusal.error))?;
    Ok(root.into_typed().map_err(named)?)
}
