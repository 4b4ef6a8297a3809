//! Log lines on standard error that leave a progress bar whole.

use std::io::{self, Write};
use std::sync::LazyLock;

use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;

/// The terminal's bars; log lines are printed above them.
pub static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

struct AboveBars;

impl Write for AboveBars {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        BARS.suspend(|| io::stderr().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Sends log lines to standard error; `RUST_LOG` selects them (default `info`).
pub fn initialise() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A second call finds the subscriber of the first in place, which serves as well.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_writer(|| AboveBars).try_init();
}
