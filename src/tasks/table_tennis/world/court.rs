//! The court: table, net and floor, and the prediction of the ball's flight.

use super::ball::{Ball, Flight, time_of_zero};
use super::racket::{Crossing, Racket, Swing};
use moto_settings::{FieldError, Joints, check};
use nalgebra::{Vector2, Vector3};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The table. Its length is along x, its centre is above the origin, and the net stands at x = 0.
/// The robot is at negative x.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Table {
    /// Length along x.
    #[schemars(extend("minimum" = 0.1, "maximum" = 10, "x-unit" = "m"))]
    pub length: f64,
    /// Width along y.
    #[schemars(extend("minimum" = 0.1, "maximum" = 10, "x-unit" = "m"))]
    pub width: f64,
    /// Height of the surface above the floor.
    #[schemars(extend("minimum" = 0.1, "maximum" = 2, "x-unit" = "m"))]
    pub height: f64,
    /// Height of the net above the surface.
    #[schemars(extend("minimum" = 0, "maximum" = 1, "x-unit" = "m"))]
    pub net_height: f64,
    /// Length by which the net extends beyond each side.
    #[schemars(extend("minimum" = 0, "maximum" = 1, "x-unit" = "m"))]
    pub net_overhang: f64,
    /// Share of the vertical speed that a bounce returns.
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    pub restitution: f64,
    /// Share of the horizontal velocity that a bounce keeps.
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    pub retention: f64,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            length: 2.74,
            width: 1.525,
            height: 0.76,
            net_height: 0.1525,
            net_overhang: 0.1525,
            restitution: 0.88,
            retention: 0.92,
        }
    }
}

impl Table {
    /// Whether the point (x, y) is above the table.
    pub fn spans(&self, x: f64, y: f64) -> bool {
        x.abs() <= 0.5 * self.length && y.abs() <= 0.5 * self.width
    }
}

/// The predicted landing of a ball in free flight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Landing {
    /// Point at which the ball's centre passes the height of a ball on the table (x, y), m. The
    /// point may lie beside the table.
    pub point: Vector2<f64>,
    /// Time until the landing, s.
    pub time: f64,
    /// Whether the ball flies without touching the net.
    pub clears_net: bool,
}

/// An obstacle in free flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Obstacle {
    Table,
    Net,
    Floor,
}

/// The court: the flight of the ball, and the obstacles in its way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Court {
    /// The ball's flight.
    pub ball: Flight,
    /// The table and its net.
    pub table: Table,
    /// The racket.
    pub racket: Racket,
}

/// Vertical speed below which a ball rolls instead of bouncing, m/s. It bounds the number of
/// bounces in a step.
const ROLLING_SPEED: f64 = 0.02;
/// Longest prediction of a flight, s.
const HORIZON: f64 = 3.;
/// Number of contacts with the table after which a ball no longer counts as coming.
const MOST_CONTACTS: usize = 12;

impl Court {
    /// Share of the speed that the net returns.
    pub const NET_RESTITUTION: f64 = 0.1;

    /// Checks every parameter.
    ///
    /// # Errors
    /// The first parameter that is out of range.
    pub fn validate(&self) -> Result<(), FieldError> {
        check(self, Joints::Unknown)?;
        let Racket { reach, radius, normal, .. } = self.racket;
        if Vector3::from(normal).norm() < 1e-6 {
            return Err(FieldError::value("racket.normal", format!("{normal:?}"), "a direction, of a length above 0"));
        }
        if reach < radius {
            return Err(FieldError::value("racket.reach", reach, format!("at least racket.radius, {radius} m")));
        }
        Ok(())
    }

    /// Height of the centre of a ball on the table, m.
    pub fn surface(&self) -> f64 {
        self.table.height + self.ball.radius
    }

    /// Moves the ball by `dt` seconds (at most [`Flight::LONGEST_STEP`]), through obstacles in the
    /// order of contact. With a `swing`, which lasts `dt` too, returns the first crossing of the
    /// racket's plane, after an impact if the ball met the disc. `scatter` gives the velocity in x
    /// and y that a bounce adds, m/s.
    pub fn advance(
        &self,
        ball: &mut Ball,
        dt: f64,
        mut swing: Option<&Swing>,
        mut scatter: impl FnMut() -> Vector2<f64>,
    ) -> Option<Crossing> {
        let mut crossed = None;
        let mut elapsed = 0.;
        while elapsed < dt {
            let end = self.ball.after(ball, dt - elapsed);
            let obstacle = self.first_obstacle(ball, &end, dt - elapsed);
            let flight = obstacle.map_or(dt - elapsed, |(time, _)| time);
            let part = swing.map(|swing| swing.part(elapsed / dt, (elapsed + flight) / dt));
            if let Some(met) = part.and_then(|part| self.racket.crossing(&self.ball, &part, ball, flight)) {
                *ball = met.ball;
                if self.racket.hits(&met) {
                    ball.velocity = self.racket.rebound(&met);
                }
                elapsed += met.time;
                crossed = Some(Crossing { time: elapsed, ..met });
                swing = None;
                continue;
            }
            *ball = if obstacle.is_some() { self.ball.after(ball, flight) } else { end };
            elapsed += flight;
            match obstacle {
                None => break,
                Some((_, Obstacle::Floor)) => {
                    ball.position.z = self.ball.radius;
                    ball.velocity = Vector3::zeros();
                    break;
                }
                Some((_, Obstacle::Net)) => {
                    ball.position.x = 0.;
                    ball.velocity.x *= -Self::NET_RESTITUTION;
                }
                Some((_, Obstacle::Table)) => {
                    ball.position.z = self.surface();
                    ball.velocity.z *= -self.table.restitution;
                    if ball.velocity.z < ROLLING_SPEED {
                        ball.velocity.z = 0.;
                        ball.position += ball.velocity * (dt - elapsed);
                        break;
                    }
                    let scatter = scatter();
                    ball.velocity.x = self.table.retention * ball.velocity.x + scatter.x;
                    ball.velocity.y = self.table.retention * ball.velocity.y + scatter.y;
                }
            }
        }
        crossed
    }

    /// The first obstacle within `dt` of free flight to `end`, and the time of contact. The height
    /// rises and then falls, and x is monotonic, so comparing both ends of the flight misses no
    /// obstacle.
    fn first_obstacle(&self, ball: &Ball, end: &Ball, dt: f64) -> Option<(f64, Obstacle)> {
        let at = |time: f64| self.ball.after(ball, time);
        let falls_below = |height: f64| {
            (ball.position.z >= height && end.position.z < height)
                .then(|| time_of_zero(dt, |time| at(time).position.z - height))
        };
        let side = ball.position.x.signum();
        let net = (ball.position.x != 0. && side * end.position.x <= 0.)
            .then(|| time_of_zero(dt, |time| side * at(time).position.x))
            .filter(|&time| self.touches_net(&at(time)))
            .map(|time| (time, Obstacle::Net));
        let table = falls_below(self.surface())
            .filter(|&time| {
                let p = at(time).position;
                self.table.spans(p.x, p.y)
            })
            .map(|time| (time, Obstacle::Table));
        let floor = falls_below(self.ball.radius).map(|time| (time, Obstacle::Floor));
        [net, table, floor].into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// Whether a ball with its centre at x = 0 touches the net.
    fn touches_net(&self, ball: &Ball) -> bool {
        let height = ball.position.z - self.table.height;
        ball.position.y.abs() <= 0.5 * self.table.width + self.table.net_overhang
            && (0. ..self.table.net_height + self.ball.radius).contains(&height)
    }

    /// Whether [`Self::advance`] left the ball rolling on the table.
    pub(super) fn rolls(&self, ball: &Ball) -> bool {
        ball.velocity.z == 0. && ball.position.z == self.surface() && self.table.spans(ball.position.x, ball.position.y)
    }

    /// The ball after `duration` seconds without a racket, with bounces without scatter.
    pub fn predict(&self, ball: &Ball, duration: f64) -> Ball {
        let mut ball = *ball;
        let mut left = duration;
        while left > 0. {
            let dt = left.min(Flight::LONGEST_STEP);
            if self.rolls(&ball) {
                // The search for an immediate contact with the table would take long.
                ball.position += ball.velocity * dt;
            } else {
                self.advance(&mut ball, dt, None, Vector2::zeros);
            }
            left -= dt;
        }
        ball
    }

    /// Seconds until the ball, without a racket, passes the plane at `x` towards the robot. `None`
    /// if the ball has passed the plane, will not pass it `within` seconds (at most three), or
    /// rolls or hops along the table. Real-time safe, some microseconds: the search makes at most
    /// `100 within` steps and a few contacts.
    pub fn time_to_plane(&self, ball: &Ball, x: f64, within: f64) -> Option<f64> {
        let within = within.min(HORIZON);
        // A bounce does not speed a ball up along x. The last step may end later, and steps of the flight are
        // exact to 1e-9 m each.
        let farthest = self.ball.farthest(-ball.velocity.x, within + Flight::LONGEST_STEP);
        if ball.position.x - x > farthest + 1e-6 {
            return None;
        }
        let mut ball = *ball;
        let (mut elapsed, mut contacts) = (0., 0);
        while elapsed < within && ball.position.x > x && ball.velocity.x < 0. {
            let before = ball;
            self.advance(&mut ball, Flight::LONGEST_STEP, None, || {
                contacts += 1;
                Vector2::zeros()
            });
            if contacts > MOST_CONTACTS || self.rolls(&ball) {
                return None;
            }
            if ball.position.x <= x {
                return Some(
                    elapsed + time_of_zero(Flight::LONGEST_STEP, |time| self.predict(&before, time).position.x - x),
                );
            }
            elapsed += Flight::LONGEST_STEP;
        }
        None
    }

    /// The landing of the ball at the height of the table, if the ball meets neither table nor net
    /// before. `None` if the ball is below that height already, or stays above it for three
    /// seconds.
    pub fn landing(&self, ball: &Ball) -> Option<Landing> {
        let surface = self.surface();
        let mut ball = *ball;
        let mut clears_net = true;
        let mut elapsed = 0.;
        while elapsed < HORIZON && ball.position.z >= surface {
            let at = |time: f64| self.ball.after(&ball, time);
            let mut next = at(Flight::LONGEST_STEP);
            let lands = next.position.z < surface;
            let mut dt = Flight::LONGEST_STEP;
            if lands {
                dt = time_of_zero(dt, |time| at(time).position.z - surface);
                next = at(dt);
            }
            let side = ball.position.x.signum();
            if ball.position.x != 0. && side * next.position.x <= 0. {
                let time = time_of_zero(dt, |time| side * at(time).position.x);
                clears_net &= !self.touches_net(&at(time));
            }
            elapsed += dt;
            if lands {
                return Some(Landing { point: next.position.xy(), time: elapsed, clears_net });
            }
            ball = next;
        }
        None
    }

    /// Velocity that takes a ball in free flight from one point to another in `duration` seconds,
    /// by shooting.
    pub fn velocity_to_reach(&self, from: &Vector3<f64>, to: &Vector3<f64>, duration: f64) -> Vector3<f64> {
        let steps = (duration / Flight::LONGEST_STEP).ceil().max(1.);
        let mut velocity = (to - from) / duration;
        // The end moves by almost `duration` times the change of velocity, so the iteration is a
        // contraction. Its factor is the share lost to drag.
        for _ in 0..60 {
            let mut ball = Ball { position: *from, velocity };
            for _ in 0..steps as usize {
                ball = self.ball.after(&ball, duration / steps);
            }
            velocity += (to - ball.position) / duration;
        }
        velocity
    }
}

#[cfg(test)]
mod tests {
    use super::super::ball::STEPS;
    use super::*;
    use proptest::prelude::*;

    const PLANE: f64 = -1.55;

    /// The search before its steps were bounded.
    fn unbounded(court: &Court, ball: &Ball) -> Option<f64> {
        let mut ball = *ball;
        let mut elapsed = 0.;
        while elapsed < HORIZON && ball.position.x > PLANE && ball.velocity.x < 0. {
            let before = ball;
            court.advance(&mut ball, Flight::LONGEST_STEP, None, Vector2::zeros);
            if ball.position.x <= PLANE {
                let x = |time| court.predict(&before, time).position.x - PLANE;
                return Some(elapsed + time_of_zero(Flight::LONGEST_STEP, x));
            }
            elapsed += Flight::LONGEST_STEP;
        }
        None
    }

    fn steps<T>(call: impl FnOnce() -> T) -> (T, usize) {
        STEPS.set(0);
        let result = call();
        (result, STEPS.get())
    }

    /// Flying, hopping, rolling and resting balls, all over the court.
    fn grid() -> impl Iterator<Item = Ball> {
        let surface = Court::default().surface();
        let heights =
            [0.02, 0.5, surface - 1e-3, surface - 1e-9, surface, surface + 1e-9, surface + 1e-3, 0.9, 1.1, 2.];
        let over = [-1.5, -1.36, -0.5, 0., 1e-3, 1., 1.36, 1.5];
        let speeds = [-8., -3., -0.5, -0.05, -1e-3, 0., 0.1];
        let climbs = [-5., -1., -0.1, -1e-2, -1e-6, 0., 1e-6, 1e-2, 0.1, 1., 5.];
        over.into_iter().flat_map(move |x| {
            heights.into_iter().flat_map(move |z| {
                speeds.into_iter().flat_map(move |vx| {
                    climbs
                        .into_iter()
                        .map(move |vz| Ball { position: Vector3::new(x, 0.2, z), velocity: Vector3::new(vx, -0.3, vz) })
                })
            })
        })
    }

    #[test]
    fn the_steps_to_the_plane_are_bounded_whatever_the_ball_does() {
        let elastic = Table { restitution: 1., retention: 1., ..Table::default() };
        let courts = [Court::default(), Court { table: elastic, ..Court::default() }];
        let (mut most, mut worst) = (0, None);
        for court in &courts {
            for ball in grid() {
                let (_, count) = steps(|| court.time_to_plane(&ball, PLANE, HORIZON));
                if count > most {
                    (most, worst) = (count, Some(ball));
                }
            }
        }
        assert!(most <= 600, "{most} steps for {worst:?}");
    }

    proptest! {
        #[test]
        fn nor_for_a_ball_that_lies_on_the_table_and_is_seen_with_noise(
            x in -1.37..1.37_f64, noise in prop::array::uniform4(-0.05..0.05_f64)
        ) {
            let court = Court::default();
            let position = Vector3::new(x, 0.1, court.surface() + 0.02 * noise[0]);
            let ball = Ball { position, velocity: Vector3::new(noise[1], noise[2], noise[3]) };
            let (_, count) = steps(|| court.time_to_plane(&ball, PLANE, 0.57));
            prop_assert!(count <= 300, "{count}");
            let (_, count) = steps(|| court.predict(&ball, 0.1));
            prop_assert!(count <= 300, "{count}");
        }

        #[test]
        fn a_ball_that_cannot_arrive_in_time_costs_no_step(vx in -9.0..-2.0_f64, vz in -2.0..3.0_f64, beyond in 0.01..1.0_f64) {
            let court = Court::default();
            let position = Vector3::new(PLANE - vx * 0.6 + beyond, 0.1, 1.0);
            let ball = Ball { position, velocity: Vector3::new(vx, 0.2, vz) };
            let (time, count) = steps(|| court.time_to_plane(&ball, PLANE, 0.57));
            prop_assert_eq!((time, count), (None, 0));
        }

        #[test]
        fn nor_for_numbers_that_are_no_ball(values in prop::array::uniform6(prop::num::f64::ANY)) {
            let ball = Ball::from_slice(&values);
            let (_, count) = steps(|| Court::default().time_to_plane(&ball, PLANE, HORIZON));
            prop_assert!(count <= 2_000, "{count}");
        }

        #[test]
        fn a_ball_that_is_played_arrives_when_it_did_to_the_bit(
            y in -0.7..0.7_f64, z in 0.8..1.6_f64, vx in -9.0..-2.0_f64, vy in -1.5..1.5_f64, vz in -2.0..3.0_f64, x in 0.1..1.4_f64
        ) {
            let court = Court::default();
            let ball = Ball { position: Vector3::new(x, y, z), velocity: Vector3::new(vx, vy, vz) };
            let before = unbounded(&court, &ball);
            prop_assert_eq!(court.time_to_plane(&ball, PLANE, HORIZON), before);
            let within = 0.57;
            let triggers = court.time_to_plane(&ball, PLANE, within).is_some_and(|time| time <= within);
            prop_assert_eq!(triggers, before.is_some_and(|time| time <= within));
        }
    }
}
