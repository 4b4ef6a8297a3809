//! Settings of the user's programs.

use std::path::Path;

use moto_settings::{FieldError, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Failure, ProgramError};
use crate::dynamics::Model;

/// Who says what a stroke is worth besides the task: a word, or a program with its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum JudgeConfig {
    /// Nobody, or somebody without settings.
    Word(JudgeWord),
    /// A program.
    Program(JudgeProgram),
}

/// Who judges a stroke, where that is no program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JudgeWord {
    /// The task alone.
    Task,
    /// The operator, who gives each stroke a score.
    Operator,
    /// The program of `robot.simulator`.
    Simulator,
}

/// A program that judges strokes. Its reward is added to the task's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgeProgram {
    /// The program and its arguments. A file that is named relative to the configuration's folder is found there.
    pub program: Vec<String>,
    /// Longest time it may take over a stroke; 30 s more over the first, while it starts up.
    #[schemars(extend("minimum" = 0.001, "maximum" = 86400, "x-unit" = "s"))]
    #[serde(default = "timeout")]
    pub timeout: f64,
    /// Links whose poses it is told, at each control cycle, from the measured joint positions.
    #[serde(default)]
    pub links: Vec<String>,
}

/// A simulated robot that is a program of the user's, in place of the embedded one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulatorConfig {
    /// The program and its arguments. A file that is named relative to the configuration's folder is found there.
    pub program: Vec<String>,
    /// Longest time it may take over an answer; 30 s more over the first, while it starts up.
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
    /// Whether somebody judges besides the task.
    pub fn is_used(&self) -> bool {
        *self != Self::default()
    }

    /// The program, if it is one.
    pub fn program(&self) -> Option<&JudgeProgram> {
        match self {
            Self::Program(program) => Some(program),
            Self::Word(_) => None,
        }
    }

    /// Checks what the fields' attributes do not say, `simulated` telling whether there is a simulator that is a program.
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
    /// That the system has no thread for it.
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
    /// Checks what the fields' attributes do not say.
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

/// Makes words that name files relative to `folder` absolute: the configuration that is stored with a run is in another
/// folder. A word with no such file stays as it is.
pub fn find_files(program: &mut [String], folder: &Path) {
    for (i, word) in program.iter_mut().enumerate() {
        // The first word is looked up in PATH where it has no slash.
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

/// The words with the names of files in place of their paths: the same program elsewhere is the same.
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
