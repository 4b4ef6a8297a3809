//! The tasks there are, a line each.

use std::path::Path;

use super::swing_up::{SwingUp, SwingUpConfig};
use super::table_tennis::{TableTennis, TableTennisConfig};
use super::{Task, TaskError};
use crate::control::ControlConfig;
use crate::dynamics::Model;
use crate::schema::{Choice, Entries, Entry, Registry, Tree};
use crate::simulation::ArmConfig;

/// The robot that a task is set up for.
#[derive(Clone, Copy, Debug)]
pub struct Robot<'a> {
    /// Its model, with armature, springs and gravity.
    pub model: &'a Model,
    /// What the robot description does not say of the arm.
    pub arm: &'a ArmConfig,
    /// The loop that controls it.
    pub control: &'a ControlConfig,
    /// The folder that paths in the task's settings are relative to.
    pub folder: &'a Path,
}

/// Makes a task from its settings, for a robot.
pub type MakeTask = fn(&Tree, &Robot<'_>) -> Result<Box<dyn Task>, TaskError>;

/// The tasks. A program built on this crate adds its own with [`Entries::add`] before it reads a configuration.
pub static TASKS: Entries<MakeTask> = Entries::new(&[
    Entry::of::<TableTennisConfig>("table_tennis", TableTennis::make),
    Entry::of::<SwingUpConfig>("swing_up", SwingUp::make),
]);

/// Where the tasks are listed.
#[derive(Debug)]
pub struct Tasks;

impl Registry for Tasks {
    type Make = MakeTask;
    const WHAT: &'static str = "task";

    fn entries() -> &'static Entries<MakeTask> {
        &TASKS
    }
}

/// A task with its settings: `task: {NAME: {...}}`.
pub type TaskConfig = Choice<Tasks>;
