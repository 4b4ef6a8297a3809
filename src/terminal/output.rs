//! What is printed for people. Printing may fail: a reader who went away (`| head -1`) ends the printing and not the run; output
//! that cannot be written for another reason is said.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::warn;

/// Standard output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}")]
pub struct OutputError(io::Error);

/// Prints a text, as it is, to standard output. That nobody reads it any more is no error.
///
/// # Errors
/// Whatever else keeps it from being written, such as a full disk.
pub fn print(text: impl Display) -> Result<(), OutputError> {
    let text = text.to_string();
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(OutputError(error)),
        _ => Ok(()),
    }
}

/// Prints a line on how a run goes. If that fails there are no more of them, which is said once; the run goes on.
pub fn print_progress(line: impl Display) {
    static OVER: AtomicBool = AtomicBool::new(false);
    if OVER.load(Ordering::Relaxed) {
        return;
    }
    if let Err(error) = print(format_args!("{line}\n")) {
        OVER.store(true, Ordering::Relaxed);
        warn!("progress is no longer printed: {error}");
    }
}

/// Prints a line to standard error. There is nobody left to tell if that fails.
pub fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
