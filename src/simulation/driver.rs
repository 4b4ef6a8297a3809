//! A simulated robot behind a driver that adds efforts by itself, as some robots' drivers do.

use std::time::Duration;

use crate::dynamics::Compensation;
use crate::robot::{Command, Plant, Reading, TrialKey};

/// Adds the driver's part to each command before the robot gets it. The part is that of the state
/// which was read last, so that in lockstep it is what the loop has subtracted.
pub struct Driver {
    plant: Box<dyn Plant>,
    compensation: Compensation,
    state: Reading,
    /// Whether `state` is that of the plant.
    known: bool,
    command: Command,
}

impl Driver {
    /// The driver of `plant`, which has so many joints and task values.
    pub fn new(plant: Box<dyn Plant>, compensation: Compensation, joints: usize, task_values: usize) -> Self {
        let (state, command) = (Reading::zeros(joints, task_values), Command::zeros(joints));
        Self { plant, compensation, state, known: false, command }
    }
}

impl Plant for Driver {
    fn period(&self) -> Duration {
        self.plant.period()
    }

    fn reset(&mut self, now: Duration) {
        self.plant.reset(now);
        self.known = false;
    }

    fn begin_trial(&mut self, trial: &TrialKey) {
        self.plant.begin_trial(trial);
        self.known = false;
    }

    fn launch(&mut self) {
        self.plant.launch();
    }

    fn step(&mut self, until: Duration, command: &Command) {
        if !self.known {
            self.plant.read(&mut self.state);
            self.known = true;
        }
        let Self { plant, compensation, state, command: whole, .. } = self;
        (whole.stamp, whole.sequence) = (command.stamp, command.sequence);
        compensation.effort(&state.position, &state.velocity, &mut whole.effort);
        whole.effort.iter_mut().zip(&command.effort).for_each(|(whole, command)| *whole += command);
        plant.step(until, whole);
    }

    fn read(&mut self, reading: &mut Reading) {
        self.plant.read(reading);
        self.state.position.copy_from_slice(&reading.position);
        self.state.velocity.copy_from_slice(&reading.velocity);
        self.known = true;
    }
}
