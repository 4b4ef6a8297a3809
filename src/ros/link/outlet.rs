//! What the node tells of a run: trials, iterations, statistics, diagnostics.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::Sender;
use r2r::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus, KeyValue};
use r2r::std_msgs::msg::{Float64, Float64MultiArray, Header, MultiArrayDimension, MultiArrayLayout, String as Text};
use r2r::{Publisher, QosProfile};

use super::graph::{GRACE, Graph, JOINT_STATES};
use super::sim_time::SimTime;
use super::states::States;
use crate::control::{Event, SafetyState, StartupReport, Status, Stopper};
use crate::daemon::Watcher;
use crate::report::IterationMetrics;
use crate::robot::TrialKey;
use crate::ros::rcl::executor::Executor;
use crate::ros::rcl::message_time::message_time;
use crate::ros::{DiagnosticsConfig, RosError, system_time};
use crate::storage::{TrialEnd, TrialMeta};

/// What is known of the run, for the diagnostics.
#[derive(Clone, Default)]
pub struct Health(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    startup: Option<String>,
    stopper: Option<Stopper>,
    fault: Option<String>,
    /// Why the last run ended, if it was not asked to.
    failure: Option<String>,
    /// How often the loop left its safe state.
    resets: u64,
    trial: Option<TrialMeta>,
    iteration: Option<IterationMetrics>,
}

impl Health {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loop at a glance, while there is one.
    pub fn status(&self) -> Option<Status> {
        self.lock().stopper.as_ref().map(Stopper::status)
    }

    /// What tripped, while it is not reset.
    pub fn fault(&self) -> Option<String> {
        self.lock().fault.clone()
    }

    /// How often the loop left its safe state.
    pub fn resets(&self) -> u64 {
        self.lock().resets
    }

    /// Stops the robot now, if there is a loop.
    pub fn stop(&self) {
        if let Some(stopper) = &self.lock().stopper {
            stopper.stop();
        }
    }

    /// The loop is over, or did not start: why, if it was not asked to end.
    pub fn ended(&self, failure: Option<String>) {
        let mut known = self.lock();
        (known.stopper, known.fault, known.failure) = (None, None, failure);
    }
}

/// The publishers of a run.
#[derive(Clone)]
pub struct Outlet {
    trial: Publisher<Text>,
    iteration: Publisher<Text>,
    names: Publisher<Text>,
    values: Publisher<Float64MultiArray>,
    mean_return: Publisher<Float64>,
    /// What they have told.
    pub health: Health,
    /// Hears that the loop runs.
    started: Option<Sender<()>>,
    /// Hears which trial the loop marked failed, if there was one.
    marked: Sender<Option<TrialKey>>,
}

/// What the statistics are, in their order.
const STATISTICS: [&str; 7] =
    ["iteration", "episodes", "return", "success", "clipped_share", "kl", "effective_samples"];

impl Outlet {
    /// Makes the publishers, before the executor runs. Which trial the loop marked failed is told to `marked`.
    ///
    /// # Errors
    /// rcl's.
    pub fn new(executor: &mut Executor, marked: Sender<Option<TrialKey>>) -> Result<Self, RosError> {
        let node = executor.node();
        // Whoever comes late finds the newest.
        let kept = QosProfile::default().reliable().transient_local().keep_last(1);
        let history = kept.clone().keep_last(100);
        let outlet = Self {
            trial: node.create_publisher("~/trial", history.clone())?,
            iteration: node.create_publisher("~/iteration", history)?,
            names: node.create_publisher("~/statistics/names", kept.clone())?,
            values: node.create_publisher("~/statistics/values", kept.clone())?,
            mean_return: node.create_publisher("~/return", kept)?,
            health: Health::default(),
            started: None,
            marked,
        };
        report(outlet.names.publish(&Text { data: STATISTICS.join(",") }));
        Ok(outlet)
    }

    /// Tells `started` that the loop runs.
    #[must_use]
    pub fn announcing(mut self, started: Sender<()>) -> Self {
        self.started = Some(started);
        self
    }
}

fn report(published: r2r::Result<()>) {
    if let Err(error) = published {
        tracing::warn!("a message could not be published: {error}");
    }
}

fn json(value: &impl serde::Serialize) -> Text {
    // Both records are plain data, which always has a JSON form.
    Text { data: serde_json::to_string(value).unwrap_or_default() }
}

impl Watcher for Outlet {
    fn started(&mut self, startup: &StartupReport, stopper: Stopper) {
        tracing::info!("control loop: {startup}");
        let mut known = self.health.lock();
        (known.startup, known.stopper, known.failure) = (Some(startup.to_string()), Some(stopper), None);
        if let Some(started) = self.started.take() {
            // Who started the run waits for this one word.
            let _ = started.send(());
        }
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Tripped { fault, .. } => self.health.lock().fault = Some(fault.to_string()),
            Event::Safety { state: SafetyState::Run, .. } => {
                let mut known = self.health.lock();
                known.fault = None;
                known.resets += 1;
            }
            // Who asked may be gone by now.
            Event::MarkedFailed { key } => drop(self.marked.send(Some(*key))),
            Event::NothingToMark => drop(self.marked.send(None)),
            _ => {}
        }
    }

    fn trial(&mut self, trial: &TrialMeta) {
        report(self.trial.publish(&json(trial)));
        self.health.lock().trial = Some(trial.clone());
    }

    fn iteration(&mut self, iteration: &IterationMetrics) {
        report(self.iteration.publish(&json(iteration)));
        report(self.mean_return.publish(&Float64 { data: iteration.return_.mean }));
        let data = vec![
            iteration.iteration as f64,
            iteration.episodes as f64,
            iteration.return_.mean,
            iteration.success,
            iteration.clipped_share,
            iteration.summary.kl.mean,
            iteration.summary.effective_samples.mean,
        ];
        let size = STATISTICS.len() as u32;
        let dim = vec![MultiArrayDimension { label: STATISTICS.join(","), size, stride: size }];
        report(self.values.publish(&Float64MultiArray { layout: MultiArrayLayout { dim, data_offset: 0 }, data }));
        self.health.lock().iteration = Some(iteration.clone());
    }
}

/// The robot, as the diagnostics see it.
pub struct RobotView<'a> {
    /// What comes.
    pub states: &'a States,
    /// Who else is there.
    pub graph: &'a Graph,
    /// How many listen to the commands.
    pub listeners: usize,
    /// The clock, if it is a simulation's.
    pub sim_time: Option<&'a SimTime>,
    /// Whether time is the robot's.
    pub lockstep: bool,
}

/// Publishes diagnostics.
pub struct Diagnostics {
    publisher: Publisher<DiagnosticArray>,
    node: String,
}

/// One status under way.
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

    /// A level (1 for a warning, 2 for an error) with its reason; the worst one is shown.
    fn at_least(&mut self, level: u8, condition: bool, reason: impl Into<String>) {
        if condition && level > self.status.level {
            (self.status.level, self.status.message) = (level, reason.into());
        }
    }
}

const WARN: u8 = 1;
const ERROR: u8 = 2;
/// A clock that stands for so long is worth a word.
const STANDS: Duration = Duration::from_secs(1);

impl Diagnostics {
    /// On `/diagnostics`, before the executor runs.
    ///
    /// # Errors
    /// rcl's.
    pub fn new(executor: &mut Executor) -> Result<Self, RosError> {
        let publisher = executor.node().create_publisher("/diagnostics", QosProfile::default())?;
        Ok(Self { publisher, node: executor.node().fully_qualified_name()? })
    }

    /// Publishes how things are.
    pub fn publish(&self, health: &Health, robot: &RobotView<'_>, limits: &DiagnosticsConfig, life: &str) {
        let known = health.lock();
        let status = vec![
            self.control_loop(&known, limits, life),
            self.learner(&known),
            self.limits(&known, limits),
            self.robot(robot, limits, known.stopper.is_some()),
        ];
        // Who stops the robot is not to wait for what is published.
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
            if let TrialEnd::Invalid { reason } | TrialEnd::Fault { reason } = end {
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
        entry.value("balls", received.balls);
        entry.value("balls refused", received.balls_refused);
        entry.value("publishers of joint states", robot.graph.publishers(JOINT_STATES).join(", "));
        entry.value("who listens to the commands", robot.listeners);
        // In lockstep time stands while nothing is to be done.
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
            // Before a controller is active nobody may be there to listen yet.
            entry.at_least(if running { ERROR } else { WARN }, true, trouble.to_string());
        }
        if let Some(error) = received.error {
            entry.at_least(if error.is_doubt() { WARN } else { ERROR }, true, error.to_string());
        }
        entry.status
    }
}
