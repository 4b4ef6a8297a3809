//! The node's parameters: the daemon's configuration and the node's own, by the dotted names of the
//! configuration file.
//!
//! A change is applied to a copy of the whole configuration, which is then read and checked as at
//! the start. So a value is accepted if and only if the daemon would start with it, and refusals
//! have the same words. Values pass between configuration and parameters as [`Tree`]s, never as
//! text.

mod leaves;
pub mod services;
mod values;

use std::path::PathBuf;

use crossbeam_channel::Sender;
use moto_settings::{Field, FieldError, Joints, Kind, Range, Schema, Tree, Value, nearest};
use r2r::ParameterValue;

use self::leaves::{Leaves, assign, leaves_of, read};
use self::values::{tree, value};
use crate::ros::RosError;
use crate::ros::config::RosConfig;
use crate::ros::link::description::Described;
use crate::setup::{Config, ConfigError, Setup};
use crate::supervisor::Order;

/// The checked configuration.
#[derive(Clone)]
pub struct Settings {
    /// The daemon's configuration, with robot and task.
    pub setup: Setup,
    /// The node's own configuration.
    pub ros: RosConfig,
    /// Whether time is taken from the topic `/clock`.
    pub use_sim_time: bool,
}

/// Parts of the configuration that may change. All other parts are fixed at the start.
const WRITABLE: [&str; 11] = [
    "control.limits.",
    "control.tracking.",
    "control.homing.",
    "control.return.",
    "control.watchdog.",
    "control.safety.",
    "control.teaching.",
    "control.scheduling.",
    "control.max_",
    "control.ready_timeout",
    "ros.diagnostics.",
];

/// The writable part that cannot change while a loop runs.
const AT_ACTIVATION: &str = "control.scheduling.";

/// The part that is passed on to a running loop.
const CONTROL: &str = "control.";

/// The standard parameter of every node.
const SIM_TIME: &str = "use_sim_time";
const OWN: &str = "ros.";

/// The first parts of this node's names. A name with another first part may belong to another node.
const PARTS: [&str; 6] = ["robot", "control", "task", "learner", "run", "ros"];

/// All parameters with their descriptions.
pub struct Parameters {
    daemon: Schema,
    own: Schema,
    leaves: Leaves,
    settings: Settings,
    /// Receives orders for a run under way.
    active: Option<Sender<Order>>,
}

impl Parameters {
    /// Loads the configuration in the file at `path` for a node in `namespace`, and applies
    /// `overrides` (of the command line and its parameter files). `receive` returns the robot
    /// description if the configuration takes it from a topic.
    ///
    /// # Errors
    /// The refused value, with file and field, or the error of `receive`.
    pub fn load(
        path: PathBuf,
        overrides: &[(String, ParameterValue)],
        namespace: &str,
        receive: impl FnOnce(&RosConfig) -> Result<Described, RosError>,
    ) -> Result<Self, RosError> {
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
        let (ros, config): (_, Config) = (read(&own, &leaves, OWN)?, read(&daemon, &leaves, "")?);
        let setup = if config.robot.is_described_on_a_topic() {
            let Described { text, topic } = receive(&ros)?;
            Setup::received(config, text, &path, &PathBuf::from(format!("what came on {topic}")))
        } else {
            Setup::of(config, &path)
        };
        let setup = setup.map_err(refused)?;
        setup.check_judge_on_a_robot().map_err(refused)?;
        let use_sim_time = leaves[SIM_TIME].value == Value::Bool(true);
        let parameters =
            Self { daemon, own, leaves: Leaves::new(), settings: Settings { setup, ros, use_sim_time }, active: None };
        parameters.settings.ros.validate(&parameters.settings.setup.config.robot.joints)?;
        parameters.with_leaves()
    }

    /// Makes the leaves from the settings, so that values filled in from the robot description are
    /// parameters too.
    fn with_leaves(mut self) -> Result<Self, RosError> {
        self.leaves = self.settings.leaves()?;
        Ok(self)
    }

    /// The checked configuration.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Sets the receiver of orders while the node is active. Gains and limits then hold from the
    /// next trial on.
    pub fn set_active(&mut self, orders: Option<Sender<Order>>) {
        self.active = orders;
    }

    /// All names, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        // A group that is absent, or a list of groups, is no parameter of ROS 2.
        self.leaves.keys().map(String::as_str).filter(|name| self.describe(name).is_some())
    }

    /// The value of a parameter; `None` if there is no such parameter.
    pub fn value(&self, name: &str) -> Option<ParameterValue> {
        Some(value(&self.describe(name)?, self.leaves.get(name)?))
    }

    /// The description of a parameter.
    pub fn describe(&self, name: &str) -> Option<Field> {
        describe(&self.daemon, &self.own, name)
    }

    /// Whether a parameter is fixed at the start.
    pub fn is_read_only(name: &str) -> bool {
        !WRITABLE.iter().any(|part| name.starts_with(part))
    }

    /// Changes all of these parameters, or none. Returns the names whose values differ now. No file
    /// is opened.
    ///
    /// # Errors
    /// The first reason to refuse the change.
    pub fn set(&mut self, changes: &[(String, ParameterValue)]) -> Result<Vec<String>, RosError> {
        let mut leaves = self.leaves.clone();
        for (name, value) in changes {
            let refuse = |reason: &str| RosError::Parameter { name: name.clone(), reason: reason.into() };
            let Some(field) = self.describe(name).filter(|_| self.leaves.contains_key(name)) else {
                unknown(&self.daemon, &self.own, name)?;
                return Err(refuse("there is no such parameter"));
            };
            if name == SIM_TIME {
                return Err(refuse(
                    "read-only: the loop keeps its clock until the process ends; start the node anew with the other",
                ));
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
            // The order is lost if the run is over. The next activation uses the new values.
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

/// Handles an unknown name. It is refused if it begins like a name of this node. Files with
/// parameters for every node contain other nodes' names too.
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
        // The name belongs to a group, or lies below a value.
        _ => Err(RosError::NoParameter { name: name.into(), hint: "it is a group of others, or a part of one".into() }),
    }
}

/// The configuration's refusal. It names the parameter, not the file.
fn refused(error: ConfigError) -> RosError {
    match error {
        ConfigError::Field { source, .. } => source.into(),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests;
