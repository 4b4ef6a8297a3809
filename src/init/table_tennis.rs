//! A first task at the table: the place of the arm from which the player returns the serves.

use std::fmt::Write;

use nalgebra::{DMatrix, DVector};

use super::InitError;
use super::arm::{Arm, known};
use super::first::First;
use super::limits::{Limits, rounded};
use super::posture::Start;
use super::stroke::PERIOD;
use super::write::{number, quoted, vector};
use crate::dynamics::Description;
use crate::simulation::ArmConfig;
use crate::tasks::table_tennis::{Place, TableTennisConfig, find_place};

/// Number of places drawn, if no other number is asked for.
const DRAWN: usize = 4000;
/// Control periods of a policy step.
const DECIMATION: usize = 10;
/// Largest spread of the racket's centre at the hit under the first policy's exploration, m.
const SPREAD: f64 = 0.05;
/// Standard deviations of a joint's speed for which there is room beside the player's stroke.
const DEVIATIONS: f64 = 4.;

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
    /// Table tennis from this place, where the arm waits in `start`.
    pub fn first(&self, limits: &Limits, start: &Start) -> First {
        First {
            decimation: DECIMATION,
            action_scale: self.action_scale(limits, start),
            posture: "drawn back, where the player only has to swing",
            observes: true,
            said: self.said(),
            text: self.text(),
        }
    }

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
        let drives = ArmConfig { armature: limits.armature(), ..ArmConfig::default() };
        let refused = |error| InitError::NoPlace { racket: arm.tip.clone(), reason: error };
        let place =
            find_place(&config, &drives, &model, drawn.unwrap_or(DRAWN)).map_err(|error| refused(error.to_string()))?;
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

    /// Standard deviations of the first policy's efforts (n), N m or N, as scales of its action. They
    /// are proportional to the inertia that a joint moves over the joint's lever at the racket. The
    /// racket spreads by at most [`SPREAD`] until the hit, and the joints' speeds leave room for
    /// [`DEVIATIONS`] standard deviations beside the player's strokes.
    ///
    /// Independent noise of standard deviation s in each policy step of h seconds spreads the
    /// position of a unit mass by s sqrt(h t^3 / 3) up to time t, and its speed by s sqrt(h t).
    fn action_scale(&self, limits: &Limits, start: &Start) -> Vec<f64> {
        let (n, time) = (start.position.len(), TableTennisConfig::default().player.hit_time);
        let step = PERIOD * DECIMATION as f64;
        let shape = DVector::from_column_slice(&start.inertia).component_div(&start.levers());
        // The mass matrix is positive definite, since every joint moves some inertia of its own.
        let inverse =
            start.mass.clone().cholesky().map_or_else(|| DMatrix::identity(n, n), |factors| factors.inverse());
        let response = inverse * DMatrix::from_diagonal(&shape);
        let spread = (&start.jacobian * &response).norm() * (step * time.powi(3) / 3.).sqrt();
        let room = (1. - self.place.strain).max(0.1) / DEVIATIONS;
        let speeds = response.row_iter().zip(&limits.0);
        let speeds = speeds.map(|(row, joint)| room * joint.speed() / (row.norm() * (step * time).sqrt()));
        let scale = speeds.fold(SPREAD / spread, f64::min);
        (0..n).map(|j| rounded(scale * shape[j])).collect()
    }

    /// The choice, for people.
    fn said(&self) -> String {
        let Place { base, hitting_plane, strain, returned, served, .. } = &self.place;
        format!(
            "first task  table tennis: from base {} m, yaw {} rad, the player strikes at x = {hitting_plane} m; it returned \
             {returned} of {served} serves, and needs {strain:.2} of a speed or effort limit",
            vector(&base.position),
            base.yaw
        )
    }

    /// The task's part of the configuration.
    fn text(&self) -> String {
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
        let _ = writeln!(
            text,
            "        base: {{position: {position}, yaw: {yaw}}}   # m, rad: the root link in the table's frame"
        );
        let _ = writeln!(text, "        stroke: {{hitting_plane: {}}}   # x, m", number(*hitting_plane));
        let racket = quoted(&self.racket);
        let _ = writeln!(text, "        court:");
        let _ = writeln!(
            text,
            "          racket: {{link: {racket}, offset: [0.0, 0.0, 0.0], normal: [1.0, 0.0, 0.0]}}   # m"
        );
        text
    }
}
