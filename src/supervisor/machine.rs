//! The control loop with the robot it drives: here the task's simulated plant, in lockstep or on the wall clock.

use std::sync::Arc;
use std::time::Duration;

use moto_settings::FieldError;
use tokio::sync::Notify;

use crate::control::{
    Clock, ControlConfig, ControlLoop, InverseDynamics, Latency, LockstepClock, LoopClient, LoopError, LoopHandle,
    LoopParts, OnIdle, PlantThread, SchedulingConfig, Stroke, TrialShape, WallClock, spawn,
};
use crate::dynamics::{Compensation, Model, Workspace};
use crate::robot::{LinkError, LoopPort, Plant, RemoteRobot, RobotPort, link};
use crate::setup::Setup;
use crate::tasks::Task;

/// Whose time the trials run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// The plant's, as fast as the machine allows; every trial starts from the same state.
    Lockstep,
    /// The wall clock's, as on a robot; the arm goes home between trials.
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

/// A loop's parts without its clock.
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

    /// Nothing on a clock that is not the wall's has a deadline.
    fn forget_deadlines(&mut self) {
        let scheduling = std::mem::take(&mut self.config.scheduling);
        self.config.scheduling = SchedulingConfig { priority: None, cpu: None, lock_memory: false, ..scheduling };
    }

    fn with(self, clock: Box<dyn Clock>) -> LoopParts {
        let Self { config, port, stroke, dynamics, .. } = self;
        LoopParts { config, port, clock, stroke, dynamics }
    }
}

/// A loop in lockstep with `plant`, for the thread of the caller, with the supervisor's end of it and what a trial's buffers have
/// to fit.
///
/// # Errors
/// The first value of the configuration that is not accepted.
pub fn lockstep(
    setup: &Setup,
    task: &dyn Task,
    plant: Box<dyn Plant>,
) -> Result<(ControlLoop, LoopClient, TrialShape), FieldError> {
    let (mut parts, robot_port) = Parts::new(setup, task);
    parts.forget_deadlines();
    let shape = parts.shape;
    let (control, client) = ControlLoop::new(parts.with(Box::new(LockstepClock::new(plant, robot_port))))?;
    Ok((control, client, shape))
}

/// A running loop and its plant.
pub struct Machine {
    /// The loop.
    pub control: LoopHandle,
    /// What a trial's buffers have to fit.
    pub shape: TrialShape,
    /// Told when a loop in lockstep runs out of trials.
    pub idle: Arc<Notify>,
    /// Longest time the loop may take over a cycle before it counts as hanging.
    pub patience: Option<Duration>,
    plant: Option<PlantThread<Box<dyn Plant>>>,
    remote: Option<Box<dyn RemoteRobot>>,
}

/// Why the machine did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MachineError {
    /// The loop.
    #[error(transparent)]
    Loop(#[from] LoopError),
    /// The robot cannot be reached.
    #[error("the robot cannot be reached: {0}")]
    Robot(LinkError),
    /// The plant's thread.
    #[error("the simulated robot's thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

impl Machine {
    /// Starts `plant` and a loop that drives it. Helper threads, the learner's above all, are to be started before.
    ///
    /// # Errors
    /// What stands against it; nothing runs then.
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
                // The loop's refusal is what is reported; the plant only has to end.
                let _ = plant.map(PlantThread::join);
                Err(error.into())
            }
        }
    }

    /// Connects a robot that is not in this process and starts a loop that drives it.
    ///
    /// # Errors
    /// What stands against it; nothing runs then.
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

    /// Why a robot that is not in this process was lost, if it was.
    pub fn failure(&mut self) -> Option<LinkError> {
        self.remote.as_mut()?.failure()
    }

    /// The loop is to end soon: nothing may hold it up.
    pub fn let_go(&mut self) {
        if let Some(remote) = &mut self.remote {
            remote.let_go();
        }
    }

    /// Ends the loop, which gives the robot the safe command first, then the plant. Gives back the loop's end of the rings, however
    /// the loop ended, and the latency of the last cycles. One that hangs is left to itself.
    pub fn stop(mut self) -> (LoopClient, Result<Latency, LoopError>) {
        self.let_go();
        self.control.client.stopper().shutdown();
        let ended = self.control.join(self.patience);
        // A plant that panicked left the loop without readings, and that is reported as a fault.
        let _ = self.plant.map(PlantThread::join);
        if let Some(remote) = &mut self.remote {
            remote.disconnect();
        }
        ended
    }
}

/// How long the loop may be silent towards its supervisor: as long as that may be towards the loop.
pub fn patience(config: &ControlConfig) -> Option<Duration> {
    config.watchdog.heartbeat_timeout.map(Duration::from_secs_f64)
}
