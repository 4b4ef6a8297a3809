//! The trait of a robot that is not in this process.

use std::error::Error;

use super::{Clock, RobotPort};

/// An error of whoever reaches the robot.
pub type LinkError = Box<dyn Error + Send + Sync>;

/// A robot that is not in this process: the driver at this end of its wire.
///
/// The control loop reads the newest [`Reading`](super::Reading) from one triple buffer and writes its
/// [`Command`](super::Command) to another. A driver fills the first from what the robot reports and
/// sends what comes in the second, on threads of its own.
///
/// # When each call comes
///
/// All calls come from the supervisor's thread. The loop runs on another, and calls only the clock
/// that [`connect`](Self::connect) returned.
///
/// | call | when | may block |
/// |---|---|---|
/// | [`connect`](Self::connect) | once a run, before the loop runs | yes; give up in finite time |
/// | [`failure`](Self::failure) | every few milliseconds while the loop runs | no: the loop's heartbeat is due |
/// | [`let_go`](Self::let_go) | before the end, once or more | no |
/// | [`disconnect`](Self::disconnect) | once after every `connect` that succeeded | a few seconds |
///
/// `connect` that failed is followed by nothing. `disconnect` comes also where the loop did not start.
/// A supervisor that panics calls nothing: it ends the loop and drops the robot, so a driver leaves
/// its robot safe in its `Drop` too.
///
/// # What a driver owes the robot
///
/// - The robot gets zero where the loop gives no command: it may hang, or end.
///   [`CommandThread`](crate::control::CommandThread) does this for a loop on the wall clock.
/// - The robot stops by itself where nothing arrives: this process may be killed.
/// - Every reading has the time of its measurement, not of its arrival, on the loop's clock. The loop stops the
///   robot where the newest reading is older than `control.watchdog.max_state_age`.
/// - Nothing is repeated as new: [`Reading::sequence`](super::Reading::sequence) goes up only with what the robot
///   measured since.
///
/// # Example
///
/// A driver of a robot of one joint that stands still. `examples/robot_over_udp.rs` is a whole one.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use std::time::Duration;
///
/// use moto_controller::control::{Clock, CommandSink, CommandThread, Outgoing, SchedulingConfig, WallClock};
/// use moto_controller::robot::{LinkError, PlantRequest, RemoteRobot, RobotPort, link};
///
/// struct Wire;
///
/// impl CommandSink for Wire {
///     fn send(&mut self, effort: &[f64]) {
///         assert_eq!(effort.len(), 1); // Onto the wire.
///     }
///     fn request(&mut self, _: PlantRequest) {}
/// }
///
/// #[derive(Default)]
/// struct Standing {
///     over: Arc<AtomicBool>,
///     commands: Option<CommandThread>,
/// }
///
/// impl RemoteRobot for Standing {
///     fn connect(&mut self, port: RobotPort) -> Result<Box<dyn Clock>, LinkError> {
///         let RobotPort { mut reading, command, requests, delivery } = port;
///         let (clock, over) = (WallClock::new(), self.over.clone());
///         std::thread::spawn(move || {
///             for sequence in 1.. {
///                 if over.load(Ordering::Relaxed) {
///                     return;
///                 }
///                 let next = reading.input_buffer_mut(); // From the wire.
///                 (next.stamp, next.sequence) = (clock.now(), sequence);
///                 reading.publish();
///                 std::thread::sleep(Duration::from_millis(2));
///             }
///         });
///         let outgoing = Outgoing { command, requests, delivery };
///         let scheduling = SchedulingConfig { priority: None, ..SchedulingConfig::default() };
///         self.commands = Some(CommandThread::spawn(outgoing, Wire, clock, Duration::from_millis(2), &scheduling)?);
///         Ok(Box::new(clock))
///     }
///     fn let_go(&mut self) {}
///     fn disconnect(&mut self) {
///         self.commands.take().map(CommandThread::end);
///         self.over.store(true, Ordering::Relaxed);
///     }
///     fn failure(&mut self) -> Option<LinkError> {
///         let lost = self.commands.as_ref().is_some_and(|thread| !thread.is_alive());
///         lost.then(|| "the thread that sends the commands is gone".into())
///     }
/// }
///
/// let (mut loops, robots) = link(1, 0);
/// let mut robot = Standing::default();
/// let clock = robot.connect(robots).unwrap();
/// while loops.reading.read().sequence == 0 {}
/// assert!(loops.reading.read().stamp <= clock.now() && robot.failure().is_none());
/// drop(loops); // The loop is over.
/// robot.disconnect();
/// ```
pub trait RemoteRobot: Send {
    /// Waits for the robot, ties it to its end of the link, and returns the clock whose time the loop
    /// keeps: a [`WallClock`](crate::control::WallClock), or the robot's own time.
    ///
    /// The loop is started once this returns. Until its first command the robot gets none. A second
    /// call, after [`disconnect`](Self::disconnect), begins another run.
    ///
    /// # Errors
    /// Why the robot cannot be reached, in words for the operator. Nothing of the driver runs then.
    fn connect(&mut self, port: RobotPort) -> Result<Box<dyn Clock>, LinkError>;

    /// The loop is about to end: a clock whose time stands must let it pass from now on. Nothing to do
    /// for a wall clock.
    fn let_go(&mut self) {}

    /// Ends the driver. The loop is over and its last command is the safe one; or it hangs, and gives none any more.
    /// Returns when the robot has that command or zero, or cannot be given it.
    fn disconnect(&mut self);

    /// Why the robot is lost, if it is. The supervisor then ends the loop, keeps what was learned, and
    /// reports the error. Each error need be returned but once.
    fn failure(&mut self) -> Option<LinkError>;
}
