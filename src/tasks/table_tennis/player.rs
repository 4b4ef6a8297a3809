//! An analytical player in four phases, after Muelling, Kober and Peters 2011 ("A biomimetic
//! approach to robot table tennis"). The player predicts the ball, chooses a hitting posture, and
//! tracks a planned motion by inverse dynamics.

use super::config::TableTennisConfig;
use super::posture::{HittingPosture, RacketGoal, hitting_posture};
use super::world::{Ball, Court, RacketArm};
use crate::dynamics::Workspace;
use crate::tasks::Quintic;
use nalgebra::Vector3;

/// Phase of the player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Waits at rest for a ball.
    Waiting,
    /// Draws the racket back.
    Preparation,
    /// Swings until the hit.
    Hitting,
    /// Goes back to rest.
    Return,
}

/// Why the player cannot return a ball.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlayerError {
    /// The racket does not reach the hitting point.
    #[error("the racket cannot be brought to ({x:.3}, {y:.3}, {z:.3}) m, where the ball has to be struck")]
    OutOfReach {
        /// Desired racket centre, x, m.
        x: f64,
        /// Desired racket centre, y, m.
        y: f64,
        /// Desired racket centre, z, m.
        z: f64,
    },
    /// The hitting posture is outside a joint's range.
    #[error("joint {joint} would have to be at {position:.3}, outside its range, {lower:.3} to {upper:.3}")]
    OutsideRange {
        /// Name of the joint.
        joint: String,
        /// Desired position, rad or m.
        position: f64,
        /// Lowest position of the joint, rad or m.
        lower: f64,
        /// Highest position of the joint, rad or m.
        upper: f64,
    },
}

/// A planned stroke: the motion of each joint through backswing, hit and return to rest.
#[derive(Clone, Debug)]
pub struct Plan {
    backswing_time: f64,
    hit_time: f64,
    return_time: f64,
    /// Preparation, hitting and return of each joint (n).
    joints: Vec<[Quintic; 3]>,
    goal: RacketGoal,
}

impl Plan {
    /// Phase `time` seconds after the plan's start.
    pub fn phase(&self, time: f64) -> Phase {
        match time {
            t if t < 0. || t >= self.hit_time + self.return_time => Phase::Waiting,
            t if t < self.backswing_time => Phase::Preparation,
            t if t < self.hit_time => Phase::Hitting,
            _ => Phase::Return,
        }
    }

    /// Desired state of the racket at the hit.
    pub fn goal(&self) -> &RacketGoal {
        &self.goal
    }

    /// Desired position (rad or m), velocity and acceleration of a joint at `time`, s after the
    /// plan's start.
    ///
    /// # Panics
    /// If there is no such joint.
    pub fn reference(&self, joint: usize, time: f64) -> (f64, f64, f64) {
        let [preparation, hitting, back] = &self.joints[joint];
        match self.phase(time) {
            Phase::Preparation => preparation.at(time),
            Phase::Hitting => hitting.at(time - self.backswing_time),
            Phase::Return => back.at(time - self.hit_time),
            Phase::Waiting => preparation.at(0.),
        }
    }
}

/// The player.
#[derive(Clone, Debug)]
pub struct Player {
    arm: RacketArm,
    workspace: Workspace,
    court: Court,
    config: super::config::PlayerConfig,
    rest: Vec<f64>,
    target: Vector3<f64>,
    acceleration: Vec<f64>,
}

impl Player {
    /// A player that waits for the ball at `rest` (n). The task's configuration must have been
    /// validated.
    pub(super) fn new(arm: RacketArm, config: &TableTennisConfig, rest: &[f64]) -> Self {
        let [x, y] = config.target;
        Self {
            workspace: arm.model().workspace(),
            acceleration: vec![0.; arm.model().dof()],
            arm,
            target: Vector3::new(x, y, config.court.surface()),
            court: config.court.clone(),
            config: config.player.clone(),
            rest: rest.to_vec(),
        }
    }

    /// The racket state that sends a ball to the target. The return flight is found by shooting.
    /// The normal is along the change of velocity, and the speed along the normal follows from the
    /// law of reflection.
    pub fn racket_goal(&self, ball: &Ball) -> RacketGoal {
        let outgoing = self.court.velocity_to_reach(&ball.position, &self.target, self.config.return_flight);
        let normal = (outgoing - ball.velocity).normalize();
        let restitution = self.court.racket.restitution;
        RacketGoal {
            centre: ball.position - normal * self.court.ball.radius,
            normal,
            normal_speed: (outgoing.dot(&normal) + restitution * ball.velocity.dot(&normal)) / (1. + restitution),
        }
    }

    /// Plans the stroke once, from the ball at the start of the stroke.
    ///
    /// # Errors
    /// A ball that cannot be reached.
    pub fn plan(&self, ball: &Ball) -> Result<Plan, PlayerError> {
        self.plan_for(self.racket_goal(&self.court.predict(ball, self.config.hit_time)))
    }

    /// Plans a stroke that brings the racket to `goal` at the time of the hit.
    ///
    /// # Errors
    /// A goal that cannot be reached.
    pub(super) fn plan_for(&self, goal: RacketGoal) -> Result<Plan, PlayerError> {
        let config = &self.config;
        let HittingPosture { position, velocity } = hitting_posture(&self.arm, config, &self.rest, &goal)
            .ok_or(PlayerError::OutOfReach { x: goal.centre.x, y: goal.centre.y, z: goal.centre.z })?;
        let swing = config.hit_time - config.backswing_time;
        let mut joints = Vec::with_capacity(position.len());
        for (i, joint) in self.arm.model().joints().iter().enumerate() {
            if !(joint.lower..=joint.upper).contains(&position[i]) {
                let (name, position) = (joint.name.clone(), position[i]);
                let (lower, upper) = (joint.lower, joint.upper);
                return Err(PlayerError::OutsideRange { joint: name, position, lower, upper });
            }
            let rest = (self.rest[i], 0.);
            let back = (position[i] - 0.5 * velocity[i] * swing, 0.);
            let hit = (position[i], velocity[i]);
            joints.push([
                Quintic::new(rest, back, config.backswing_time),
                Quintic::new(back, hit, swing),
                Quintic::new(hit, rest, config.return_time),
            ]);
        }
        Ok(Plan {
            backswing_time: config.backswing_time,
            hit_time: config.hit_time,
            return_time: config.return_time,
            joints,
            goal,
        })
    }

    /// Joint efforts (n) at joint positions `q` and velocities `qd` (n). With a plan the efforts
    /// track the plan, `time` seconds after its start. Without a plan they hold the rest posture.
    pub fn effort(&mut self, plan: Option<&Plan>, time: f64, q: &[f64], qd: &[f64], effort: &mut [f64]) {
        for (joint, wanted) in self.acceleration.iter_mut().enumerate() {
            let (position, velocity, acceleration) =
                plan.map_or((self.rest[joint], 0., 0.), |plan| plan.reference(joint, time));
            *wanted = acceleration + self.config.kp * (position - q[joint]) + self.config.kd * (velocity - qd[joint]);
        }
        self.arm.model().inverse_dynamics(&mut self.workspace, q, qd, &self.acceleration, effort);
    }
}
