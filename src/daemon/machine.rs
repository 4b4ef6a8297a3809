//! The control loop with the robot it drives: here the task's simulated plant, in lockstep or on the wall clock.

use std::sync::Arc;

use tokio::sync::Notify;

use super::Setup;
use crate::control::{
    Clock, InverseDynamics, Latency, LockstepClock, LoopClient, LoopError, LoopHandle, LoopParts, PlantThread,
    SchedulingConfig, TrialShape, WallClock, spawn,
};
use crate::dynamics::{Model, Workspace};
use crate::robot::{Plant, link};
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
}

impl InverseDynamics for ModelDynamics {
    fn torque(&mut self, position: &[f64], velocity: &[f64], acceleration: &[f64], effort: &mut [f64]) {
        self.model.inverse_dynamics(&mut self.workspace, position, velocity, acceleration, effort);
    }
}

/// A running loop and its plant.
pub struct Machine {
    /// The loop.
    pub control: LoopHandle,
    /// What a trial's buffers have to fit.
    pub shape: TrialShape,
    /// Told when a loop in lockstep runs out of trials.
    pub idle: Arc<Notify>,
    plant: Option<PlantThread<Box<dyn Plant>>>,
}

/// Why the machine did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MachineError {
    /// The loop.
    #[error(transparent)]
    Loop(#[from] LoopError),
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
        let mut config = setup.config.control.clone();
        let joints = setup.model.dof();
        let (loop_port, robot_port) = link(joints, task.task_values());
        let stroke = task.stroke();
        let shape = TrialShape {
            joints,
            task_values: task.task_values(),
            state_dim: stroke.state_dim(),
            action_dim: joints,
            horizon: task.horizon(),
            decimation: config.decimation,
        };
        let dynamics = Box::new(ModelDynamics { workspace: setup.model.workspace(), model: setup.model.clone() });
        let idle = Arc::new(Notify::new());
        let told = idle.clone();
        let (clock, plant): (Box<dyn Clock>, _) = match pace {
            Pace::Lockstep => {
                // Nothing in lockstep has a deadline.
                config.scheduling =
                    SchedulingConfig { priority: None, cpu: None, lock_memory: false, ..config.scheduling };
                (Box::new(LockstepClock::new(plant, robot_port).on_idle(move || told.notify_one())), None)
            }
            Pace::WallClock => {
                let clock = WallClock::new();
                let scheduling = SchedulingConfig {
                    priority: config.scheduling.priority.map(|priority| (priority - 1).max(1)),
                    cpu: None,
                    ..config.scheduling.clone()
                };
                let lead = config.period() / 4;
                let plant = PlantThread::spawn(plant, robot_port, clock, lead, scheduling)?;
                (Box::new(clock), Some(plant))
            }
        };
        match spawn(LoopParts { config, port: loop_port, clock, stroke, dynamics }) {
            Ok(control) => Ok(Self { control, shape, idle, plant }),
            Err(error) => {
                // The loop's refusal is what is reported; the plant only has to end.
                let _ = plant.map(PlantThread::join);
                Err(error.into())
            }
        }
    }

    /// Ends the loop, which gives the robot the safe command first, then the plant. Gives back the loop's end of the rings and
    /// the latency of the last cycles.
    ///
    /// # Errors
    /// If the loop panicked.
    pub fn stop(self) -> Result<(LoopClient, Latency), LoopError> {
        self.control.client.stopper().shutdown();
        let ended = self.control.join();
        // A plant that panicked left the loop without readings, and that is reported as a fault.
        let _ = self.plant.map(PlantThread::join);
        ended
    }
}
