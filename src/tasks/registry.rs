//! The tasks, by their names in configurations: `task: {table_tennis: {setting: context}}`.
//!
//! A task is a line of [`TASKS`]. A program built on this crate adds its own task before it reads a
//! configuration: `TASKS.add(task::<MySettings>())`.

use std::path::Path;

use moto_settings::{Choice, Entries, Entry, FieldError, Registry, Tree};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::stroke::StrokeTaskConfig;
use super::swing_up::SwingUpConfig;
use super::table_tennis::TableTennisConfig;
use super::{Task, TaskError};
use crate::control::ControlConfig;
use crate::dynamics::Model;
use crate::simulation::ArmConfig;

/// The robot that a task is set up for.
#[derive(Clone, Copy, Debug)]
pub struct Robot<'a> {
    /// The robot's model, with armature, springs and gravity.
    pub model: &'a Model,
    /// The arm's settings that a robot description lacks.
    pub arm: &'a ArmConfig,
    /// The loop that controls it.
    pub control: &'a ControlConfig,
    /// The folder that relative paths in the task's settings start from.
    pub folder: &'a Path,
}

/// Settings of a task.
pub trait TaskSettings: Serialize + DeserializeOwned + JsonSchema {
    /// The task's name in configurations, checkpoints and trials.
    const NAME: &'static str;

    /// Makes the task for a robot.
    ///
    /// # Errors
    /// A value that is refused, or a robot that does not suit the task.
    fn task(self, robot: &Robot<'_>) -> Result<Box<dyn Task>, TaskError>;
}

/// Makes a task from its settings, for a robot.
pub type MakeTask = fn(&Tree, &Robot<'_>) -> Result<Box<dyn Task>, TaskError>;

/// The registry's line for a task.
pub const fn task<S: TaskSettings>() -> Entry<MakeTask> {
    Entry::of::<S>(S::NAME, |settings, robot| settings.clone().into_typed::<S>()?.task(robot))
}

/// The registered tasks.
pub static TASKS: Entries<MakeTask> =
    Entries::new(&[task::<TableTennisConfig>(), task::<SwingUpConfig>(), task::<StrokeTaskConfig>()]);

/// The registry of tasks, from which a configuration chooses.
#[derive(Debug)]
pub struct Tasks;

/// A task with its settings.
pub type TaskConfig = Choice<Tasks>;

impl Registry for Tasks {
    type Make = MakeTask;
    const WHAT: &'static str = "task";

    fn entries() -> &'static Entries<MakeTask> {
        &TASKS
    }
}

impl Tasks {
    /// Chooses the task that has settings of this type.
    ///
    /// # Errors
    /// Settings that no configuration can hold.
    pub fn chosen<S: TaskSettings>(settings: &S) -> Result<TaskConfig, FieldError> {
        Choice::new(S::NAME, settings)
    }

    /// Makes the chosen task for a robot.
    ///
    /// # Errors
    /// A value that is refused, or a robot that does not suit the task.
    pub fn start(choice: &TaskConfig, robot: &Robot<'_>) -> Result<Box<dyn Task>, TaskError> {
        (choice.kind()?.make)(choice.settings(), robot)
    }
}
