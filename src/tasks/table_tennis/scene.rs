//! The court as a scene, for simulators outside this program.

use nalgebra::{Isometry3, UnitQuaternion, Vector3};

use super::TableTennis;
use super::world::{Ball, Court};
use crate::tasks::{Obstacle, Paddle, Scene, ServedBall};

/// Mass of a ball, kg (ITTF Handbook 2023, law 2.3). Our own ball needs none: no racket yields to it.
const BALL_MASS: f64 = 0.0027;
/// Thickness of the table's top and of the net, m.
const TOP: f64 = 0.03;
const NET: f64 = 0.005;
/// Distance behind the hitting plane at which the ball waits, m: behind the robot.
const BEHIND: f64 = 2.5;
/// Step of a simulator, s.
const STEP: f64 = 0.001;
/// Longest flight to the hitting plane, s.
const LONGEST: f64 = 3.;

impl TableTennis {
    /// Table, net, racket and ball.
    pub(super) fn scene(&self) -> Scene {
        let (court, serve, plane) = (&self.config.court, self.serve(), self.config.stroke.hitting_plane);
        let Court { table, racket, ball } = court;
        let normal = Vector3::from(racket.normal);
        let turned = UnitQuaternion::rotation_between(&Vector3::z(), &normal)
            .unwrap_or_else(|| UnitQuaternion::from_axis_angle(&Vector3::x_axis(), std::f64::consts::PI));
        Scene {
            base: self.config.base.pose(),
            obstacles: vec![
                Obstacle {
                    name: "top",
                    centre: Vector3::z() * (table.height - 0.5 * TOP),
                    size: Vector3::new(table.length, table.width, TOP),
                    restitution: table.restitution,
                },
                Obstacle {
                    name: "net",
                    centre: Vector3::z() * (table.height + 0.5 * table.net_height),
                    size: Vector3::new(NET, table.width + 2. * table.net_overhang, table.net_height),
                    restitution: Court::NET_RESTITUTION,
                },
            ],
            paddle: Some(Paddle {
                link: racket.link.clone(),
                pose: Isometry3::from_parts(racket.offset.into(), turned),
                radius: racket.radius,
                restitution: racket.restitution,
            }),
            ball: Some(ServedBall {
                radius: ball.radius,
                mass: BALL_MASS,
                linear_drag: linear_drag(court, &Ball { position: serve.position, velocity: serve.velocity }, plane),
                position: serve.position,
                velocity: serve.velocity,
                waits: [plane - BEHIND, 0.],
            }),
        }
    }
}

/// The linear drag, 1/s, with which a served ball passes the hitting plane most like our own, which has a quadratic drag and
/// loses horizontal velocity at the bounce: a ball without spin and friction does not. Errors of 1 cm and of 0.1 m/s weigh the
/// same. A serve that never passes the plane gets its drag at the start.
fn linear_drag(court: &Court, serve: &Ball, plane: f64) -> f64 {
    let at_start = court.ball.drag * serve.velocity.norm();
    let Some(time) = court.time_to_plane(serve, plane, LONGEST) else { return at_start };
    let ours = court.predict(serve, time);
    let error = |k: f64| {
        let Some(ball) = passes(court, serve, plane, k) else { return f64::INFINITY };
        let (place, speed) = ((ball.position - ours.position).yz() / 0.01, (ball.velocity - ours.velocity) / 0.1);
        place.norm_squared() + speed.norm_squared()
    };
    // The error falls and then rises with the drag.
    let (mut low, mut high) = (0., 2. * at_start);
    for _ in 0..40 {
        let (left, right) = (low + (high - low) / 3., high - (high - low) / 3.);
        if error(left) < error(right) { high = right } else { low = left }
    }
    0.5 * (low + high)
}

/// A ball with linear drag as it passes a plane, by semi-implicit Euler steps, with which simulators move bodies.
fn passes(court: &Court, serve: &Ball, plane: f64, k: f64) -> Option<Ball> {
    let mut ball = *serve;
    for _ in 0..(LONGEST / STEP) as usize {
        ball.velocity -= (ball.velocity * k + Vector3::z() * court.ball.gravity) * STEP;
        ball.position += ball.velocity * STEP;
        if ball.position.z < court.surface() && ball.velocity.z < 0. {
            ball.velocity.z *= -court.table.restitution;
        }
        if ball.position.x <= plane {
            return Some(ball);
        }
    }
    None
}
