//! Output on the terminal. A closed pipe (`| head -1`) ends the output but not the run. Any other
//! output error is reported.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::warn;

/// Standard output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}")]
pub struct OutputError(io::Error);

/// Prints a text to standard output, unchanged. A closed pipe is not an error.
///
/// # Errors
/// Another output error, such as a full disk.
pub fn print(text: impl Display) -> Result<(), OutputError> {
    let text = text.to_string();
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(OutputError(error)),
        _ => Ok(()),
    }
}

/// Whether no progress is shown.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Shows no progress from now on: the terminal is that of a program around this library.
pub fn show_no_progress() {
    QUIET.store(true, Ordering::Relaxed);
}

/// Whether progress is shown.
pub fn shows_progress() -> bool {
    !QUIET.load(Ordering::Relaxed)
}

/// Prints a line of progress. After an error, which is logged once, no further lines are printed
/// and the run continues.
pub fn print_progress(line: impl Display) {
    if !shows_progress() {
        return;
    }
    if let Err(error) = print(format_args!("{line}\n")) {
        show_no_progress();
        warn!("progress is no longer printed: {error}");
    }
}

/// Prints a line to standard error. A failure is ignored, since no other output is left.
pub fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
