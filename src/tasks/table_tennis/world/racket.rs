//! The racket as a moving disc, and its impact on the ball.

use super::ball::{Ball, Flight, time_of_zero};
use nalgebra::Vector3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of the racket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Racket {
    /// Link of the robot description that the racket is fixed to.
    pub link: String,
    /// Centre of the racket in the link's frame (x, y, z).
    #[schemars(extend("minimum" = -2, "maximum" = 2, "x-unit" = "m", "x-per" = "axis"))]
    pub offset: [f64; 3],
    /// Direction across the racket's faces in the link's frame (x, y, z), of any length above 0.
    /// Either face returns balls; the player strikes with the face that this direction leaves.
    #[schemars(extend("minimum" = -10, "maximum" = 10, "x-per" = "axis"))]
    pub normal: [f64; 3],
    /// Radius of the disc.
    #[schemars(extend("minimum" = 0.01, "maximum" = 0.5, "x-unit" = "m"))]
    pub radius: f64,
    /// Share of the normal relative speed that an impact returns. The racket counts as far heavier
    /// than the ball.
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    pub restitution: f64,
    /// Largest distance from the centre at which a ball that crosses the racket's plane passes the
    /// racket; at least the radius. A crossing further away is ignored, because a swing sweeps the
    /// plane over balls that are metres away.
    #[schemars(extend("minimum" = 0.01, "maximum" = 10, "x-unit" = "m"))]
    pub reach: f64,
}

impl Default for Racket {
    fn default() -> Self {
        let (offset, normal) = ([0.; 3], [1., 0., 0.]);
        Self { link: "racket".into(), offset, normal, radius: 0.08, restitution: 0.78, reach: 0.5 }
    }
}

/// Pose and motion of the racket in the world frame.
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
    /// Linear interpolation from `self` (`share` 0) to `other` (`share` 1). Over 2 ms the error on
    /// a swing is some micrometres.
    pub fn interpolate(&self, other: &Self, share: f64) -> Self {
        Self {
            centre: self.centre.lerp(&other.centre, share),
            normal: self.normal.lerp(&other.normal, share).normalize(),
            velocity: self.velocity.lerp(&other.velocity, share),
            angular_velocity: self.angular_velocity.lerp(&other.angular_velocity, share),
        }
    }

    /// Offset of a point from the centre within the racket's plane, m: to the side and up. Up is the
    /// plane's steepest direction, or x for a racket that lies flat.
    pub fn in_plane(&self, point: &Vector3<f64>) -> [f64; 2] {
        let steepest = |axis: Vector3<f64>| (axis - self.normal * self.normal.dot(&axis)).try_normalize(1e-3);
        let up = steepest(Vector3::z()).or_else(|| steepest(Vector3::x())).unwrap_or_default();
        let offset = point - self.centre;
        [offset.dot(&self.normal.cross(&up)), offset.dot(&up)]
    }

    /// Signed distance of a point from the racket's plane, m.
    pub fn height(&self, point: &Vector3<f64>) -> f64 {
        (point - self.centre).dot(&self.normal)
    }

    /// Distance of a point from the racket's centre within the racket's plane, m.
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
    /// The racket at the first reading.
    pub from: RacketState,
    /// The racket at the second reading.
    pub to: RacketState,
}

impl Swing {
    /// The part of the motion between two shares of its duration.
    pub fn part(&self, start: f64, end: f64) -> Self {
        Self { from: self.from.interpolate(&self.to, start), to: self.from.interpolate(&self.to, end) }
    }
}

/// The ball's arrival at the racket's plane: the ball's centre is one ball radius away from the
/// plane, on either side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossing {
    /// Seconds after the first reading.
    pub time: f64,
    /// In-plane distance of the ball's centre from the racket's, m.
    pub distance: f64,
    /// The ball at the crossing, before any impact.
    pub ball: Ball,
    /// The racket at the crossing.
    pub racket: RacketState,
}

impl Racket {
    /// The ball's crossing of the racket's plane within `dt` seconds and within the racket's reach.
    /// The method takes the ball at the first of two readings and the racket at both. It serves the
    /// simulation and the judging of recorded strokes.
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

    /// Whether the ball meets the disc at the crossing.
    pub fn hits(&self, crossing: &Crossing) -> bool {
        crossing.distance <= self.radius
    }

    /// Velocity of the ball after the impact, `v' = v - (1 + restitution) ((v - v_racket) . n) n`,
    /// with the racket's velocity at the point of contact. A ball that already moves away keeps its
    /// velocity.
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
