//! Judges a place by what the player's strokes from there ask of the arm.

use super::rounded;
use crate::dynamics::{FrameId, Model};
use crate::tasks::table_tennis::TableTennisConfig;
use crate::tasks::table_tennis::player::{Plan, Player};
use crate::tasks::table_tennis::posture::RacketGoal;
use crate::tasks::table_tennis::world::{Ball, Base, RacketArm};
use nalgebra::Vector3;

/// Share of each joint's range that a stroke keeps free at either end.
const MARGIN: f64 = 0.05;
/// Least height of the links' origins and of the racket's edge above table and floor, m.
const CLEARANCE: f64 = 0.03;
/// Greatest height of the root link above the floor, m.
const HIGHEST: f64 = 1.6;
/// Period at which a stroke is judged, s.
const STEP: f64 = 0.02;
/// Period at which the served ball is followed to the start of the stroke, s, and the longest wait.
const FLIGHT_STEP: f64 = 0.002;
const LONGEST_WAIT: f64 = 3.;

/// Judges places with a hitting plane.
pub(super) struct Judge {
    config: TableTennisConfig,
    /// The racket's states that return the ball: of the demonstration, of the mean serve and of the
    /// extreme serves.
    goals: Vec<RacketGoal>,
}

impl Judge {
    /// A judge for a hitting plane, x, m. `None` if a serve does not start a stroke, or if the arm has
    /// no racket.
    pub fn new(config: &TableTennisConfig, hitting_plane: f64, model: &Model) -> Option<Self> {
        let mut config = config.clone();
        config.stroke.hitting_plane = hitting_plane;
        let serve = &config.serve;
        let mean = Vector3::from(serve.velocity);
        let spread = Vector3::from(serve.spread_velocity) * serve.spread;
        let mut velocities = vec![mean + Vector3::from(serve.demonstration_shift), mean];
        velocities.extend((0..8).map(|corner| {
            let sign = |axis: usize| if corner >> axis & 1 == 0 { -1. } else { 1. };
            mean + spread.component_mul(&Vector3::new(sign(0), sign(1), sign(2)))
        }));
        let arm = RacketArm::new(model.clone(), &Base::default(), &config.court.racket).ok()?;
        let player = Player::new(arm, &config, &vec![0.; model.dof()]);
        let goal = |velocity| {
            let ball = start_of_stroke(&config, Ball { position: serve.position.into(), velocity })?;
            Some(player.racket_goal(&config.court.predict(&ball, config.player.hit_time)))
        };
        let goals = velocities.into_iter().map(goal).collect::<Option<Vec<_>>>()?;
        Some(Self { config, goals })
    }

    /// The hitting plane, x, m.
    pub fn hitting_plane(&self) -> f64 {
        self.config.stroke.hitting_plane
    }

    /// The racket's state that returns the ball of the demonstration.
    pub fn goal(&self) -> &RacketGoal {
        &self.goals[0]
    }

    /// An arm at a place; `None` if it has no racket.
    pub fn arm(&self, model: &Model, base: &Base) -> Option<RacketArm> {
        RacketArm::new(model.clone(), base, &self.config.court.racket).ok()
    }

    /// The start posture from which an arm at `base` strikes as near as possible to a posture, and
    /// the largest share of a speed or effort limit that the strokes need. `None` if a ball cannot
    /// be reached, or a stroke touches table or floor or comes near the end of a joint's range.
    /// Counts the places from which the ball of the demonstration is reached.
    pub fn strain(&self, model: &Model, base: &Base, strike: &[f64], reached: &mut usize) -> Option<(Vec<f64>, f64)> {
        if !(0. ..=HIGHEST).contains(&base.position[2]) {
            return None;
        }
        let arm = self.arm(model, base)?;
        let config = &self.config.player;
        let first = Player::new(arm.clone(), &self.config, strike).plan_for(self.goals[0]).ok()?;
        *reached += 1;
        // The arm waits where the player would draw it back to.
        let back = |joint| rounded(first.reference(joint, config.backswing_time).0);
        let rest: Vec<f64> = (0..model.dof()).map(back).collect();
        let player = Player::new(arm.clone(), &self.config, &rest);
        let mut stroke = Stroke::of(&arm, config.hit_time + config.return_time, &self.config);
        let mut most = 0_f64;
        for goal in &self.goals {
            most = most.max(stroke.strain(&player.plan_for(*goal).ok()?)?);
        }
        Some((rest, most))
    }
}

/// The served ball at the start of the stroke.
fn start_of_stroke(config: &TableTennisConfig, mut ball: Ball) -> Option<Ball> {
    let within = config.stroke.trigger_time;
    let mut waited = 0.;
    while config.court.time_to_plane(&ball, config.stroke.hitting_plane, within).is_none_or(|time| time > within) {
        ball = config.court.predict(&ball, FLIGHT_STEP);
        waited += FLIGHT_STEP;
        if waited > LONGEST_WAIT {
            return None;
        }
    }
    Some(ball)
}

/// What a stroke asks of an arm.
struct Stroke<'a> {
    arm: &'a RacketArm,
    workspace: crate::dynamics::Workspace,
    /// Links that move.
    links: Vec<FrameId>,
    duration: f64,
    config: &'a TableTennisConfig,
}

impl<'a> Stroke<'a> {
    fn of(arm: &'a RacketArm, duration: f64, config: &'a TableTennisConfig) -> Self {
        let model = arm.model();
        let links: Vec<FrameId> =
            model.links().filter_map(|link| model.frame(link)).filter(|link| model.is_moved(*link)).collect();
        Self { arm, workspace: model.workspace(), links, duration, config }
    }

    fn strain(&mut self, plan: &Plan) -> Option<f64> {
        let model = self.arm.model();
        let n = model.dof();
        let mut most = 0_f64;
        let mut effort = vec![0.; n];
        for step in 0..=(self.duration / STEP) as usize {
            let states: Vec<_> = (0..n).map(|joint| plan.reference(joint, STEP * step as f64)).collect();
            let part = |of: fn(&(f64, f64, f64)) -> f64| states.iter().map(of).collect::<Vec<f64>>();
            let (q, qd, qdd) = (part(|state| state.0), part(|state| state.1), part(|state| state.2));
            if !self.is_clear(&q, &qd) {
                return None;
            }
            model.inverse_dynamics(&mut self.workspace, &q, &qd, &qdd, &mut effort);
            for (i, joint) in model.joints().iter().enumerate() {
                let free = if joint.lower.is_finite() && joint.upper.is_finite() {
                    MARGIN * (joint.upper - joint.lower)
                } else {
                    0.
                };
                if q[i] < joint.lower + free || q[i] > joint.upper - free {
                    return None;
                }
                // A limit that is missing is infinite.
                most = most.max(qd[i].abs() / joint.velocity).max(effort[i].abs() / joint.effort);
            }
        }
        Some(most)
    }

    /// Whether the links' origins and the racket are above table and floor.
    fn is_clear(&mut self, q: &[f64], qd: &[f64]) -> bool {
        let court = &self.config.court;
        let racket = self.arm.racket(&mut self.workspace, q, qd);
        // The lowest point of the disc.
        let drop = court.racket.radius * (1. - racket.normal.z * racket.normal.z).max(0.).sqrt();
        let edge = racket.centre - Vector3::z() * drop;
        let model = self.arm.model();
        let workspace = &self.workspace;
        let links = self.links.iter().map(|link| model.pose(workspace, *link).translation.vector);
        links.chain([edge]).all(|point| {
            let below = if court.table.spans(point.x, point.y) { court.table.height } else { 0. };
            point.z >= below + CLEARANCE
        })
    }
}
