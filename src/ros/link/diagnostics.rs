//! The diagnostics of the node: loop, learner, limits and robot.

use std::time::Duration;

use r2r::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus, KeyValue};
use r2r::std_msgs::msg::Header;
use r2r::{Publisher, QosProfile};

use super::graph::{GRACE, Graph, JOINT_STATES};
use super::health::{Health, Known};
use super::observations::Count;
use super::outlet::report;
use super::sim_time::SimTime;
use super::states::States;
use crate::control::{SafetyState, Stopper};
use crate::robot::TrackState;
use crate::ros::rcl::executor::Executor;
use crate::ros::rcl::message_time::message_time;
use crate::ros::{DiagnosticsConfig, RosError, system_time};
use crate::storage::TrialMeta;

/// The robot, for the diagnostics.
pub struct RobotView<'a> {
    /// The messages received.
    pub states: &'a States,
    /// The other nodes.
    pub graph: &'a Graph,
    /// Number of subscribers of the commands.
    pub listeners: usize,
    /// The simulated clock, if there is one.
    pub sim_time: Option<&'a SimTime>,
    /// Whether the loop runs in lockstep with the robot.
    pub lockstep: bool,
}

/// Publishes diagnostics.
pub struct Diagnostics {
    publisher: Publisher<DiagnosticArray>,
    node: String,
}

/// A status under construction.
struct Entry {
    status: DiagnosticStatus,
}

impl Entry {
    fn new(node: &str, part: &str) -> Self {
        let name = format!("{}: {part}", node.trim_start_matches('/'));
        let message = "ok".into();
        Self { status: DiagnosticStatus { level: 0, name, message, hardware_id: node.into(), values: vec![] } }
    }

    fn value(&mut self, key: &str, value: impl ToString) {
        self.status.values.push(KeyValue { key: key.into(), value: value.to_string() });
    }

    /// Raises the level (1 for a warning, 2 for an error) and its reason if `condition` holds. The
    /// worst level is shown.
    fn at_least(&mut self, level: u8, condition: bool, reason: impl Into<String>) {
        if condition && level > self.status.level {
            (self.status.level, self.status.message) = (level, reason.into());
        }
    }
}

const WARN: u8 = 1;
const ERROR: u8 = 2;
/// Standstill of a clock that is worth a warning.
const STANDS: Duration = Duration::from_secs(1);

impl Diagnostics {
    /// A publisher on `/diagnostics`. Call it before the executor runs.
    ///
    /// # Errors
    /// rcl's error.
    pub fn new(executor: &mut Executor) -> Result<Self, RosError> {
        let publisher = executor.node().create_publisher("/diagnostics", QosProfile::default())?;
        Ok(Self { publisher, node: executor.node().fully_qualified_name()? })
    }

    /// Publishes the diagnostics.
    pub fn publish(&self, health: &Health, robot: &RobotView<'_>, limits: &DiagnosticsConfig, life: &str) {
        let known = health.lock();
        let status = vec![
            self.control_loop(&known, limits, life),
            self.learner(&known),
            self.limits(&known, limits),
            self.robot(robot, limits, known.stopper.is_some()),
        ];
        // Publishing must not delay a stop of the robot.
        drop(known);
        let header = Header { stamp: message_time(system_time()), frame_id: String::new() };
        report(self.publisher.publish(&DiagnosticArray { header, status }));
    }

    fn control_loop(&self, known: &Known, limits: &DiagnosticsConfig, life: &str) -> DiagnosticStatus {
        let mut entry = Entry::new(&self.node, "loop");
        entry.value("life cycle", life);
        if let Some(startup) = &known.startup {
            entry.value("system", startup);
        }
        let Some(status) = known.stopper.as_ref().map(Stopper::status) else {
            entry.status.message = "not running".into();
            if let Some(failure) = &known.failure {
                entry.at_least(ERROR, true, format!("not running: {failure}"));
            }
            return entry.status;
        };
        entry.value("phase", format!("{:?}", status.phase).to_lowercase());
        entry.value("safety", format!("{:?}", status.safety).to_lowercase());
        entry.value("paused", status.paused);
        entry.value("cycles", status.cycles);
        entry.value("missed periods", status.misses);
        let share = status.misses as f64 / (status.cycles + status.misses).max(1) as f64;
        entry.at_least(
            WARN,
            share > limits.max_missed_share,
            format!("{:.1} % of the periods were missed", 100. * share),
        );
        if let Some(latency) = known.trial.as_ref().and_then(|trial| trial.latency) {
            let lateness = latency.release_lateness.p99 as f64 * 1e-9;
            entry.value("release lateness, p99, last stroke [s]", lateness);
            entry.value("execution, p99, last stroke [s]", latency.execution.p99 as f64 * 1e-9);
            entry.at_least(WARN, lateness > limits.max_lateness, "the loop wakes late");
        }
        let stopped = known.fault.clone().unwrap_or_else(|| "stopped".into());
        entry.at_least(ERROR, status.safety != SafetyState::Run, stopped);
        entry.status
    }

    fn learner(&self, known: &Known) -> DiagnosticStatus {
        let mut entry = Entry::new(&self.node, "learner");
        match &known.iteration {
            None => entry.status.message = "no iteration yet".into(),
            Some(iteration) => {
                entry.value("iteration", iteration.iteration);
                entry.value("episodes", iteration.episodes);
                entry.value("return", iteration.return_.mean);
                entry.value("success", iteration.success);
                entry.value("KL per step [nats]", iteration.summary.kl.mean);
                entry.value("effective samples", iteration.summary.effective_samples.mean);
                entry.at_least(WARN, !iteration.return_.mean.is_finite(), "the return is not finite");
            }
        }
        entry.status
    }

    fn limits(&self, known: &Known, limits: &DiagnosticsConfig) -> DiagnosticStatus {
        let mut entry = Entry::new(&self.node, "limits");
        if let Some(iteration) = &known.iteration {
            let share = iteration.clipped_share;
            entry.value("cycles changed by a limit", share);
            entry.at_least(WARN, share > limits.max_clipped_share, "the limits leave little of the exploration");
        }
        if let Some(TrialMeta { trial, end, .. }) = &known.trial {
            entry.value("last trial", trial);
            if let Some(reason) = end.left_out() {
                entry.at_least(WARN, true, format!("the last trial was left out: {reason}"));
            }
        }
        entry.status
    }

    fn robot(&self, robot: &RobotView<'_>, limits: &DiagnosticsConfig, running: bool) -> DiagnosticStatus {
        let mut entry = Entry::new(&self.node, "robot");
        let received = robot.states.received();
        entry.value("joint states", received.states);
        entry.value("joint states refused", received.refused);
        for Count { name, used, refused, age, track } in &received.observed {
            entry.value(name, used);
            entry.value(&format!("{name} refused"), refused);
            let age = age.map_or("none came".into(), |age| age.as_secs_f64().to_string());
            entry.value(&format!("age of {name} [s]"), age);
            let Some(track) = track else { continue };
            let state = match track.state {
                TrackState::Unseen => "unseen",
                TrackState::Acquiring => "acquiring",
                TrackState::Tracked => "tracked",
            };
            entry.value(&format!("track of {name}"), state);
            entry.value(&format!("velocity of {name}, deviation [m/s]"), track.velocity_deviation);
            entry.value(&format!("positions of {name} left out"), track.outliers);
            entry.value(&format!("tracks of {name} begun"), track.begun);
        }
        entry.value("publishers of joint states", robot.graph.publishers(JOINT_STATES).join(", "));
        entry.value("who listens to the commands", robot.listeners);
        // In lockstep, time stands while the loop is idle.
        let passes = running && !robot.lockstep;
        match &received.oldest {
            Some((joint, age)) => {
                let age = age.as_secs_f64();
                entry.value("age of the joint state [s]", age);
                entry.value("the oldest joint", joint);
                let old = || format!("the joint state is old: joint {joint} was reported {age:.3} s ago");
                entry.at_least(WARN, passes && age > limits.max_state_age, old());
            }
            None => entry.at_least(WARN, true, "no joint states"),
        }
        if let Some(time) = robot.sim_time {
            entry.value("time of the clock [s]", time.get().map_or("none".into(), |now| now.as_secs_f64().to_string()));
            match time.stands_for() {
                None => entry.at_least(ERROR, true, RosError::NoClock.to_string()),
                Some(long) => {
                    let stands = format!("the clock on /clock has been standing for {:.1} s", long.as_secs_f64());
                    entry.at_least(WARN, long >= STANDS, stands);
                }
            }
        }
        if let Some(trouble) = robot.graph.trouble(&received, robot.listeners, GRACE) {
            // Without an active controller there may be no subscribers yet.
            entry.at_least(if running { ERROR } else { WARN }, true, trouble.to_string());
        }
        if let Some(error) = received.error {
            entry.at_least(if error.is_doubt() { WARN } else { ERROR }, true, error.to_string());
        }
        entry.status
    }
}
