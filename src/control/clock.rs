//! Whose time the loop keeps.

use std::time::Duration;

/// The loop's source of time. The same loop runs on the wall clock, in lockstep with a simulated plant, or on ROS time.
pub trait Clock: Send {
    /// Time since the clock's epoch.
    fn now(&self) -> Duration;

    /// Returns at or after `release`. `idle` says that the loop has no trial in hand: a lockstep clock then waits for
    /// one instead of advancing its plant, so that simulated time depends on the trials only.
    fn sleep_until(&mut self, release: Duration, idle: bool);
}
