//! The first task of a configuration, as it is written; and the stroke among them.

use super::InitError;
use super::arm::Arm;
use super::exploration::Exploration;
use super::limits::{Limits, rounded};
use super::posture::Start;
use super::stroke::{self, FirstStroke, PERIOD, STEPS};
use super::write::{number, quoted, vector};

/// The first task.
#[derive(Clone, Debug)]
pub(super) struct First {
    /// Control periods of a policy step.
    pub decimation: usize,
    /// Effort of each joint per unit of the action (n), N m or N.
    pub action_scale: Vec<f64>,
    /// What is special about the start posture, for people.
    pub posture: &'static str,
    /// Whether the task observes something that its stroke waits for.
    pub observes: bool,
    /// The choice, for people.
    pub said: String,
    /// The task's part of the configuration.
    pub text: String,
}

impl First {
    /// A stroke through a point, from a start posture.
    ///
    /// # Errors
    /// No stroke is within the limits.
    pub fn stroke(arm: &Arm, limits: &Limits, start: &Start) -> Result<Self, InitError> {
        let stroke = stroke::choose(arm, limits, start)?;
        let exploration = Exploration::of(limits, start, &stroke);
        Ok(Self {
            decimation: stroke.decimation,
            posture: "near zero, where the tip moves easily and the drives carry the arm",
            observes: false,
            said: stroke.said(),
            text: stroke_text(arm, limits, &stroke, &exploration),
            action_scale: exploration.action_scale,
        })
    }
}

/// The task's part of the configuration, for a stroke.
fn stroke_text(arm: &Arm, limits: &Limits, stroke: &FirstStroke, exploration: &Exploration) -> String {
    let step = PERIOD * stroke.decimation as f64;
    let time = number(rounded(stroke.time));
    let end = number((step * STEPS as f64 * 1e6).round() / 1e6);
    // The point is needed only if it is not the origin of the tip's frame.
    let tip = match arm.point.coords.norm() > 0. {
        true => format!("{}, point: {}", quoted(&arm.tip), vector(arm.point.coords.as_slice())),
        false => quoted(&arm.tip),
    };
    let by_joint = |values: &[f64]| {
        let pairs =
            values.iter().zip(&limits.0).map(|(value, joint)| format!("{}: {}", quoted(&joint.name), number(*value)));
        format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
    };
    let zeros = vec![0.; limits.0.len()];
    let (target, velocity) = (vector(stroke.target.coords.as_slice()), vector(stroke.tip_velocity.as_slice()));
    let speed = stroke.tip_velocity.norm();
    let squares =
        stroke.squared_effort.iter().zip(&exploration.action_scale).map(|(effort, scale)| effort / (scale * scale));
    let position_weight = number(rounded(1. / (stroke.miss * stroke.miss)));
    let velocity_weight = number(rounded(0.3 / (speed * speed + exploration.tip_speed * exploration.tip_speed)));
    let effort_price = number(rounded(0.01 / (squares.sum::<f64>() * STEPS as f64).max(1.)));
    let speed_price = number(rounded(0.05 / (stroke.squared_speed * STEPS as f64)));
    let within = number(rounded((stroke.miss / 4.).min(0.02)));
    let miss = rounded(stroke.miss);
    let (stiffness, damping) = stroke.feedback();
    format!(
        "
    task:
      stroke:
        horizon: {STEPS}                         # policy steps of {} s
        demonstration:                      # from the start posture through the strike to rest, within the limits
          via_points:
            - time: {time}                    # s
              joints: {}
              joint_velocities: {}
            - time: {end}
              joints: {}
              joint_velocities: {}
        # Keeps the joints near the demonstration (critically damped): they would drift apart where
        # exploration moves them against each other.
        feedback: {{stiffness: {}, damping: {}}}   # 1/s^2, 1/s
        exploration: {}                     # rad/s^2, m/s^2: spreads the tip by a third of what it misses, if the joints' speeds allow
        # The tip is to pass a point that the demonstration misses by {miss} m, at the demonstration's velocity.
        reward:
          - {{at: {time}, link: {tip}, position: {target}, weight: {position_weight}}}   # m, 1/m^2: the demonstration's miss costs 1
          - {{at: {time}, link: {tip}, velocity: {velocity}, weight: {velocity_weight}}}   # m/s, s^2/m^2: standing still would cost 0.3 at most
          - {{from: 0.0, to: end, joint_velocities: rest, weight: {speed_price}}}   # rad/s, m/s: the demonstration's speeds cost 0.05
          - {{effort: {effort_price}}}               # per squared unit of the action: the demonstration's efforts cost 0.01
        success: {{at: {time}, link: {tip}, position: {target}, within: {within}}}   # m
",
        number(rounded(step)),
        by_joint(&stroke.position),
        by_joint(&stroke.velocity),
        by_joint(&stroke.end),
        by_joint(&zeros),
        number(stiffness),
        number(damping),
        vector(&exploration.accelerations),
    )
}
