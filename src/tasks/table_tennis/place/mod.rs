//! Searches a place at the table, a start posture and a hitting plane from which the player returns
//! the serves with an arm.
//!
//! A posture in which the arm strikes is drawn. It gives the place of the arm: the racket meets the
//! ball, and the arm is turned about the vertical until the racket faces where the player needs it.
//! The arm waits drawn back, so that it only has to swing. Of the drawn places, those that strain
//! the arm least are varied, and the best of them are played.

mod strain;

use self::strain::Judge;
use super::world::{Base, RacketArm};
use super::{Setting, TableTennis, TableTennisConfig, TableTennisError};
use crate::dynamics::{Joint, JointKind, Model};
use crate::robot::{Plant, TrialKey, TrialKind};
use crate::simulation::ArmConfig;
use nalgebra::{Point3, Vector2, Vector3};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rand_distr::StandardNormal;
use std::time::Duration;

/// Number of the best places, which are varied and played, and of the serves that are played.
const BEST: usize = 4;
const SERVES: u64 = 20;
/// The drawn places per variation of each of the best.
const VARIED: usize = 20;
/// Hitting planes tried, x, m.
const PLANES: [f64; 4] = [-1.45, -1.55, -1.65, -1.75];
/// Range of the drawn positions of a joint without limits, on either side of zero: rad, and m.
const FREE: [f64; 2] = [std::f64::consts::PI, 0.5];
/// Standard deviation of a variation, as a share of a joint's range.
const VARIATION: f64 = 0.04;
/// Period of the simulated loop, s, and its periods per policy step.
const PERIOD: Duration = Duration::from_millis(2);
const DECIMATION: usize = 10;

/// A place of an arm at the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Pose of the root link.
    pub base: Base,
    /// Posture in which the arm waits for the ball (n), rad or m.
    pub start_posture: Vec<f64>,
    /// The plane in which the player strikes, x, m.
    pub hitting_plane: f64,
    /// Largest share of a speed or effort limit that the player's strokes need.
    pub strain: f64,
    /// Number of serves that the player returned, of [`Self::served`].
    pub returned: usize,
    /// Number of serves played. Their velocities spread as in the setting `context`.
    pub served: usize,
}

/// A place under search, and the strike that it was derived from.
#[derive(Clone)]
struct Candidate {
    /// Posture that the strike was derived from (n), rad or m.
    drawn: Vec<f64>,
    /// Number of the judge, by hitting plane.
    judge: usize,
    place: Place,
}

struct Search<'a> {
    config: &'a TableTennisConfig,
    arm: &'a ArmConfig,
    model: Model,
    /// A judge for each hitting plane.
    judges: Vec<Judge>,
    random: ChaCha12Rng,
    /// Number of places from which the racket reaches the ball.
    reached: usize,
}

/// Draws that many places for an arm, and improves and plays the best; the same each time. Base and
/// hitting plane of `config` are replaced. The limits of the model's joints bound the strokes.
///
/// # Errors
/// A setting that is refused, or no place from which the player can strike the ball. A place from
/// which few of the strokes succeed is no error: see [`Place::returned`].
pub fn find_place(
    config: &TableTennisConfig,
    arm: &ArmConfig,
    model: &Model,
    drawn: usize,
) -> Result<Place, TableTennisError> {
    config.validate()?;
    let mut model = model.clone();
    arm.apply(&mut model)?;
    RacketArm::new(model.clone(), &Base::default(), &config.court.racket).map_err(|error| error.within("court"))?;
    let judges = PLANES.iter().filter_map(|plane| Judge::new(config, *plane, &model)).collect::<Vec<_>>();
    if judges.is_empty() {
        return Err(TableTennisError::NoTrigger);
    }
    let random = ChaCha12Rng::seed_from_u64(0);
    let mut search = Search { config, arm, model, judges, random, reached: 0 };
    let mut best: Vec<Candidate> = (0..drawn).filter_map(|_| search.draw()).collect();
    let strain = |candidate: &Candidate| candidate.place.strain;
    best.sort_by(|a, b| strain(a).total_cmp(&strain(b)));
    best.truncate(BEST);
    for candidate in &mut best {
        for _ in 0..drawn / VARIED {
            if let Some(varied) = search.vary(candidate).filter(|varied| strain(varied) < strain(candidate)) {
                *candidate = varied;
            }
        }
    }
    best.sort_by(|a, b| strain(a).total_cmp(&strain(b)));
    let none = TableTennisError::NoPlace { tried: drawn, reached: search.reached };
    let mut most: Option<Place> = None;
    for candidate in best {
        let place = search.play(candidate.place)?;
        if most.as_ref().is_none_or(|most| place.returned > most.returned) {
            most = Some(place);
        }
        if most.as_ref().is_some_and(|most| most.returned == most.served) {
            break;
        }
    }
    most.ok_or(none)
}

impl Search<'_> {
    /// A candidate from a posture and a plane drawn uniformly.
    fn draw(&mut self) -> Option<Candidate> {
        let random = &mut self.random;
        let posture = self.model.joints().iter().map(|joint| {
            let (lower, upper) = range(joint);
            random.random_range(lower..=upper)
        });
        let posture = posture.collect();
        let judge = random.random_range(0..self.judges.len());
        self.candidate(posture, judge)
    }

    /// A candidate near another one.
    fn vary(&mut self, candidate: &Candidate) -> Option<Candidate> {
        let random = &mut self.random;
        let joints = candidate.drawn.iter().zip(self.model.joints());
        let posture = joints.map(|(position, joint)| {
            let (lower, upper) = range(joint);
            let step: f64 = random.sample(StandardNormal);
            (position + VARIATION * (upper - lower) * step).clamp(lower, upper)
        });
        let posture = posture.collect();
        self.candidate(posture, candidate.judge)
    }

    /// The place at which an arm in a posture strikes the ball of the demonstration. `None` if there
    /// is none, or if the strokes touch table or floor, or leave the joints' ranges.
    fn candidate(&mut self, drawn: Vec<f64>, number: usize) -> Option<Candidate> {
        let judge = &self.judges[number];
        let goal = judge.goal();
        let arm = judge.arm(&self.model, &Base::default())?;
        let racket = arm.racket(&mut self.model.workspace(), &drawn, &vec![0.; drawn.len()]);
        let heading = |direction: Vector3<f64>| direction.y.atan2(direction.x);
        let yaw = rounded(heading(goal.normal) - heading(racket.normal));
        let turned = Base { yaw, ..Base::default() }.pose() * Point3::from(racket.centre);
        let base = Base { position: (goal.centre - turned.coords).map(rounded).into(), yaw };
        let (start_posture, strain) = judge.strain(&self.model, &base, &drawn, &mut self.reached)?;
        let hitting_plane = judge.hitting_plane();
        let place = Place { base, start_posture, hitting_plane, strain, returned: 0, served: 0 };
        Some(Candidate { drawn, judge: number, place })
    }

    /// Plays the serves from a place.
    fn play(&self, mut place: Place) -> Result<Place, TableTennisError> {
        let mut config = TableTennisConfig { setting: Setting::Context, base: place.base, ..self.config.clone() };
        config.stroke.hitting_plane = place.hitting_plane;
        let task = TableTennis {
            target: Vector2::from(config.target),
            arm: RacketArm::new(self.model.clone(), &config.base, &config.court.racket)?,
            arm_config: self.arm.clone(),
            rest: place.start_posture.clone(),
            action_scale: vec![1.; place.start_posture.len()],
            period: PERIOD,
            decimation: DECIMATION,
            config,
        };
        let mut plant = task.plant(0)?;
        let returns = |rollout: &u64| {
            plant.reset(Duration::ZERO);
            plant.begin_trial(&TrialKey { kind: TrialKind::Evaluate, iteration: 0, rollout: *rollout });
            task.play(&mut plant).is_ok_and(|episode| task.evaluate(&episode).success)
        };
        place.returned = (0..SERVES).filter(returns).count();
        place.served = SERVES as usize;
        Ok(place)
    }
}

/// The positions drawn for a joint, rad or m.
fn range(joint: &Joint) -> (f64, f64) {
    let free = FREE[usize::from(joint.kind == JointKind::Prismatic)];
    (
        if joint.lower.is_finite() { joint.lower } else { -free },
        if joint.upper.is_finite() { joint.upper } else { free },
    )
}

/// To a thousandth.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
