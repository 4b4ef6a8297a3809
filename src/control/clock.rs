//! Whose time the loop keeps.

use std::time::Duration;

/// The loop's source of time. The same loop runs on the wall clock, in lockstep with a simulated plant, or on ROS time.
pub trait Clock: Send {
    /// Time since the clock's epoch.
    fn now(&self) -> Duration;

    /// Returns at or after `release`. `idle` says that the loop has no trial in hand: a lockstep clock then waits for
    /// one instead of advancing its plant, so that simulated time depends on the trials only, and returns before
    /// `release`; the loop then looks for orders and calls again.
    fn sleep_until(&mut self, release: Duration, idle: bool);

    /// Whether this time passes by itself. Latency is measured and the supervisor's heartbeat watched only then.
    fn real_time(&self) -> bool {
        true
    }

    /// Whether the plant starts anew at each trial. The loop then forgets the reading and the command before it.
    fn resets_plant(&self) -> bool {
        false
    }
}
