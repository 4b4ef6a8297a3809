//! The node `moto_controller`: the daemon as a managed node.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, select, unbounded};
use r2r::lifecycle_msgs::msg::{Transition as TransitionMsg, TransitionEvent};
use r2r::lifecycle_msgs::srv::{ChangeState, GetAvailableStates, GetAvailableTransitions, GetState};
use r2r::rosgraph_msgs::msg::Clock as ClockMsg;
use r2r::std_srvs::srv::Trigger;
use r2r::{Node, Publisher, QosProfile, ServiceRequest};

use super::commands::Commander;
use super::executor::Executor;
use super::joints::Joints;
use super::lifecycle::{Edge, Lifecycle, State};
use super::lockstep::Failure;
use super::outlet::{Diagnostics, Outlet};
use super::parameter_services::{SharedParameters, respond, serve_parameters};
use super::robot::RosRobot;
use super::rosout::{LogLines, Rosout};
use super::serve::Server;
use super::signals::signals;
use super::sim_time::SimTime;
use super::stamps::stamp;
use super::states::States;
use super::{ClockSource, Parameters, RosError, Settings, context, overrides, system_time};
use crate::control::{Request, SafetyState};
use crate::daemon::{DaemonError, Operator, Order, RobotRun};

/// How often log lines are published.
const LOOK: Duration = Duration::from_millis(50);
/// How often diagnostics are.
const DIAGNOSTICS: Duration = Duration::from_secs(1);
/// How long a process that is at its end goes on, so that what it sent last arrives.
const FAREWELL: Duration = Duration::from_millis(200);

/// How long the robot has to come to rest for a reset, and how often that is looked for.
const REST: Duration = Duration::from_secs(2);
const RESET_LOOK: Duration = Duration::from_millis(20);

/// What an operator can call.
const SERVICES: [(&str, Order); 8] = [
    ("start", Order::Loop(Request::Trigger)),
    ("pause", Order::Loop(Request::Pause)),
    ("resume", Order::Loop(Request::Resume)),
    ("stop", Order::Loop(Request::Stop)),
    ("reset_fault", Order::Loop(Request::ResetFault)),
    ("mark_failed", Order::Loop(Request::MarkFailed)),
    ("evaluate", Order::Evaluate),
    ("save", Order::Save),
];

/// What reaches the supervisor.
enum Ask {
    Transition(ServiceRequest<ChangeState::Service>),
    Operate(&'static str, Order, ServiceRequest<Trigger::Service>),
}

/// A run that is under way.
struct Active {
    orders: Sender<Order>,
    thread: JoinHandle<(RobotRun, Result<bool, DaemonError>)>,
}

/// The supervisor of the node.
struct Supervisor {
    parameters: SharedParameters,
    lifecycle: Arc<Mutex<Lifecycle>>,
    transitions: Publisher<TransitionEvent>,
    states: States,
    commander: Commander,
    server: Server,
    sim_time: Option<SimTime>,
    with_ball: bool,
    outlet: Outlet,
    diagnostics: Diagnostics,
    rosout: Rosout,
    run: Option<RobotRun>,
    active: Option<Active>,
}

/// How the node ends.
enum End {
    /// As it was asked.
    Asked,
    /// The run failed, and nobody is there to look after it.
    Failed(DaemonError),
}

/// Runs the node until it is shut down or a signal ends it.
///
/// # Errors
/// What stands against it, or why the run of an unattended node failed.
pub fn run(config: PathBuf, lines: LogLines) -> Result<(), RosError> {
    let signals = signals()?;
    let node = Node::create(context()?, "moto_controller", "")?;
    let parameters = Parameters::load(config, &overrides(&node))?;
    let settings = parameters.settings().clone();
    let mut executor = Executor::new(node);
    let rosout = Rosout::new(&mut executor, lines)?;
    let parameters = SharedParameters::new(parameters);
    serve_parameters(&mut executor, &parameters)?;
    let (inbox, asks) = unbounded();
    let mut supervisor = Supervisor::new(&mut executor, parameters, &settings, rosout, &inbox)?;
    let spinning = executor.spawn()?;
    tracing::info!("the node is up");
    let end = supervisor.serve(&asks, &signals, &settings, || spinning.is_alive());
    supervisor.rosout.publish();
    std::thread::sleep(FAREWELL);
    drop(spinning);
    match end {
        End::Asked => Ok(()),
        End::Failed(error) => Err(error.into()),
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
    ) -> Result<Self, RosError> {
        let Settings { setup, ros, use_sim_time } = settings;
        let joints = Joints::new(&ros.joints, &setup.config.robot.joints)?;
        let with_ball = setup.task()?.ball_values().is_some();
        let states = States::new(joints.clone());
        let commander = Commander::new(executor, ros, joints)?;
        let server = Server::new(executor, ros)?;
        let lockstep = ros.clock == ClockSource::Lockstep && !use_sim_time;
        let newest = QosProfile::sensor_data().keep_last(1);
        let qos = if lockstep { QosProfile::default().reliable().keep_last(10) } else { newest };
        let (joints_in, ball_in) = (states.clone(), states.clone());
        executor.subscribe("joint_states", qos.clone(), move |message| joints_in.take_joints(&message))?;
        if with_ball {
            executor.subscribe("~/ball", qos, move |message| ball_in.take_ball(&message))?;
        }
        let sim_time = use_sim_time.then(SimTime::default);
        if let Some(time) = sim_time.clone() {
            let qos = QosProfile::default().best_effort().keep_last(1);
            executor.subscribe("/clock", qos, move |message: ClockMsg| {
                let nanoseconds = stamp(&message.clock).unwrap_or(0);
                time.set(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0)));
            })?;
        }
        let lifecycle = Arc::<Mutex<Lifecycle>>::default();
        serve_lifecycle(executor, &lifecycle, inbox)?;
        for (name, order) in SERVICES {
            let inbox = inbox.clone();
            // Without a supervisor the process is at its end.
            executor
                .serve(&format!("~/{name}"), move |request| drop(inbox.send(Ask::Operate(name, order, request))))?;
        }
        Ok(Self {
            parameters,
            lifecycle,
            transitions: executor.node().create_publisher("~/transition_event", QosProfile::default())?,
            states,
            commander,
            server,
            sim_time,
            with_ball,
            outlet: Outlet::new(executor)?,
            diagnostics: Diagnostics::new(executor)?,
            rosout,
            run: None,
            active: None,
        })
    }

    fn serve(
        &mut self,
        asks: &Receiver<Ask>,
        signals: &Receiver<i32>,
        settings: &Settings,
        is_alive: impl Fn() -> bool,
    ) -> End {
        if settings.ros.autostart {
            for label in ["configure", "activate"] {
                if let Err(error) = self.change(&TransitionMsg { id: 0, label: label.into() }) {
                    return End::Failed(error);
                }
            }
        }
        let mut told = Instant::now();
        loop {
            select! {
                recv(asks) -> ask => match ask {
                    Ok(Ask::Transition(request)) => {
                        let wanted = request.message.transition.clone();
                        let success = self.change(&wanted).is_ok();
                        respond(request, ChangeState::Response { success });
                    }
                    Ok(Ask::Operate(name, order, request)) => {
                        let (success, message) = match self.operate(name, order) {
                            Ok(message) => (true, message),
                            Err(message) => (false, message),
                        };
                        respond(request, Trigger::Response { success, message });
                    }
                    Err(_) => return End::Asked,
                },
                recv(signals) -> _ => {
                    tracing::warn!("stopping: the robot gets the safe command, then the run is saved");
                    return self.finish(End::Asked);
                }
                default(LOOK) => {}
            }
            if !is_alive() {
                tracing::error!("the ROS executor is lost");
                return self.finish(End::Asked);
            }
            if self.active.as_ref().is_some_and(|active| active.thread.is_finished())
                && let Some(end) = self.take_result(settings.ros.exit_when_done)
            {
                return self.finish(end);
            }
            if lock(&self.lifecycle).state() == State::Finalized {
                return End::Asked;
            }
            if told.elapsed() >= DIAGNOSTICS {
                told = Instant::now();
                let (ros, life) = (self.parameters.lock().settings().ros.clone(), lock(&self.lifecycle).state());
                let wall = ros.clock == ClockSource::Wall && self.sim_time.is_none();
                let life = life.message().label;
                self.diagnostics.publish(&self.outlet.health, &self.states, &ros.diagnostics, &life, wall);
            }
            self.rosout.publish();
        }
    }

    /// Makes the robot safe, if need be, and finalizes.
    fn finish(&mut self, end: End) -> End {
        let ended = self.change(&TransitionMsg { id: 0, label: "shutdown".into() });
        match (end, ended) {
            (End::Asked, Err(error)) => {
                tracing::error!("{error}");
                End::Failed(error)
            }
            (end, _) => end,
        }
    }

    /// The run ended by itself: it is deactivated, or, if it is to, the process ends.
    fn take_result(&mut self, exit_when_done: bool) -> Option<End> {
        let outcome = self.join();
        match &outcome {
            Ok(true) => tracing::info!("the run is complete"),
            Ok(false) => tracing::info!("the run was stopped; it can go on"),
            Err(error) => tracing::error!("the run ended: {error}"),
        }
        if let Err(error) = self.change(&TransitionMsg { id: 0, label: "deactivate".into() }) {
            tracing::error!("{error}");
        }
        match outcome {
            Err(error) if exit_when_done => Some(End::Failed(error)),
            _ => exit_when_done.then_some(End::Asked),
        }
    }

    /// Makes a transition, if there is one from here; on failure the node stays where it was.
    fn change(&mut self, wanted: &TransitionMsg) -> Result<(), DaemonError> {
        let (from, begun) = {
            let mut lifecycle = lock(&self.lifecycle);
            (lifecycle.state(), lifecycle.begin(wanted))
        };
        let Some(edge) = begun else {
            let name = if wanted.label.is_empty() { wanted.id.to_string() } else { wanted.label.clone() };
            tracing::warn!("transition {name} is not one from {:?}", from);
            return Err(DaemonError::Robot(format!("there is no transition {name} from {from:?}").into()));
        };
        self.tell(&edge);
        let outcome = match edge.to {
            State::Configuring => self.configure(),
            State::Activating => self.activate(),
            State::Deactivating => self.deactivate(),
            State::CleaningUp => {
                self.run = None;
                Ok(())
            }
            // What the run says at its end, it says; the node ends in any case.
            _ => self.deactivate(),
        };
        if let Err(error) = &outcome {
            tracing::error!("{}: {error}", edge.message().label);
        }
        let ended = lock(&self.lifecycle).end(outcome.is_ok());
        if let Some(edge) = ended {
            self.tell(&edge);
        }
        self.parameters.lock().set_active(lock(&self.lifecycle).state() == State::Active);
        outcome
    }

    fn tell(&self, edge: &Edge) {
        let nanoseconds = system_time().as_nanos() as u64;
        let event = TransitionEvent {
            timestamp: nanoseconds,
            transition: edge.message(),
            start_state: edge.from.message(),
            goal_state: edge.to.message(),
        };
        if let Err(error) = self.transitions.publish(&event) {
            tracing::warn!("a transition event could not be published: {error}");
        }
    }

    fn configure(&mut self) -> Result<(), DaemonError> {
        let Settings { setup, ros, .. } = self.parameters.lock().settings().clone();
        let folder = |name: &str| (!name.is_empty()).then(|| PathBuf::from(name));
        self.run = Some(RobotRun::open(setup, folder(&ros.run_folder), folder(&ros.resume).as_deref())?);
        Ok(())
    }

    fn activate(&mut self) -> Result<(), DaemonError> {
        let Settings { setup, ros, .. } = self.parameters.lock().settings().clone();
        let Some(mut run) = self.run.take() else { return Err(DaemonError::Robot("nothing is configured".into())) };
        run.set_control(&setup);
        let (orders, inbox) = unbounded();
        let (started, starting) = unbounded();
        let robot = RosRobot {
            states: self.states.clone(),
            commander: self.commander.clone(),
            server: self.server.clone(),
            sim_time: self.sim_time.clone(),
            period: setup.config.control.period(),
            with_ball: self.with_ball,
            thread: None,
            failure: Failure::default(),
            config: ros.clone(),
        };
        let watcher = Box::new(self.outlet.clone().announcing(started));
        let operator = Operator { orders: inbox, watcher, reset_faults: ros.reset_faults };
        let thread = std::thread::Builder::new().name("supervisor".into()).spawn(move || {
            let outcome = run.learn(Box::new(robot), operator);
            (run, outcome)
        })?;
        self.active = Some(Active { orders, thread });
        // The loop runs, or the thread ended before it came to it.
        if starting.recv().is_err() {
            self.join()?;
            return Err(DaemonError::Robot("the run was complete before it began".into()));
        }
        Ok(())
    }

    fn deactivate(&mut self) -> Result<(), DaemonError> {
        if let Some(active) = &self.active {
            // A run that is over needs no order.
            let _ = active.orders.send(Order::End);
            if let Err(error) = self.join() {
                // It is over and the robot is safe: that is what was asked.
                tracing::error!("the run ended: {error}");
            }
        }
        Ok(())
    }

    /// Waits for the end of the run.
    fn join(&mut self) -> Result<bool, DaemonError> {
        let Some(active) = self.active.take() else { return Ok(false) };
        let joined = active.thread.join();
        self.outlet.health.ended();
        match joined {
            Ok((run, outcome)) => {
                self.run = Some(run);
                outcome
            }
            Err(_) => {
                // The loop gave the safe command when its supervisor's heartbeat ceased; this is in addition.
                self.commander.send_zero();
                Err(DaemonError::Robot("the supervisor's thread panicked".into()))
            }
        }
    }

    fn operate(&mut self, name: &str, order: Order) -> Result<String, String> {
        let (Some(active), Some(status)) = (&self.active, self.outlet.health.status()) else {
            return Err(format!("the node is {:?}: activate it first", lock(&self.lifecycle).state()).to_lowercase());
        };
        let safe = status.safety != SafetyState::Run;
        match name {
            "reset_fault" if !safe => return Err("there is no fault to reset".into()),
            "start" | "evaluate" if safe => return Err("the robot is stopped: reset_fault first".into()),
            "pause" if status.paused => return Err("it is paused already".into()),
            "resume" if !status.paused => return Err("it is not paused".into()),
            _ => {}
        }
        if name == "reset_fault" {
            return self.reset(active);
        }
        active.orders.send(order).map_err(|_| "the run is over".to_owned())?;
        Ok(match name {
            "start" => "the stroke starts when the arm is ready",
            "pause" => "no further trial once the one in hand is over",
            "resume" => "trials go on",
            "stop" => "the robot gets the safe command",
            "mark_failed" => "the trial in hand, or else the last unless it was learned from already, is left out",
            "evaluate" => "a stroke without exploration noise is made; its result is on ~/trial",
            _ => "a checkpoint is written",
        }
        .into())
    }
}

impl Supervisor {
    /// Asks the loop to leave its safe state until it does, or has had its time to come to rest.
    fn reset(&self, active: &Active) -> Result<String, String> {
        let since = Instant::now();
        while since.elapsed() < REST {
            active.orders.send(Order::Loop(Request::ResetFault)).map_err(|_| "the run is over".to_owned())?;
            std::thread::sleep(RESET_LOOK);
            if self.outlet.health.status().is_some_and(|status| status.safety == SafetyState::Run) {
                return Ok("the fault is reset".into());
            }
        }
        let fault = self.outlet.health.fault().unwrap_or_else(|| "the robot is not at rest".into());
        Err(format!("the fault cannot be reset: {fault}"))
    }
}

/// The services of a managed node.
fn serve_lifecycle(
    executor: &mut Executor,
    lifecycle: &Arc<Mutex<Lifecycle>>,
    inbox: &Sender<Ask>,
) -> Result<(), RosError> {
    let inbox = inbox.clone();
    // Without a supervisor the process is at its end.
    executor.serve("~/change_state", move |request| drop(inbox.send(Ask::Transition(request))))?;
    let life = lifecycle.clone();
    executor.serve("~/get_state", move |request: ServiceRequest<GetState::Service>| {
        let current_state = lock(&life).state().message();
        respond(request, GetState::Response { current_state });
    })?;
    executor.serve("~/get_available_states", |request: ServiceRequest<GetAvailableStates::Service>| {
        respond(request, GetAvailableStates::Response { available_states: Lifecycle::states() });
    })?;
    let life = lifecycle.clone();
    executor.serve(
        "~/get_available_transitions",
        move |request: ServiceRequest<GetAvailableTransitions::Service>| {
            let available_transitions = lock(&life).available();
            respond(request, GetAvailableTransitions::Response { available_transitions });
        },
    )?;
    executor.serve("~/get_transition_graph", |request: ServiceRequest<GetAvailableTransitions::Service>| {
        respond(request, GetAvailableTransitions::Response { available_transitions: Lifecycle::graph() });
    })
}
