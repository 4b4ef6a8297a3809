//! The simulated arm as a robot on ROS: joint states and observations, e.g. of a ball, out, efforts in. Its physics is
//! that of the dry run.

mod publishers;

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};
use r2r::std_msgs::msg::Float64MultiArray;
use r2r::std_srvs::srv::Trigger;
use r2r::{Node, QosProfile, ServiceRequest};

use self::publishers::Publishers;
use super::{ClockSource, Parameters, RosConfig, RosError, Settings, context, overrides};
use crate::control::{Clock, WallClock};
use crate::programs::{Role, Simulator};
use crate::robot::{Command, Plant, Reading, TrialKey, TrialKind};
use crate::ros::link::commands::label;
use crate::ros::link::description;
use crate::ros::link::joints::Joints;
use crate::ros::parameters::services::{SharedParameters, offer_parameters, respond};
use crate::ros::rcl::complaints::Complaints;
use crate::ros::rcl::executor::Executor;
use crate::ros::rcl::rosout::{LogLines, Rosout};
use crate::signals;
use crate::supervisor::DaemonError;
use crate::supervisor::programs::simulator;

/// Time of the simulation at its start. A stamp of zero would count as missing.
const START: Duration = Duration::from_secs(1);
/// Time after which an unanswered state is sent again.
const REPEAT: Duration = Duration::from_millis(100);
/// Complaint of a program that cannot be in lockstep.
const BEHIND: &str =
    "the program of robot.simulator is behind: in lockstep over ROS `time` has to be `until` in each answer";
/// Longest wait before the end of the program is noticed.
const END_POLL: Duration = Duration::from_millis(20);

/// A message to the simulation.
enum Incoming {
    Command(Float64MultiArray),
    Serve(ServiceRequest<Trigger::Service>),
    End,
}

/// Why a command is ignored.
enum Ignored {
    Command,
}

/// The simulated robot.
struct Robot {
    complaints: Complaints<Ignored>,
    /// The program that simulates the robot, if it is not the embedded arm.
    simulator: Option<Simulator>,
    plant: Box<dyn Plant>,
    reading: Reading,
    command: Command,
    publishers: Publishers,
    serves: u64,
    /// The serve under way, in the simulation's terms.
    trial: TrialKey,
    period: Duration,
}

/// Runs the simulated arm until a signal ends it.
///
/// # Errors
/// The reason why it cannot run.
pub fn simulate(config: std::path::PathBuf, lines: LogLines) -> Result<(), RosError> {
    let mut node = Node::create(context()?, "simulated_arm", "")?;
    let (given, namespace) = (overrides(&node), node.namespace()?);
    let receive = |ros: &RosConfig| description::receive(&mut node, ros, || false);
    let parameters = Parameters::load(config, &given, &namespace, receive)?;
    let Settings { setup, ros, .. } = parameters.settings().clone();
    let joints = Joints::new(&ros.joints, &setup.config.robot.joints)?;
    let task = setup.task()?;
    let simulator = simulator(&setup, Role::Robot)?;
    let plant = match &simulator {
        Some(simulator) => simulator.plant().map_err(DaemonError::from)?,
        None => setup.plant(&*task, setup.config.run.seed).map_err(DaemonError::from)?,
    };
    let lockstep = ros.clock == ClockSource::Lockstep;

    let mut executor = Executor::new(node);
    let rosout = Rosout::new(&mut executor, lines)?;
    offer_parameters(&mut executor, &SharedParameters::new(parameters))?;
    // A reliable publisher matches best-effort subscriptions as well.
    let qos = QosProfile::default().reliable().keep_last(if lockstep { 10 } else { 1 });
    let start = (!lockstep).then_some(START);
    let publishers = Publishers::new(&mut executor, &ros, joints, task.observed(), &qos, start)?;
    let (inbox, incoming) = unbounded();
    let commands = inbox.clone();
    executor.subscribe(&ros.command_topic, qos, move |command| drop(commands.send(Incoming::Command(command))))?;
    let serves = inbox.clone();
    executor.offer("~/serve", move |request| drop(serves.send(Incoming::Serve(request))))?;

    let n = setup.model.dof();
    let robot = Robot {
        complaints: Complaints::default(),
        simulator,
        plant,
        reading: Reading::zeros(n, task.task_values()),
        command: Command::zeros(n),
        publishers,
        serves: 0,
        trial: TrialKey { kind: TrialKind::Learn, iteration: 0, rollout: 0 },
        period: setup.config.control.period(),
    };
    let spinning = executor.spawn()?;
    // The receiver is gone if the simulation is over.
    signals::listen(&[], move |_, _| drop(inbox.send(Incoming::End))).map_err(RosError::Thread)?;
    tracing::info!("{} simulated {}", setup.model.name(), if lockstep { "in lockstep" } else { "on the wall clock" });
    rosout.publish();
    let ended =
        if lockstep { robot.run_in_lockstep(&incoming, &rosout) } else { robot.run_on_the_clock(&incoming, &rosout) };
    match &ended {
        Ok(()) => tracing::info!("the simulation ends"),
        Err(error) => tracing::error!("{error}"),
    }
    rosout.publish();
    drop(spinning);
    ended
}

impl Robot {
    /// Puts the arm into its start posture.
    fn begin(&mut self) {
        self.plant.reset(START);
        if self.simulator.is_some() {
            // A program is reset by the begin of a trial.
            self.plant.begin_trial(&self.trial);
        }
    }

    /// Checks the program that simulates the robot. In lockstep its first failure is its end: the
    /// loop waits for the answer.
    fn check(&self, lockstep: bool) -> Result<(), RosError> {
        let Some(simulator) = &self.simulator else { return Ok(()) };
        let failed = lockstep.then(|| simulator.take(&self.trial).failure).flatten();
        let reason = simulator.given_up().map(|error| error.to_string()).or(failed);
        reason.map_or(Ok(()), |reason| Err(RosError::SimulatorLost { reason }))
    }

    /// Makes one step for each command that answers the newest state. A repeated command is
    /// recognised by its label.
    fn run_in_lockstep(mut self, incoming: &Receiver<Incoming>, rosout: &Rosout) -> Result<(), RosError> {
        let mut now = START;
        self.begin();
        self.publish();
        let mut heard = Instant::now();
        loop {
            match incoming.recv_timeout(END_POLL) {
                Ok(Incoming::Command(message)) => {
                    heard = Instant::now();
                    let answers = message.layout.dim.first().map(|dimension| dimension.label.as_str());
                    if answers == Some(&label(self.reading.stamp)) {
                        self.obey(&message.data);
                        now += self.period;
                        self.plant.step(now, &self.command);
                        self.check(true)?;
                        let before = self.reading.stamp;
                        self.publish();
                        if self.reading.stamp == before {
                            // The command is recognised by the stamp that it answers.
                            return Err(RosError::SimulatorLost { reason: BEHIND.into() });
                        }
                    } else if answers.is_some_and(|label| label != "effort") {
                        // The command answers an older state: the newest state did not arrive.
                        self.publish();
                    }
                }
                Ok(Incoming::Serve(request)) => self.serve(request),
                Ok(Incoming::End) => return Ok(()),
                Err(_) => {
                    rosout.publish();
                    if heard.elapsed() > REPEAT {
                        heard = Instant::now();
                        self.publish();
                    }
                }
            }
        }
    }

    /// Makes a step and publishes a state each period, under the newest command.
    fn run_on_the_clock(mut self, incoming: &Receiver<Incoming>, rosout: &Rosout) -> Result<(), RosError> {
        self.begin();
        let mut clock = WallClock::new();
        let mut tick = 0;
        loop {
            // A program that is slower than its robot would be is behind by one answer, not by more
            // and more.
            let passed = clock.now().as_nanos() / self.period.as_nanos().max(1);
            tick = u32::try_from(passed).unwrap_or(u32::MAX).max(tick).saturating_add(1);
            clock.sleep_until(self.period * tick, false);
            for message in incoming.try_iter() {
                match message {
                    Incoming::Command(message) => self.obey(&message.data),
                    Incoming::Serve(request) => self.serve(request),
                    Incoming::End => return Ok(()),
                }
            }
            self.plant.step(START + self.period * tick, &self.command);
            self.check(false)?;
            self.publish();
            if tick % 50 == 0 {
                rosout.publish();
            }
        }
    }

    fn obey(&mut self, data: &[f64]) {
        if data.len() == self.command.effort.len() && data.iter().all(|x| x.is_finite()) {
            let effort = self.publishers.joints.effort(data);
            self.command.effort.copy_from_slice(&effort);
            self.command.sequence += 1;
        } else if let Some(more) = self.complaints.make(&Ignored::Command, Instant::now()) {
            let (count, joints) = (data.len(), self.command.effort.len());
            tracing::warn!(
                "a command with {count} efforts for {joints} joints is ignored, after {more} others: {data:?}"
            );
        }
    }

    fn serve(&mut self, request: ServiceRequest<Trigger::Service>) {
        self.trial.rollout = self.serves;
        self.plant.begin_trial(&self.trial);
        self.plant.launch();
        self.serves += 1;
        respond(request, Trigger::Response { success: true, message: format!("serve {}", self.serves) });
    }

    fn publish(&mut self) {
        self.plant.read(&mut self.reading);
        self.publishers.publish(&self.reading, &self.command);
    }
}
