//! Converts a ROS 2 parameter file to the configuration.

use std::path::Path;

use moto_settings::{Joints, Refusal, Schema, Tree, Value, nearest};

use super::{Config, ConfigError};
use super::{YamlError, read_yaml};

/// Name of the node.
const NODE: &str = "moto_controller";
const PARAMETERS: &str = "ros__parameters";

/// Reads and checks the parameters of this node. A file may have several groups for the node:
/// `/**`, or its name with or without a namespace. All groups hold, and later groups override
/// earlier ones, as in ROS 2. A name without a leading slash matches in every namespace.
///
/// # Errors
/// The value that is refused, with its line.
pub fn read(text: &str, path: &Path, namespace: Option<&str>) -> Result<Config, ConfigError> {
    let syntax = |YamlError { line, reason }| ConfigError::Syntax { path: path.into(), line, reason };
    let schema = Schema::of::<Config>();
    let tree = parameters(read_yaml(text).map_err(syntax)?, &schema, path, namespace)?;
    typed(tree, &schema, path)
}

/// Puts parameters over a configuration: YAML, a value for each dotted name. Errors name `origin` as their file.
///
/// # Errors
/// The value that is refused, with its line.
pub fn over(config: &Config, text: &str, origin: &Path) -> Result<Config, ConfigError> {
    let refuse = |line, reason| ConfigError::Syntax { path: origin.into(), line, reason };
    let given = read_yaml(text).map_err(|YamlError { line, reason }| refuse(line, reason))?;
    let values = match given.value {
        Value::Map(values) => values,
        Value::Null => return Ok(config.clone()),
        other => {
            return Err(refuse(
                given.line,
                format!("expected parameters, as `run.rollouts: 5`, found {}", Tree::from(other)),
            ));
        }
    };
    let mut parameters = Tree::from(Value::Map(vec![]));
    for (name, value) in values {
        parameters.insert(&name, value);
    }
    let schema = Schema::of::<Config>();
    let refused = |source| ConfigError::Field { path: origin.into(), line: None, source };
    let mut tree = Tree::of(config).map_err(refused)?;
    schema.merge(&mut tree, &parameters);
    typed(tree, &schema, origin)
}

/// The checked configuration.
fn typed(mut tree: Tree, schema: &Schema, path: &Path) -> Result<Config, ConfigError> {
    let named = tree.get("robot").and_then(|robot| robot.get("joints")).map(joint_names).unwrap_or_default();
    let joints = if named.is_empty() { Joints::Unknown } else { Joints::Named(&named) };
    let refused = |Refusal { line, error }| ConfigError::Field { path: path.into(), line, source: error };
    schema.check(&mut tree, joints).map_err(refused)?;
    tree.into_typed().map_err(|error| refused(Refusal { line: None, error }))
}

fn joint_names(list: &Tree) -> Vec<String> {
    let Value::List(list) = &list.value else { return vec![] };
    list.iter().filter_map(|joint| joint.text().map(String::from)).collect()
}

/// The parameters of this node, merged from all matching groups.
fn parameters(file: Tree, schema: &Schema, path: &Path, namespace: Option<&str>) -> Result<Tree, ConfigError> {
    let refuse = |line: Option<u64>, reason: String| ConfigError::Syntax { path: path.into(), line, reason };
    let Value::Map(entries) = file.value else {
        return Err(ConfigError::NoNode { path: path.into(), found: "no names at all".into() });
    };
    let mut nodes = vec![];
    for (name, tree) in entries {
        gather(&name, tree, &mut nodes).map_err(|(line, reason)| refuse(line, reason))?;
    }
    let found: Vec<String> = nodes.iter().map(|(name, _)| name.clone()).collect();
    nodes.retain(|(name, _)| fits(name, namespace));
    let mut named: Vec<&String> = nodes.iter().map(|(name, _)| name).filter(|name| is_one_node(name)).collect();
    named.dedup();
    if namespace.is_none() && named.len() > 1 {
        return Err(ConfigError::SeveralNodes { path: path.into(), nodes: named.into_iter().cloned().collect() });
    }
    let mut whole: Option<Tree> = None;
    for (_, parameters) in nodes {
        match &mut whole {
            Some(whole) => schema.merge(whole, &parameters),
            None => whole = Some(parameters),
        }
    }
    let found = if found.is_empty() { "none".into() } else { found.join(", ") };
    whole.ok_or_else(|| ConfigError::NoNode { path: path.into(), found })
}

/// Collects the nodes below a name. The name may be a namespace: `left: {moto_controller:
/// {ros__parameters: ...}}`.
fn gather(name: &str, tree: Tree, nodes: &mut Vec<(String, Tree)>) -> Result<(), (Option<u64>, String)> {
    let line = tree.line;
    let wrong =
        |what: &str| Err((line, format!("{name}: {what}, expected `{PARAMETERS}:` with the parameters below it")));
    let Value::Map(fields) = tree.value else { return wrong("this is a value") };
    for (field, inner) in fields {
        if field == PARAMETERS {
            nodes.push((name.into(), inner));
        } else if nearest(&field, [PARAMETERS]).is_some() {
            return Err((inner.line, format!("{name}: there is no field {field}; did you mean {PARAMETERS}?")));
        } else if matches!(&inner.value, Value::Map(below) if below.iter().any(|(_, next)| matches!(next.value, Value::Map(_))))
        {
            gather(&format!("{}/{}", name.trim_end_matches('/'), field.trim_start_matches('/')), inner, nodes)?;
        } else {
            return Err((inner.line, format!("{name}: there is no field {field}; expected `{PARAMETERS}:`")));
        }
    }
    Ok(())
}

/// Whether the name belongs to one node in one namespace.
fn is_one_node(name: &str) -> bool {
    name.starts_with('/') && !name.contains('*')
}

/// Whether a name in a parameter file matches this node. The name may have wildcards: `*` for one
/// name, `**` for any number. Without a namespace, every namespace matches.
fn fits(pattern: &str, namespace: Option<&str>) -> bool {
    let absolute = pattern.starts_with('/');
    let pattern: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    let own = namespace.unwrap_or_default();
    let name: Vec<&str> = own.split('/').filter(|part| !part.is_empty()).chain([NODE]).collect();
    if namespace.is_some() && absolute {
        return matches(&pattern, &name);
    }
    // A relative pattern is compared with the end of the node's full name.
    let ends = pattern.last().is_some_and(|last| *last == NODE || last.starts_with('*'));
    ends && (namespace.is_none() || matches(&pattern, &name[name.len().saturating_sub(pattern.len())..]))
}

fn matches(pattern: &[&str], name: &[&str]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        (["**", rest @ ..], _) => (0..=name.len()).any(|skipped| matches(rest, &name[skipped..])),
        (["*", rest @ ..], [_, further @ ..]) => matches(rest, further),
        ([first, rest @ ..], [own, further @ ..]) => first == own && matches(rest, further),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::{RunConfig, Setup};

    #[test]
    fn names_of_nodes_fit_as_ros_has_them() {
        let fitting = |namespace| {
            let names = [
                "moto_controller",
                "/moto_controller",
                "/left/moto_controller",
                "/**",
                "/*",
                "/**/moto_controller",
                "/*/moto_controller",
                "left/moto_controller",
                "/other",
                "other",
                "/left/*",
                "/left/**",
            ];
            names.into_iter().filter(|name| fits(name, namespace)).collect::<Vec<_>>()
        };
        let root = ["moto_controller", "/moto_controller", "/**", "/*", "/**/moto_controller"];
        assert_eq!(fitting(Some("/")), root);
        let left = [
            "moto_controller",
            "/left/moto_controller",
            "/**",
            "/**/moto_controller",
            "/*/moto_controller",
            "left/moto_controller",
            "/left/*",
            "/left/**",
        ];
        assert_eq!(fitting(Some("/left")), left);
        let any: Vec<&str> = fitting(None);
        assert!(!any.contains(&"/other") && !any.contains(&"other") && any.len() == 10, "{any:?}");
    }

    fn seed_of(text: &str, namespace: Option<&str>) -> Result<Tree, ConfigError> {
        let tree = parameters(read_yaml(text).unwrap(), &Schema::of::<RunConfig>(), Path::new("x.yaml"), namespace)?;
        Ok(tree.get("seed").cloned().unwrap_or(Value::Null.into()))
    }

    #[test]
    fn several_groups_for_the_node_all_hold_and_the_later_one_wins() {
        let text = "/**:\n  ros__parameters: {seed: 1}\n/moto_controller:\n  ros__parameters: {seed: 2}\n";
        assert_eq!(seed_of(text, Some("/")).unwrap().value, Value::Integer(2));
        let text = "/moto_controller:\n  ros__parameters: {seed: 2}\n/**:\n  ros__parameters: {other: 1}\n";
        assert_eq!(seed_of(text, None).unwrap().value, Value::Integer(2));
        let text = "left:\n  moto_controller:\n    ros__parameters: {seed: 3}\n";
        assert_eq!(seed_of(text, Some("/left")).unwrap().value, Value::Integer(3));
    }

    #[test]
    fn two_namespaces_are_told_apart_by_the_nodes_own() {
        let text = "/left/moto_controller:\n  ros__parameters: {seed: 1}\n/right/moto_controller:\n  ros__parameters: {seed: 2}\n";
        assert_eq!(seed_of(text, Some("/right")).unwrap().value, Value::Integer(2));
        let said = seed_of(text, None).unwrap_err().to_string();
        assert!(said.contains("/left/moto_controller and /right/moto_controller"), "{said}");
        assert!(seed_of(text, Some("/middle")).unwrap_err().to_string().contains("found /left/moto_controller"));
    }

    #[test]
    fn a_file_that_is_no_parameter_file_says_what_one_is() {
        let said = |text: &str| seed_of(text, None).unwrap_err().to_string();
        assert!(
            said("moto_controller:\n  ros_parameters: {seed: 1}\n")
                .contains("x.yaml:2: moto_controller: there is no field ros_parameters; did you mean ros__parameters?")
        );
        assert!(said("moto_controller: 3\n").contains("x.yaml:1: moto_controller: this is a value"));
        assert!(said("").contains("no parameters for moto_controller"));
        assert!(said("- 1\n").contains("no parameters for moto_controller"));
    }

    #[test]
    fn parameters_hold_over_the_configuration() {
        let shipped = Setup::shipped(|_| {}).unwrap().config;
        let over = |text: &str| over(&shipped, text, Path::new("parameters"));
        assert_eq!(over("").unwrap(), shipped);
        let text = "run.rollouts: 5\nlearner: {reps: {}}\n\"control.limits.margin\": [1, 1, 1, 1, 1, 1, 1, 1, 0.5]\n";
        let changed = over(text).unwrap();
        assert_eq!((changed.run.rollouts, changed.control.limits.margin[8]), (5, 0.5));
        assert_eq!((changed.learner.name(), &changed.task), ("reps", &shipped.task));
        for (text, told) in [
            ("run.rolouts: 5", "did you mean run.rollouts?"),
            ("run.seed: 1\nrun.rollouts: -5", "parameters:2: run.rollouts is -5"),
            ("[run]", "found a list of 1"),
            ("run.rollouts: [", "parameters"),
        ] {
            let error = over(text).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
