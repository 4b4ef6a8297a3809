//! The node's parameters: the daemon's configuration and the node's own, by the dotted names of the configuration file.
//!
//! A change is tried on a copy of the whole configuration, which is then read and checked as at the start: a value is
//! accepted if and only if the daemon would start with it, and refused with the same words.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crossbeam_channel::Sender;
use r2r::ParameterValue;
use serde::{Deserialize, Serialize};

use super::RosError;
use super::config::RosConfig;
use super::schema::{Description, Kind, Schema};
use crate::daemon::{Config, Order, Setup};

/// A configuration as a tree of names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Tree {
    Null,
    Bool(bool),
    Integer(i64),
    Double(f64),
    Text(String),
    List(Vec<Tree>),
    Map(BTreeMap<String, Tree>),
}

type Leaves = BTreeMap<String, Tree>;

/// Everything that is configured, read and checked.
#[derive(Clone)]
pub struct Settings {
    /// The daemon's configuration, with robot and task.
    pub setup: Setup,
    /// The node's own.
    pub ros: RosConfig,
    /// Whether time is that of the topic `/clock`.
    pub use_sim_time: bool,
}

/// Parts of the configuration that may change; the rest is given at the start and stays.
const WRITABLE: [&str; 10] = [
    "control.limits.",
    "control.tracking.",
    "control.homing.",
    "control.return.",
    "control.watchdog.",
    "control.safety.",
    "control.scheduling.",
    "control.max_",
    "control.ready_timeout",
    "ros.diagnostics.",
];

/// Of these, what a loop that runs cannot change.
const AT_ACTIVATION: &str = "control.scheduling.";

/// The part that a loop that runs is told of.
const CONTROL: &str = "control.";

/// The standard parameter of every node.
const SIM_TIME: &str = "use_sim_time";
const OWN: &str = "ros.";

/// All parameters and what they describe.
pub struct Parameters {
    path: PathBuf,
    daemon: Schema,
    own: Schema,
    leaves: Leaves,
    settings: Settings,
    /// Where a run that is under way takes orders.
    active: Option<Sender<Order>>,
}

impl Parameters {
    /// The configuration in the file at `path`, changed by `overrides` (those of the command line and its parameter files).
    ///
    /// # Errors
    /// What is wrong, by file, field and value.
    pub fn load(path: PathBuf, overrides: &[(String, ParameterValue)]) -> Result<Self, RosError> {
        let (daemon, own) = (Schema::of::<Config>(), Schema::of::<RosConfig>());
        let mut wrong = None;
        let mut leaves = leaves_of(&RosConfig::default(), OWN)?;
        leaves.insert(SIM_TIME.into(), Tree::Bool(false));
        let mut setup = Setup::load(&path, |config| {
            let changed = leaves_of(config, "").and_then(|more| {
                leaves.extend(more);
                for (name, value) in overrides {
                    match describe(&daemon, &own, name) {
                        Some(description) => assign(&mut leaves, &daemon, name, tree(name, &description, value)?),
                        // Files with parameters for every node name those of other nodes too.
                        None => tracing::warn!("parameter {name} is not one of this node's: ignored"),
                    }
                }
                read::<Config>(&leaves, "")
            });
            match changed {
                Ok(changed) => *config = changed,
                Err(error) => wrong = Some(error),
            }
        })?;
        if let Some(error) = wrong {
            return Err(error);
        }
        // Lists that the robot description fills in are parameters as well.
        leaves.extend(leaves_of(&setup.config, "")?);
        let settings = Settings {
            ros: read(&leaves, OWN)?,
            use_sim_time: leaves[SIM_TIME] == Tree::Bool(true),
            setup: setup.clone(),
        };
        settings.ros.validate(&settings.setup.config.robot.joints)?;
        setup.config = settings.setup.config.clone();
        Ok(Self { path, daemon, own, leaves, settings, active: None })
    }

    /// What is configured.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// While the node is active, `orders` is where its run takes orders: gains and limits then hold from the next trial on.
    pub fn set_active(&mut self, orders: Option<Sender<Order>>) {
        self.active = orders;
    }

    /// All names, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.leaves.keys().map(String::as_str)
    }

    /// The value of a parameter; `None` if there is no such parameter.
    pub fn value(&self, name: &str) -> Option<ParameterValue> {
        Some(value(&self.describe(name)?, self.leaves.get(name)?))
    }

    /// What is known of a parameter.
    pub fn describe(&self, name: &str) -> Option<Description> {
        describe(&self.daemon, &self.own, name)
    }

    /// Whether a parameter can only be given at the start.
    pub fn is_read_only(name: &str) -> bool {
        !WRITABLE.iter().any(|part| name.starts_with(part))
    }

    /// Changes all of these parameters, or none. Says which of them are different now.
    ///
    /// # Errors
    /// Why the change is refused: the first reason found.
    pub fn set(&mut self, changes: &[(String, ParameterValue)]) -> Result<Vec<String>, RosError> {
        let mut leaves = self.leaves.clone();
        for (name, value) in changes {
            let refuse = |reason: &str| RosError::Parameter { name: name.clone(), reason: reason.into() };
            let known = self.describe(name).filter(|_| self.leaves.contains_key(name));
            let description = known.ok_or_else(|| refuse("there is no such parameter"))?;
            if name == SIM_TIME {
                return Err(refuse("read-only: the loop keeps one clock for life; start the node anew with the other"));
            }
            if Self::is_read_only(name) {
                return Err(refuse("read-only; give it at the start"));
            }
            if self.active.is_some() && name.starts_with(AT_ACTIVATION) {
                return Err(refuse("the loop's thread has its scheduling; deactivate, change it, and activate again"));
            }
            assign(&mut leaves, &self.daemon, name, tree(name, &description, value)?);
        }
        let (mut changed, mut wrong) = (None, None);
        match read::<Config>(&leaves, "") {
            Ok(config) => changed = Some(config),
            Err(error) => wrong = Some(error),
        }
        if let Some(error) = wrong {
            return Err(error);
        }
        let setup = Setup::load(&self.path, |config| {
            if let Some(changed) = changed {
                *config = changed;
            }
        })?;
        let ros: RosConfig = read(&leaves, OWN)?;
        ros.validate(&setup.config.robot.joints)?;
        let differs = |(name, _): &&(String, ParameterValue)| self.leaves.get(name) != leaves.get(name);
        let different: Vec<String> = changes.iter().filter(differs).map(|(name, _)| name.clone()).collect();
        if let Some(orders) = &self.active
            && different.iter().any(|name| name.starts_with(CONTROL))
        {
            // A run that is over by now is told when it is activated again.
            let _ = orders.send(Order::Tune(Box::new(setup.config.control.clone())));
        }
        self.settings = Settings { setup, ros, use_sim_time: self.settings.use_sim_time };
        self.leaves = leaves;
        Ok(different)
    }
}

fn describe(daemon: &Schema, own: &Schema, name: &str) -> Option<Description> {
    if name == SIM_TIME {
        let text = "Take the time from the topic /clock.".into();
        return Some(Description { kind: Kind::Bool, optional: false, text, range: None, choices: vec![] });
    }
    match name.strip_prefix(OWN) {
        Some(name) => own.describe(name),
        None => daemon.describe(name),
    }
}

/// Sets a leaf. The alternatives of a choice exclude each other, and a value of its own excludes names below it.
fn assign(leaves: &mut Leaves, schema: &Schema, name: &str, value: Tree) {
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

fn syntax(error: impl std::fmt::Display) -> RosError {
    // The first line says what is wrong; the others point into a text the user never sees.
    let text = error.to_string();
    let reason = text.lines().next().unwrap_or_default().trim_start_matches("error: ").into();
    RosError::Parameter { name: "value".into(), reason }
}

/// The leaves of a configuration, their names after `prefix`. YAML is the way because it keeps every number as it is.
fn leaves_of(config: &impl Serialize, prefix: &str) -> Result<Leaves, RosError> {
    fn gather(name: &str, tree: Tree, leaves: &mut Leaves) {
        match tree {
            Tree::Map(map) => {
                let dot = if name.is_empty() || name.ends_with('.') { "" } else { "." };
                map.into_iter().for_each(|(field, tree)| gather(&format!("{name}{dot}{field}"), tree, leaves));
            }
            leaf => drop(leaves.insert(name.into(), leaf)),
        }
    }
    let text = serde_saphyr::to_string(config).map_err(syntax)?;
    let mut leaves = Leaves::new();
    gather(prefix, serde_saphyr::from_str(&text).map_err(syntax)?, &mut leaves);
    Ok(leaves)
}

/// The configuration whose leaves have names after `prefix`.
fn read<T: for<'de> Deserialize<'de>>(leaves: &Leaves, prefix: &str) -> Result<T, RosError> {
    let mut root = BTreeMap::new();
    for (name, leaf) in leaves {
        let Some(name) = name.strip_prefix(prefix) else { continue };
        if prefix.is_empty() && (name.starts_with(OWN) || name == SIM_TIME) {
            continue;
        }
        let mut map = &mut root;
        let mut fields = name.split('.').peekable();
        while let Some(field) = fields.next() {
            if fields.peek().is_none() {
                map.insert(field.to_owned(), leaf.clone());
                break;
            }
            let inner = map.entry(field.to_owned()).or_insert_with(|| Tree::Map(BTreeMap::new()));
            let Tree::Map(inner) = inner else { break };
            map = inner;
        }
    }
    let text = serde_saphyr::to_string(&Tree::Map(root)).map_err(syntax)?;
    serde_saphyr::from_str(&text).map_err(syntax)
}

/// A value as ROS has it.
fn value(description: &Description, tree: &Tree) -> ParameterValue {
    let double = |tree: &Tree| match tree {
        Tree::Integer(i) => *i as f64,
        Tree::Double(x) => *x,
        _ => f64::NAN,
    };
    let text = |tree: &Tree| match tree {
        Tree::Text(text) => text.clone(),
        other => format!("{other:?}"),
    };
    match (description.kind, tree) {
        (_, Tree::Null) => ParameterValue::NotSet,
        (Kind::DoubleArray, Tree::List(list)) => ParameterValue::DoubleArray(list.iter().map(double).collect()),
        (Kind::TextArray, Tree::List(list)) => ParameterValue::StringArray(list.iter().map(text).collect()),
        (Kind::Double, number) => ParameterValue::Double(double(number)),
        (_, Tree::Bool(value)) => ParameterValue::Bool(*value),
        (_, Tree::Integer(value)) => ParameterValue::Integer(*value),
        (_, other) => ParameterValue::String(text(other)),
    }
}

/// A value from ROS.
fn tree(name: &str, description: &Description, value: &ParameterValue) -> Result<Tree, RosError> {
    let refuse = |reason: String| RosError::Parameter { name: name.into(), reason };
    let doubles = |list: &[f64]| Tree::List(list.iter().copied().map(Tree::Double).collect());
    let tree = match (description.kind, value) {
        (_, ParameterValue::NotSet) if description.optional => Tree::Null,
        (Kind::Bool, ParameterValue::Bool(value)) => Tree::Bool(*value),
        (Kind::Integer, ParameterValue::Integer(value)) => Tree::Integer(*value),
        (Kind::Double, ParameterValue::Double(value)) => Tree::Double(*value),
        // `1` is a double as well where one is wanted: the configuration file takes it too.
        (Kind::Double, ParameterValue::Integer(value)) => Tree::Double(*value as f64),
        (Kind::Text, ParameterValue::String(value)) => Tree::Text(value.clone()),
        (Kind::DoubleArray, ParameterValue::DoubleArray(list)) => doubles(list),
        (Kind::DoubleArray, ParameterValue::IntegerArray(list)) => {
            doubles(&list.iter().map(|value| *value as f64).collect::<Vec<_>>())
        }
        (Kind::TextArray, ParameterValue::StringArray(list)) => {
            Tree::List(list.iter().cloned().map(Tree::Text).collect())
        }
        (kind, other) => return Err(refuse(format!("expected {}, got {}", wanted(kind), other.type_name()))),
    };
    if let Tree::Text(text) = &tree
        && !description.choices.is_empty()
        && !description.choices.contains(text)
    {
        return Err(refuse(format!("is {text:?}, expected one of {}", description.choices.join(", "))));
    }
    if let (Some((low, high)), ParameterValue::Double(_) | ParameterValue::Integer(_)) = (description.range, value) {
        let number = if let Tree::Integer(i) = tree {
            i as f64
        } else if let Tree::Double(x) = tree {
            x
        } else {
            low
        };
        if !(low..=high).contains(&number) {
            return Err(refuse(format!("is {number}, expected {low} to {high}")));
        }
    }
    Ok(tree)
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
