//! Why a program of the user's failed.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

/// What a program did wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// It could not be started.
    #[error("cannot be started: {0}; is it installed, and the path right?")]
    Start(io::Error),
    /// It did not answer in time.
    #[error("did not answer within {} s", .0.as_secs_f64())]
    Late(Duration),
    /// It began an answer and did not end it in time.
    #[error("began the answer {began} and did not end it with a line break within {} s", after.as_secs_f64())]
    Unended {
        /// What there is of it.
        began: String,
        /// The longest time for an answer.
        after: Duration,
    },
    /// It ended.
    #[error("ended by itself: {0}")]
    Ended(ExitStatus),
    /// Nothing can come from it any more.
    #[error("closed its standard output; an answer is expected to each line")]
    ClosedOutput,
    /// It wrote something that nobody asked for.
    #[error("wrote {0} to its standard output without being asked. {ADVICE}")]
    Unasked(String),
    /// A line of it has no end.
    #[error("wrote more than {0} bytes to its standard output without a line break")]
    Endless(usize),
    /// What it wrote is no JSON.
    #[error("wrote {line} to its standard output, which is no line of JSON ({why}). {ADVICE}")]
    NotJson {
        /// What it wrote.
        line: String,
        /// What the reader says.
        why: String,
    },
    /// A number of its answer is not finite.
    #[error("answered {0}: NaN and Infinity are no numbers of JSON, and nothing can be learned from them")]
    NotFinite(String),
    /// Its answer is not what was asked for.
    #[error("answered {line}: {why}")]
    Wrong {
        /// Its answer.
        line: String,
        /// What is wrong with it.
        why: String,
    },
    /// It was to judge a stroke and did not.
    #[error("gave no `judgement` by the end of a stroke, and `judge` is `simulator`")]
    Unjudged,
    /// The question has no JSON form: a number of it is not finite.
    #[error("could not be asked: {0}")]
    Question(String),
    /// The pipes to it.
    #[error("cannot be reached: {0}")]
    Pipe(#[from] io::Error),
}

const ADVICE: &str = "What is meant for people belongs on standard error (in Python: print(..., file=sys.stderr))";

/// A program of the user's failed.
#[derive(Debug, thiserror::Error)]
#[error("{field}.program `{program}` {failure}{}", if matches!(failure, Failure::Late(_)) { format!(" ({field}.timeout)") } else { String::new() })]
pub struct ProgramError {
    /// The group of settings that names it.
    pub field: &'static str,
    /// The program and its arguments.
    pub program: String,
    /// What it did wrong.
    pub failure: Failure,
    /// The last lines of its standard error.
    pub last_lines: Vec<String>,
}

impl ProgramError {
    /// The last lines of its standard error as the end of a message.
    pub fn last_words(&self) -> String {
        match (&self.failure, &self.last_lines[..]) {
            // It did not run, or goes on.
            (Failure::Start(_) | Failure::Unjudged, _) => return String::new(),
            (_, []) => return "; it wrote nothing to its standard error".into(),
            _ => {}
        }
        let lines = self.last_lines.iter().map(|line| format!("\n  {line}"));
        format!("; the last lines of its standard error:{}", lines.collect::<String>())
    }
}

/// A line as messages have it: quoted, not longer than a person would read.
pub(super) fn quoted(line: &[u8]) -> String {
    const LONGEST: usize = 120;
    let text = String::from_utf8_lossy(&line[..line.len().min(4 * LONGEST)]);
    let mut kept: String = text.chars().take(LONGEST).collect();
    if kept.len() < line.len() {
        kept.push_str("...");
    }
    format!("`{}`", kept.trim_end().escape_debug())
}
