//! Lockstep over ROS: time is the robot's, and advances by one command for each joint state.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::commands::Commander;
use super::states::{Measured, States};
use super::task_starter::TaskStarter;
use crate::control::{Clock, LAST_WORDS};
use crate::robot::{PlantRequest, RobotPort};
use crate::ros::{RosConfig, RosError};

/// Longest sleep of an idle loop, in case the supervisor's wake-up does not come.
const IDLE_SLEEP: Duration = Duration::from_millis(20);

/// Time between two safe commands to a robot that does not answer.
const PACE: Duration = Duration::from_micros(200);

/// The reason why a lockstep ended, readable from any thread.
#[derive(Clone, Default)]
pub struct Failure(Arc<Mutex<Option<RosError>>>);

impl Failure {
    /// Takes the reason out.
    pub fn take(&self) -> Option<RosError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The clock. Sleeping until a release means exchanging commands for joint states until that time.
/// If no answer comes, time passes by itself: the loop finds its readings stale and stops, as it
/// would with a robot.
pub struct Lockstep {
    port: RobotPort,
    states: Receiver<Measured>,
    heard: States,
    commander: Commander,
    starter: TaskStarter,
    timeout: Duration,
    attempts: u32,
    now: Duration,
    sequence: u64,
    failure: Failure,
    failed: bool,
}

impl Lockstep {
    /// A clock at the stamp of `first`, the newest joint state of the robot.
    pub fn new(
        port: RobotPort,
        first: &Measured,
        (heard, states): (States, Receiver<Measured>),
        commander: Commander,
        starter: TaskStarter,
        config: &RosConfig,
    ) -> Self {
        let mut clock = Self {
            port,
            states,
            heard,
            commander,
            starter,
            timeout: Duration::from_secs_f64(config.lockstep_timeout),
            attempts: config.lockstep_attempts,
            now: first.stamp,
            sequence: 0,
            failure: Failure::default(),
            failed: false,
        };
        clock.publish(first);
        clock
    }

    /// Holds the reason if the lockstep ends.
    pub fn failure(&self) -> Failure {
        self.failure.clone()
    }

    fn publish(&mut self, measured: &Measured) {
        self.sequence += 1;
        measured.write(self.sequence, self.port.reading.input_buffer_mut());
        self.port.reading.publish();
    }

    /// Sends the newest command until a newer joint state answers.
    fn exchange(&mut self) -> Result<(), RosError> {
        while let Ok(request) = self.port.requests.pop() {
            if request == PlantRequest::Launch {
                self.starter.ask_and_wait(self.timeout * self.attempts)?;
            }
        }
        for _ in 0..self.attempts {
            self.commander.send(&self.port.command.read().effort, Some(self.now));
            let deadline = std::time::Instant::now() + self.timeout;
            loop {
                match self.states.recv_deadline(deadline) {
                    // A repeated state was answered already.
                    Ok(measured) if measured.stamp <= self.now => {}
                    Ok(measured) => {
                        self.now = measured.stamp;
                        self.publish(&measured);
                        return Ok(());
                    }
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return Err(RosError::StatesLost),
                }
            }
        }
        let reason = self.heard.received().error;
        Err(RosError::Lockstep { waited: self.timeout * self.attempts, sent: self.attempts, reason })
    }
}

impl Clock for Lockstep {
    fn now(&self) -> Duration {
        self.now
    }

    fn sleep_until(&mut self, release: Duration, idle: bool) {
        if idle {
            thread::park_timeout(IDLE_SLEEP);
            return;
        }
        while self.now < release {
            if self.failed {
                self.commander.send(&self.port.command.read().effort, None);
                self.now = release;
                thread::sleep(PACE);
            } else if let Err(error) = self.exchange() {
                tracing::error!("{error}");
                *self.failure.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                self.failed = true;
            }
        }
    }

    fn waits_when_idle(&self) -> bool {
        true
    }

    fn real_time(&self) -> bool {
        false
    }
}

impl Drop for Lockstep {
    /// The loop is over: sends its last command, and then zero.
    fn drop(&mut self) {
        self.commander.send(&self.port.command.read().effort, Some(self.now));
        (0..LAST_WORDS).for_each(|_| self.commander.send_zero());
    }
}
