//! The configuration: one YAML file in the form of a ROS 2 parameter file, and the robot
//! description it names.
//!
#![doc = include_str!("../../docs/configuration.md")]

mod ended;
mod error;
mod limits;
mod read;
#[cfg(test)]
mod tests;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use moto_learners::{Learner, Learners, Reward, Start};
use moto_settings::{Choice, FieldError, Tree, check};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::ended::EndedStrokes;
pub use self::error::ConfigError;
pub use self::limits::Difference;
pub(crate) use self::yaml::{YamlError, read_yaml};
use crate::control::ControlConfig;
use crate::dynamics::{Compensated, Compensation, Description, Model, Note, Reason, Selection};
use crate::programs::{JudgeConfig, JudgeProgram, JudgedReward, SimulatorConfig, find_files, without_folders};
use crate::robot::Plant;
use crate::simulation::{ArmConfig, Driver};
use crate::storage::{KeepTrials, config_hash};
pub use crate::tasks::TaskConfig;
use crate::tasks::{Robot, Task, TaskError, Tasks};
use crate::view::Arm;

/// Stands in `robot.urdf` for the description that the robot publishes.
const TOPIC: &str = "topic";

/// The robot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RobotConfig {
    /// Path of the robot description (URDF), relative to the configuration's folder; or `topic`: the
    /// ROS 2 node receives it from the topic `ros.description_topic`.
    pub urdf: PathBuf,
    /// Names of the moving joints. Every list of the configuration with an entry per joint is in
    /// this order. The order may differ from the description's. All other joints are locked.
    pub joints: Vec<String>,
    /// Positions of joints that are not in `joints`, by name. Other locked joints are at zero, or
    /// at the bound next to zero if zero is outside their limits. A joint that mimics another joint
    /// follows it.
    #[schemars(extend("x-unit" = "m or rad"))]
    #[serde(default)]
    pub locked: BTreeMap<String, f64>,
    /// Whether an inertia that no rigid body can have is replaced by the nearest possible inertia.
    /// If not, the description is refused.
    #[serde(default)]
    pub repair_inertias: bool,
    /// Whether the limits in `control.limits` may exceed the limits of the description. If so, the
    /// limits of the configuration hold, in the loop and in the simulated drives.
    #[serde(default)]
    pub allow_above_description: bool,
    /// Acceleration of gravity (x, y, z) in the frame of the description's root, which is also the
    /// world frame.
    #[serde(default = "down")]
    #[schemars(extend("minimum" = -30, "maximum" = 30, "x-unit" = "m/s^2", "x-per" = "axis"))]
    pub gravity: [f64; 3],
    /// The part of the efforts that the robot's own driver adds, of `gravity` and `coriolis` (centrifugal
    /// forces included). The loop then sends the rest. Empty for a driver that adds nothing.
    #[serde(default)]
    pub compensates: BTreeSet<Compensated>,
    /// Properties of the arm that the description does not state.
    #[serde(default)]
    pub arm: ArmConfig,
    /// Program that simulates the robot, in place of the embedded simulation.
    #[serde(default)]
    pub simulator: Option<SimulatorConfig>,
}

/// Gravity along -z.
fn down() -> [f64; 3] {
    [0., 0., -9.81]
}

/// Length of a run, and settings around learning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RunConfig {
    /// Seed of all random numbers.
    pub seed: u64,
    /// Rollouts per iteration, M.
    #[schemars(extend("minimum" = 2, "maximum" = 10000))]
    pub rollouts: usize,
    /// Number of iterations of the learner.
    #[schemars(extend("minimum" = 0, "maximum" = 100000))]
    pub iterations: usize,
    /// Number of strokes without noise that evaluate the policy before and after learning.
    #[schemars(extend("minimum" = 1, "maximum" = 100000))]
    pub evaluation_strokes: usize,
    /// Number of strokes without noise on the wall clock after learning.
    #[schemars(extend("minimum" = 0, "maximum" = 100000))]
    pub realtime_strokes: usize,
    /// Number of newest checkpoints that are kept.
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    pub checkpoints: usize,
    /// Trials that stay on the disk once their iteration is complete. The newest trial always stays.
    pub keep_trials: KeepTrials,
    /// Longest duration of an update. A learner that takes longer counts as lost, and the run ends.
    #[schemars(extend("minimum" = 0.001, "maximum" = 86400, "x-unit" = "s"))]
    pub update_timeout: f64,
    /// What becomes of a stroke that the loop ended because of the arm's motion: a joint beyond its bound or
    /// too fast. A stroke that ended for any other reason is left out.
    pub ended_strokes: EndedStrokes,
    /// Price of every step that a learned stroke lost because it was ended. A stroke that is ended halfway
    /// has to earn less by it than a bad one that is made to its end.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1e9, "x-unit" = "return units per step"))]
    pub ended_penalty: f64,
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
            keep_trials: KeepTrials::All,
            update_timeout: 600.,
            ended_strokes: EndedStrokes::LeftOut,
            ended_penalty: 0.1,
        }
    }
}

/// All settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The robot.
    pub robot: RobotConfig,
    /// The control loop.
    pub control: ControlConfig,
    /// The task.
    pub task: TaskConfig,
    /// The learner.
    pub learner: Choice<Learners>,
    /// Judge of strokes beside the task. Its reward is added to the task's reward.
    #[serde(default)]
    pub judge: JudgeConfig,
    /// The run.
    #[serde(default)]
    pub run: RunConfig,
}

/// One node of a ROS 2 parameter file.
#[derive(Serialize)]
struct Node<'a> {
    #[serde(rename = "ros__parameters")]
    parameters: &'a Config,
}

/// A checked configuration, with the robot and the task that it describes.
///
/// ```
/// use moto_controller::setup::Setup;
///
/// let setup = Setup::shipped(|config| config.run.rollouts = 20)?;
/// assert_eq!((setup.model.dof(), setup.config.run.rollouts), (9, 20));
///
/// // A refusal names file, field, value and bounds.
/// let refused = Setup::shipped(|config| config.control.period = 1.).map(drop).unwrap_err().to_string();
/// assert!(refused.contains("control.period is 1, expected"), "{refused}");
/// # Ok::<(), moto_controller::setup::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Setup {
    /// The configuration, with all omitted settings filled in.
    pub config: Config,
    /// Text of the robot description.
    pub urdf: String,
    /// The robot, including armature, springs, gravity and the drives' efforts.
    pub model: Model,
    path: PathBuf,
    /// Limits that differ between the configuration and the robot description.
    differences: Vec<Difference>,
    /// Differences of the model from the robot description.
    notes: Vec<Note>,
    title: String,
}

impl Setup {
    /// Reads a configuration and its robot description, applies `adjust`, and checks the result.
    ///
    /// # Errors
    /// The value that is refused, by file, field and value.
    pub fn load(path: &Path, adjust: impl FnOnce(&mut Config)) -> Result<Self, ConfigError> {
        Self::parse(path, &read_text(path)?, adjust, read_text)
    }

    /// As [`Self::load`], from the text of the configuration. `read` returns the text of the robot
    /// description.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(
        path: &Path,
        text: &str,
        adjust: impl FnOnce(&mut Config),
        read: impl FnOnce(&Path) -> Result<String, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let mut config = read::read(text, path, None)?;
        adjust(&mut config);
        Self::with_description(config, path, read)
    }

    /// Reads the robot description of a configuration from [`Config::load`], possibly changed
    /// since, and checks both.
    ///
    /// # Errors
    /// The value that is refused, by file, field and value.
    pub fn of(config: Config, path: &Path) -> Result<Self, ConfigError> {
        Self::with_description(config, path, read_text)
    }

    fn with_description(
        config: Config,
        path: &Path,
        read: impl FnOnce(&Path) -> Result<String, ConfigError>,
    ) -> Result<Self, ConfigError> {
        if config.robot.is_described_on_a_topic() {
            let expected = "the path of a file: only the ROS 2 node receives the description from a topic. \
                            `moto_controller init --from-robot` saves it as a file";
            let source = FieldError::value("robot.urdf", TOPIC, expected);
            return Err(ConfigError::Field { path: path.into(), line: None, source });
        }
        let urdf_path = path.parent().unwrap_or(Path::new(".")).join(&config.robot.urdf);
        let urdf = read(&urdf_path)?;
        Self::check(config, urdf, path, &urdf_path)
    }

    /// The table-tennis arm and its settings, as shipped with the program, changed by `adjust`.
    ///
    /// # Errors
    /// The value of `adjust` that is refused, by field and value.
    pub fn shipped(adjust: impl FnOnce(&mut Config)) -> Result<Self, ConfigError> {
        let path = Path::new("config/table_tennis.yaml");
        let mut config = read::read(include_str!("../../config/table_tennis.yaml"), path, None)?;
        adjust(&mut config);
        let urdf = include_str!("../../urdf/table_tennis_arm.urdf");
        Self::check(config, urdf.into(), path, Path::new("urdf/table_tennis_arm.urdf"))
    }

    /// Checks a configuration and a robot description that are not from files. Errors name `path`
    /// as their file.
    ///
    /// # Errors
    /// The value that is refused, by field and value.
    pub fn stored(config: Config, urdf: String, path: &Path) -> Result<Self, ConfigError> {
        Self::check(config, urdf, path, path)
    }

    /// Checks a configuration with a robot description that was received. Errors of the
    /// configuration name `path` as its file, errors of the description name `origin`.
    ///
    /// # Errors
    /// The value that is refused, by field and value.
    pub fn received(config: Config, urdf: String, path: &Path, origin: &Path) -> Result<Self, ConfigError> {
        Self::check(config, urdf, path, origin)
    }

    /// Checks another configuration of the same robot. No file is opened: the robot description
    /// stays.
    ///
    /// # Errors
    /// The value that is refused, by field and value.
    pub fn with(&self, config: Config) -> Result<Self, ConfigError> {
        Self::check(config, self.urdf.clone(), &self.path, &self.path)
    }

    fn check(mut config: Config, urdf: String, path: &Path, urdf_path: &Path) -> Result<Self, ConfigError> {
        let (mut model, notes) = config.robot.model(&urdf, path, urdf_path)?;
        let joints = config.robot.joints.clone();
        let differences = validate(&mut config, &model, &joints).map_err(|source| ConfigError::Field {
            path: path.into(),
            line: None,
            source,
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        config.programs_mut().for_each(|program| find_files(program, folder));
        limits::set_efforts(&config, &mut model);
        model.set_gravity(config.robot.gravity.into());
        config.robot.arm.apply(&mut model).map_err(|source| ConfigError::Field {
            path: path.into(),
            line: None,
            source,
        })?;
        let mut setup = Self { config, urdf, model, path: path.into(), differences, notes, title: String::new() };
        let task = setup.task()?;
        setup.title = task.title();
        let field = |source| ConfigError::Field { path: path.into(), line: None, source };
        check_reuse(&setup.config, &*task).map_err(field)?;
        if let Some(located) = task.located().map_err(|error| setup.refused(error))? {
            setup.config.task = located;
        }
        Ok(setup)
    }

    /// Logs the differences of the model from the robot description, and the limits that differ.
    pub fn log_differences(&self) {
        for note in &self.notes {
            if note.is_warning() { tracing::warn!("{note}") } else { tracing::info!("{note}") }
        }
        self.differences.iter().for_each(|difference| tracing::warn!("{difference}"));
    }

    /// Limits that differ between the configuration and the robot description. The configuration's
    /// limits hold.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// Sets up the task.
    ///
    /// # Errors
    /// A setting of the task that is refused.
    pub fn task(&self) -> Result<Box<dyn Task>, ConfigError> {
        let Config { robot, control, task, .. } = &self.config;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let robot = Robot { model: &self.model, arm: &robot.arm, control, folder };
        Tasks::start(task, &robot).map_err(|error| self.refused(error))
    }

    /// The arm as viewers draw it.
    ///
    /// # Errors
    /// A robot description that is none. That of a checked configuration is one.
    pub fn arm(&self) -> Result<Arm, ConfigError> {
        let refused = |source| ConfigError::Robot { path: self.config.robot.urdf.clone(), source: Box::new(source) };
        Arm::new(&self.urdf, &self.model).map_err(refused)
    }

    /// The simulated robot of a task of this configuration, behind a driver that adds what the robot's driver does.
    ///
    /// # Errors
    /// If a parameter of the task is refused.
    pub fn plant(&self, task: &dyn Task, seed: u64) -> Result<Box<dyn Plant>, TaskError> {
        let plant = task.plant(seed)?;
        Ok(match Compensation::new(&self.model, &self.config.robot.compensates) {
            Some(compensation) => Box::new(Driver::new(plant, compensation, self.model.dof(), task.task_values())),
            None => plant,
        })
    }

    /// An error of the task as an error of the configuration.
    fn refused(&self, error: TaskError) -> ConfigError {
        let field = |source| ConfigError::Field { path: self.path.clone(), line: None, source };
        match error {
            TaskError::Setting(error) => field(error.within(&format!("task.{}", self.config.task.name()))),
            TaskError::Robot(error) => field(error),
            source => ConfigError::Task { path: self.path.clone(), source: Box::new(source) },
        }
    }

    /// Checks that strokes can be judged on a robot outside this process.
    ///
    /// # Errors
    /// If the judge is the simulator, which is not asked there.
    pub fn check_judge_on_a_robot(&self) -> Result<(), ConfigError> {
        if !self.config.judge.is_simulator() {
            return Ok(());
        }
        let expected = "task, operator, or a program that judges what the robot did (judge: {program: ...}): on a robot \
                        outside this process robot.simulator is not asked";
        let source = FieldError::value("judge", "simulator", expected);
        Err(ConfigError::Field { path: self.path.clone(), line: None, source })
    }

    /// The reward of the learner: the task's reward, with the judge's if there is a judge.
    ///
    /// # Errors
    /// As [`Self::task`].
    pub fn reward(&self) -> Result<Box<dyn Reward + Send>, ConfigError> {
        let task = self.task()?;
        Ok(if self.config.judge.is_used() { Box::new(JudgedReward(task)) } else { task })
    }

    /// Sets up the learner, with the run's seed.
    ///
    /// # Errors
    /// A setting of the learner that is refused, or a task that the learner cannot start from.
    pub fn learner(&self, start: &Start) -> Result<Box<dyn Learner>, ConfigError> {
        let choice = &self.config.learner;
        let start = Start { seed: self.config.run.seed, ..start.clone() };
        Learners::start(choice, &start).map_err(|source| ConfigError::Learner {
            path: self.path.clone(),
            name: choice.name().into(),
            source: Box::new(source),
        })
    }

    /// A word for the learned task.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The resolved configuration as a YAML parameter file.
    ///
    /// # Errors
    /// If the configuration has no YAML form.
    pub fn to_yaml(&self) -> Result<String, ConfigError> {
        let nodes = BTreeMap::from([("moto_controller", Node { parameters: &self.config })]);
        serde_saphyr::to_string(&nodes).map_err(|error| self.syntax(error.to_string()))
    }

    /// Fingerprint of all settings that affect the learned result. It leaves out the length of the
    /// run, the number of checkpoints, the scheduling and pacing of the loop and the settings of teaching.
    ///
    /// # Errors
    /// If the configuration has no canonical form.
    pub fn fingerprint(&self) -> Result<String, ConfigError> {
        config_hash(&self.decisive()?).map_err(|error| self.syntax(error.to_string()))
    }

    /// The settings of the fingerprint. A hash of the robot description replaces its path.
    ///
    /// # Errors
    /// If the configuration has no canonical form.
    pub fn decisive(&self) -> Result<Value, ConfigError> {
        let mut config = self.config.clone();
        config.robot.urdf = format!("a description with BLAKE3 {:.16}", blake3::hash(self.urdf.as_bytes())).into();
        config.control.scheduling = Default::default();
        config.programs_mut().for_each(without_folders);
        let mut settings = serde_json::to_value(&config).map_err(|error| self.syntax(error.to_string()))?;
        if let Some(control) = settings["control"].as_object_mut() {
            control.remove("teaching");
            control.remove("pacing");
        }
        settings["run"] = json!({ "seed": config.run.seed, "rollouts": config.run.rollouts });
        if config.run.ended_strokes == EndedStrokes::Learned {
            settings["run"]["ended_strokes"] = json!(config.run.ended_strokes);
            settings["run"]["ended_penalty"] = json!(config.run.ended_penalty);
        }
        if let Some(settings) = settings.as_object_mut().filter(|_| !config.judge.is_used()) {
            settings.remove("judge");
        }
        if let Some(robot) = settings["robot"].as_object_mut() {
            let unused =
                [("simulator", config.robot.simulator.is_none()), ("compensates", config.robot.compensates.is_empty())];
            unused.iter().filter(|(_, unused)| *unused).for_each(|(field, _)| drop(robot.remove(*field)));
        }
        Ok(settings)
    }

    fn syntax(&self, reason: String) -> ConfigError {
        ConfigError::Syntax { path: self.path.clone(), line: None, reason }
    }
}

impl Config {
    /// Reads the configuration of the node in `namespace`, or of the only node if `namespace` is
    /// `None`. Checks each value by itself, but not against other values or the robot description.
    ///
    /// # Errors
    /// The value that is refused, by file, line, field and value.
    pub fn load(path: &Path, namespace: Option<&str>) -> Result<Self, ConfigError> {
        read::read(&read_text(path)?, path, namespace)
    }

    /// The configuration with parameters over it: YAML, a value for each dotted name, such as `run.rollouts: 5`.
    /// Errors name `origin` as their file.
    ///
    /// # Errors
    /// The value that is refused, with its line.
    pub fn with_parameters(&self, text: &str, origin: &Path) -> Result<Self, ConfigError> {
        read::over(self, text, origin)
    }

    /// The command lines of the user's programs.
    fn programs_mut(&mut self) -> impl Iterator<Item = &mut [String]> {
        let judge = match &mut self.judge {
            JudgeConfig::Program(JudgeProgram { program, .. }) => Some(&mut program[..]),
            JudgeConfig::Word(_) => None,
        };
        judge.into_iter().chain(self.robot.simulator.iter_mut().map(|simulator| &mut simulator.program[..]))
    }
}

impl RobotConfig {
    /// Whether the robot description comes from a topic.
    pub fn is_described_on_a_topic(&self) -> bool {
        self.urdf.as_os_str() == TOPIC
    }

    /// The model with the selected joints, and its differences from the description. `path` is the
    /// configuration's.
    fn model(&self, urdf: &str, path: &Path, urdf_path: &Path) -> Result<(Model, Vec<Note>), ConfigError> {
        let selection = Selection {
            joints: Some(self.joints.clone()),
            locked: self.locked.clone(),
            repair_inertias: self.repair_inertias,
        };
        Description::parse(urdf).and_then(|description| description.model(&selection)).map_err(|source| {
            match *source.reason {
                Reason::Selection(error) => {
                    ConfigError::Field { path: path.into(), line: None, source: error.within("robot") }
                }
                _ => ConfigError::Robot { path: urdf_path.into(), source: Box::new(source) },
            }
        })
    }
}

/// Fills in limits from the robot description and checks every value. Returns the limits that
/// differ.
fn validate(config: &mut Config, model: &Model, joints: &[String]) -> Result<Vec<Difference>, FieldError> {
    check(config, joints)?;
    limits::fill(config, model.joints())?;
    let arm = &mut config.robot.arm;
    for list in [&mut arm.armature, &mut arm.stiffness] {
        list.resize(joints.len(), 0.);
    }
    limits::check(config, model.joints())?;
    config.control.validate(joints)?;
    Learners::check(&config.learner).map_err(|error| error.within("learner"))?;
    config.robot.simulator.as_ref().map_or(Ok(()), SimulatorConfig::validate)?;
    config.judge.validate(model, config.robot.simulator.is_some())?;
    ended::check(config)?;
    Ok(limits::differences(config, model.joints()))
}

/// Refuses a learner that reuses transitions at other steps if part of the reward is specific to
/// its step.
fn check_reuse(config: &Config, task: &dyn Task) -> Result<(), FieldError> {
    const ACROSS_STEPS: &str = "time_and_iterations";
    let reuse = config.learner.settings().get("reuse").and_then(Tree::text);
    let bound = task.bound_to_its_step().map(|field| format!("task.{}.{field}", config.task.name()));
    let bound = bound.or_else(|| config.judge.is_used().then(|| "what a judge said".into()));
    match bound.filter(|_| reuse == Some(ACROSS_STEPS)) {
        None => Ok(()),
        Some(what) => {
            let expected = format!(
                "iterations or same_step_decay, which keep to the step: {what} of a transition says nothing of another step"
            );
            Err(FieldError::value(format!("learner.{}.reuse", config.learner.name()), ACROSS_STEPS, expected))
        }
    }
}

/// Reads a text file. Bytes that are not UTF-8, as old editors leave in comments, are replaced.
fn read_text(path: &Path) -> Result<String, ConfigError> {
    let bytes = std::fs::read(path).map_err(|source| ConfigError::Unreadable { path: path.into(), source })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
