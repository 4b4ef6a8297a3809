//! Errors between the daemon and ROS 2.

use std::time::Duration;

use moto_settings::FieldError;

use crate::ros::link::input_error::InputError;
use crate::storage::Remedy;

/// The parameters that choose a run folder.
fn parameters_for(remedy: Option<Remedy>) -> &'static str {
    match remedy {
        Some(Remedy::ResumeOrAnotherFolder) => " (parameters ros.resume and ros.run_folder)",
        Some(Remedy::AnotherFolder) => " (parameter ros.run_folder)",
        None => "",
    }
}

/// Why the node does not start, or why it ends.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RosError {
    /// rcl refused the command line or the environment.
    #[error("ROS 2 does not start: {reason}")]
    Context {
        /// rcl's message.
        reason: String,
    },
    /// rcl refused another operation.
    #[error("rcl: {0}")]
    Rcl(#[from] r2r::Error),
    /// A parameter was refused.
    #[error("parameter {name}: {reason}")]
    Parameter {
        /// The parameter.
        name: String,
        /// The reason.
        reason: String,
    },
    /// No parameter has this name, but it begins like a parameter of the node.
    #[error("there is no such parameter: {name}; {hint}")]
    NoParameter {
        /// The name, up to its first unknown part.
        name: String,
        /// The likely name, or the existing names.
        hint: String,
    },
    /// A parameter's value was refused.
    #[error("parameter {0}")]
    Value(#[from] FieldError),
    /// The configuration was refused.
    #[error(transparent)]
    Configuration(#[from] crate::setup::ConfigError),
    /// An error of the daemon.
    #[error("{0}{mend}", mend = parameters_for(.0.remedy()))]
    Daemon(#[from] crate::supervisor::DaemonError),
    /// The life cycle has no such transition.
    #[error("there is no transition {name} from {from}")]
    NoTransition {
        /// The transition asked for.
        name: String,
        /// The node's state.
        from: String,
    },
    /// A transition panicked.
    #[error("{what} panicked; the run can be resumed from its folder")]
    Panicked {
        /// The transition.
        what: String,
    },
    /// The node was asked to end before the operation was done.
    #[error("given up, because the node is to end")]
    GivenUp,
    /// The thread of the run panicked. The robot got the safe command.
    #[error("the run's thread panicked; the run can be resumed from its folder")]
    RunLost,
    /// The run's results may not be on the disk.
    #[error("the run could not be stored; resume it from its folder once that is mended")]
    NotStored,
    /// The thread that waits on ROS panicked. The robot got the safe command.
    #[error("the thread that waits on ROS panicked, which is an error of this program; its message is above")]
    ExecutorLost,
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// The thread that sends the commands panicked; it sent zero first.
    #[error("the thread that sends the commands is lost")]
    CommandsLost,
    /// The thread that sends the commands hangs in a call to send.
    #[error("the robot may not have the safe command: the thread that sends the commands stands still")]
    CommandsStuck,
    /// In lockstep: the thread that receives the robot's messages panicked.
    #[error(
        "joint states are not received any more: the thread that waits on ROS panicked, which is an error of this program; \
         its message is above"
    )]
    StatesLost,
    /// The robot did not answer in lockstep.
    #[error(
        "the robot did not answer in lockstep: no joint state after {waited:?}, the command was sent {sent} times{}",
        because(reason)
    )]
    Lockstep {
        /// Time waited.
        waited: Duration,
        /// Number of times the command was sent.
        sent: u32,
        /// Error of the joint states that came, if any did.
        reason: Option<InputError>,
    },
    /// The program that simulates the robot was given up.
    #[error("the simulated robot ends: {reason}")]
    SimulatorLost {
        /// The failure of the program.
        reason: String,
    },
    /// Whoever is to start the task is absent or does not answer.
    #[error("{service} did not answer within {waited:?}")]
    NoServer {
        /// The service.
        service: String,
        /// Time waited.
        waited: Duration,
    },
    /// The service refused to start the task.
    #[error("{service} refused to serve: {reason}")]
    ServeRefused {
        /// The service.
        service: String,
        /// The reason.
        reason: String,
    },
    /// No message came on a topic.
    #[error("no message on the topic {topic} within {waited:?}: {}", publishers(nodes))]
    NoMessage {
        /// The topic.
        topic: String,
        /// Time waited.
        waited: Duration,
        /// The topic's publishers.
        nodes: Vec<String>,
    },
    /// The robot description did not come.
    #[error(
        "no robot description on the topic {topic} within {waited:?}: {}. robot_state_publisher publishes it; \
         ros.description_topic names another topic, robot.urdf a file",
        publishers(nodes)
    )]
    NoDescription {
        /// The topic.
        topic: String,
        /// Time waited.
        waited: Duration,
        /// The topic's publishers.
        nodes: Vec<String>,
    },
    /// The robot's messages cannot be used.
    #[error("nothing that came within {waited:?} can be used: {reason}")]
    Unusable {
        /// Time waited.
        waited: Duration,
        /// The error of the messages.
        reason: InputError,
    },
    /// The robot's messages do not cover all joints yet.
    #[error("the joint states that came within {waited:?} do not give a position and a velocity of every joint yet")]
    Incomplete {
        /// Time waited.
        waited: Duration,
    },
    /// A name is not a topic name.
    #[error("{name} is not the name of a topic")]
    TopicName {
        /// The name.
        name: String,
    },
    /// Another node commands the robot, or could at any time.
    #[error(
        "there are other publishers of commands on {topic} too: {nodes}; only one may command the robot. End the other, or give \
         each a robot of its own (ros.command_topic). Who died without a word is listed until its lease is over, some 20 s"
    )]
    AnotherCommander {
        /// The topic.
        topic: String,
        /// The other nodes.
        nodes: String,
    },
    /// Nobody receives the commands.
    #[error(
        "nobody listens to the commands on {topic} (ros.command_topic): is the robot's controller active, and does it \
         take std_msgs/Float64MultiArray there?"
    )]
    NobodyListens {
        /// The topic.
        topic: String,
    },
    /// Two publishers report the same joint.
    #[error("joint {joint} is reported by more than one publisher on {topic}: {nodes}; remap all but one")]
    Contested {
        /// The joint.
        joint: String,
        /// The topic.
        topic: String,
        /// The nodes of the publishers.
        nodes: String,
    },
    /// The messages of several publishers cannot be told apart.
    #[error(
        "{topic} has {count} publishers, {nodes}, whose messages cannot be told apart; remap all but one. \
         Who died without a word is listed until its lease is over, some 20 s"
    )]
    Publishers {
        /// The topic.
        topic: String,
        /// The nodes of the publishers.
        nodes: String,
        /// Number of publishers.
        count: usize,
    },
    /// use_sim_time is set, but there is no clock.
    #[error("use_sim_time is set, but nothing came on /clock; start the simulation, or set use_sim_time to false")]
    NoClock,
    /// The clock was heard, but its time stands still.
    #[error(
        "use_sim_time is set, but time does not pass: the clock on /clock stands at {at:?}; is the simulation paused?"
    )]
    ClockDoesNotTick {
        /// The clock's time.
        at: Duration,
    },
    /// The clock ticks more slowly than the loop.
    #[error(
        "the time on /clock passes in steps of {tick:?}, the control period is {period:?}: make the simulation publish its \
         clock at least once in a period, or the period as long (control.period)"
    )]
    ClockTooCoarse {
        /// The shortest step seen.
        tick: Duration,
        /// The control period.
        period: Duration,
    },
    /// The clock stopped while the loop ran.
    #[error(
        "the clock on /clock has been standing at {at:?} for {waited:?} (ros.clock_timeout): the robot gets the safe command"
    )]
    ClockStands {
        /// The clock's time.
        at: Duration,
        /// Duration of the standstill, by the wall clock.
        waited: Duration,
    },
    /// The clock ran back while the loop ran.
    #[error(
        "the clock on /clock went back from {from:?} to {to:?}: the robot gets the safe command. Was the world reset (Gazebo then \
         loses the robot and its controllers: launch it again), or does another simulation run, such as one left by an earlier launch?"
    )]
    ClockBack {
        /// The clock's time before.
        from: Duration,
        /// The clock's time now.
        to: Duration,
    },
}

fn because(reason: &Option<InputError>) -> String {
    reason.as_ref().map(|reason| format!("; {reason}")).unwrap_or_default()
}

fn publishers(nodes: &[String]) -> String {
    if nodes.is_empty() { "nobody publishes there".into() } else { format!("published by {}", nodes.join(", ")) }
}
