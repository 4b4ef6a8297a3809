//! A user's program that answers questions in JSON.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::error::{Failure, ProgramError, quoted};
use super::running::Running;

/// A program that answers questions. It is started once, and again after a failure.
pub struct Program {
    field: &'static str,
    program: Vec<String>,
    timeout: Duration,
    running: Option<Running>,
    /// Whether the program has not answered since its start.
    starting: bool,
    request: Vec<u8>,
}

/// Extra time for the first answer, in which an interpreter starts and the program loads its
/// libraries.
const START_UP: Duration = Duration::from_secs(30);

impl Program {
    /// Starts `program`, which the setting `field` names. An answer may take `timeout`, s.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start(field: &'static str, program: &[String], timeout: f64) -> Result<Self, ProgramError> {
        let timeout = Duration::from_secs_f64(timeout);
        let (program, running) = (program.to_vec(), None);
        let mut new = Self { field, program, timeout, running, starting: true, request: Vec::new() };
        match Running::start(&new.program) {
            Ok(running) => new.running = Some(running),
            Err(failure) => return Err(new.failed(failure)),
        }
        Ok(new)
    }

    /// Takes the process. A later question to `self` starts another process.
    #[must_use]
    pub fn take(&mut self) -> Self {
        Self { program: self.program.clone(), running: self.running.take(), request: Vec::new(), ..*self }
    }

    /// Asks a question and returns the answer. `check` refuses a wrong answer with a reason.
    ///
    /// # Errors
    /// The failure of the program, which was killed.
    pub fn ask<A: DeserializeOwned>(
        &mut self,
        question: &impl Serialize,
        check: impl FnOnce(&A) -> Result<(), String>,
    ) -> Result<A, ProgramError> {
        self.answer(question, check).map_err(|failure| self.failed(failure))
    }

    fn answer<A: DeserializeOwned>(
        &mut self,
        question: &impl Serialize,
        check: impl FnOnce(&A) -> Result<(), String>,
    ) -> Result<A, Failure> {
        self.request.clear();
        serde_json::to_writer(&mut self.request, question).map_err(|error| Failure::Question(error.to_string()))?;
        self.request.push(b'\n');
        let running = match &mut self.running {
            Some(running) => running,
            none => {
                self.starting = true;
                none.insert(Running::start(&self.program)?)
            }
        };
        let timeout = if self.starting { START_UP + self.timeout } else { self.timeout };
        let line = running.exchange(&self.request, timeout)?;
        self.starting = false;
        let answer = serde_json::from_slice(line).map_err(|error| misread(line, &error))?;
        check(&answer).map_err(|why| Failure::Wrong { line: quoted(line), why })?;
        Ok(answer)
    }

    fn failed(&mut self, failure: Failure) -> ProgramError {
        let last_lines = self.running.take().map(Running::kill).unwrap_or_default();
        ProgramError { field: self.field, program: self.program.join(" "), failure, last_lines }
    }
}

fn misread(line: &[u8], error: &serde_json::Error) -> Failure {
    let why = error.to_string();
    // The answer is one line, so the character is enough.
    let why = why.replace(" at line 1 column", ", at character");
    match error.classify() {
        Category::Data => Failure::Wrong { line: quoted(line), why },
        _ if names_what_is_not_finite(line) => Failure::NotFinite(quoted(line)),
        _ => Failure::NotJson { line: quoted(line), why },
    }
}

/// Whether the line is JSON except for the words of Python and JavaScript for non-finite numbers.
fn names_what_is_not_finite(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line).replace("-Infinity", "0").replace("Infinity", "0").replace("NaN", "0");
    text.as_bytes() != line && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok()
}
