//! The clock of the loop.

use std::time::Duration;

/// The loop's source of time, called from the loop's thread alone. The loop survives a faulty clock: time that jumps back, or stands for
/// longer than `watchdog.heartbeat_timeout`, is a fault. The same loop runs on the wall clock, in
/// lockstep with a simulated plant, or on ROS time.
pub trait Clock: Send {
    /// Time since the clock's epoch.
    fn now(&self) -> Duration;

    /// Sleeps until `release`. It may return earlier now and then, so that the loop can listen.
    /// `idle` says that there is no trial: a lockstep clock then waits for one instead of advancing
    /// its plant, so that simulated time depends on the trials only. It returns before `release`;
    /// the loop looks for orders and calls again. An order unparks the loop's
    /// thread.
    fn sleep_until(&mut self, release: Duration, idle: bool);

    /// Whether this time stands still while the loop is idle, as in lockstep. For any other clock a
    /// standstill is a fault.
    fn waits_when_idle(&self) -> bool {
        false
    }

    /// Whether this time passes by itself. Only then are latency measured and the supervisor's
    /// heartbeat watched.
    fn real_time(&self) -> bool {
        true
    }

    /// The time by which the loop's own work is measured, where it is another one: the machine's,
    /// while [`Self::now`] is the robot's.
    fn stopwatch(&self) -> Option<Duration> {
        None
    }

    /// Time between the robot's newest two packets, by the machine's clock, where the robot's packets
    /// pace the loop.
    fn between_packets(&self) -> Option<Duration> {
        None
    }

    /// Whether the robot's newest packet has the time of the packet before.
    fn repeats(&self) -> bool {
        false
    }

    /// Whether the plant starts anew at each trial. The loop then ignores the reading and the
    /// command before it.
    fn resets_plant(&self) -> bool {
        false
    }
}
