//! The arm and the task that are shipped, to try the loop on what it really runs.
#![allow(dead_code)] // Each test binary uses its part.

use super::{key, movement};
use moto_controller::control::*;
use moto_controller::dynamics::{Compensated, Compensation, Model, Workspace};
use moto_controller::policy::CompiledPolicy;
use moto_controller::robot::{LoopPort, Plant, RobotPort, link};
use moto_controller::setup::Setup;
use moto_controller::tasks::Task;
use std::path::Path;

struct ModelDynamics(Model, Workspace, Option<Compensation>);

impl InverseDynamics for ModelDynamics {
    fn torque(&mut self, position: &[f64], velocity: &[f64], acceleration: &[f64], effort: &mut [f64]) {
        self.0.inverse_dynamics(&mut self.1, position, velocity, acceleration, effort);
    }

    fn compensation(&mut self, position: &[f64], velocity: &[f64], effort: &mut [f64]) -> bool {
        self.2.as_mut().map(|compensation| compensation.effort(position, velocity, effort)).is_some()
    }
}

pub struct Product {
    pub config: ControlConfig,
    setup: Setup,
    task: Box<dyn Task>,
}

impl Product {
    pub fn table_tennis() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/table_tennis.yaml");
        Self::of(Setup::load(&path, |_| {}).unwrap())
    }

    /// The same where the robot's driver adds a part of the efforts.
    pub fn compensated(parts: &[Compensated]) -> Self {
        Self::of(Setup::shipped(|config| config.robot.compensates = parts.iter().copied().collect()).unwrap())
    }

    fn of(setup: Setup) -> Self {
        Self { config: setup.config.control.clone(), task: setup.task().unwrap(), setup }
    }

    pub fn plant(&self) -> Box<dyn Plant> {
        self.setup.plant(&*self.task, 1).unwrap()
    }

    pub fn link(&self) -> (LoopPort, RobotPort) {
        link(self.setup.model.dof(), self.task.task_values())
    }

    pub fn parts(&self, port: LoopPort, clock: Box<dyn Clock>) -> LoopParts {
        let Setup { model, config, .. } = &self.setup;
        let compensation = Compensation::new(model, &config.robot.compensates);
        let dynamics = Box::new(ModelDynamics(model.clone(), model.workspace(), compensation));
        LoopParts { config: self.config.clone(), port, clock, stroke: self.task.stroke(1), dynamics }
    }

    /// A movement.
    pub fn movement_order(&self, rollout: u64) -> TrialOrder {
        let order = self.order(rollout);
        let (start, decimation) = (&self.config.start_posture, self.config.decimation);
        let law = movement(start, self.task.state_dim(), self.task.horizon(), decimation);
        TrialOrder { noise: vec![0.5; law.noise_len()].into(), law, ..order }
    }

    /// A stroke with the initial policy and a little noise.
    pub fn order(&self, rollout: u64) -> TrialOrder {
        let policy = self.task.start().unwrap().policy;
        let shape = TrialShape {
            joints: self.setup.model.dof(),
            task_values: self.task.task_values(),
            state_dim: self.task.state_dim(),
            action_dim: self.setup.model.dof(),
            horizon: self.task.horizon(),
            decimation: self.config.decimation,
        };
        TrialOrder {
            key: key(rollout),
            law: CompiledPolicy::new(&policy).unwrap().into(),
            noise: (0..shape.horizon * shape.action_dim).map(|i| ((i * 7) % 5) as f64 / 5. - 0.4).collect(),
            buffers: TrialBuffers::new(&shape),
        }
    }
}
