//! The robot as the daemon drives it: joint states in, commands out, on one of three clocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::unbounded;

use super::commands::{Commander, RosSink};
use super::graph::{GRACE, Graph, JOINT_STATES};
use super::lockstep::{Failure, Lockstep};
use super::observations::topic;
use super::sim_clock::SimClock;
use super::sim_time::SimTime;
use super::states::{Measured, States};
use super::task_starter::TaskStarter;
use crate::control::{Clock, CommandThread, ControlConfig, Outgoing, Pacing, WallClock, paced};
use crate::robot::{LinkError, Observed, RemoteRobot, RobotPort};
use crate::ros::{ClockSource, RosConfig, RosError};

/// Time between two checks of a condition for the start.
const START_POLL: Duration = Duration::from_millis(5);

/// Longest wait for the discovery of other nodes.
const SETTLING: Duration = Duration::from_secs(3);

/// A robot on ROS.
pub struct RosRobot {
    /// Receives joint states and observations.
    pub states: States,
    /// Sends commands.
    pub commander: Commander,
    /// Starts the task, if the node has to ask.
    pub starter: TaskStarter,
    /// The other nodes.
    pub graph: Graph,
    /// The wall clock onto which stamps are mapped.
    pub clock: WallClock,
    /// Simulated time, if it is the loop's clock.
    pub sim_time: Option<SimTime>,
    /// The node's configuration.
    pub config: RosConfig,
    /// The loop's configuration.
    pub control: ControlConfig,
    /// What the task observes besides the joints.
    pub observed: Vec<Observed>,
    /// The thread that sends the commands of a loop on the wall clock.
    pub thread: Option<CommandThread>,
    /// The reason if a lockstep ended.
    pub failure: Failure,
    /// Whether the wait for the connection was given up.
    pub given_up: Arc<AtomicBool>,
}

impl RosRobot {
    /// A state of all joints, and everything that the task observes, received after `since`.
    fn state(&self, since: Instant) -> Result<Measured, RosError> {
        let waited = Duration::from_secs_f64(self.config.connect_timeout);
        let received = self.states.received();
        let silent = |topic: &str, nodes| Err(RosError::NoMessage { topic: topic.into(), waited, nodes });
        let fresh = |at: Option<Instant>| at.is_some_and(|at| at >= since);
        match (received.error, self.states.newest()) {
            (Some(reason), _) if !fresh(received.last_good) => Err(RosError::Unusable { waited, reason }),
            _ if !fresh(received.last_good) => silent("joint_states", self.graph.publishers(JOINT_STATES)),
            (_, None) => Err(RosError::Incomplete { waited }),
            (_, Some(state)) => match self.observed.iter().zip(&state.observed).find(|(_, newest)| newest.is_none()) {
                Some((missing, _)) => silent(&missing.name, self.graph.publishers(&topic(missing))),
                None => Ok(state),
            },
        }
    }

    /// Waits until the robot may be commanded.
    fn wait(&self) -> Result<Measured, RosError> {
        let waited = Duration::from_secs_f64(self.config.connect_timeout);
        let since = Instant::now();
        let until = |mut check: Box<dyn FnMut() -> Option<RosError> + '_>| {
            while let Some(error) = check() {
                if self.given_up.load(Ordering::Relaxed) {
                    return Err(RosError::GivenUp);
                }
                if since.elapsed() > waited {
                    return Err(error);
                }
                std::thread::sleep(START_POLL);
            }
            Ok(())
        };
        if let Some(time) = &self.sim_time {
            time.begin();
            until(Box::new(|| time.unfit(self.control.period())))?;
        }
        self.starter.wait(waited.saturating_sub(since.elapsed()), &self.given_up)?;
        until(Box::new(|| self.state(since).err()))?;
        until(Box::new(|| self.graph.trouble(&self.states.received(), self.commander.listeners(), Duration::ZERO)))?;
        let found = Instant::now();
        while !self.graph.is_settled() && found.elapsed() < SETTLING {
            std::thread::sleep(START_POLL);
        }
        until(Box::new(|| self.graph.trouble(&self.states.received(), self.commander.listeners(), Duration::ZERO)))?;
        self.state(since)
    }
}

impl RemoteRobot for RosRobot {
    fn connect(&mut self, port: RobotPort) -> Result<Box<dyn Clock>, LinkError> {
        let first = self.wait()?;
        let sink = RosSink { commander: self.commander.clone(), starter: self.starter.clone() };
        if let Some(time) = &self.sim_time {
            let RobotPort { reading, command, requests, delivery } = port;
            time.watch(Duration::from_secs_f64(self.config.clock_timeout));
            self.states.feed(reading);
            let outgoing = Outgoing { command, requests, delivery };
            let clock =
                SimClock::start(time.clone(), outgoing, sink, self.control.period()).map_err(RosError::Thread)?;
            return Ok(Box::new(clock));
        }
        match self.config.clock {
            ClockSource::Wall => {
                let RobotPort { reading, command, requests, delivery } = port;
                let outgoing = Outgoing { command, requests, delivery };
                let (period, pacing) = (self.control.period(), self.control.pacing);
                let scheduling = &self.control.scheduling;
                let thread = CommandThread::start(outgoing, sink, self.clock, (period, pacing), scheduling);
                let thread = thread.map_err(RosError::Thread)?;
                tracing::info!("commands: {}", thread.startup);
                let clock: Box<dyn Clock> = match pacing {
                    Pacing::Timer => {
                        self.states.feed(reading);
                        Box::new(self.clock)
                    }
                    Pacing::Robot => {
                        // Before the sender of the commands misses the loop.
                        let misses = u32::try_from(self.control.watchdog.max_consecutive_misses).unwrap_or(u32::MAX);
                        let patience = period.saturating_mul(misses.max(2)) / 2;
                        let (packets, clock) = paced(reading, period, Some(patience));
                        self.states.feed_paced(packets.waking(thread.waiting()));
                        Box::new(clock)
                    }
                };
                self.thread = Some(thread);
                Ok(clock)
            }
            ClockSource::Lockstep => {
                let (sender, states) = unbounded();
                self.states.feed_each(sender);
                let (commander, starter) = (self.commander.clone(), self.starter.clone());
                let states = (self.states.clone(), states);
                let clock = Lockstep::new(port, &first, states, commander, starter, &self.config);
                self.failure = clock.failure();
                Ok(Box::new(clock))
            }
        }
    }

    fn let_go(&mut self) {
        if let Some(time) = &self.sim_time {
            time.let_go();
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
        let failure = self.failure.take().or_else(|| lost.then_some(RosError::CommandsLost));
        let failure = failure.or_else(|| self.sim_time.as_ref()?.failure());
        let others = || self.graph.trouble(&self.states.received(), self.commander.listeners(), GRACE);
        failure.or_else(others).map(Into::into)
    }
}

/// A panic that unwinds the supervisor tells the loop to end before it drops this robot. The loop
/// ends after the safe command; the drop waits for it.
impl Drop for RosRobot {
    fn drop(&mut self) {
        self.let_go();
        self.disconnect();
    }
}
