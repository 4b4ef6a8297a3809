//! The robot as the daemon drives it: joint states in, commands out, on one of three clocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::unbounded;
use tokio::sync::Notify;

use super::commands::{Commander, RosSink};
use super::lockstep::{Failure, Lockstep};
use super::serve::Server;
use super::sim_time::{SimClock, SimTime};
use super::states::{Measured, States};
use super::{ClockSource, RosConfig, RosError};
use crate::control::{Clock, CommandThread, Outgoing, SchedulingConfig, WallClock};
use crate::daemon::{LinkError, RemoteRobot};
use crate::robot::RobotPort;

/// How often the first joint state is looked for.
const LOOK: Duration = Duration::from_millis(5);

/// A robot on ROS.
pub struct RosRobot {
    /// Joint states and ball.
    pub states: States,
    /// Commands.
    pub commander: Commander,
    /// Who serves the ball.
    pub server: Server,
    /// Simulated time, where that is the clock.
    pub sim_time: Option<SimTime>,
    /// The node's configuration.
    pub config: RosConfig,
    /// The control period.
    pub period: Duration,
    /// Priority and processor of the loop's thread.
    pub scheduling: SchedulingConfig,
    /// Whether the task needs the ball.
    pub with_ball: bool,
    /// What sends the commands of a loop on the wall clock.
    pub thread: Option<CommandThread>,
    /// Why the lockstep ended, if it did.
    pub failure: Failure,
    /// Nobody waits for the connection any more.
    pub given_up: Arc<AtomicBool>,
}

impl RosRobot {
    /// Waits for a joint state that was not there before.
    fn first_state(&self) -> Result<Measured, RosError> {
        let waited = Duration::from_secs_f64(self.config.connect_timeout);
        let since = Instant::now();
        let usable = || {
            let received = self.states.received();
            let fresh = received.last.is_some_and(|last| last >= since) && received.error.is_none();
            self.states.newest().filter(|newest| fresh && (!self.with_ball || !newest.ball.is_empty()))
        };
        while since.elapsed() < waited && !self.given_up.load(Ordering::Relaxed) {
            if let Some(state) = usable() {
                return Ok(state);
            }
            std::thread::sleep(LOOK);
        }
        let received = self.states.received();
        let missing = if received.last.is_none_or(|last| last < since) { "joint states" } else { "ball" };
        let reason =
            received.error.map_or_else(|| format!("no {missing} within {waited:?}"), |error| error.to_string());
        Err(RosError::NoStates { reason })
    }
}

impl RemoteRobot for RosRobot {
    fn connect(&mut self, port: RobotPort, idle: Arc<Notify>) -> Result<Box<dyn Clock>, LinkError> {
        let timeout = Duration::from_secs_f64(self.config.connect_timeout);
        let connected = self.server.wait(timeout, &self.given_up).and_then(|()| self.first_state());
        if self.given_up.load(Ordering::Relaxed) {
            return Err(RosError::GivenUp.into());
        }
        let first = connected?;
        let sink = RosSink { commander: self.commander.clone(), server: self.server.clone() };
        if let Some(time) = &self.sim_time {
            let RobotPort { reading, command, requests, delivery } = port;
            time.let_go(false);
            self.states.feed_simulated(reading);
            let outgoing = Outgoing { command, requests, delivery };
            let clock = SimClock::start(time.clone(), outgoing, sink, self.period).map_err(RosError::Thread)?;
            return Ok(Box::new(clock));
        }
        match self.config.clock {
            ClockSource::Wall => {
                let RobotPort { reading, command, requests, delivery } = port;
                let clock = WallClock::new();
                self.states.feed_wall(clock, reading);
                let outgoing = Outgoing { command, requests, delivery };
                let thread = CommandThread::spawn(outgoing, sink, clock, self.period, &self.scheduling);
                let thread = thread.map_err(RosError::Thread)?;
                tracing::info!("commands: {}", thread.startup);
                self.thread = Some(thread);
                Ok(Box::new(clock))
            }
            ClockSource::Lockstep => {
                let (sender, states) = unbounded();
                self.states.feed_stamped(sender, self.with_ball);
                let (commander, server) = (self.commander.clone(), self.server.clone());
                let clock = Lockstep::new(port, &first, states, commander, server, &self.config);
                self.failure = clock.failure();
                Ok(Box::new(clock.on_idle(move || idle.notify_one())))
            }
        }
    }

    fn let_go(&mut self) {
        if let Some(time) = &self.sim_time {
            time.let_go(true);
        }
    }

    fn disconnect(&mut self) {
        if self.thread.take().is_some_and(|thread| !thread.end()) {
            tracing::error!("{}", RosError::CommandsStuck);
        }
        self.states.feed_nobody();
    }

    fn failure(&mut self) -> Option<LinkError> {
        let lost = self.thread.as_ref().is_some_and(|thread| !thread.is_alive());
        self.failure.take().or_else(|| lost.then_some(RosError::CommandsLost)).map(Into::into)
    }
}

/// Where a panic unwinds the supervisor, the loop is told to end before this is dropped, and ends only after the safe command:
/// that is waited for.
impl Drop for RosRobot {
    fn drop(&mut self) {
        self.let_go();
        self.disconnect();
    }
}
