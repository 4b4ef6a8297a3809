//! Robot table tennis (Akrour et al. 2018, section 5.4). An arm with a racket returns incoming balls
//! to the opponent's side with a forehand stroke. The shipped arm has nine joints, three of them a
//! floating base. Robot, ball and settings are this project's.

mod config;
mod demonstration;
mod outcome;
mod place;
mod player;
mod posture;
mod scene;
mod stroke;
mod task;
mod view;
pub mod world;

pub use config::{
    DemonstrationKind, PlausibleConfig, PlayerConfig, RewardConfig, ServeConfig, Setting, StrokeConfig,
    TableTennisConfig,
};
use moto_settings::{FieldError, check};
pub use outcome::{Passage, TrialOutcome};
pub use place::{Place, find_place};
pub use player::{Phase, Plan, Player, PlayerError};
pub use posture::RacketGoal;
pub use stroke::TableTennisStroke;

use crate::control::ControlConfig;
use crate::dynamics::{JointKind, Model};
use crate::simulation::{ArmConfig, physics_period};
use crate::tasks::TaskError;
use nalgebra::{Vector2, Vector3};
use std::time::Duration;
use world::{RacketArm, Serve, TableTennisPlant};

/// Why table tennis cannot be set up or shown.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TableTennisError {
    /// A setting is refused.
    #[error(transparent)]
    Setting(#[from] FieldError),
    /// A setting of the robot does not suit table tennis.
    #[error(transparent)]
    Robot(FieldError),
    /// The player cannot return the ball.
    #[error(
        "the player cannot return the ball: {0}. Start from another posture (control.start_posture), place the arm elsewhere \
         (task.table_tennis.base), or strike elsewhere (task.table_tennis.stroke.hitting_plane)"
    )]
    Player(#[from] PlayerError),
    /// No place was found from which the player can strike the ball.
    #[error("{}", no_place(*tried, *reached))]
    NoPlace {
        /// Number of places tried.
        tried: usize,
        /// Number of places from which the racket reached the ball.
        reached: usize,
    },
    /// The serve never comes near enough to start the stroke.
    #[error("the served ball does not trigger the stroke")]
    NoTrigger,
}

fn no_place(tried: usize, reached: usize) -> String {
    match reached {
        0 => format!("the racket does not reach the ball with the right direction from any of {tried} places"),
        _ => format!(
            "the racket reaches the ball from {reached} of {tried} places, but the strokes from all of them touch the table or \
             the floor, or leave the joints' ranges"
        ),
    }
}

impl From<TableTennisError> for TaskError {
    fn from(error: TableTennisError) -> Self {
        match error {
            TableTennisError::Setting(error) => Self::Setting(error),
            TableTennisError::Robot(error) => Self::Robot(error),
            error => Self::of(error),
        }
    }
}

/// The task: makes the plant and the first policy, and judges recorded strokes.
#[derive(Clone, Debug)]
pub struct TableTennis {
    config: TableTennisConfig,
    arm_config: ArmConfig,
    arm: RacketArm,
    target: Vector2<f64>,
    /// Posture in which the arm waits for the ball (n), rad or m.
    rest: Vec<f64>,
    /// Joint effort of an action of 1 (n), N or N m.
    action_scale: Vec<f64>,
    /// Period of the control loop.
    period: Duration,
    /// Control periods per policy step.
    decimation: usize,
}

impl TableTennis {
    /// Sets the task up for a robot and gives the robot's model the armature and springs of `arm`.
    /// Start posture, rate and units are those of the control loop.
    ///
    /// # Errors
    /// The first parameter that is refused, or a robot without a racket.
    pub fn new(
        mut config: TableTennisConfig,
        arm: ArmConfig,
        mut model: Model,
        control: &ControlConfig,
    ) -> Result<Self, TableTennisError> {
        config.validate()?;
        check(control, model.dof()).map_err(|error| TableTennisError::Robot(error.within("control")))?;
        arm.apply(&mut model)?;
        let gravity = model.gravity();
        if gravity.xy() != Vector2::zeros() || gravity.z > 0. {
            let found = format!("{:?} m/s^2", gravity.as_slice());
            let wrong = FieldError::value("robot.gravity", found, "straight down, as balls fall here");
            return Err(TableTennisError::Robot(wrong));
        }
        config.court.ball.gravity = -gravity.z;
        Ok(Self {
            target: Vector2::from(config.target),
            arm: RacketArm::new(model, &config.base, &config.court.racket).map_err(|error| error.within("court"))?,
            arm_config: arm,
            config,
            rest: control.start_posture.clone(),
            action_scale: control.action_scale.clone(),
            period: Duration::from_secs_f64(control.period),
            decimation: control.decimation,
        })
    }

    /// The configuration.
    pub fn config(&self) -> &TableTennisConfig {
        &self.config
    }

    /// The arm, with armature and springs.
    pub fn arm(&self) -> &RacketArm {
        &self.arm
    }

    /// Duration of a policy step.
    fn step_duration(&self) -> Duration {
        self.period * self.decimation as u32
    }

    /// The policy's state and the stroke's trigger, for the control loop.
    pub fn stroke(&self) -> TableTennisStroke {
        TableTennisStroke {
            joints: self.arm.model().dof(),
            court: self.config.court.clone(),
            hitting_plane: self.config.stroke.hitting_plane,
            trigger_time: self.config.stroke.trigger_time,
            plausible: self.config.stroke.plausible,
        }
    }

    /// Size of a change of each state entry that matters (state), m, rad, m/s and rad/s.
    pub fn state_scales(&self) -> Vec<f64> {
        let joints = |sliding: f64, turning: f64| {
            let scale = move |kind| if kind == JointKind::Prismatic { sliding } else { turning };
            self.arm.model().joints().iter().map(move |joint| scale(joint.kind))
        };
        joints(0.02, 0.1).chain(joints(0.1, 0.5)).chain([0.05; 3]).chain([0.5; 3]).collect()
    }

    /// The analytical player.
    pub fn player(&self) -> Player {
        Player::new(self.arm.clone(), &self.config, &self.rest)
    }

    /// The simulated robot with its ball, at rest.
    ///
    /// # Errors
    /// A parameter that is refused.
    pub fn plant(&self, seed: u64) -> Result<TableTennisPlant, TableTennisError> {
        self.plant_with(self.serve(), seed)
    }

    fn plant_with(&self, serve: Serve, seed: u64) -> Result<TableTennisPlant, TableTennisError> {
        let Self { config, arm_config, arm, rest, .. } = self;
        let court = config.court.clone();
        Ok(TableTennisPlant::new(arm.clone(), arm_config, court, serve, rest, physics_period(self.period), seed)?)
    }

    /// The serve of the trials.
    fn serve(&self) -> Serve {
        let serve = &self.config.serve;
        let spread = Vector3::from(serve.spread_velocity) * serve.spread;
        let (spread, bounce_scatter) = match self.config.setting {
            Setting::Noiseless => (Vector3::zeros(), 0.),
            Setting::Context => (spread, 0.),
            Setting::NoisyBounce => (Vector3::zeros(), serve.bounce_scatter),
        };
        Serve { position: serve.position.into(), velocity: serve.velocity.into(), spread, bounce_scatter }
    }

    /// The serve of the demonstration.
    fn demonstration_serve(&self) -> Serve {
        let serve = &self.config.serve;
        let shift = match self.config.demonstration {
            DemonstrationKind::Plain => Vector3::zeros(),
            DemonstrationKind::Shifted => serve.demonstration_shift.into(),
        };
        Serve {
            position: serve.position.into(),
            velocity: Vector3::from(serve.velocity) + shift,
            spread: Vector3::zeros(),
            bounce_scatter: 0.,
        }
    }
}
