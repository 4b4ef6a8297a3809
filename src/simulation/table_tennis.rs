//! The table-tennis robot: an arm that strikes, and a ball that is served to it.

use super::arm::{Arm, ArmConfig, RacketArm};
use super::ball::{Ball, Flight};
use super::court::Court;
use super::parameter::{ParameterError, check_range};
use super::racket::Swing;
use crate::dynamics::Workspace;
use crate::robot::Reading;
use nalgebra::{Vector2, Vector3};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::time::Duration;

/// How the ball is served, and what of it differs from trial to trial.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Serve {
    /// Where the ball starts, m.
    pub position: Vector3<f64>,
    /// Its mean velocity then, m/s.
    pub velocity: Vector3<f64>,
    /// Half the width of the range from which the velocity is drawn, uniformly, m/s.
    pub spread: Vector3<f64>,
    /// Standard deviation of what each bounce on the table adds to the velocity in x and y, m/s.
    pub bounce_scatter: f64,
}

/// The plant: arm, court and ball.
///
/// What is random in a trial depends on the seed, the iteration and the rollout alone.
#[derive(Clone, Debug)]
pub struct TableTennisPlant {
    arm: Arm,
    kinematics: RacketArm,
    workspace: Workspace,
    court: Court,
    serve: Serve,
    physics_step: Duration,
    seed: u64,
    random: ChaCha8Rng,
    ball: Ball,
    serve_velocity: Vector3<f64>,
    flying: bool,
    /// The ball has passed the racket's plane in this trial.
    passed: bool,
    now: Duration,
    sequence: u64,
}

impl TableTennisPlant {
    /// A plant with its arm at `posture` (n), at rest, and its ball in the server's hand.
    ///
    /// # Errors
    /// If `physics_step` is zero or longer than the ball's flight is computed for, or `arm` does not fit the model.
    pub fn new(
        kinematics: RacketArm,
        arm: &ArmConfig,
        court: Court,
        serve: Serve,
        physics_step: Duration,
        posture: &[f64],
        seed: u64,
    ) -> Result<Self, ParameterError> {
        arm.validate(kinematics.model().dof())?;
        court.validate()?;
        check_range("physics_step", physics_step.as_secs_f64(), 1e-5, Flight::LONGEST_STEP)?;
        let mut arm = Arm::new(kinematics.model().clone(), arm);
        arm.place(posture);
        let mut plant = Self {
            workspace: kinematics.model().workspace(),
            arm,
            kinematics,
            court,
            serve,
            physics_step,
            seed,
            random: ChaCha8Rng::from_seed([0; 32]),
            ball: Ball { position: serve.position, velocity: Vector3::zeros() },
            serve_velocity: serve.velocity,
            flying: false,
            passed: false,
            now: Duration::ZERO,
            sequence: 0,
        };
        plant.begin_trial(0, 0);
        Ok(plant)
    }

    /// Takes the ball back into the server's hand and draws what is random in the trial. The arm stays where it is.
    pub fn begin_trial(&mut self, iteration: u64, rollout: u64) {
        let mut key = [0; 32];
        for (bytes, value) in key.chunks_exact_mut(8).zip([self.seed, iteration, rollout, 0]) {
            bytes.copy_from_slice(&value.to_le_bytes());
        }
        self.random = ChaCha8Rng::from_seed(key);
        let random = &mut self.random;
        self.serve_velocity = self.serve.velocity + self.serve.spread.map(|half| half * random.random_range(-1. ..=1.));
        self.ball = Ball { position: self.serve.position, velocity: Vector3::zeros() };
        self.flying = false;
        self.passed = false;
    }

    /// Serves the ball.
    pub fn launch(&mut self) {
        self.ball.velocity = self.serve_velocity;
        self.flying = true;
    }

    /// Puts the arm at `posture` (n), at rest.
    ///
    /// # Panics
    /// If the length is not the number of joints.
    pub fn place(&mut self, posture: &[f64]) {
        self.arm.place(posture);
    }

    /// Runs the physics until `time` under constant joint efforts (n), in steps of the physics step, the last one shorter
    /// where `time` asks for it.
    pub fn step_until(&mut self, time: Duration, effort: &[f64]) {
        while self.now < time {
            let step = self.physics_step.min(time - self.now);
            self.step(effort, step.as_secs_f64());
            self.now += step;
        }
    }

    fn step(&mut self, effort: &[f64], dt: f64) {
        let watched = self.flying && !self.passed;
        let racket = |plant: &mut Self| {
            plant.kinematics.racket(&mut plant.workspace, plant.arm.position(), plant.arm.velocity())
        };
        let from = watched.then(|| racket(self));
        self.arm.step(effort, dt);
        if !self.flying {
            return;
        }
        let swing = from.map(|from| Swing { from, to: racket(self) });
        let (random, sigma) = (&mut self.random, self.serve.bounce_scatter);
        let scatter = || Vector2::from_fn(|_, _| sigma * random.sample::<f64, _>(StandardNormal));
        let crossing = self.court.advance(&mut self.ball, dt, swing.as_ref(), scatter);
        self.passed |= crossing.is_some();
    }

    /// Writes what sensors without noise or delay measure now. Real-time safe.
    pub fn read(&mut self, reading: &mut Reading) {
        self.sequence += 1;
        reading.sequence = self.sequence;
        reading.stamp = self.now;
        reading.task_stamp = self.now;
        reading.position.copy_from_slice(self.arm.position());
        reading.velocity.copy_from_slice(self.arm.velocity());
        self.ball.write(&mut reading.task);
    }

    /// The ball as it is.
    pub fn ball(&self) -> &Ball {
        &self.ball
    }

    /// Time since the plant was made.
    pub fn now(&self) -> Duration {
        self.now
    }
}
