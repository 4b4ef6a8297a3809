//! The control loop with its robot: the simulated plant, in lockstep or on the wall clock, or a
//! remote robot.

use std::sync::Arc;
use std::time::Duration;

use moto_settings::FieldError;
use tokio::sync::Notify;

use crate::control::{
    CallersLoop, Clock, ControlConfig, ControlLoop, InverseDynamics, Latency, LockstepClock, LoopClient, LoopError,
    LoopHandle, LoopParts, OnIdle, PlantThread, SchedulingConfig, Stroke, TrialShape, WallClock, lend, paced, spawn,
};
use crate::dynamics::{Compensation, Model, Workspace};
use crate::robot::{LinkError, LoopPort, Plant, RemoteRobot, RobotPort, link};
use crate::setup::Setup;
use crate::tasks::Task;

/// The clock of the trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// The plant's clock, as fast as the machine allows. Every trial starts from the same state.
    Lockstep,
    /// The wall clock, as on a robot. The arm goes home between trials.
    WallClock,
}

/// A robot's model as the loop uses it.
struct ModelDynamics {
    model: Model,
    workspace: Workspace,
    /// What the robot's driver adds by itself.
    compensation: Option<Compensation>,
}

impl ModelDynamics {
    fn new(setup: &Setup) -> Self {
        let Setup { model, config, .. } = setup;
        let compensation = Compensation::new(model, &config.robot.compensates);
        Self { workspace: model.workspace(), model: model.clone(), compensation }
    }
}

impl InverseDynamics for ModelDynamics {
    fn torque(&mut self, position: &[f64], velocity: &[f64], acceleration: &[f64], effort: &mut [f64]) {
        self.model.inverse_dynamics(&mut self.workspace, position, velocity, acceleration, effort);
    }

    fn compensation(&mut self, position: &[f64], velocity: &[f64], effort: &mut [f64]) -> bool {
        match &mut self.compensation {
            Some(compensation) => compensation.effort(position, velocity, effort),
            None => return false,
        }
        true
    }
}

/// The parts of a loop except its clock.
struct Parts {
    config: ControlConfig,
    port: LoopPort,
    stroke: Box<dyn Stroke>,
    dynamics: Box<dyn InverseDynamics>,
    shape: TrialShape,
}

impl Parts {
    fn new(setup: &Setup, task: &dyn Task) -> (Self, RobotPort) {
        let config = setup.config.control.clone();
        let joints = setup.model.dof();
        let (port, robot_port) = link(joints, task.task_values());
        let stroke = task.stroke(setup.config.run.seed);
        let shape = TrialShape {
            joints,
            task_values: task.task_values(),
            state_dim: stroke.state_dim(),
            action_dim: joints,
            horizon: task.horizon(),
            decimation: config.decimation,
        };
        let dynamics = Box::new(ModelDynamics::new(setup));
        (Self { config, port, stroke, dynamics, shape }, robot_port)
    }

    /// Removes all deadlines. Only the wall clock has deadlines.
    fn forget_deadlines(&mut self) {
        let scheduling = std::mem::take(&mut self.config.scheduling);
        self.config.scheduling = SchedulingConfig { priority: None, cpu: None, lock_memory: false, ..scheduling };
    }

    fn with(self, clock: Box<dyn Clock>) -> LoopParts {
        let Self { config, port, stroke, dynamics, .. } = self;
        LoopParts { config, port, clock, stroke, dynamics }
    }
}

/// A loop in lockstep with `plant`, to run on the caller's thread; the supervisor's end of its
/// rings; and the shape of a trial's buffers.
///
/// # Errors
/// The first value of the configuration that is not accepted.
pub fn lockstep(
    setup: &Setup,
    task: &dyn Task,
    plant: Box<dyn Plant>,
) -> Result<(ControlLoop, LoopClient, TrialShape), FieldError> {
    on_this_thread(setup, task, |robot| Box::new(LockstepClock::new(plant, robot)))
}

/// A loop without deadlines, to run on the caller's thread, whose clock is made for the robot's end
/// of its link; the supervisor's end of its rings; and the shape of a trial's buffers.
///
/// # Errors
/// The first value of the configuration that is not accepted.
pub fn on_this_thread(
    setup: &Setup,
    task: &dyn Task,
    clock: impl FnOnce(RobotPort) -> Box<dyn Clock>,
) -> Result<(ControlLoop, LoopClient, TrialShape), FieldError> {
    let (mut parts, robot_port) = Parts::new(setup, task);
    parts.forget_deadlines();
    let shape = parts.shape;
    let (control, client) = ControlLoop::new(parts.with(clock(robot_port)))?;
    Ok((control, client, shape))
}

/// A running loop and its plant.
pub struct Machine {
    /// The loop.
    pub control: LoopHandle,
    /// Shape of a trial's buffers.
    pub shape: TrialShape,
    /// Notified when a loop in lockstep runs out of trials.
    pub idle: Arc<Notify>,
    /// Longest time without a cycle before the loop counts as hanging.
    pub patience: Option<Duration>,
    plant: Option<PlantThread<Box<dyn Plant>>>,
    remote: Option<Box<dyn RemoteRobot>>,
}

/// The reason why the machine did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MachineError {
    /// The loop did not start.
    #[error(transparent)]
    Loop(#[from] LoopError),
    /// The robot cannot be reached.
    #[error("the robot cannot be reached: {0}")]
    Robot(LinkError),
    /// The plant's thread did not start.
    #[error("the simulated robot's thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

impl Machine {
    /// Starts `plant` and its loop. Start helper threads first, especially the learner's.
    ///
    /// # Errors
    /// The part that did not start. Nothing runs then.
    pub fn start(setup: &Setup, task: &dyn Task, plant: Box<dyn Plant>, pace: Pace) -> Result<Self, MachineError> {
        let (mut parts, robot_port) = Parts::new(setup, task);
        let idle = Arc::new(Notify::new());
        let told = idle.clone();
        let (clock, plant): (Box<dyn Clock>, _) = match pace {
            Pace::Lockstep => {
                parts.forget_deadlines();
                (
                    Box::new(OnIdle::new(Box::new(LockstepClock::new(plant, robot_port)), move || told.notify_one())),
                    None,
                )
            }
            Pace::WallClock => {
                let clock = WallClock::new();
                let scheduling = SchedulingConfig {
                    priority: parts.config.scheduling.priority.map(|priority| (priority - 1).max(1)),
                    cpu: None,
                    ..parts.config.scheduling.clone()
                };
                let lead = parts.config.period() / 4;
                let plant = PlantThread::spawn(plant, robot_port, clock, lead, scheduling)?;
                (Box::new(clock), Some(plant))
            }
        };
        let (shape, patience) = (parts.shape, patience(&parts.config));
        match spawn(parts.with(clock)) {
            Ok(control) => Ok(Self { control, shape, idle, patience, plant, remote: None }),
            Err(error) => {
                // The loop's error is reported. The plant only has to end.
                let _ = plant.map(PlantThread::join);
                Err(error.into())
            }
        }
    }

    /// Connects to a robot outside this process and starts its loop.
    ///
    /// # Errors
    /// The part that did not start. Nothing runs then.
    pub fn connect(setup: &Setup, task: &dyn Task, mut robot: Box<dyn RemoteRobot>) -> Result<Self, MachineError> {
        let (mut parts, robot_port) = Parts::new(setup, task);
        let idle = Arc::new(Notify::new());
        let mut clock = robot.connect(robot_port).map_err(MachineError::Robot)?;
        if clock.waits_when_idle() {
            let told = idle.clone();
            clock = Box::new(OnIdle::new(clock, move || told.notify_one()));
        }
        if !clock.real_time() {
            parts.forget_deadlines();
        }
        let (shape, patience) = (parts.shape, patience(&parts.config));
        match spawn(parts.with(clock)) {
            Ok(control) => Ok(Self { control, shape, idle, patience, plant: None, remote: Some(robot) }),
            Err(error) => {
                robot.disconnect();
                Err(error.into())
            }
        }
    }

    /// Puts the loop at a place of the caller's, whose robot paces it. A `simulated` robot starts anew
    /// at each trial, as in lockstep.
    ///
    /// # Errors
    /// The loop did not start.
    pub fn lend(setup: &Setup, task: &dyn Task, place: &CallersLoop, simulated: bool) -> Result<Self, MachineError> {
        let (mut parts, RobotPort { reading, command, requests, .. }) = Parts::new(setup, task);
        let (packets, mut clock) = paced(reading, parts.config.period(), None);
        if simulated {
            clock = clock.simulated();
            parts.forget_deadlines();
        }
        let (shape, patience) = (parts.shape, patience(&parts.config));
        let control = lend(parts.with(Box::new(clock)), packets, command, requests, place)?;
        Ok(Self { control, shape, idle: Arc::default(), patience, plant: None, remote: None })
    }

    /// The error that ended the connection to a robot outside this process. `None` while connected.
    pub fn failure(&mut self) -> Option<LinkError> {
        self.remote.as_mut()?.failure()
    }

    /// Prepares the end of the loop: a remote robot no longer holds the loop up.
    pub fn let_go(&mut self) {
        if let Some(remote) = &mut self.remote {
            remote.let_go();
        }
    }

    /// Ends the loop, then the plant. The robot gets the safe command first. Returns the
    /// supervisor's end of the rings, even if the loop failed, and the latency of the last cycles.
    /// A hanging loop is abandoned.
    pub fn stop(mut self) -> (LoopClient, Result<Latency, LoopError>) {
        self.let_go();
        self.control.client.stopper().shutdown();
        let ended = self.control.join(self.patience);
        // A plant that panicked gives no readings, which the loop reports as a fault.
        let _ = self.plant.map(PlantThread::join);
        if let Some(remote) = &mut self.remote {
            remote.disconnect();
        }
        ended
    }
}

/// Longest silence of the loop. The loop tolerates the same silence of its supervisor.
pub fn patience(config: &ControlConfig) -> Option<Duration> {
    config.watchdog.heartbeat_timeout.map(Duration::from_secs_f64)
}
