//! A first task: strike a point that the demonstration misses by a hand's breadth.

use nalgebra::{DVector, Point3, Vector3};

use super::InitError;
use super::arm::Arm;
use super::limits::{Limits, rounded};
use super::posture::Start;
use crate::dynamics::Workspace;
use crate::tasks::Quintic;

/// Policy steps of the stroke, and number of the step that ends at the strike.
pub(super) const STEPS: usize = 40;
pub(super) const STRIKE: usize = 25;
/// Control period, s.
pub(super) const PERIOD: f64 = 0.002;
/// Tried numbers of control periods per policy step: strokes of 0.8 s, or slower strokes for arms
/// that need them.
const DECIMATIONS: [usize; 5] = [10, 15, 20, 30, 50];
/// Natural frequency of the first policy's feedback, rad per duration of the stroke. Stiffer
/// feedback hides the exploration, and weaker feedback lets the joints drift apart.
const FREQUENCY: f64 = 3.6;
/// Distance by which the demonstration misses the target, m. At most a sixth of the arm's reach.
const HAND: f64 = 0.1;
/// Distance of the tip from its start to the strike, m. At most a quarter of the arm's reach.
const WAY: f64 = 0.25;
/// Shares of these distances that are tried.
const SHARES: [f64; 5] = [1., 0.7, 0.5, 0.3, 0.15];
/// Largest shares of the speed and effort limits that a stroke may need.
const SPEED_SHARE: f64 = 0.6;
const EFFORT_SHARE: f64 = 0.7;
/// Ratio of the speed at the strike to the mean speed before.
const PEAK: f64 = 1.5;

/// The demonstration and its target.
#[derive(Clone, Debug)]
pub(super) struct FirstStroke {
    /// Control periods of a policy step.
    pub decimation: usize,
    /// Time of the strike, s.
    pub time: f64,
    /// Joint positions and velocities at the strike (n), rad or m.
    pub position: Vec<f64>,
    pub velocity: Vec<f64>,
    /// Joint positions at rest after the strike (n), rad or m.
    pub end: Vec<f64>,
    /// The tip's velocity at the strike, m/s.
    pub tip_velocity: Vector3<f64>,
    /// Target point of the strike, m.
    pub target: Point3<f64>,
    /// Distance by which the demonstration misses the target, m.
    pub miss: f64,
    /// Largest speeds of the demonstration (n), rad/s or m/s.
    pub peak_speed: Vec<f64>,
    /// Mean over the steps of the squared norm of the joint velocities, (rad/s)^2 or (m/s)^2, of the
    /// demonstration or of a stroke that hits the target, whichever is larger.
    pub squared_speed: f64,
    /// Mean squared efforts of the demonstration (n), N^2 or (N m)^2.
    pub squared_effort: Vec<f64>,
}

/// Joint displacements (n) that move the tip by `length` along `direction`. Each joint contributes
/// in proportion to its acceleration.
fn ways(start: &Start, direction: &Vector3<f64>, ease: f64, length: f64) -> DVector<f64> {
    let pull = start.jacobian.transpose() * direction;
    let acceleration = DVector::from_column_slice(&start.acceleration);
    pull.component_mul(&acceleration) * (length / ease)
}

impl FirstStroke {
    /// The first policy's feedback on each joint's acceleration, critically damped: stiffness,
    /// 1/s^2, and damping, 1/s.
    pub fn feedback(&self) -> (f64, f64) {
        let frequency = FREQUENCY / (self.time / STRIKE as f64 * STEPS as f64);
        (rounded(frequency * frequency), rounded(2. * frequency))
    }
}

/// The largest and fastest stroke within the limits. Striking its target must also be possible
/// within the limits.
///
/// # Errors
/// No stroke is within the limits.
pub(super) fn choose(arm: &Arm, limits: &Limits, start: &Start) -> Result<FirstStroke, InitError> {
    let none = || InitError::NoStroke { tip: arm.tip.clone() };
    let (directions, ease) = start.ease();
    if ease[0].is_nan() || ease[0] <= 1e-9 {
        return Err(none());
    }
    let reach = reach(arm, start);
    // The target is beside the strike if the tip can move aside, otherwise ahead of it.
    let aside = if ease[1] > 0.02 * ease[0] { 1 } else { 0 };
    for share in SHARES {
        for decimation in DECIMATIONS {
            for signs in [[1., 1.], [-1., 1.], [1., -1.], [-1., -1.]] {
                let way = share * WAY.min(reach / 4.) * signs[0];
                let miss = share.sqrt() * HAND.min(reach / 6.) * signs[1];
                let ahead = ways(start, &directions.column(0).into(), ease[0], way);
                let off = ways(start, &directions.column(aside).into(), ease[aside], miss);
                let plan = Plan { arm, limits, start, decimation };
                if let (Some(stroke), Some(hit)) = (plan.stroke(&ahead, &off), plan.stroke(&(&ahead + &off), &off)) {
                    let squared_speed = stroke.squared_speed.max(hit.squared_speed);
                    return Ok(FirstStroke { squared_speed, ..stroke });
                }
            }
        }
    }
    Err(none())
}

/// Estimated distance of the stretched-out tip from the arm's first joint, m. It is at least the
/// distance at the start posture.
fn reach(arm: &Arm, start: &Start) -> f64 {
    let model = &arm.model;
    let mut workspace = model.workspace();
    let zeros = vec![0.; model.dof()];
    let tip = |workspace: &mut Workspace, position: &[f64]| {
        model.kinematics(workspace, position, &zeros);
        arm.tip_at(workspace).coords
    };
    // The largest lever of a joint is the distance of the tip from the joint's axis.
    let lever = start.jacobian.column_iter().map(|column| column.norm()).fold(0., f64::max);
    let moved = (tip(&mut workspace, &zeros) - start.tip.coords).norm();
    lever.max(moved).max(0.05)
}

struct Plan<'a> {
    arm: &'a Arm,
    limits: &'a Limits,
    start: &'a Start,
    decimation: usize,
}

impl Plan<'_> {
    /// The stroke with these displacements, and its target `off` the strike. `None` if the stroke
    /// exceeds a limit.
    fn stroke(&self, ahead: &DVector<f64>, off: &DVector<f64>) -> Option<FirstStroke> {
        let step = PERIOD * self.decimation as f64;
        let (time, rest) = (step * STRIKE as f64, step * (STEPS - STRIKE) as f64);
        let n = ahead.len();
        let at = |j: usize, value: f64| ((self.start.position[j] + value) * 1e3).round() / 1e3;
        let position: Vec<f64> = (0..n).map(|j| at(j, ahead[j])).collect();
        let velocity: Vec<f64> = (0..n).map(|j| (PEAK * ahead[j] / time * 1e4).round() / 1e4).collect();
        let end: Vec<f64> = (0..n).map(|j| at(j, ahead[j] + 0.5 * velocity[j] * rest)).collect();
        let (q, v, model) = (&self.start.position, &velocity, &self.arm.model);
        let before: Vec<Quintic> = (0..n).map(|j| Quintic::new((q[j], 0.), (position[j], v[j]), time)).collect();
        let after: Vec<Quintic> = (0..n).map(|j| Quintic::new((position[j], v[j]), (end[j], 0.), rest)).collect();
        let mut workspace = model.workspace();
        let (mut squared, mut peak, mut squared_speed) = (vec![0.; n], vec![0_f64; n], 0.);
        for k in 0..=STEPS {
            let moment = step * k as f64;
            let states: Vec<(f64, f64, f64)> = (0..n)
                .map(|j| if moment <= time { before[j].at(moment) } else { after[j].at(moment - time) })
                .collect();
            let part = |of: fn(&(f64, f64, f64)) -> f64| states.iter().map(of).collect::<Vec<f64>>();
            let (q, qd, qdd) = (part(|s| s.0), part(|s| s.1), part(|s| s.2));
            let mut effort = vec![0.; n];
            model.inverse_dynamics(&mut workspace, &q, &qd, &qdd, &mut effort);
            for (j, limits) in self.limits.0.iter().enumerate() {
                let (lower, upper) = limits.range();
                let inside = 1.5 * limits.margin();
                let kept = lower + inside <= q[j]
                    && q[j] <= upper - inside
                    && qd[j].abs() <= SPEED_SHARE * limits.speed()
                    && effort[j].abs()
                        <= EFFORT_SHARE.max(self.start.gravity[j].abs() / self.start.effort[j] * 1.1)
                            * self.start.effort[j];
                if !kept {
                    return None;
                }
                peak[j] = peak[j].max(qd[j].abs());
                squared_speed += qd[j] * qd[j] / (STEPS + 1) as f64;
                squared[j] += effort[j] * effort[j] / (STEPS + 1) as f64;
            }
        }
        let mut tip = |offset: &dyn Fn(usize) -> f64| {
            let moved: Vec<f64> = (0..n).map(|j| position[j] + offset(j)).collect();
            model.kinematics(&mut workspace, &moved, &velocity);
            let tip = self.arm.tip_at(&workspace);
            (tip, model.velocity_at(&workspace, self.arm.frame, tip).0)
        };
        let (struck, tip_velocity) = tip(&|_| 0.);
        let target = tip(&|j| off[j]).0.map(|x| (x * 1e3).round() / 1e3);
        Some(FirstStroke {
            decimation: self.decimation,
            time,
            miss: (target - struck).norm(),
            position,
            velocity,
            end,
            tip_velocity: tip_velocity.map(|v| (v * 1e4).round() / 1e4),
            target,
            peak_speed: peak,
            squared_speed,
            squared_effort: squared,
        })
    }
}
