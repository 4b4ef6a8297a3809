//! Log lines on standard error that leave a progress bar intact.

use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;

use indicatif::MultiProgress;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// The progress bars. Log lines are printed above them.
pub static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Whether standard error is a terminal with a movable cursor. Bars need one; otherwise plain lines
/// are printed.
pub fn draws_bars() -> bool {
    let able = std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    able && io::stderr().is_terminal()
}

/// Whether log lines have colours. They do on such a terminal, unless `NO_COLOR` is set
/// (<https://no-color.org>).
fn takes_colours() -> bool {
    draws_bars() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

struct AboveBars;

impl Write for AboveBars {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // A line that cannot be written is lost, since no other output is left.
        BARS.suspend(|| drop(io::stderr().write_all(line)));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sends log lines to standard error; `RUST_LOG` selects them (default `info`).
pub fn initialise() {
    initialise_with(None);
}

/// Another destination of log lines.
pub type FurtherLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Sends log lines to standard error and to another destination.
pub fn initialise_with(further: Option<FurtherLayer>) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A second call keeps the first subscriber.
    let lines =
        tracing_subscriber::fmt::layer().with_target(false).with_ansi(takes_colours()).with_writer(|| AboveBars);
    let _ = tracing_subscriber::registry().with(further).with(filter).with(lines).try_init();
}
