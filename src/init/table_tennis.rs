//! A first task at the table: the place of the arm from which the player returns the serves.

use std::fmt::Write;

use nalgebra::{Point3, Vector3};

use super::InitError;
use super::arm::{Arm, known};
use super::limits::Limits;
use super::stroke::FirstStroke;
use super::write::{number, quoted, vector};
use crate::dynamics::Description;
use crate::simulation::ArmConfig;
use crate::tasks::table_tennis::{Place, TableTennisConfig, find_place};

/// Number of places drawn, if no other number is asked for.
const DRAWN: usize = 4000;
/// Control periods of a policy step.
const DECIMATION: usize = 10;
/// Distance of the tip by which the first policy may miss, m: the scale of its exploration.
const MISS: f64 = 0.1;

/// An arm with a racket at its place.
#[derive(Clone, Debug)]
pub(super) struct AtTheTable {
    /// Link that the racket is fixed to.
    pub racket: String,
    pub place: Place,
}

/// The link of the racket: as asked for, or the link called racket; `None` if there is no such link,
/// and the racket is at the tip.
///
/// # Errors
/// There is no link as asked for.
pub(super) fn racket_link(description: &Description, asked: Option<&str>) -> Result<Option<String>, InitError> {
    let default = TableTennisConfig::default().court.racket.link;
    match asked {
        Some(link) => Ok(Some(known(description, "--racket", link)?)),
        None => Ok(known(description, "--racket", &default).ok()),
    }
}

impl AtTheTable {
    /// Searches the place of an arm with the racket at its tip.
    ///
    /// # Errors
    /// No place from which the player returns a serve.
    pub fn find(arm: &Arm, limits: &Limits, drawn: Option<usize>) -> Result<Self, InitError> {
        let mut config = TableTennisConfig::default();
        config.court.racket.link.clone_from(&arm.tip);
        let mut model = arm.model.clone();
        for (joint, limits) in model.joints_mut().iter_mut().zip(&limits.0) {
            (joint.lower, joint.upper) = limits.range();
            joint.velocity = limits.speed();
            joint.effort = limits.effort.value.unwrap_or(f64::INFINITY);
        }
        let refused = |error| InitError::NoPlace { racket: arm.tip.clone(), reason: error };
        let place = find_place(&config, &ArmConfig::default(), &model, drawn.unwrap_or(DRAWN))
            .map_err(|error| refused(error.to_string()))?;
        if place.returned == 0 {
            let best = format!(
                "of {} serves it returned none from the best place, base {} m, yaw {} rad, start posture {}, where its strokes \
                 need {:.2} of a speed or effort limit",
                place.served,
                vector(&place.base.position),
                place.base.yaw,
                vector(&place.start_posture),
                place.strain,
            );
            return Err(refused(best));
        }
        Ok(Self { racket: arm.tip.clone(), place })
    }

    /// The part of the player's stroke that scales the first policy's exploration.
    pub fn stroke(&self) -> FirstStroke {
        let still = vec![0.; self.place.start_posture.len()];
        FirstStroke {
            decimation: DECIMATION,
            time: TableTennisConfig::default().player.hit_time,
            position: self.place.start_posture.clone(),
            velocity: still.clone(),
            end: self.place.start_posture.clone(),
            tip_velocity: Vector3::zeros(),
            target: Point3::origin(),
            miss: MISS,
            squared_effort: still,
        }
    }

    /// The choice, for people.
    pub fn said(&self) -> String {
        let Place { base, hitting_plane, strain, returned, served, .. } = &self.place;
        format!(
            "first task  table tennis: from base {} m, yaw {} rad, the player strikes at x = {hitting_plane} m; it returned \
             {returned} of {served} serves, and needs {strain:.2} of a speed or effort limit",
            vector(&base.position),
            base.yaw
        )
    }

    /// The task's part of the configuration.
    pub fn task(&self) -> String {
        let Place { base, hitting_plane, strain, returned, served, .. } = &self.place;
        let mut text = format!(
            "
    task:
      table_tennis:
        # The best place found: the player returned {returned} of {served} serves with the spread of the setting context. Its
        # strokes need {strain:.2} of a speed or effort limit.
        setting: noiseless                  # noiseless | context | noisy_bounce
        demonstration: shifted              # shifted | plain
"
        );
        let (position, yaw) = (vector(&base.position), number(base.yaw));
        let _ = writeln!(text, "        base: {{position: {position}, yaw: {yaw}}}   # m, rad: the root link in the table's frame");
        let _ = writeln!(text, "        stroke: {{hitting_plane: {}}}   # x, m", number(*hitting_plane));
        let racket = quoted(&self.racket);
        let _ = writeln!(text, "        court:");
        let _ = writeln!(text, "          racket: {{link: {racket}, offset: [0.0, 0.0, 0.0], normal: [1.0, 0.0, 0.0]}}   # m");
        text
    }
}
