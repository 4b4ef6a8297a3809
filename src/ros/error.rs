//! What can go wrong between the daemon and ROS 2.

use std::time::Duration;

use crate::ros::link::input_error::InputError;
use crate::schema::FieldError;
use crate::storage::Remedy;

/// The parameters with which a run folder is chosen.
fn parameters_for(remedy: Option<Remedy>) -> &'static str {
    match remedy {
        Some(Remedy::ResumeOrAnotherFolder) => " (parameters ros.resume and ros.run_folder)",
        Some(Remedy::AnotherFolder) => " (parameter ros.run_folder)",
        None => "",
    }
}

/// Why the node does not start, or ends.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RosError {
    /// rcl refuses the command line or the environment.
    #[error("ROS 2 does not start: {reason}")]
    Context {
        /// What rcl says.
        reason: String,
    },
    /// rcl refuses something else.
    #[error("rcl: {0}")]
    Rcl(#[from] r2r::Error),
    /// A parameter is refused.
    #[error("parameter {name}: {reason}")]
    Parameter {
        /// The parameter.
        name: String,
        /// Why.
        reason: String,
    },
    /// A name that no parameter of the node has, but which begins as theirs do.
    #[error("there is no such parameter: {name}; {hint}")]
    NoParameter {
        /// The name, as far as it is known with the first part that is not.
        name: String,
        /// What it was meant to be, or the names there are.
        hint: String,
    },
    /// A value of a parameter is refused.
    #[error("parameter {0}")]
    Value(#[from] FieldError),
    /// The configuration is refused.
    #[error(transparent)]
    Configuration(#[from] crate::daemon::ConfigError),
    /// The daemon.
    #[error("{0}{mend}", mend = parameters_for(.0.remedy()))]
    Daemon(#[from] crate::daemon::DaemonError),
    /// A transition that the life cycle does not have.
    #[error("there is no transition {name} from {from}")]
    NoTransition {
        /// What was asked.
        name: String,
        /// Where the node is.
        from: String,
    },
    /// A transition panicked.
    #[error("{what} panicked; the run can be resumed from its folder")]
    Panicked {
        /// The transition.
        what: String,
    },
    /// The node was asked to end before that.
    #[error("given up, because the node is to end")]
    GivenUp,
    /// The thread of the run panicked. The robot got the safe command.
    #[error("the run's thread panicked; the run can be resumed from its folder")]
    RunLost,
    /// What was done may not be on the disk.
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
    /// The thread that sends the commands does not come back from sending one.
    #[error("the robot may not have the safe command: the thread that sends the commands stands still")]
    CommandsStuck,
    /// In lockstep nobody takes the robot's messages any more: the thread that did panicked.
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
        /// How long was waited.
        waited: Duration,
        /// How often the command was sent.
        sent: u32,
        /// What was wrong with the joint states that came, if they did.
        reason: Option<InputError>,
    },
    /// Whoever is to serve the ball is not there, or does not answer.
    #[error("{service} did not answer within {waited:?}")]
    NoServer {
        /// The service.
        service: String,
        /// How long was waited.
        waited: Duration,
    },
    /// The ball is refused.
    #[error("{service} refused to serve: {reason}")]
    ServeRefused {
        /// The service.
        service: String,
        /// Why.
        reason: String,
    },
    /// Nothing came of what the robot has to say.
    #[error("no message on the topic {topic} within {waited:?}: {}", publishers(nodes))]
    NoStates {
        /// The topic.
        topic: &'static str,
        /// How long was waited.
        waited: Duration,
        /// Who publishes on it.
        nodes: Vec<String>,
    },
    /// What the robot says is of no use.
    #[error("nothing that came within {waited:?} can be used: {reason}")]
    Unusable {
        /// How long was waited.
        waited: Duration,
        /// What is wrong with it.
        reason: InputError,
    },
    /// What the robot says is not complete yet.
    #[error("the joint states that came within {waited:?} do not give a position and a velocity of every joint yet")]
    Incomplete {
        /// How long was waited.
        waited: Duration,
    },
    /// A name that is no topic name.
    #[error("{name} is not the name of a topic")]
    TopicName {
        /// The name.
        name: String,
    },
    /// Somebody else commands the robot, or may at any time.
    #[error(
        "there are other publishers of commands on {topic} too: {nodes}; only one may command the robot. End the other, or give \
         each a robot of its own (ros.command_topic). Who died without a word is listed until its lease is over, some 20 s"
    )]
    AnotherCommander {
        /// The topic.
        topic: String,
        /// The others' nodes.
        nodes: String,
    },
    /// The commands reach nobody.
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
        /// The publishers' nodes.
        nodes: String,
    },
    /// Publishers whose messages cannot be told apart.
    #[error(
        "{topic} has {count} publishers, {nodes}, whose messages cannot be told apart; remap all but one. \
         Who died without a word is listed until its lease is over, some 20 s"
    )]
    Publishers {
        /// The topic.
        topic: String,
        /// The publishers' nodes.
        nodes: String,
        /// How many they are.
        count: usize,
    },
    /// Time is to be that of a clock that is not there.
    #[error("use_sim_time is set, but nothing came on /clock; start the simulation, or set use_sim_time to false")]
    NoClock,
    /// The clock was heard, but time does not pass.
    #[error(
        "use_sim_time is set, but time does not pass: the clock on /clock stands at {at:?}; is the simulation paused?"
    )]
    ClockDoesNotTick {
        /// What it says.
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
    /// The clock stopped under the loop.
    #[error(
        "the clock on /clock has been standing at {at:?} for {waited:?} (ros.clock_timeout): the robot gets the safe command"
    )]
    ClockStands {
        /// What it says.
        at: Duration,
        /// How long it has stood, by the wall clock.
        waited: Duration,
    },
    /// The clock ran back under the loop.
    #[error("the clock on /clock went back from {from:?} to {to:?}: the robot gets the safe command")]
    ClockBack {
        /// What it said before.
        from: Duration,
        /// What it says.
        to: Duration,
    },
}

fn because(reason: &Option<InputError>) -> String {
    reason.as_ref().map(|reason| format!("; {reason}")).unwrap_or_default()
}

fn publishers(nodes: &[String]) -> String {
    if nodes.is_empty() { "nobody publishes there".into() } else { format!("published by {}", nodes.join(", ")) }
}
