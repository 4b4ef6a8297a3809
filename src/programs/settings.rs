//! Settings of the user's programs.

use std::path::Path;

use moto_settings::{FieldError, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Failure, ProgramError};
use crate::dynamics::Model;

/// Judge of strokes beside the task: a word, or a program with its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum JudgeConfig {
    /// A judge without settings.
    Word(JudgeWord),
    /// A program.
    Program(JudgeProgram),
}

/// A judge that is not a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JudgeWord {
    /// No judge: the task alone decides.
    Task,
    /// The operator scores each stroke.
    Operator,
    /// The program of `robot.simulator` judges its own strokes.
    Simulator,
}

/// Program that judges strokes. Its reward is added to the task's reward.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgeProgram {
    /// The program and its arguments. Names of files may be relative to the configuration's folder.
    pub program: Vec<String>,
    /// Longest time for the judgement of a stroke. The first judgement has 30 s more, for the start
    /// of the program.
    #[schemars(extend("minimum" = 0.001, "maximum" = 86400, "x-unit" = "s"))]
    #[serde(default = "timeout")]
    pub timeout: f64,
    /// Links whose poses at each control cycle are sent to the program. The poses are computed from
    /// the measured joint positions.
    #[serde(default)]
    pub links: Vec<String>,
}

/// Program that simulates the robot, in place of the embedded simulation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulatorConfig {
    /// The program and its arguments. Names of files may be relative to the configuration's folder.
    pub program: Vec<String>,
    /// Longest time for an answer. The first answer has 30 s more, for the start of the program.
    #[schemars(extend("minimum" = 0.001, "maximum" = 86400, "x-unit" = "s"))]
    #[serde(default = "timeout")]
    pub timeout: f64,
}

fn timeout() -> f64 {
    10.
}

impl Default for JudgeConfig {
    fn default() -> Self {
        Self::Word(JudgeWord::Task)
    }
}

impl JudgeConfig {
    /// Whether there is a judge beside the task.
    pub fn is_used(&self) -> bool {
        *self != Self::default()
    }

    /// Whether the program that simulates the robot judges.
    pub fn is_simulator(&self) -> bool {
        matches!(self, Self::Word(JudgeWord::Simulator))
    }

    /// The program, if the judge is one.
    pub fn program(&self) -> Option<&JudgeProgram> {
        match self {
            Self::Program(program) => Some(program),
            Self::Word(_) => None,
        }
    }

    /// Checks beyond the fields' attributes. `simulated`: whether a program simulates the robot.
    ///
    /// # Errors
    /// The first value that is not accepted.
    pub fn validate(&self, model: &Model, simulated: bool) -> Result<(), FieldError> {
        match self {
            Self::Word(JudgeWord::Simulator) if !simulated => Err(FieldError::value(
                "judge",
                "simulator",
                "one of task, operator, program: ...: without robot.simulator there is no simulator that could judge",
            )),
            Self::Word(_) => Ok(()),
            Self::Program(JudgeProgram { program, links, .. }) => {
                not_empty("judge.program", program)?;
                links.iter().try_for_each(|link| known(model, link))
            }
        }
    }
}

impl JudgeProgram {
    /// The error of a thread that could not be started for the program.
    pub(super) fn without_thread(&self, error: std::io::Error) -> ProgramError {
        ProgramError {
            field: "judge",
            program: self.program.join(" "),
            failure: Failure::Start(error),
            last_lines: Vec::new(),
        }
    }
}

impl SimulatorConfig {
    /// Checks beyond the fields' attributes.
    ///
    /// # Errors
    /// The first value that is not accepted.
    pub fn validate(&self) -> Result<(), FieldError> {
        not_empty("robot.simulator.program", &self.program)
    }
}

fn not_empty(field: &str, program: &[String]) -> Result<(), FieldError> {
    match program.first() {
        Some(first) if !first.is_empty() => Ok(()),
        _ => Err(FieldError::value(field, "empty", "a program and its arguments, as in [python3, my_program.py]")),
    }
}

fn known(model: &Model, link: &str) -> Result<(), FieldError> {
    if model.frame(link).is_some() {
        return Ok(());
    }
    let links = || model.links();
    let hint = match nearest(link, links()) {
        Some(near) => format!("a link of the robot description; did you mean {near}?"),
        None => format!("a link of the robot description: {}", links().collect::<Vec<_>>().join(", ")),
    };
    Err(FieldError::value("judge.links", link, hint))
}

/// Makes names of files relative to `folder` absolute, since a run's folder stores a copy of the
/// configuration. A word that names no such file is kept.
pub fn find_files(program: &mut [String], folder: &Path) {
    for (i, word) in program.iter_mut().enumerate() {
        // The first word is looked up in PATH if it has no slash.
        let path = Path::new(&*word);
        if path.is_absolute() || (i == 0 && !word.contains('/')) {
            continue;
        }
        let file = folder.join(path);
        if let Some(absolute) = file.is_file().then(|| std::path::absolute(&file).ok()).flatten()
            && let Some(text) = absolute.to_str()
        {
            *word = text.into();
        }
    }
}

/// Replaces paths of files by their names, so that a program is the same in another folder.
pub fn without_folders(program: &mut [String]) {
    for word in program {
        let path = Path::new(&*word);
        if path.is_absolute()
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            *word = name.into();
        }
    }
}
