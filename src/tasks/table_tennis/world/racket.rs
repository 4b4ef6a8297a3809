//! The racket as a moving disc, and its meeting with the ball.

use super::ball::{Ball, Flight, time_of_zero};
use nalgebra::Vector3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the racket is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Racket {
    /// Link of the robot description whose origin is the racket's centre and whose x axis is its normal.
    pub link: String,
    /// Radius of the disc.
    #[schemars(extend("minimum" = 0.01, "maximum" = 0.5, "x-unit" = "m"))]
    pub radius: f64,
    /// Share of the normal relative speed that comes back. The racket is taken as far heavier than the ball.
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    pub restitution: f64,
    /// Distance from the centre within which a ball that crosses the racket's plane passes the racket; at least the
    /// radius. Beyond it the crossing means nothing: a swing sweeps the plane over balls that are metres away.
    #[schemars(extend("minimum" = 0.01, "maximum" = 10, "x-unit" = "m"))]
    pub reach: f64,
}

impl Default for Racket {
    fn default() -> Self {
        Self { link: "racket".into(), radius: 0.08, restitution: 0.78, reach: 0.5 }
    }
}

/// Where the racket is and how it moves, in the world frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RacketState {
    /// Centre, m.
    pub centre: Vector3<f64>,
    /// Unit normal.
    pub normal: Vector3<f64>,
    /// Velocity of the centre, m/s.
    pub velocity: Vector3<f64>,
    /// Angular velocity, rad/s.
    pub angular_velocity: Vector3<f64>,
}

impl RacketState {
    /// Linear interpolation, `share` 0 for `self` and 1 for `other`. Between two readings 2 ms apart a swing bends away
    /// from it by some micrometres.
    pub fn interpolate(&self, other: &Self, share: f64) -> Self {
        Self {
            centre: self.centre.lerp(&other.centre, share),
            normal: self.normal.lerp(&other.normal, share).normalize(),
            velocity: self.velocity.lerp(&other.velocity, share),
            angular_velocity: self.angular_velocity.lerp(&other.angular_velocity, share),
        }
    }

    /// Signed distance of a point from the racket's plane, m.
    pub fn height(&self, point: &Vector3<f64>) -> f64 {
        (point - self.centre).dot(&self.normal)
    }

    /// Distance of a point from the racket's centre within its plane, m.
    pub fn offset(&self, point: &Vector3<f64>) -> f64 {
        let from_centre = point - self.centre;
        (from_centre - self.normal * from_centre.dot(&self.normal)).norm()
    }

    /// Velocity of the racket's material at a point, m/s.
    pub fn velocity_at(&self, point: &Vector3<f64>) -> Vector3<f64> {
        self.velocity + self.angular_velocity.cross(&(point - self.centre))
    }
}

/// The racket's motion between two readings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Swing {
    /// At the first reading.
    pub from: RacketState,
    /// At the second.
    pub to: RacketState,
}

impl Swing {
    /// The part of the motion between two shares of its duration.
    pub fn part(&self, start: f64, end: f64) -> Self {
        Self { from: self.from.interpolate(&self.to, start), to: self.from.interpolate(&self.to, end) }
    }
}

/// The ball reaching the racket's plane: its centre one ball radius away from it, on either side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossing {
    /// Seconds after the first reading.
    pub time: f64,
    /// In-plane distance of the ball's centre from the racket's, m.
    pub distance: f64,
    /// The ball then, before any impact.
    pub ball: Ball,
    /// The racket then.
    pub racket: RacketState,
}

impl Racket {
    /// Whether the ball passes the racket within `dt` seconds: reaches its plane, within its reach. It takes the ball at the
    /// first of two readings and the racket at both, so that it serves the simulation and the judging of recorded strokes
    /// alike.
    pub fn crossing(&self, flight: &Flight, swing: &Swing, ball: &Ball, dt: f64) -> Option<Crossing> {
        let side = swing.from.height(&ball.position).signum();
        let gap = |racket: &RacketState, ball: &Ball| side * racket.height(&ball.position) - flight.radius;
        if gap(&swing.from, ball) <= 0. || gap(&swing.to, &flight.after(ball, dt)) > 0. {
            return None;
        }
        let at = |time: f64| (swing.from.interpolate(&swing.to, time / dt), flight.after(ball, time));
        let time = time_of_zero(dt, |time| {
            let (racket, ball) = at(time);
            gap(&racket, &ball)
        });
        let (racket, ball) = at(time);
        let distance = racket.offset(&ball.position);
        (distance <= self.reach).then_some(Crossing { time, distance, ball, racket })
    }

    /// Whether the ball meets the disc where it crosses its plane.
    pub fn hits(&self, crossing: &Crossing) -> bool {
        crossing.distance <= self.radius
    }

    /// Velocity of the ball after the impact: the normal part of its velocity relative to the racket's material at the
    /// point of contact is turned back, `v' = v - (1 + restitution) ((v - v_racket) . n) n`. A ball that already leaves
    /// keeps its velocity.
    pub fn rebound(&self, crossing: &Crossing) -> Vector3<f64> {
        let Crossing { ball, racket, .. } = crossing;
        let height = racket.height(&ball.position);
        let contact = ball.position - racket.normal * height;
        let approach = (ball.velocity - racket.velocity_at(&contact)).dot(&racket.normal);
        if approach * height > 0. {
            return ball.velocity;
        }
        ball.velocity - racket.normal * ((1. + self.restitution) * approach)
    }
}
