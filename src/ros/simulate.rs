//! The simulated arm as a robot on ROS: joint states and observations, e.g. of a ball, out, efforts in. Its physics is
//! that of the dry run.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};
use r2r::rosgraph_msgs::msg::Clock as ClockMsg;
use r2r::sensor_msgs::msg::JointState;
use r2r::std_msgs::msg::{Float64MultiArray, Header};
use r2r::std_srvs::srv::Trigger;
use r2r::{Node, Publisher, QosProfile, ServiceRequest};

use super::{ClockSource, Parameters, RosConfig, RosError, Settings, context, overrides, system_time};
use crate::control::{Clock, WallClock};
use crate::robot::{Command, Plant, Reading, TrialKey, TrialKind};
use crate::ros::link::commands::label;
use crate::ros::link::description;
use crate::ros::link::joints::Joints;
use crate::ros::link::observation_publishers::ObservationPublishers;
use crate::ros::parameters::services::{SharedParameters, offer_parameters, respond};
use crate::ros::rcl::complaints::Complaints;
use crate::ros::rcl::executor::Executor;
use crate::ros::rcl::message_time::message_time;
use crate::ros::rcl::rosout::{LogLines, Rosout};
use crate::signals;

/// Time of the simulation at its start. A stamp of zero would count as missing.
const START: Duration = Duration::from_secs(1);
/// Time after which an unanswered state is sent again.
const REPEAT: Duration = Duration::from_millis(100);
/// Longest wait before the end of the program is noticed.
const END_POLL: Duration = Duration::from_millis(20);

/// A message to the simulation.
enum Incoming {
    Command(Float64MultiArray),
    Serve(ServiceRequest<Trigger::Service>),
    End,
}

struct Publishers {
    joints: Publisher<JointState>,
    observed: ObservationPublishers,
    clock: Option<Publisher<ClockMsg>>,
}

/// Why a command is ignored.
enum Ignored {
    Command,
}

/// The simulated robot.
struct Robot {
    complaints: Complaints<Ignored>,
    plant: Box<dyn Plant>,
    joints: Joints,
    reading: Reading,
    command: Command,
    publishers: Publishers,
    /// Stamps are this plus the simulation's time.
    epoch: Duration,
    serves: u64,
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
    let plant = setup.plant(&*task, setup.config.run.seed).map_err(crate::supervisor::DaemonError::from)?;
    let lockstep = ros.clock == ClockSource::Lockstep;

    let mut executor = Executor::new(node);
    let rosout = Rosout::new(&mut executor, lines)?;
    offer_parameters(&mut executor, &SharedParameters::new(parameters))?;
    // A reliable publisher matches best-effort subscriptions as well.
    let qos = QosProfile::default().reliable().keep_last(if lockstep { 10 } else { 1 });
    let publishers = Publishers {
        joints: executor.node().create_publisher("joint_states", qos.clone())?,
        observed: ObservationPublishers::new(executor.node(), task.observed(), &qos)?,
        clock: ros.publish_clock.then(|| executor.node().create_publisher("/clock", qos.clone())).transpose()?,
    };
    let (inbox, incoming) = unbounded();
    let commands = inbox.clone();
    executor.subscribe(&ros.command_topic, qos, move |command| drop(commands.send(Incoming::Command(command))))?;
    let serves = inbox.clone();
    executor.offer("~/serve", move |request| drop(serves.send(Incoming::Serve(request))))?;

    let n = setup.model.dof();
    let robot = Robot {
        complaints: Complaints::default(),
        plant,
        joints,
        reading: Reading::zeros(n, task.task_values()),
        command: Command::zeros(n),
        epoch: if lockstep || publishers.clock.is_some() { Duration::ZERO } else { system_time() - START },
        publishers,
        serves: 0,
        period: setup.config.control.period(),
    };
    let spinning = executor.spawn()?;
    // The receiver is gone if the simulation is over.
    signals::listen(&[], move |_, _| drop(inbox.send(Incoming::End))).map_err(RosError::Thread)?;
    tracing::info!("{} simulated {}", setup.model.name(), if lockstep { "in lockstep" } else { "on the wall clock" });
    rosout.publish();
    if lockstep {
        robot.run_in_lockstep(&incoming, &rosout)
    } else {
        robot.run_on_the_clock(&incoming, &rosout)
    }
    tracing::info!("the simulation ends");
    rosout.publish();
    drop(spinning);
    Ok(())
}

impl Robot {
    /// Makes one step for each command that answers the newest state. A repeated command is
    /// recognised by its label.
    fn run_in_lockstep(mut self, incoming: &Receiver<Incoming>, rosout: &Rosout) {
        let mut now = START;
        self.plant.reset(now);
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
                        self.publish();
                    } else if answers.is_some_and(|label| label != "effort") {
                        // The command answers an older state: the newest state did not arrive.
                        self.publish();
                    }
                }
                Ok(Incoming::Serve(request)) => self.serve(request),
                Ok(Incoming::End) => return,
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
    fn run_on_the_clock(mut self, incoming: &Receiver<Incoming>, rosout: &Rosout) {
        let mut clock = WallClock::new();
        self.plant.reset(START);
        for tick in 1u32.. {
            clock.sleep_until(self.period * tick, false);
            for message in incoming.try_iter() {
                match message {
                    Incoming::Command(message) => self.obey(&message.data),
                    Incoming::Serve(request) => self.serve(request),
                    Incoming::End => return,
                }
            }
            self.plant.step(START + self.period * tick, &self.command);
            self.publish();
            if tick % 50 == 0 {
                rosout.publish();
            }
        }
    }

    fn obey(&mut self, data: &[f64]) {
        if data.len() == self.command.effort.len() && data.iter().all(|x| x.is_finite()) {
            let effort = self.joints.effort(data);
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
        self.plant.begin_trial(&TrialKey { kind: TrialKind::Learn, iteration: 0, rollout: self.serves });
        self.plant.launch();
        self.serves += 1;
        respond(request, Trigger::Response { success: true, message: format!("serve {}", self.serves) });
    }

    fn publish(&mut self) {
        self.plant.read(&mut self.reading);
        let stamp = message_time(self.epoch + self.reading.stamp);
        let header = |frame: &str| Header { stamp: stamp.clone(), frame_id: frame.into() };
        let publishers = &self.publishers;
        if let Some(clock) = &publishers.clock {
            report(clock.publish(&ClockMsg { clock: stamp.clone() }));
        }
        report(publishers.observed.publish(&self.reading.task, &header("")));
        let (position, velocity) = self.joints.report(&self.reading.position, &self.reading.velocity);
        let message = JointState {
            header: header(""),
            name: self.joints.names().to_vec(),
            position,
            velocity,
            effort: self.joints.command(&self.command.effort),
        };
        report(publishers.joints.publish(&message));
    }
}

fn report(published: r2r::Result<()>) {
    if let Err(error) = published {
        tracing::error!("a message could not be published: {error}");
    }
}
