//! The node `moto_controller`: the daemon as a managed node.

mod active;
mod lifecycle_services;
mod marking;
mod operate;
mod reset;
mod running;
mod teaching;
mod transitions;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, select, unbounded};
use r2r::lifecycle_msgs::msg::{Transition as TransitionMsg, TransitionEvent};
use r2r::lifecycle_msgs::srv::ChangeState;
use r2r::rosgraph_msgs::msg::Clock as ClockMsg;
use r2r::std_msgs::msg::Float64;
use r2r::std_srvs::srv::{SetBool, Trigger};
use r2r::{Node, Publisher, QosProfile, ServiceRequest};

use self::active::Active;
use self::lifecycle_services::offer_lifecycle;
use self::marking::Marking;
use self::operate::{SCORE, SERVICES};
use self::reset::Reset;
use self::teaching::Teaching;
use crate::control::{LoopError, Pacing, WallClock};
use crate::robot::Observed;
use crate::ros::link::commands::Commander;
use crate::ros::link::description;
use crate::ros::link::diagnostics::{Diagnostics, RobotView};
use crate::ros::link::graph::{CLOCK, Graph, JOINT_STATES};
use crate::ros::link::joints::Joints;
use crate::ros::link::observations;
use crate::ros::link::outlet::Outlet;
use crate::ros::link::sim_time::SimTime;
use crate::ros::link::stamps::TimeBase;
use crate::ros::link::states::States;
use crate::ros::link::task_starter::TaskStarter;
use crate::ros::parameters::services::{SharedParameters, offer_parameters, respond};
use crate::ros::rcl::executor::{Executor, Spinning};
use crate::ros::rcl::lifecycle::{Lifecycle, LifecycleState};
use crate::ros::rcl::message_time::stamp;
use crate::ros::rcl::rosout::{LogLines, Rosout};
use crate::ros::{ClockSource, Parameters, RosConfig, RosError, Settings, context, overrides};
use crate::signals;
use crate::supervisor::{DaemonError, Order, RobotRun};

/// Period of publishing log lines, and period of checking a condition that is waited for.
const LOG_PERIOD: Duration = Duration::from_millis(50);
const WAITING_POLL: Duration = Duration::from_millis(5);
/// Period of the diagnostics.
const DIAGNOSTICS: Duration = Duration::from_secs(1);

/// A request to the supervisor.
enum Ask {
    Transition(ServiceRequest<ChangeState::Service>),
    Operate(&'static str, Order, ServiceRequest<Trigger::Service>),
    Score(f64),
    Teach(ServiceRequest<SetBool::Service>),
    Record(ServiceRequest<SetBool::Service>),
}

/// Requests and signals. A signal is the number of times that the process was asked to end.
#[derive(Clone)]
struct Inbox {
    asks: Receiver<Ask>,
    signals: Receiver<u32>,
}

/// The supervisor of the node. It answers requests while it waits.
struct Supervisor {
    inbox: Inbox,
    parameters: SharedParameters,
    lifecycle: Arc<Mutex<Lifecycle>>,
    transitions: Publisher<TransitionEvent>,
    states: States,
    commander: Commander,
    starter: TaskStarter,
    graph: Graph,
    clock: WallClock,
    sim_time: Option<SimTime>,
    observed: Vec<Observed>,
    outlet: Outlet,
    diagnostics: Diagnostics,
    marking: Marking,
    teaching: Teaching,
    rosout: Rosout,
    run: Option<RobotRun>,
    active: Option<Active>,
    /// Result of the last run: whether it was complete, or why it ended.
    outcome: Option<Result<bool, RosError>>,
    /// Resets that operators wait for.
    resets: Vec<Reset>,
    /// Number of signals that asked the process to end.
    asked: u32,
    /// Time without a cycle of a loop that was abandoned.
    hung: Option<Duration>,
    /// Time of the last diagnostics.
    diagnosed: Instant,
}

/// How the node ends.
enum End {
    /// It was asked to end.
    Asked,
    /// It cannot go on, or an unattended run failed.
    Failed(RosError),
}

/// Runs the node until it is shut down or a signal ends it.
///
/// # Errors
/// The reason why the node cannot run, or why an unattended run failed.
pub fn run(config: PathBuf, lines: LogLines) -> Result<(), RosError> {
    signals::keep_running_in_the_background();
    let (asked, asking) = unbounded();
    // A suspended process sends nothing, and the robot would keep its last command: Ctrl-Z ends the
    // process as well.
    let tell = move |signal: &str, times| {
        match times {
            1 => tracing::warn!("{signal}: the robot gets the safe command, then the run is saved"),
            2 => tracing::warn!("{signal}: an update that is being made is given up; what came before it is saved"),
            _ => tracing::warn!("{signal}: once the robot has the safe command, nothing is waited for"),
        }
        // The receiver is gone if the process is about to end.
        let _ = asked.send(times);
    };
    signals::listen(&[nix::libc::SIGTSTP], tell).map_err(RosError::Thread)?;
    let mut node = Node::create(context()?, "moto_controller", "")?;
    let (given, namespace) = (overrides(&node), node.namespace()?);
    let receive = |ros: &RosConfig| description::receive(&mut node, ros, || !asking.is_empty());
    let parameters = match Parameters::load(config, &given, &namespace, receive) {
        // Nothing was begun.
        Err(RosError::GivenUp) => return Ok(()),
        loaded => loaded?,
    };
    let settings = parameters.settings().clone();
    let mut executor = Executor::new(node);
    let rosout = Rosout::new(&mut executor, lines)?;
    let parameters = SharedParameters::new(parameters);
    offer_parameters(&mut executor, &parameters)?;
    let (inbox, asks) = unbounded();
    let received = Inbox { asks, signals: asking };
    let supervisor = Supervisor::new(&mut executor, parameters, &settings, rosout, &inbox, received)?;
    let spinning = executor.spawn()?;
    tracing::info!("the node is up");
    supervise(supervisor, spinning, &settings)
}

/// Runs the supervisor until the end. In any case, also after a panic, the run ends before the node
/// and its publishers are dropped.
fn supervise(supervisor: Supervisor, spinning: Spinning, settings: &Settings) -> Result<(), RosError> {
    // Of two locals, the later one is dropped first.
    let spinning = spinning;
    let mut supervisor = supervisor;
    let end = supervisor.run(settings, || spinning.is_alive());
    supervisor.close();
    supervisor.rosout.publish();
    match end {
        End::Asked => Ok(()),
        End::Failed(error) => Err(error),
    }
}

fn lock(lifecycle: &Mutex<Lifecycle>) -> MutexGuard<'_, Lifecycle> {
    lifecycle.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Supervisor {
    fn new(
        executor: &mut Executor,
        parameters: SharedParameters,
        settings: &Settings,
        rosout: Rosout,
        inbox: &Sender<Ask>,
        received: Inbox,
    ) -> Result<Self, RosError> {
        let Settings { setup, ros, use_sim_time } = settings;
        let joints = Joints::new(&ros.joints, &setup.config.robot.joints)?;
        let task = setup.task()?;
        let observed = task.observed();
        let clock = WallClock::new();
        let sim_time = use_sim_time.then(SimTime::default);
        let lockstep = ros.clock == ClockSource::Lockstep && !use_sim_time;
        let time = match sim_time.clone() {
            Some(time) => TimeBase::Simulated(time),
            None if lockstep || setup.config.control.pacing == Pacing::Robot => TimeBase::Stamps,
            None => TimeBase::Wall(clock),
        };
        let states = States::new(joints.clone(), &observed, time);
        for (index, tracker) in ros.ball.trackers(&*task)? {
            states.track(index, tracker);
        }
        let commander = Commander::new(executor, ros, joints)?;
        let starter = TaskStarter::new(executor, ros)?;
        let newest = QosProfile::sensor_data().keep_last(1);
        let qos = if lockstep { QosProfile::default().reliable().keep_last(10) } else { newest };
        let joints_in = states.clone();
        executor.subscribe(JOINT_STATES, qos.clone(), move |message| joints_in.take_joints(&message))?;
        observations::subscribe(executor, &observed, ros.ball.source, &qos, &states)?;
        if let Some(time) = sim_time.clone() {
            let qos = QosProfile::default().best_effort().keep_last(1);
            executor.subscribe(CLOCK, qos, move |message: ClockMsg| {
                let nanoseconds = stamp(&message.clock).unwrap_or(0);
                time.set(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0)));
            })?;
        }
        let mut single: Vec<String> = observed.iter().map(observations::topic).collect();
        single.extend(sim_time.is_some().then(|| CLOCK.into()));
        let graph = Graph::watch(executor, ros, &single)?;
        let (marked, marking) = unbounded();
        let lifecycle = Arc::<Mutex<Lifecycle>>::default();
        offer_lifecycle(executor, &lifecycle, inbox)?;
        let (recorded, recordings) = unbounded();
        let outlet = Outlet::new(executor, marked, recorded)?;
        for (name, order) in SERVICES {
            let (inbox, health) = (inbox.clone(), outlet.health.clone());
            executor.offer(&format!("~/{name}"), move |request| {
                if name == "stop" {
                    // A stop does not wait for the supervisor.
                    health.stop();
                }
                // Without a supervisor the process is about to end.
                drop(inbox.send(Ask::Operate(name, order.clone(), request)));
            })?;
        }
        let calls = inbox.clone();
        executor.offer("~/teach", move |request| drop(calls.send(Ask::Teach(request))))?;
        let calls = inbox.clone();
        executor.offer("~/record", move |request| drop(calls.send(Ask::Record(request))))?;
        let scores = inbox.clone();
        let qos = QosProfile::default().reliable().keep_last(10);
        executor.subscribe(SCORE, qos, move |score: Float64| drop(scores.send(Ask::Score(score.data))))?;
        Ok(Self {
            inbox: received,
            parameters,
            lifecycle,
            transitions: executor.node().create_publisher("~/transition_event", QosProfile::default())?,
            states,
            commander,
            starter,
            graph,
            clock,
            sim_time,
            observed,
            outlet,
            marking: Marking::new(marking),
            teaching: Teaching::new(recordings),
            diagnostics: Diagnostics::new(executor)?,
            rosout,
            run: None,
            active: None,
            outcome: None,
            resets: Vec::new(),
            asked: 0,
            hung: None,
            diagnosed: Instant::now(),
        })
    }

    fn run(&mut self, settings: &Settings, is_alive: impl Fn() -> bool) -> End {
        if settings.ros.autostart {
            for label in ["configure", "activate"] {
                if let Err(error) = self.change(&TransitionMsg { id: 0, label: label.into() }) {
                    return if self.asked > 0 { self.finish(End::Asked) } else { End::Failed(error) };
                }
            }
        }
        loop {
            self.answer_for(LOG_PERIOD);
            if let Some(silence) = self.hung {
                // The abandoned thread still has the run's loop, so no other loop may start.
                return End::Failed(DaemonError::from(LoopError::Hangs(silence)).into());
            }
            if self.asked > 0 {
                return self.finish(End::Asked);
            }
            if !is_alive() {
                tracing::error!("{}", RosError::ExecutorLost);
                // No more readings will come: closing the channel tells waiting threads.
                self.states.feed_nobody();
                return self.finish(End::Failed(RosError::ExecutorLost));
            }
            if self.active.as_ref().is_some_and(Active::is_over)
                && let Some(end) = self.take_result(settings.ros.exit_when_done)
            {
                return self.finish(end);
            }
            if lock(&self.lifecycle).state() == LifecycleState::Finalized {
                return End::Asked;
            }
        }
    }

    /// Answers requests until `done`. It begins no further transition, because one is under way.
    fn wait<T>(&mut self, mut done: impl FnMut(&mut Self) -> Option<T>) -> T {
        loop {
            if let Some(done) = done(self) {
                return done;
            }
            self.answer_for(WAITING_POLL);
        }
    }

    /// Answers requests for `time`, and publishes log lines and diagnostics.
    fn answer_for(&mut self, time: Duration) {
        let Inbox { asks, signals } = self.inbox.clone();
        let (marked, recorded) = (self.marking.answers(), self.teaching.recorded());
        let waited_for = !self.resets.is_empty() || self.is_teaching_asked();
        let time = if waited_for { time.min(WAITING_POLL) } else { time };
        select! {
            recv(asks) -> ask => match ask {
                Ok(Ask::Transition(request)) => {
                    let wanted = request.message.transition.clone();
                    let success = self.change(&wanted).is_ok();
                    respond(request, ChangeState::Response { success });
                }
                Ok(Ask::Operate("mark_failed", order, request)) => self.mark(order, request),
                Ok(Ask::Operate(name, order, request)) => self.answer_operator(name, order, request),
                Ok(Ask::Score(score)) => self.take_score(score),
                Ok(Ask::Teach(request)) => self.teach(request),
                Ok(Ask::Record(request)) => self.record(request),
                // The executor is lost; the main loop notices.
                Err(_) => std::thread::sleep(time),
            },
            recv(signals) -> times => match times {
                Ok(times) => {
                    self.asked = times;
                    if let Some(active) = &self.active {
                        active.end(if times > 1 { Order::Hurry } else { Order::End });
                    }
                }
                Err(_) => std::thread::sleep(time),
            },
            recv(marked) -> key => key.into_iter().for_each(|key| self.marking.answer(key)),
            recv(recorded) -> recording => recording.into_iter().for_each(|recording| self.teaching.keep(recording)),
            default(time) => {}
        }
        self.marking.give_up();
        self.look_after_resets();
        self.look_after_teaching();
        if self.diagnosed.elapsed() >= DIAGNOSTICS {
            self.diagnosed = Instant::now();
            let (ros, life) = (self.parameters.lock().settings().ros.clone(), lock(&self.lifecycle).state());
            let life = life.message().label;
            let robot = RobotView {
                states: &self.states,
                graph: &self.graph,
                listeners: self.commander.listeners(),
                sim_time: self.sim_time.as_ref(),
                lockstep: ros.clock == ClockSource::Lockstep,
            };
            self.diagnostics.publish(&self.outlet.health, &robot, &ros.diagnostics, &life);
        }
        self.rosout.publish();
    }

    /// Makes the robot safe, if needed, and finalizes.
    fn finish(&mut self, end: End) -> End {
        let ended = self.change(&TransitionMsg { id: 0, label: "shutdown".into() });
        match (end, ended) {
            (End::Asked, Err(error)) => End::Failed(error),
            (end, _) => end,
        }
    }

    /// Handles a run that ended by itself: deactivates it, or ends the process if configured.
    fn take_result(&mut self, exit_when_done: bool) -> Option<End> {
        // An error of the transition was reported.
        let _ = self.change(&TransitionMsg { id: 0, label: "deactivate".into() });
        match self.outcome.take() {
            Some(Err(error)) if exit_when_done => Some(End::Failed(error)),
            _ => exit_when_done.then_some(End::Asked),
        }
    }
}

#[cfg(test)]
mod tests;
