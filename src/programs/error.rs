//! Errors of the user's programs.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

/// A failure of a program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The program could not be started.
    #[error("cannot be started: {0}; is it installed, and the path right?")]
    Start(io::Error),
    /// The program did not answer in time.
    #[error("did not answer within {} s", .0.as_secs_f64())]
    Late(Duration),
    /// The program began an answer but did not end it in time.
    #[error("began the answer {began} and did not end it with a line break within {} s", after.as_secs_f64())]
    Unended {
        /// Beginning of the answer.
        began: String,
        /// Time limit of an answer.
        after: Duration,
    },
    /// The program ended.
    #[error("ended by itself: {0}")]
    Ended(ExitStatus),
    /// The program closed its standard output.
    #[error("closed its standard output; an answer is expected to each line")]
    ClosedOutput,
    /// The program wrote a line without a question.
    #[error("wrote {0} to its standard output without being asked. {ADVICE}")]
    Unasked(String),
    /// The program wrote a line without an end.
    #[error("wrote more than {0} bytes to its standard output without a line break")]
    Endless(usize),
    /// The program wrote a line that is not JSON.
    #[error("wrote {line} to its standard output, which is no line of JSON ({why}). {ADVICE}")]
    NotJson {
        /// The line.
        line: String,
        /// The parser's reason.
        why: String,
    },
    /// The answer has a number that is not finite.
    #[error("answered {0}: NaN and Infinity are no numbers of JSON, and nothing can be learned from them")]
    NotFinite(String),
    /// The answer does not fit the question.
    #[error("answered {line}: {why}")]
    Wrong {
        /// The answer.
        line: String,
        /// The fault of the answer.
        why: String,
    },
    /// The program did not judge a stroke that it had to judge.
    #[error("gave no `judgement` by the end of a stroke, and `judge` is `simulator`")]
    Unjudged,
    /// The question has no JSON form, since one of its numbers is not finite.
    #[error("could not be asked: {0}")]
    Question(String),
    /// The pipes to the program failed.
    #[error("cannot be reached: {0}")]
    Pipe(#[from] io::Error),
}

const ADVICE: &str = "What is meant for people belongs on standard error (in Python: print(..., file=sys.stderr))";

/// An error of a user's program.
#[derive(Debug, thiserror::Error)]
#[error("{field}.program `{program}` {failure}{}", if matches!(failure, Failure::Late(_)) { format!(" ({field}.timeout)") } else { String::new() })]
pub struct ProgramError {
    /// The group of settings that names the program.
    pub field: &'static str,
    /// The program and its arguments.
    pub program: String,
    /// The failure.
    pub failure: Failure,
    /// Last lines of the program's standard error.
    pub last_lines: Vec<String>,
}

impl ProgramError {
    /// The last lines of standard error, as the end of a message.
    pub fn last_words(&self) -> String {
        match (&self.failure, &self.last_lines[..]) {
            // The program did not run, or still runs.
            (Failure::Start(_) | Failure::Unjudged, _) => return String::new(),
            (_, []) => return "; it wrote nothing to its standard error".into(),
            _ => {}
        }
        let lines = self.last_lines.iter().map(|line| format!("\n  {line}"));
        format!("; the last lines of its standard error:{}", lines.collect::<String>())
    }
}

/// A line for a message: quoted, and cut to a readable length.
pub(super) fn quoted(line: &[u8]) -> String {
    const LONGEST: usize = 120;
    let text = String::from_utf8_lossy(&line[..line.len().min(4 * LONGEST)]);
    let mut kept: String = text.chars().take(LONGEST).collect();
    if kept.len() < line.len() {
        kept.push_str("...");
    }
    format!("`{}`", kept.trim_end().escape_debug())
}
