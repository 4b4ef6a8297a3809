//! The table-tennis robot: an arm with a racket, and a ball that is served to the arm.

use super::ball::{Ball, Flight};
use super::court::Court;
use super::racket::{RacketState, Swing};
use super::racket_arm::RacketArm;
use crate::dynamics::Workspace;
use crate::robot::{Command, Plant, Reading, TrialKey, TrialKind};
use crate::simulation::{Arm, ArmConfig};
use moto_settings::FieldError;
use nalgebra::{Vector2, Vector3};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::time::Duration;

/// The serve, and its random parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Serve {
    /// Start position of the ball, m.
    pub position: Vector3<f64>,
    /// Mean velocity of the ball at the start, m/s.
    pub velocity: Vector3<f64>,
    /// Half the width of the velocity's uniform distribution, m/s.
    pub spread: Vector3<f64>,
    /// Standard deviation of the velocity in x and y that each bounce on the table adds, m/s.
    pub bounce_scatter: f64,
}

/// The plant: arm, court and ball. Random values of a trial depend on the seed and the trial's key
/// alone.
#[derive(Clone, Debug)]
pub struct TableTennisPlant {
    arm: Arm,
    kinematics: RacketArm,
    workspace: Workspace,
    court: Court,
    serve: Serve,
    rest: Vec<f64>,
    period: Duration,
    seed: u64,
    random: ChaCha8Rng,
    now: Duration,
    ball: Ball,
    serve_velocity: Vector3<f64>,
    /// Whether the ball has left the server's hand.
    served: bool,
    /// Whether the ball has passed the racket in this trial.
    passed: bool,
    /// The racket at the arm's present state; `None` until it is computed.
    racket: Option<RacketState>,
}

impl TableTennisPlant {
    /// A plant with physics of the given period. Its arm is at rest at the posture `rest` (n), and
    /// its ball is in the server's hand.
    ///
    /// # Errors
    /// A period above the longest step of the ball's flight, or a parameter that is refused.
    pub fn new(
        kinematics: RacketArm,
        arm: &ArmConfig,
        court: Court,
        serve: Serve,
        rest: &[f64],
        period: Duration,
        seed: u64,
    ) -> Result<Self, FieldError> {
        let dof = kinematics.model().dof();
        arm.validate(dof)?;
        court.validate()?;
        if rest.len() != dof {
            let expected = format!("the robot has {dof} joints");
            return Err(FieldError::Length { field: "rest".into(), found: rest.len(), expected });
        }
        if let Some(wrong) = rest.iter().find(|position| !position.is_finite()) {
            return Err(FieldError::value("rest", wrong, "finite positions"));
        }
        if period.is_zero() || period.as_secs_f64() > Flight::LONGEST_STEP {
            let expected = format!("above 0 and at most {} s", Flight::LONGEST_STEP);
            return Err(FieldError::value("period of the physics", period.as_secs_f64(), expected));
        }
        let mut plant = Self {
            arm: Arm::new(kinematics.model().clone(), arm),
            workspace: kinematics.model().workspace(),
            kinematics,
            court,
            rest: rest.to_vec(),
            period,
            seed,
            random: ChaCha8Rng::from_seed([0; 32]),
            now: Duration::ZERO,
            ball: Ball { position: serve.position, velocity: Vector3::zeros() },
            serve_velocity: serve.velocity,
            serve,
            served: false,
            passed: false,
            racket: None,
        };
        plant.reset(Duration::ZERO);
        Ok(plant)
    }

    /// Present time of the physics.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// The ball's present state.
    pub fn ball(&self) -> &Ball {
        &self.ball
    }

    fn take_ball_back(&mut self) {
        self.ball = Ball { position: self.serve.position, velocity: Vector3::zeros() };
        self.served = false;
        self.passed = false;
    }

    fn racket_now(&mut self) -> RacketState {
        self.kinematics.racket(&mut self.workspace, self.arm.position(), self.arm.velocity())
    }

    fn advance(&mut self, effort: &[f64], dt: f64) {
        // Only a ball on its way to the racket can meet it.
        let on_its_way = self.served && !self.passed;
        let from = on_its_way.then(|| self.racket.take().unwrap_or_else(|| self.racket_now()));
        self.arm.step(effort, dt);
        self.racket = on_its_way.then(|| self.racket_now());
        if !self.served {
            return;
        }
        let swing = from.zip(self.racket).map(|(from, to)| Swing { from, to });
        let (random, sigma) = (&mut self.random, self.serve.bounce_scatter);
        let scatter = || Vector2::from_fn(|_, _| sigma * random.sample::<f64, _>(StandardNormal));
        let crossing = self.court.advance(&mut self.ball, dt, swing.as_ref(), scatter);
        self.passed |= crossing.is_some();
    }
}

impl Plant for TableTennisPlant {
    fn period(&self) -> Duration {
        self.period
    }

    fn reset(&mut self, now: Duration) {
        self.now = now;
        self.arm.place(&self.rest);
        self.racket = None;
        self.take_ball_back();
    }

    fn begin_trial(&mut self, trial: &TrialKey) {
        let kind = match trial.kind {
            TrialKind::Learn => 0,
            TrialKind::Evaluate => 1,
        };
        let mut key = [0; 32];
        for (bytes, value) in key.chunks_exact_mut(8).zip([self.seed, trial.iteration, trial.rollout, kind]) {
            bytes.copy_from_slice(&value.to_le_bytes());
        }
        self.random = ChaCha8Rng::from_seed(key);
        let random = &mut self.random;
        self.serve_velocity = self.serve.velocity + self.serve.spread.map(|half| half * random.random_range(-1. ..=1.));
        self.take_ball_back();
    }

    fn launch(&mut self) {
        self.ball.velocity = self.serve_velocity;
        self.served = true;
    }

    fn step(&mut self, until: Duration, command: &Command) {
        while self.now + self.period <= until {
            self.advance(&command.effort, self.period.as_secs_f64());
            self.now += self.period;
        }
    }

    fn read(&mut self, reading: &mut Reading) {
        reading.stamp = self.now;
        reading.task_stamp = self.now;
        reading.position.copy_from_slice(self.arm.position());
        reading.velocity.copy_from_slice(self.arm.velocity());
        self.ball.write(&mut reading.task);
    }
}
