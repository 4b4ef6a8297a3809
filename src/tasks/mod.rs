//! Tasks: the policy's state, the start of learning, the reward and the simulated world. A task is
//! a folder, and a line in `registry.rs`.

pub mod stroke;
pub mod swing_up;
pub mod table_tennis;

mod error;
mod links;
mod quintic;
mod registry;
mod scene;
mod task;

pub use self::task::{Judgement, Task};
pub use error::TaskError;
pub use quintic::Quintic;
pub use registry::{MakeTask, Robot, TASKS, TaskConfig, TaskSettings, Tasks, task};
pub use scene::{Obstacle, Paddle, Scene, ServedBall};
