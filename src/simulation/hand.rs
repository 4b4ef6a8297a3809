//! A simulated robot whose arm a hand leads along a motion.

use std::sync::Arc;
use std::time::Duration;

use nalgebra::{DMatrix, DVector};

use crate::dynamics::{Model, Workspace};
use crate::robot::{Command, Plant, Reading, TrialKey};

/// Natural frequency of the hand's spring on the arm's inertia, rad/s. It is critically damped.
const FREQUENCY: f64 = 40.;
/// Time the hand rests on the arm before the motion, and after it.
const REST: Duration = Duration::from_millis(500);

/// Joint positions and velocities at regular times.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Motion {
    /// Joint positions (row x joint), rad or m.
    pub position: Vec<f64>,
    /// Joint velocities (row x joint), rad/s or m/s.
    pub velocity: Vec<f64>,
    /// Time between two rows, s.
    pub period: f64,
}

/// The hand: springs and dampers that pull the joints along the motion. They act on the arm's inertia,
/// and the robot feels their efforts besides the command's.
pub struct Hand {
    plant: Box<dyn Plant>,
    model: Arc<Model>,
    workspace: Workspace,
    inertia: DMatrix<f64>,
    motion: Motion,
    state: Reading,
    command: Command,
}

impl Motion {
    /// Time that a hand takes to lead an arm with so many joints along the motion, the rests included.
    pub fn duration(&self, joints: usize) -> Duration {
        let periods = (self.position.len() / joints.max(1)).saturating_sub(1) as f64;
        2 * REST + Duration::from_secs_f64(periods * self.period)
    }
}

impl Hand {
    /// A hand on the arm of `plant`, which has so many task values. It rests on the arm and then leads it
    /// along `motion`, which has at least one row.
    pub fn new(plant: Box<dyn Plant>, model: Arc<Model>, task_values: usize, motion: Motion) -> Self {
        let n = model.dof();
        Self {
            plant,
            workspace: model.workspace(),
            inertia: DMatrix::zeros(n, n),
            model,
            motion,
            state: Reading::zeros(n, task_values),
            command: Command::zeros(n),
        }
    }

    /// Adds the hand's efforts at the present state.
    fn pull(&mut self) {
        let Reading { stamp, position, velocity, .. } = &self.state;
        let (n, motion) = (position.len(), &self.motion);
        let elapsed = stamp.saturating_sub(REST).as_secs_f64() / motion.period;
        let last = (motion.position.len() / n).saturating_sub(1);
        let row = (elapsed as usize).min(last);
        // Between two rows the velocity goes on.
        let (share, moves) = if row < last { ((elapsed - row as f64) * motion.period, 1.) } else { (0., 0.) };
        let wanted = DVector::from_fn(n, |j, _| {
            let (q, qd) = (motion.position[row * n + j], moves * motion.velocity[row * n + j]);
            FREQUENCY * FREQUENCY * (q + share * qd - position[j]) + 2. * FREQUENCY * (qd - velocity[j])
        });
        self.model.mass_matrix(&mut self.workspace, position, &mut self.inertia);
        let pull = &self.inertia * wanted;
        self.command.effort.iter_mut().zip(pull.iter()).for_each(|(effort, pull)| *effort += pull);
    }
}

impl Plant for Hand {
    fn period(&self) -> Duration {
        self.plant.period()
    }

    fn reset(&mut self, now: Duration) {
        self.plant.reset(now);
    }

    fn begin_trial(&mut self, trial: &TrialKey) {
        self.plant.begin_trial(trial);
    }

    fn launch(&mut self) {
        self.plant.launch();
    }

    fn step(&mut self, until: Duration, command: &Command) {
        self.plant.read(&mut self.state);
        // The hand pulls in steps of the physics.
        while self.state.stamp + self.plant.period() <= until {
            self.command.clone_from(command);
            self.pull();
            self.plant.step(self.state.stamp + self.plant.period(), &self.command);
            self.plant.read(&mut self.state);
        }
    }

    fn read(&mut self, reading: &mut Reading) {
        self.plant.read(reading);
    }
}
