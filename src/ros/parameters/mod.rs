//! The node's parameters: the daemon's configuration and the node's own, by the dotted names of the configuration file.
//!
//! A change is tried on a copy of the whole configuration, which is then read and checked as at the start: a value is
//! accepted if and only if the daemon would start with it, and refused with the same words.

pub mod services;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crossbeam_channel::Sender;
use r2r::ParameterValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::daemon::{Config, ConfigError, Order, Setup};
use crate::ros::RosError;
use crate::ros::config::RosConfig;
use crate::schema::{Field, FieldError, Joints, Kind, Range, Schema, Tree, Value, nearest};

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

/// The first parts of this node's names. A name with another one may be another node's.
const PARTS: [&str; 6] = ["robot", "control", "task", "learner", "run", "ros"];

/// All parameters and what they describe.
pub struct Parameters {
    daemon: Schema,
    own: Schema,
    leaves: Leaves,
    settings: Settings,
    /// Where a run that is under way takes orders.
    active: Option<Sender<Order>>,
}

impl Parameters {
    /// The configuration in the file at `path`, changed by `overrides` (those of the command line and its parameter files), for a
    /// node in `namespace`.
    ///
    /// # Errors
    /// What is wrong, by file, field and value.
    pub fn load(path: PathBuf, overrides: &[(String, ParameterValue)], namespace: &str) -> Result<Self, RosError> {
        let (daemon, own) = (Schema::of::<Config>(), Schema::of::<RosConfig>());
        let mut leaves = leaves_of(&RosConfig::default(), OWN)?;
        leaves.insert(SIM_TIME.into(), Value::Bool(false).into());
        leaves.extend(leaves_of(&Config::load(&path, Some(namespace))?, "")?);
        for (name, value) in overrides {
            match describe(&daemon, &own, name) {
                Some(field) => assign(&mut leaves, &daemon, name, tree(name, &field, value)?),
                None => unknown(&daemon, &own, name)?,
            }
        }
        let ros = read(&own, &leaves, OWN)?;
        let setup = Setup::of(read(&daemon, &leaves, "")?, &path).map_err(refused)?;
        let use_sim_time = leaves[SIM_TIME].value == Value::Bool(true);
        let parameters =
            Self { daemon, own, leaves: Leaves::new(), settings: Settings { setup, ros, use_sim_time }, active: None };
        parameters.settings.ros.validate(&parameters.settings.setup.config.robot.joints)?;
        parameters.with_leaves()
    }

    /// The leaves are those of the settings: also what the robot description filled in is a parameter.
    fn with_leaves(mut self) -> Result<Self, RosError> {
        self.leaves = self.settings.leaves()?;
        Ok(self)
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
    pub fn describe(&self, name: &str) -> Option<Field> {
        describe(&self.daemon, &self.own, name)
    }

    /// Whether a parameter can only be given at the start.
    pub fn is_read_only(name: &str) -> bool {
        !WRITABLE.iter().any(|part| name.starts_with(part))
    }

    /// Changes all of these parameters, or none. Says which of them are different now. No file is opened.
    ///
    /// # Errors
    /// Why the change is refused: the first reason found.
    pub fn set(&mut self, changes: &[(String, ParameterValue)]) -> Result<Vec<String>, RosError> {
        let mut leaves = self.leaves.clone();
        for (name, value) in changes {
            let refuse = |reason: &str| RosError::Parameter { name: name.clone(), reason: reason.into() };
            let Some(field) = self.describe(name).filter(|_| self.leaves.contains_key(name)) else {
                unknown(&self.daemon, &self.own, name)?;
                return Err(refuse("there is no such parameter"));
            };
            if name == SIM_TIME {
                return Err(refuse("read-only: the loop keeps one clock for life; start the node anew with the other"));
            }
            if Self::is_read_only(name) {
                return Err(refuse("read-only; give it at the start"));
            }
            if self.active.is_some() && name.starts_with(AT_ACTIVATION) {
                return Err(refuse("the loop's thread has its scheduling; deactivate, change it, and activate again"));
            }
            assign(&mut leaves, &self.daemon, name, tree(name, &field, value)?);
        }
        let setup = self.settings.setup.with(read(&self.daemon, &leaves, "")?).map_err(refused)?;
        let ros: RosConfig = read(&self.own, &leaves, OWN)?;
        ros.validate(&setup.config.robot.joints)?;
        let settings = Settings { setup, ros, use_sim_time: self.settings.use_sim_time };
        let leaves = settings.leaves()?;
        let differs = |(name, _): &&(String, ParameterValue)| self.leaves.get(name) != leaves.get(name);
        let different: Vec<String> = changes.iter().filter(differs).map(|(name, _)| name.clone()).collect();
        if let Some(orders) = &self.active
            && different.iter().any(|name| name.starts_with(CONTROL))
        {
            // A run that is over by now is told when it is activated again.
            let _ = orders.send(Order::Tune(Box::new(settings.setup.config.control.clone())));
        }
        self.settings = settings;
        self.leaves = leaves;
        Ok(different)
    }
}

impl Settings {
    /// All parameters and their values.
    fn leaves(&self) -> Result<Leaves, RosError> {
        let mut leaves = leaves_of(&self.setup.config, "")?;
        leaves.extend(leaves_of(&self.ros, OWN)?);
        leaves.insert(SIM_TIME.into(), Value::Bool(self.use_sim_time).into());
        Ok(leaves)
    }
}

fn describe(daemon: &Schema, own: &Schema, name: &str) -> Option<Field> {
    if name == SIM_TIME {
        return Some(Field {
            kind: Kind::Bool,
            optional: false,
            text: "Take the time from the topic /clock.".into(),
            range: Range::default(),
            unit: None,
            choices: vec![],
            expected: "true or false".into(),
        });
    }
    match name.strip_prefix(OWN) {
        Some(name) => own.field(name),
        None => daemon.field(name),
    }
}

/// A name that no parameter has: refused if it begins as ours do. Files with parameters for every node name those of other nodes
/// too.
fn unknown(daemon: &Schema, own: &Schema, name: &str) -> Result<(), RosError> {
    let first = name.split('.').next().unwrap_or_default();
    if !PARTS.contains(&first) {
        let hint = nearest(first, PARTS).map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
        tracing::warn!("parameter {name} is not one of this node's: ignored{hint}");
        return Ok(());
    }
    let (schema, prefix) = if first == "ros" { (own, OWN) } else { (daemon, "") };
    let mut tree = Tree::from(Value::Map(vec![]));
    tree.insert(name.strip_prefix(prefix).unwrap_or(name), Value::Null.into());
    match schema.check(&mut tree, Joints::Unknown) {
        Err(refusal) if matches!(refusal.error, FieldError::Unknown { .. }) => {
            let FieldError::Unknown { field, hint } = refusal.error else { return Ok(()) };
            let hint = hint.replacen("did you mean ", &format!("did you mean {prefix}"), 1);
            Err(RosError::NoParameter { name: format!("{prefix}{field}"), hint })
        }
        // The name of a group, or below a value.
        _ => Err(RosError::NoParameter { name: name.into(), hint: "it is a group of others, or a part of one".into() }),
    }
}

/// What is wrong with the configuration as the parameters make it: the parameter is named, not the file it was in at first.
fn refused(error: ConfigError) -> RosError {
    match error {
        ConfigError::Field { source, .. } => source.into(),
        other => other.into(),
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

/// The leaves of a configuration, their names after `prefix`.
fn leaves_of(config: &impl Serialize, prefix: &str) -> Result<Leaves, RosError> {
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

/// The configuration whose leaves have names after `prefix`, each of its values checked.
fn read<T: DeserializeOwned>(schema: &Schema, leaves: &Leaves, prefix: &str) -> Result<T, RosError> {
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

/// A value as ROS has it.
fn value(field: &Field, tree: &Tree) -> ParameterValue {
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
        // ROS has no integers beyond 63 bits.
        (_, Value::Integer(value)) => ParameterValue::Integer(i64::try_from(*value).unwrap_or(i64::MAX)),
        _ => ParameterValue::String(text(tree)),
    }
}

/// A value from ROS.
fn tree(name: &str, field: &Field, value: &ParameterValue) -> Result<Tree, RosError> {
    let doubles = |list: &[f64]| Value::List(list.iter().map(|value| Value::Double(*value).into()).collect());
    let tree = match (field.kind, value) {
        (_, ParameterValue::NotSet) if field.optional => Value::Null,
        (Kind::Bool, ParameterValue::Bool(value)) => Value::Bool(*value),
        (Kind::Integer, ParameterValue::Integer(value)) => Value::Integer((*value).into()),
        (Kind::Double, ParameterValue::Double(value)) => Value::Double(*value),
        // `1` is a double as well where one is wanted: the configuration file takes it too.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::document;
    use std::path::Path;

    fn load(overrides: &[(&str, ParameterValue)]) -> Result<Parameters, String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/table_tennis.yaml");
        let given: Vec<_> = overrides.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
        Parameters::load(path, &given, "/").map_err(|error| error.to_string())
    }

    fn text(text: &str) -> ParameterValue {
        ParameterValue::String(text.into())
    }

    fn refused(name: &str, value: ParameterValue) -> String {
        load(&[(name, value)]).err().unwrap_or_else(|| format!("{name} is accepted"))
    }

    #[test]
    fn a_misspelt_name_under_our_prefixes_is_refused_with_the_nearest_one() {
        let said = refused("control.limits.efort", ParameterValue::DoubleArray(vec![1.; 9]));
        assert_eq!(said, "there is no such parameter: control.limits.efort; did you mean control.limits.effort?");
        let said = refused("ros.comand_topic", text("x"));
        assert_eq!(said, "there is no such parameter: ros.comand_topic; did you mean ros.command_topic?");
        let said = refused("ros.diagnostics.max_latenes", ParameterValue::Double(1.));
        assert!(said.ends_with("did you mean ros.diagnostics.max_lateness?"), "{said}");
        assert!(refused("run.colour", text("x")).contains("there are checkpoints"));
        assert!(refused("control.limits", text("x")).contains("no such parameter"));
        assert!(refused("task.tabletennis.setting", text("context")).contains("no such parameter"));
        // Of other nodes, which files with parameters for every node name too.
        assert!(load(&[("robot_description", text("<robot/>")), ("another.parameter", text("x"))]).is_ok());
        let mut parameters = load(&[]).unwrap();
        let said = parameters.set(&[("control.limits.efort".into(), ParameterValue::Double(1.))]).unwrap_err();
        assert!(said.to_string().contains("did you mean control.limits.effort?"), "{said}");
    }

    #[test]
    fn a_value_is_refused_by_parameter_joint_and_bound_without_a_file() {
        let said = refused("run.rollouts", ParameterValue::Integer(1));
        assert_eq!(said, "parameter run.rollouts is 1, expected a whole number, 2 to 10000");
        let efforts = vec![1., 1., 1., 1., 1., -1., 1., 1., 1.];
        let said = refused("control.limits.effort", ParameterValue::DoubleArray(efforts));
        assert_eq!(said, "parameter control.limits.effort of joint j3 is -1, expected above 0 N or N m");
        let said = refused("control.limits.effort", ParameterValue::DoubleArray(vec![1e4; 9]));
        assert!(said.starts_with("parameter control.limits.effort of joint bx is 10000, expected at most"), "{said}");
        let said = refused("run.seed", text("x"));
        assert_eq!(said, "parameter run.seed: expected integer, got string (a whole number, at least 0)");
        let said = refused("ros.joints.sign", ParameterValue::DoubleArray(vec![1.]));
        assert_eq!(said, "parameter ros.joints.sign has 1 entry, the robot has 9 joints");
    }

    #[test]
    fn a_bad_topic_name_names_its_parameter() {
        for (name, topic) in
            [("ros.command_topic", "bad topic!"), ("ros.serve_topic", "1st"), ("ros.serve_service", "a//b")]
        {
            let said = refused(name, text(topic));
            assert!(
                said.starts_with(&format!("parameter {name} is {topic:?}, expected a name as ROS 2 has them")),
                "{said}"
            );
        }
        assert!(refused("ros.command_topic", text("")).contains("not empty"));
    }

    #[test]
    fn both_spellings_of_a_choice_are_taken() {
        let parameters = load(&[("task.table_tennis.setting", text("noisy-bounce"))]).unwrap();
        assert_eq!(parameters.value("task.table_tennis.setting"), Some(text("noisy_bounce")));
    }

    #[test]
    fn a_change_opens_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in ["config/table_tennis.yaml", "urdf/table_tennis_arm.urdf"] {
            let copy = folder.path().join(file);
            std::fs::create_dir(copy.parent().unwrap()).unwrap();
            std::fs::copy(repository.join(file), copy).unwrap();
        }
        let mut parameters = Parameters::load(folder.path().join("config/table_tennis.yaml"), &[], "/").unwrap();
        drop(folder);
        let change = [("control.tracking.damping".into(), ParameterValue::Double(39.))];
        assert_eq!(parameters.set(&change).unwrap(), ["control.tracking.damping"]);
        assert_eq!(parameters.value("control.tracking.damping"), Some(ParameterValue::Double(39.)));
        assert_eq!(parameters.settings().setup.config.control.tracking.damping, 39.);
    }

    #[test]
    fn parameters_describe_themselves_by_their_attributes() {
        let parameters = load(&[]).unwrap();
        let field = |name: &str| parameters.describe(name).unwrap();
        let period = field("control.period");
        assert_eq!((period.kind, period.optional, period.range.bounds()), (Kind::Double, false, Some((0.0001, 0.1))));
        assert_eq!((&*period.expected, period.unit.as_deref()), ("0.0001 to 0.1 s", Some("s")));
        assert_eq!(field("control.limits.effort_rate").kind, Kind::DoubleArray);
        assert_eq!(field("robot.joints").kind, Kind::TextArray);
        let cpu = field("control.scheduling.cpu");
        assert_eq!((cpu.kind, cpu.optional), (Kind::Integer, true));
        assert_eq!(field("task.table_tennis.setting").choices, ["noiseless", "context", "noisy_bounce"]);
        assert!(parameters.describe("control.fly").is_none() && parameters.describe("control").is_none());
        for name in parameters.names() {
            assert!(!field(name).text.is_empty(), "{name}");
        }
    }

    /// Run with UPDATE_DOCUMENTATION=1 to write it.
    #[test]
    fn the_documentation_is_that_of_the_parameters() {
        let sample = Tree::of(&BTreeMap::from([("ros", RosConfig::default())])).unwrap();
        let text = format!(
            "# Parameters of the node itself\n\nMade from the code (`crates/moto_settings`); all others are in [configuration.md](configuration.md).\n\n{}",
            document(&Schema::of::<Own>(), &sample).trim_end(),
        ) + "\n";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ros_parameters.md");
        if std::env::var_os("UPDATE_DOCUMENTATION").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert!(std::fs::read_to_string(&path).unwrap() == text, "{} is not up to date", path.display());
    }

    /// The node's own parameters under their prefix.
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Own {
        /// The node.
        ros: RosConfig,
    }
}
