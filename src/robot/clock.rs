//! Whose time the loop and its robot keep.

use std::time::Duration;

/// The loop's source of time. It is called from the loop's thread alone. Whatever it says, the loop
/// goes on: time that jumps back, or stands for longer than `watchdog.heartbeat_timeout`, is a fault.
/// The same loop runs on the wall clock, in lockstep with a simulated plant, or on ROS time.
pub trait Clock: Send {
    /// Time since the clock's epoch.
    fn now(&self) -> Duration;

    /// Returns at or after `release`, or now and then before it, so that the loop may listen. `idle`
    /// says that the loop has no trial in hand: a lockstep clock then waits for one instead of
    /// advancing its plant, so that simulated time depends on the trials only, and returns before
    /// `release`; the loop then looks for orders and calls again. An order unparks the loop's thread.
    fn sleep_until(&mut self, release: Duration, idle: bool);

    /// Whether this time stands still while the loop is idle, as in lockstep. Any other that stands is a fault.
    fn waits_when_idle(&self) -> bool {
        false
    }

    /// Whether this time passes by itself. Latency is measured and the supervisor's heartbeat watched only then.
    fn real_time(&self) -> bool {
        true
    }

    /// Whether the plant starts anew at each trial. The loop then forgets the reading and the command before it.
    fn resets_plant(&self) -> bool {
        false
    }
}
