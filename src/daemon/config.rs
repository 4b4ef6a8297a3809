//! The daemon's configuration: one YAML file in the form of a ROS 2 parameter file, and the robot description it names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::control::{self, ControlConfig, LimitsConfig};
use crate::dynamics::{Joint, Model, ModelError};
use crate::moto::{LearnerConfig, MotoError};
use crate::simulation::{ArmConfig, ParameterError};
use crate::storage::config_hash;
use crate::tasks::table_tennis::{Setting, TableTennis, TableTennisConfig};
use crate::tasks::{Task, TaskError};

/// The node's name in a parameter file.
const NODE: &str = "moto_controller";
/// The name that stands for every node.
const ANY_NODE: &str = "/**";

/// Why a configuration is refused. Every message names the file, the field and the value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not YAML, or has a field that does not exist or has the wrong type.
    #[error("{path}: {message}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and what.
        message: String,
    },
    /// The file has no parameters for this node.
    #[error("{path}: no parameters for {NODE}: expected `{NODE}:` or `{ANY_NODE}:` with `ros__parameters:` below it")]
    NoNode {
        /// The file.
        path: PathBuf,
    },
    /// The robot description is refused.
    #[error("robot.urdf is {path}: {source}")]
    Robot {
        /// The robot description.
        path: PathBuf,
        /// Why.
        source: Box<ModelError>,
    },
    /// The configuration is made for another robot.
    #[error("{path}: robot.joints are {expected:?}, but {urdf} has {found:?}")]
    Joints {
        /// The configuration.
        path: PathBuf,
        /// The robot description.
        urdf: PathBuf,
        /// Joints of the configuration.
        expected: Vec<String>,
        /// Joints of the robot.
        found: Vec<String>,
    },
    /// A value of the loop is refused.
    #[error("{path}: {source}")]
    Control {
        /// The configuration.
        path: PathBuf,
        /// Which and why.
        source: Box<control::ConfigError>,
    },
    /// A value of the task is refused.
    #[error("{path}: task: {source}")]
    Task {
        /// The configuration.
        path: PathBuf,
        /// Which and why.
        source: Box<TaskError>,
    },
    /// A value of the learner is refused.
    #[error("{path}: learner: {source}")]
    Learner {
        /// The configuration.
        path: PathBuf,
        /// Which and why.
        source: Box<MotoError>,
    },
    /// A value of the run is refused.
    #[error("{path}: {source}")]
    Run {
        /// The configuration.
        path: PathBuf,
        /// Which and why.
        source: Box<ParameterError>,
    },
}

/// The robot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ros", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RobotConfig {
    /// Robot description (URDF), relative to the configuration's folder.
    pub urdf: PathBuf,
    /// The joints, in the order of every list of the configuration; must be those of the description.
    pub joints: Vec<String>,
    /// What the description does not say of the arm.
    #[serde(default)]
    pub arm: ArmConfig,
}

/// The task. One of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ros", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TaskConfig {
    /// Returning table-tennis balls.
    TableTennis(TableTennisConfig),
}

/// How long to learn, and what to do around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ros", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RunConfig {
    /// Seed of everything random. Default 1.
    pub seed: u64,
    /// Rollouts per iteration, M, in [2, 10000]. Default 15.
    pub rollouts: usize,
    /// Iterations of the learner, in [0, 100000]. Default 80.
    pub iterations: usize,
    /// Strokes of the mean action by which the policy is judged before and after, in [1, 100000]. Default 200.
    pub evaluation_strokes: usize,
    /// Strokes made on the wall clock at the end, in [0, 100000]. Default 10.
    pub realtime_strokes: usize,
    /// Checkpoints kept, in [1, 1000]. Default 3.
    pub checkpoints: usize,
    /// Longest time the learner may take for an update before it counts as lost, s, in [0.001, 86400]. Default 600.
    pub update_timeout: f64,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            rollouts: 15,
            iterations: 80,
            evaluation_strokes: 200,
            realtime_strokes: 10,
            checkpoints: 3,
            update_timeout: 600.,
        }
    }
}

/// Everything a user may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ros", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The robot.
    pub robot: RobotConfig,
    /// The control loop.
    pub control: ControlConfig,
    /// The task.
    pub task: TaskConfig,
    /// The learner.
    pub learner: LearnerConfig,
    /// The run.
    #[serde(default)]
    pub run: RunConfig,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Node {
    #[serde(rename = "ros__parameters")]
    parameters: Config,
}

/// A configuration that was read and checked, with the robot and the task it describes.
#[derive(Clone)]
pub struct Setup {
    /// The configuration, resolved: what was left out is filled in.
    pub config: Config,
    /// Text of the robot description.
    pub urdf: String,
    /// The robot, armature and springs included.
    pub model: Model,
    path: PathBuf,
}

impl Setup {
    /// Reads a configuration and the robot description it names, lets `adjust` change it, and checks it.
    ///
    /// # Errors
    /// What is wrong, by file, field and value.
    pub fn load(path: &Path, adjust: impl FnOnce(&mut Config)) -> Result<Self, ConfigError> {
        Self::parse(path, &read(path)?, adjust, read)
    }

    /// The same from the text of the configuration, `read` giving the text of the file it names.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(
        path: &Path,
        text: &str,
        adjust: impl FnOnce(&mut Config),
        read: impl FnOnce(&Path) -> Result<String, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let mut config = parse(text, path)?;
        adjust(&mut config);
        let urdf_path = path.parent().unwrap_or(Path::new(".")).join(&config.robot.urdf);
        let urdf = read(&urdf_path)?;
        Self::check(config, urdf, path, &urdf_path)
    }

    /// The table-tennis arm and its settings as they come with the program, once `adjust` has changed them.
    ///
    /// # Errors
    /// What `adjust` made wrong, by field and value.
    pub fn shipped(adjust: impl FnOnce(&mut Config)) -> Result<Self, ConfigError> {
        let path = Path::new("config/table_tennis.yaml");
        let mut config = parse(include_str!("../../config/table_tennis.yaml"), path)?;
        adjust(&mut config);
        let urdf = include_str!("../../urdf/table_tennis_arm.urdf");
        Self::check(config, urdf.into(), path, Path::new("urdf/table_tennis_arm.urdf"))
    }

    /// A configuration and its robot description that are not from files; `path` stands for them in errors.
    ///
    /// # Errors
    /// What is wrong, by field and value.
    pub fn stored(config: Config, urdf: String, path: &Path) -> Result<Self, ConfigError> {
        Self::check(config, urdf, path, path)
    }

    fn check(mut config: Config, urdf: String, path: &Path, urdf_path: &Path) -> Result<Self, ConfigError> {
        let mut model = Model::from_urdf_str(&urdf)
            .map_err(|source| ConfigError::Robot { path: urdf_path.into(), source: Box::new(source) })?;
        let found: Vec<String> = model.joints().iter().map(|joint| joint.name.clone()).collect();
        if found != config.robot.joints {
            let expected = config.robot.joints;
            return Err(ConfigError::Joints { path: path.into(), urdf: urdf_path.into(), expected, found });
        }
        let run = |source| ConfigError::Run { path: path.into(), source: Box::new(source) };
        config.robot.arm.apply(&mut model).map_err(run)?;
        fill_limits(&mut config.control.limits, model.joints());
        config
            .control
            .validate(found.len())
            .map_err(|source| ConfigError::Control { path: path.into(), source: Box::new(source) })?;
        config
            .learner
            .validate()
            .map_err(|source| ConfigError::Learner { path: path.into(), source: Box::new(source) })?;
        config.run.validate().map_err(run)?;
        let setup = Self { config, urdf, model, path: path.into() };
        setup.task()?;
        Ok(setup)
    }

    /// The task.
    ///
    /// # Errors
    /// A value of it that is refused.
    pub fn task(&self) -> Result<Box<dyn Task>, ConfigError> {
        let TaskConfig::TableTennis(task) = &self.config.task;
        let task =
            TableTennis::new(task.clone(), self.config.robot.arm.clone(), self.model.clone(), &self.config.control);
        match task {
            Ok(task) => Ok(Box::new(task)),
            Err(source) => Err(ConfigError::Task { path: self.path.clone(), source: Box::new(source) }),
        }
    }

    /// What is learned, in a word.
    pub fn title(&self) -> String {
        let TaskConfig::TableTennis(task) = &self.config.task;
        match task.setting {
            Setting::Noiseless => "noiseless",
            Setting::Context => "context",
            Setting::NoisyBounce => "noisy-bounce",
        }
        .into()
    }

    /// The resolved configuration as YAML, in the form it is read in.
    ///
    /// # Errors
    /// If it has no YAML form.
    pub fn to_yaml(&self) -> Result<String, ConfigError> {
        let nodes = BTreeMap::from([(NODE, Node { parameters: self.config.clone() })]);
        serde_saphyr::to_string(&nodes).map_err(|error| self.syntax(error.to_string()))
    }

    /// Fingerprint of everything that decides what is learned: not how long, how often checkpoints are kept, or how the loop
    /// is scheduled.
    ///
    /// # Errors
    /// If the configuration has no canonical form.
    pub fn fingerprint(&self) -> Result<String, ConfigError> {
        config_hash(&self.decisive()?).map_err(|error| self.syntax(error.to_string()))
    }

    /// The settings of the fingerprint, with one of the robot description in place of its path.
    ///
    /// # Errors
    /// If the configuration has no canonical form.
    pub fn decisive(&self) -> Result<Value, ConfigError> {
        let mut config = self.config.clone();
        config.robot.urdf = format!("a description with BLAKE3 {:.16}", blake3::hash(self.urdf.as_bytes())).into();
        config.control.scheduling = Default::default();
        let mut settings = serde_json::to_value(&config).map_err(|error| self.syntax(error.to_string()))?;
        settings["run"] = json!({ "seed": config.run.seed, "rollouts": config.run.rollouts });
        Ok(settings)
    }

    fn syntax(&self, message: String) -> ConfigError {
        ConfigError::Syntax { path: self.path.clone(), message }
    }
}

impl Config {
    /// Chooses the task's setting.
    pub fn set_setting(&mut self, setting: Setting) {
        let TaskConfig::TableTennis(task) = &mut self.task;
        task.setting = setting;
    }
}

impl TaskConfig {
    /// The settings that decide what a reward means.
    pub fn rewards(&self) -> Value {
        let Self::TableTennis(TableTennisConfig { target, reward, court, .. }) = self;
        json!({ "table_tennis": { "target": target, "reward": reward, "court": court } })
    }
}

impl RunConfig {
    fn validate(&self) -> Result<(), ParameterError> {
        for (field, value, low, high) in [
            ("run.rollouts", self.rollouts, 2., 1e4),
            ("run.iterations", self.iterations, 0., 1e5),
            ("run.evaluation_strokes", self.evaluation_strokes, 1., 1e5),
            ("run.realtime_strokes", self.realtime_strokes, 0., 1e5),
            ("run.checkpoints", self.checkpoints, 1., 1e3),
        ] {
            crate::simulation::check_range(field, value as f64, low, high)?;
        }
        crate::simulation::check_range("run.update_timeout", self.update_timeout, 1e-3, 86_400.)
    }
}

/// Takes from the robot description what the limits leave out.
fn fill_limits(limits: &mut LimitsConfig, joints: &[Joint]) {
    let LimitsConfig { effort, lower, upper, velocity, .. } = limits;
    let fill = |list: &mut Vec<f64>, of: fn(&Joint) -> f64| {
        if list.is_empty() {
            list.extend(joints.iter().map(of));
        }
    };
    fill(effort, |joint| joint.effort);
    fill(lower, |joint| joint.lower);
    fill(upper, |joint| joint.upper);
    fill(velocity, |joint| joint.velocity);
}

fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let syntax = |message: String| ConfigError::Syntax { path: path.into(), message };
    let mut nodes: BTreeMap<String, Node> = serde_saphyr::from_str(text).map_err(|error| syntax(error.to_string()))?;
    let node = nodes.remove(NODE).or_else(|| nodes.remove(ANY_NODE));
    Ok(node.ok_or_else(|| ConfigError::NoNode { path: path.into() })?.parameters)
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.into(), source })
}
