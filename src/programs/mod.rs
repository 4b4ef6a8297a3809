//! Programs of the user's that take part in a run, in any language, over JSON lines: a judge that says what a stroke is
//! worth, and a simulated robot. A program is started once and anew after a failure.

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
pub use simulator::{Finding, Simulator, SimulatorWatch};

/// Failures in a row after which a program is given up.
pub const FAILURES: u32 = 3;
