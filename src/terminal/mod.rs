//! Output to the terminal: log, lines, bars.

pub mod logging;
pub mod output;
