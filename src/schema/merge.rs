//! One tree over another.

use serde_json::Value as Json;

use super::fields::{alternatives, is_choice};
use super::{Schema, Tree, Value};

impl Schema {
    /// Puts the values of `other` over those of `tree`, group by group. Alternatives that exclude each other replace each other.
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

#[cfg(test)]
mod tests {
    use crate::daemon::Config;
    use crate::schema::{Schema, read_yaml};

    #[test]
    fn a_value_over_another_keeps_what_it_does_not_name_but_an_alternative_replaces_the_other() {
        let schema = Schema::of::<Config>();
        let mut tree = read_yaml("learner: {ridge: {fixed: 1}, epsilon: 1}\nrun: {seed: 1}\n").unwrap();
        let over = "learner: {ridge: cross_validated, state_diagonal: {absolute: 2}}\nrun: {rollouts: 3}\n";
        schema.merge(&mut tree, &read_yaml(over).unwrap());
        schema.merge(&mut tree, &read_yaml("learner: {state_diagonal: {scale_fraction: 3}}").unwrap());
        let expected = "learner: {ridge: cross_validated, epsilon: 1, state_diagonal: {scale_fraction: 3}}\nrun: {seed: 1, rollouts: 3}";
        assert_eq!(tree, read_yaml(expected).unwrap());
    }
}
