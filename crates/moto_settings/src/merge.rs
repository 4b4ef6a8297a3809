//! Merges one tree over another.

use serde_json::Value as Json;

use super::fields::{alternatives, is_choice};
use super::{Schema, Tree, Value};

impl Schema {
    /// Puts the values of `other` over those of `tree`, group by group. Alternatives that exclude
    /// each other replace each other.
    pub fn merge(&self, tree: &mut Tree, other: &Tree) {
        merge(Some(&self.0), tree, other);
    }
}

fn merge(node: Option<&Json>, tree: &mut Tree, other: &Tree) {
    let (Value::Map(fields), Value::Map(others)) = (&mut tree.value, &other.value) else {
        *tree = other.clone();
        return;
    };
    if node.is_some_and(is_choice) {
        fields.retain(|(name, _)| others.iter().any(|(other, _)| other == name));
    }
    for (name, value) in others {
        let inner = node.and_then(|node| alternatives(node).find_map(|one| one.get("properties")?.get(name)));
        match fields.iter_mut().find(|(field, _)| field == name) {
            Some((_, field)) => merge(inner, field, value),
            None => fields.push((name.clone(), value.clone())),
        }
    }
    tree.line = other.line.or(tree.line);
}
