//! The node `moto_controller`: the daemon as a managed node.

use std::panic::{AssertUnwindSafe, catch_unwind};
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
use super::executor::{Executor, Spinning};
use super::joints::Joints;
use super::lifecycle::{Callback, Edge, Lifecycle, State};
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
use super::{ClockSource, Parameters, RosConfig, RosError, Settings, context, overrides, system_time};
use crate::control::{Request, SafetyState};
use crate::daemon::{DaemonError, Operator, Order, RobotRun, Setup};

/// How often log lines are published.
const LOOK: Duration = Duration::from_millis(50);
/// How often diagnostics are.
const DIAGNOSTICS: Duration = Duration::from_secs(1);

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

/// What came of a run, and the run.
type Ended = (RobotRun, Result<bool, DaemonError>);

/// A run that is under way. Dropped, as by a panic, it ends: the robot gets the safe command, and that is waited for.
struct Active {
    orders: Sender<Order>,
    thread: Option<JoinHandle<Ended>>,
}

impl Active {
    fn is_over(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for the end. `None` if the run's thread panicked: the run is lost, the robot has the safe command.
    fn join(mut self) -> Option<Ended> {
        self.thread.take()?.join().ok()
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A run that is over needs no order.
            let _ = self.orders.send(Order::End);
            drop(thread.join());
        }
    }
}

/// How a transition failed.
enum Trouble {
    /// It was not made; everything is as it was.
    Failure(RosError),
    /// Something is not as it was.
    Error(RosError),
}

impl<E: Into<RosError>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
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
    /// What came of the last run: whether it was complete, or why it ended.
    outcome: Option<Result<bool, RosError>>,
}

/// How the node ends.
enum End {
    /// As it was asked.
    Asked,
    /// It cannot go on, or the run failed and nobody is there to look after it.
    Failed(RosError),
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
    let supervisor = Supervisor::new(&mut executor, parameters, &settings, rosout, &inbox)?;
    let spinning = executor.spawn()?;
    tracing::info!("the node is up");
    supervise(supervisor, spinning, &asks, &signals, &settings)
}

/// Serves until the end. However that comes, by a panic too, the run ends before the node and its publishers go.
fn supervise(
    supervisor: Supervisor,
    spinning: Spinning,
    asks: &Receiver<Ask>,
    signals: &Receiver<i32>,
    settings: &Settings,
) -> Result<(), RosError> {
    // Of two locals the later one is dropped first.
    let spinning = spinning;
    let mut supervisor = supervisor;
    let end = supervisor.serve(asks, signals, settings, || spinning.is_alive());
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
            executor.serve(&format!("~/{name}"), move |request| {
                drop(inbox.send(Ask::Operate(name, order.clone(), request)))
            })?;
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
            outcome: None,
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
                tracing::error!("{}", RosError::ExecutorLost);
                // Nobody brings readings any more: who waits for them is to know.
                self.states.feed_nobody();
                return self.finish(End::Failed(RosError::ExecutorLost));
            }
            if self.active.as_ref().is_some_and(Active::is_over)
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
            (End::Asked, Err(error)) => End::Failed(error),
            (end, _) => end,
        }
    }

    /// The run ended by itself: it is deactivated, or, if it is to, the process ends.
    fn take_result(&mut self, exit_when_done: bool) -> Option<End> {
        // What stands against it was said.
        let _ = self.change(&TransitionMsg { id: 0, label: "deactivate".into() });
        match self.outcome.take() {
            Some(Err(error)) if exit_when_done => Some(End::Failed(error)),
            _ => exit_when_done.then_some(End::Asked),
        }
    }

    /// Makes a transition, if there is one from here. On a failure the node stays where it was; on an error it lets go of what it
    /// holds and begins anew, or ends where that fails as well.
    fn change(&mut self, wanted: &TransitionMsg) -> Result<(), RosError> {
        let (from, begun) = {
            let mut lifecycle = lock(&self.lifecycle);
            (lifecycle.state(), lifecycle.begin(wanted))
        };
        let Some(edge) = begun else {
            let name = if wanted.label.is_empty() { wanted.id.to_string() } else { wanted.label.clone() };
            let error = RosError::NoTransition { name, from: from.message().label };
            tracing::warn!("{error}");
            return Err(error);
        };
        self.tell(&edge);
        let made = catch_unwind(AssertUnwindSafe(|| self.make(edge.to)));
        let (end, outcome) = match made {
            Ok(Ok(())) => (Callback::Success, Ok(())),
            Ok(Err(Trouble::Failure(error))) => (Callback::Failure, Err(error)),
            Ok(Err(Trouble::Error(error))) => (Callback::Error, Err(error)),
            Err(_) => (Callback::Error, Err(RosError::Panicked { what: edge.message().label })),
        };
        if let Err(error) = &outcome {
            tracing::error!("{}: {error}", edge.message().label);
        }
        self.end_transition(end);
        if lock(&self.lifecycle).state() == State::ErrorProcessing {
            let freed = catch_unwind(AssertUnwindSafe(|| self.let_go()));
            self.end_transition(if freed.is_ok() { Callback::Success } else { Callback::Failure });
        }
        let orders = self.active.as_ref().map(|active| active.orders.clone());
        self.parameters.lock().set_active(orders);
        outcome
    }

    /// The callback of the state of transition `to`.
    fn make(&mut self, to: State) -> Result<(), Trouble> {
        match to {
            State::Configuring => self.configure(),
            State::Activating => self.activate(),
            State::CleaningUp => {
                self.run = None;
                Ok(())
            }
            _ => self.deactivate(),
        }
    }

    fn end_transition(&mut self, end: Callback) {
        let ended = lock(&self.lifecycle).end(end);
        if let Some(edge) = ended {
            self.tell(&edge);
        }
    }

    /// After an error: the robot safe, the run given up. It can be resumed from its folder.
    fn let_go(&mut self) {
        self.active = None;
        self.run = None;
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

    fn configure(&mut self) -> Result<(), Trouble> {
        let Settings { setup, ros, .. } = self.parameters.lock().settings().clone();
        let folder = |name: &str| (!name.is_empty()).then(|| PathBuf::from(name));
        self.run = Some(RobotRun::open(setup, folder(&ros.run_folder), folder(&ros.resume).as_deref())?);
        Ok(())
    }

    fn robot(&self, setup: &Setup, config: RosConfig) -> RosRobot {
        RosRobot {
            states: self.states.clone(),
            commander: self.commander.clone(),
            server: self.server.clone(),
            sim_time: self.sim_time.clone(),
            period: setup.config.control.period(),
            with_ball: self.with_ball,
            thread: None,
            failure: Failure::default(),
            config,
        }
    }

    fn activate(&mut self) -> Result<(), Trouble> {
        let Settings { setup, ros, .. } = self.parameters.lock().settings().clone();
        let Some(mut run) = self.run.take() else { return Err(Trouble::Error(RosError::RunLost)) };
        run.set_control(&setup);
        let (orders, inbox) = unbounded();
        let (started, starting) = unbounded();
        let robot = self.robot(&setup, ros.clone());
        let watcher = Box::new(self.outlet.clone().announcing(started));
        let operator = Operator { orders: inbox, watcher, reset_faults: ros.reset_faults };
        let thread = std::thread::Builder::new().name("supervisor".into()).spawn(move || {
            let outcome = run.learn(Box::new(robot), operator);
            (run, outcome)
        });
        // A run that could not start is lost with the thread that was to have it.
        let thread = thread.map_err(|error| Trouble::Error(RosError::Thread(error)))?;
        self.active = Some(Active { orders, thread: Some(thread) });
        // The loop runs, or the thread ended before it came to it.
        if starting.recv().is_err() {
            self.join()?;
            let complete = DaemonError::Robot("the run was complete before it began".into());
            return Err(match self.outcome.take() {
                Some(Err(error)) => error.into(),
                _ => complete.into(),
            });
        }
        Ok(())
    }

    fn deactivate(&mut self) -> Result<(), Trouble> {
        if let Some(active) = &self.active {
            // A run that is over needs no order.
            let _ = active.orders.send(Order::End);
        }
        self.join()
    }

    /// Waits for the end of the run, if there is one. How it ended is in `outcome`; the robot is safe.
    fn join(&mut self) -> Result<(), Trouble> {
        let Some(active) = self.active.take() else { return Ok(()) };
        let ended = active.join();
        self.outlet.health.ended();
        let Some((run, outcome)) = ended else {
            self.outcome = Some(Err(RosError::RunLost));
            return Err(Trouble::Error(RosError::RunLost));
        };
        match &outcome {
            Ok(true) => tracing::info!("the run is complete"),
            Ok(false) => tracing::info!("the run was stopped; it can go on"),
            Err(error) => tracing::error!("the run ended: {error}"),
        }
        // What is on the disk may not be what is in memory.
        let stored = !matches!(outcome, Err(DaemonError::Storage(_)));
        self.run = stored.then_some(run);
        let trouble = if stored { Ok(()) } else { Err(Trouble::Error(RosError::NotStored)) };
        self.outcome = Some(outcome.map_err(Into::into));
        trouble
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

#[cfg(test)]
mod tests;
