//! The loop's view of the task.

use std::time::Duration;

use crate::robot::{Reading, TrialKey};

/// The task as the loop sees it. Every method runs on the loop's path: no allocation, no lock, no
/// system call.
pub trait Stroke: Send {
    /// State dimension d_s of the policy.
    fn state_dim(&self) -> usize;

    /// A trial begins: draws what the policy is told of it.
    fn begin_trial(&mut self, _key: &TrialKey) {}

    /// Writes the policy's state (d_s) for a reading, with the task's values aligned to
    /// `reading.stamp`.
    fn policy_state(&mut self, reading: &Reading, state: &mut [f64]);

    /// Largest age of each observed value during a stroke, in the task's order. `None`, or no
    /// entry: `control.watchdog.max_task_age`.
    fn max_ages(&self) -> &[Option<Duration>] {
        &[]
    }

    /// Whether a stroke that waits for its trigger starts with this reading.
    fn triggered(&mut self, reading: &Reading) -> bool;
}
