//! What people see of the program: its log, its lines, its bars.

pub mod logging;
pub mod output;
