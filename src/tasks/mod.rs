//! Tasks: start, reward, success and initial policy.

pub mod swing_up;
pub mod table_tennis;
mod task;

pub use table_tennis::TaskError;
pub use task::{Judgement, Task};
