//! Tasks: start, reward, success and initial policy.

mod quintic;
pub mod stroke;
pub mod swing_up;
pub mod table_tennis;
mod task;

pub use quintic::Quintic;
pub use table_tennis::TaskError;
pub use task::{Judgement, Task};
