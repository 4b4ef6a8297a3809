//! A simulated robot and its driver. The same driver runs under the lockstep clock and on the wall
//! clock.

use super::{Command, Reading, RobotPort};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Purpose of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialKind {
    /// With exploration noise, to learn from.
    Learn,
    /// Without exploration noise, to measure the policy.
    Evaluate,
}

/// Identity of a trial within a run. With the run's seed it keys all random numbers of the trial:
/// exploration noise, serve, bounces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TrialKey {
    /// Purpose of the trial.
    pub kind: TrialKind,
    /// Iteration of the learner, from 0.
    pub iteration: u64,
    /// Rollout within the iteration, from 0. A repeated attempt gets the next free number.
    pub rollout: u64,
}

impl std::fmt::Display for TrialKey {
    /// Iterations are counted from 1, as in stored files. An evaluation belongs to the last
    /// iteration before it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, iteration, rollout } = self;
        match kind {
            TrialKind::Learn => write!(f, "rollout {rollout} of iteration {}", iteration + 1),
            TrialKind::Evaluate => write!(f, "evaluation {rollout} after iteration {iteration}"),
        }
    }
}

/// A request of the loop to a simulated plant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlantRequest {
    /// A trial begins. The key determines its random numbers.
    BeginTrial(TrialKey),
    /// The arm is ready: start the task, e.g. serve the ball.
    Launch,
}

/// A simulated robot with its task.
pub trait Plant: Send {
    /// Period of the physics, in which [`Plant::step`] advances.
    fn period(&self) -> Duration;

    /// Puts arm and task into the start state of every trial, as of `now`. The further course must
    /// not depend on anything before.
    fn reset(&mut self, now: Duration);

    /// Begins a trial: draws its random numbers. The arm stays where it is.
    fn begin_trial(&mut self, trial: &TrialKey);

    /// Starts the task, e.g. serves the ball. Does nothing if there is nothing to start.
    fn launch(&mut self);

    /// Advances to `until` (the loop's time) in whole physics periods, with `command` held.
    fn step(&mut self, until: Duration, command: &Command);

    /// Writes joints, task values and both stamps. The driver writes the sequence number.
    fn read(&mut self, reading: &mut Reading);
}

/// A plant connected to its end of the link.
pub struct PlantDriver<P> {
    plant: P,
    port: RobotPort,
    resets: bool,
    sequence: u64,
}

impl<P: Plant> PlantDriver<P> {
    /// Connects a plant to its end of the link. With `resets`, the plant starts anew at each trial;
    /// without, the arm moves on from where it is, as a robot does.
    pub fn new(plant: P, port: RobotPort, resets: bool) -> Self {
        Self { plant, port, resets, sequence: 0 }
    }

    /// Handles the loop's requests since the last call, steps the plant to `until` under the newest
    /// command, and publishes its reading. A plant that was reset is at `until` already and does
    /// not feel the previous trial's command.
    pub fn advance(&mut self, until: Duration) {
        let mut reset = false;
        while let Ok(request) = self.port.requests.pop() {
            match request {
                PlantRequest::BeginTrial(key) => {
                    if self.resets {
                        self.plant.reset(until);
                        reset = true;
                    }
                    self.plant.begin_trial(&key);
                }
                PlantRequest::Launch => self.plant.launch(),
            }
        }
        if !reset {
            self.plant.step(until, self.port.command.read());
        }
        let reading = self.port.reading.input_buffer_mut();
        self.plant.read(reading);
        self.sequence += 1;
        reading.sequence = self.sequence;
        self.port.reading.publish();
    }

    /// The plant.
    pub fn plant(&self) -> &P {
        &self.plant
    }

    /// Returns the plant.
    pub fn into_plant(self) -> P {
        self.plant
    }
}

impl<P: Plant + ?Sized> Plant for Box<P> {
    fn period(&self) -> Duration {
        (**self).period()
    }

    fn reset(&mut self, now: Duration) {
        (**self).reset(now);
    }

    fn begin_trial(&mut self, trial: &TrialKey) {
        (**self).begin_trial(trial);
    }

    fn launch(&mut self) {
        (**self).launch();
    }

    fn step(&mut self, until: Duration, command: &Command) {
        (**self).step(until, command);
    }

    fn read(&mut self, reading: &mut Reading) {
        (**self).read(reading);
    }
}
