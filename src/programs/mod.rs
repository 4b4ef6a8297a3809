//! The user's programs in a run: a judge of strokes and a simulated robot. They may be written in
//! any language and exchange JSON lines with the daemon. A program is started once, and again after
//! a failure.

mod answer;
mod error;
mod judge;
mod last_lines;
mod program;
mod question;
mod reward;
mod running;
mod settings;
mod simulator;

pub use answer::{Answer, without_reward};
pub use error::{Failure, ProgramError};
pub use judge::{Judge, Judged, Strokes};
pub use program::Program;
pub use reward::JudgedReward;
pub use settings::{JudgeConfig, JudgeProgram, JudgeWord, SimulatorConfig, find_files, without_folders};
pub use simulator::{Finding, Role, Simulator, SimulatorWatch};

/// Number of consecutive failures after which a program is given up.
pub const FAILURES: u32 = 3;
