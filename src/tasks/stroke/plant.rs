//! The arm in free space, as a simulated robot.

use std::sync::Arc;
use std::time::Duration;

use rand_distr::{Distribution, StandardNormal};

use super::StrokeTask;
use crate::robot::{Command, Plant, Reading, TrialKey, trial_random};
use crate::simulation::{Arm, physics_period};

/// Stream of the trial's random numbers. The exploration noise has stream 0, the context stream 2.
const STREAM: u64 = 1;

/// The simulated arm.
pub(super) struct FreeArm {
    arm: Arm,
    start: Box<[f64]>,
    deviation: f64,
    period: Duration,
    seed: u64,
    now: Duration,
    /// Whether the arm has not moved since it was placed.
    fresh: bool,
}

impl FreeArm {
    pub fn new(task: &StrokeTask, seed: u64) -> Self {
        let mut plant = Self {
            arm: Arm::new(Arc::new(task.model.clone()), &task.arm),
            start: task.rest.clone().into(),
            deviation: task.config.start_deviation,
            period: physics_period(task.period),
            seed,
            now: Duration::ZERO,
            fresh: true,
        };
        plant.reset(Duration::ZERO);
        plant
    }
}

impl Plant for FreeArm {
    fn period(&self) -> Duration {
        self.period
    }

    fn reset(&mut self, now: Duration) {
        (self.now, self.fresh) = (now, true);
        self.arm.place(&self.start);
    }

    fn begin_trial(&mut self, trial: &TrialKey) {
        if self.fresh && self.deviation > 0. {
            let mut random = trial_random(self.seed, trial);
            random.set_stream(STREAM);
            let deviations = StandardNormal.sample_iter(random);
            let start: Vec<f64> =
                self.start.iter().zip(deviations).map(|(q, x): (_, f64)| q + self.deviation * x).collect();
            self.arm.place(&start);
        }
    }

    fn launch(&mut self) {}

    fn step(&mut self, until: Duration, command: &Command) {
        while self.now + self.period <= until {
            self.arm.step(&command.effort, self.period.as_secs_f64());
            self.now += self.period;
            self.fresh = false;
        }
    }

    fn read(&mut self, reading: &mut Reading) {
        (reading.stamp, reading.task_stamp) = (self.now, self.now);
        reading.position.copy_from_slice(self.arm.position());
        reading.velocity.copy_from_slice(self.arm.velocity());
    }
}
