//! The ball against closed forms, and against its own finer steps.

use moto_controller::tasks::table_tennis::world::{Ball, Court, Flight, Swing};
use nalgebra::{Vector2, Vector3};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const DT: f64 = 0.002;

/// The same cases each time.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() }
}

fn ball(position: [f64; 3], velocity: [f64; 3]) -> Ball {
    Ball { position: position.into(), velocity: velocity.into() }
}

fn court(drag: f64) -> Court {
    Court { ball: Flight { drag, ..Flight::default() }, ..Court::default() }
}

fn fly(flight: &Flight, mut ball: Ball, dt: f64, steps: usize) -> Ball {
    for _ in 0..steps {
        ball = flight.after(&ball, dt);
    }
    ball
}

/// Advances without racket and without scatter.
fn advance(court: &Court, ball: &mut Ball, dt: f64) {
    assert!(court.advance(ball, dt, None, Vector2::zeros).is_none());
}

fn assert_near(a: &Vector3<f64>, b: &Vector3<f64>, tolerance: f64) {
    assert!((a - b).norm() <= tolerance, "{a} is not within {tolerance} of {b}");
}

#[test]
fn without_drag_the_flight_is_a_parabola() {
    let (start, g) = (ball([0.3, -0.2, 5.], [-3., 1.5, 2.]), 9.81);
    let end = fly(&court(0.).ball, start, DT, 400);
    let t = 0.8;
    assert_near(&end.position, &(start.position + start.velocity * t - Vector3::z() * (0.5 * g * t * t)), 1e-12);
    assert_near(&end.velocity, &(start.velocity - Vector3::z() * (g * t)), 1e-12);
}

#[test]
fn vertical_flight_with_drag_matches_its_closed_form() {
    let flight = Flight::default();
    let terminal = (flight.gravity / flight.drag).sqrt();
    let rate = flight.gravity / terminal;
    let t = 0.8;
    let fallen = fly(&flight, ball([0., 0., 10.], [0.; 3]), DT, 400);
    assert_near(&fallen.velocity, &Vector3::new(0., 0., -terminal * (rate * t).tanh()), 1e-11);
    assert_near(&fallen.position, &Vector3::new(0., 0., 10. - terminal / rate * (rate * t).cosh().ln()), 1e-11);
    let up = 9.0_f64;
    let phase = (up / terminal).atan();
    let t = 0.6;
    let risen = fly(&flight, ball([0., 0., 1.], [0., 0., up]), DT, 300);
    assert!(phase > rate * t, "still rising");
    assert_near(&risen.velocity, &Vector3::new(0., 0., terminal * (phase - rate * t).tan()), 1e-11);
    let height = terminal / rate * ((phase - rate * t).cos() / phase.cos()).ln();
    assert_near(&risen.position, &Vector3::new(0., 0., 1. + height), 1e-11);
}

#[test]
fn horizontal_flight_with_drag_matches_its_closed_form() {
    let flight = Flight { gravity: 0., ..Flight::default() };
    let (v, t, k) = (7., 0.8, flight.drag);
    let direction = Vector3::new(-0.6, 0.8, 0.);
    let end = fly(&flight, Ball { position: Vector3::zeros(), velocity: direction * v }, DT, 400);
    assert_near(&end.velocity, &(direction * (v / (1. + k * v * t))), 1e-11);
    assert_near(&end.position, &(direction * ((1. + k * v * t).ln() / k)), 1e-11);
}

#[test]
fn the_longest_step_is_as_accurate_as_promised() {
    let flight = Flight::default();
    let start = ball([0., 0., 5.], [-9., 3., 4.]);
    let coarse = flight.after(&start, Flight::LONGEST_STEP);
    let fine = fly(&flight, start, Flight::LONGEST_STEP / 100., 100);
    assert_near(&coarse.position, &fine.position, 1e-9);
    // Fourth order: half the step, a sixteenth of the error.
    let error = |steps: usize| {
        let exact = fly(&flight, start, 0.4 / 1000., 1000);
        (fly(&flight, start, 0.4 / steps as f64, steps).velocity - exact.velocity).norm()
    };
    let ratio = error(2) / error(4);
    assert!((12. ..24.).contains(&ratio), "{ratio}");
}

#[test]
fn energy_stays_without_drag_and_falls_with_it() {
    let energy = |ball: &Ball| 0.5 * ball.velocity.norm_squared() + 9.81 * ball.position.z;
    let start = ball([0., 0., 5.], [-4., 1., 3.]);
    let mut free = start;
    let mut dragged = start;
    for _ in 0..400 {
        free = court(0.).ball.after(&free, DT);
        assert!((energy(&free) - energy(&start)).abs() < 1e-11);
        let next = Flight::default().after(&dragged, DT);
        assert!(energy(&next) < energy(&dragged));
        dragged = next;
    }
}

proptest! {
    #![proptest_config(cases(64))]

    /// Whatever the phase of the steps, a dropped ball bounces as the closed form says.
    #[test]
    fn a_dropped_ball_bounces_as_the_closed_form_says(
        height in 0.05..2.0f64, vx in -1.0..1.0f64, vy in -0.5..0.5f64, dt in 0.0005..0.01f64,
    ) {
        let court = court(0.);
        let (g, e, keep) = (9.81, court.table.restitution, court.table.retention);
        let start = ball([-0.7, 0.1, court.surface() + height], [vx, vy, 0.]);
        let down = (2. * height / g).sqrt();
        let up = e * (2. * g * height).sqrt();
        let after = 0.9 * up / g; // short of the top
        let steps = ((down + after) / dt).ceil();
        let mut end = start;
        for _ in 0..steps as usize {
            advance(&court, &mut end, (down + after) / steps);
        }
        let xy = Vector2::new(vx, vy);
        let point = start.position.xy() + xy * (down + keep * after);
        let z = court.surface() + up * after - 0.5 * g * after * after;
        assert_near(&end.position, &Vector3::new(point.x, point.y, z), 1e-9);
        assert_near(&end.velocity, &Vector3::new(keep * vx, keep * vy, up - g * after), 1e-9);
    }

    /// A ball above the table never gets into it, at any speed and step; and it stays out of the floor.
    #[test]
    fn nothing_tunnels_through_table_and_floor(
        x in -1.3..1.3f64, y in -0.7..0.7f64, z in 0.8..2.0f64,
        vx in -60.0..60.0f64, vy in -60.0..60.0f64, vz in -200.0..20.0f64, dt in 0.0001..0.01f64,
    ) {
        let court = Court::default();
        let mut ball = ball([x, y, z], [vx, vy, vz]);
        for _ in 0..1000 {
            advance(&court, &mut ball, dt);
            let p = ball.position;
            prop_assert!(p.z >= court.ball.radius - 1e-9);
            prop_assert!(!court.table.spans(p.x, p.y) || p.z >= court.surface() - 1e-9, "{p}");
        }
    }

    /// A ball aimed at the net comes back from it, at any speed and step.
    #[test]
    fn nothing_tunnels_through_the_net(
        speed in 3.0..150.0f64, side in prop::sample::select(vec![-1.0, 1.0]), y in -0.85..0.85f64,
        above in 0.03..0.14f64, dt in 0.0001..0.01f64,
    ) {
        let court = Court { ball: Flight { gravity: 0., drag: 0., ..Flight::default() }, ..Court::default() };
        let mut ball = ball([side * 0.3, y, court.table.height + above], [-side * speed, 0., 0.]);
        for _ in 0..(0.4 / speed / dt).ceil() as usize {
            advance(&court, &mut ball, dt);
        }
        prop_assert!(ball.position.x * side >= 0. && ball.velocity.x * side > 0., "{ball:?}");
    }

    /// The size of the step changes nothing but rounding, bounces included.
    #[test]
    fn steps_of_any_size_agree(dvx in -0.5..0.5f64, dvy in -0.3..0.3f64, dvz in -0.3..0.3f64, dt in 0.0003..0.01f64) {
        let court = Court::default();
        let start = ball([1.3, 0.25, 1.05], [-4.8 + dvx, -1.15 + dvy, 1.6 + dvz]);
        let duration = 0.7;
        let steps = (duration / dt).ceil();
        let mut end = start;
        for _ in 0..steps as usize {
            advance(&court, &mut end, duration / steps);
        }
        let reference = court.predict(&start, duration);
        prop_assert!(reference.velocity.z > -3., "has bounced");
        assert_near(&end.position, &reference.position, 1e-8);
        assert_near(&end.velocity, &reference.velocity, 1e-7);
    }
}

#[test]
fn a_ball_beside_the_table_or_over_the_net_flies_on() {
    let court = court(0.);
    let edge = 0.5 * court.table.length;
    for (x, bounces) in [(edge - 1e-6, true), (edge + 1e-6, false)] {
        let mut ball = ball([x, 0., court.surface() + 0.001], [0., 0., -1.]);
        advance(&court, &mut ball, DT);
        assert_eq!(ball.velocity.z > 0., bounces, "at x = {x}");
    }
    let top = court.table.height + court.table.net_height + court.ball.radius;
    let post = 0.5 * court.table.width + court.table.net_overhang;
    for (y, z, passes) in
        [(0., top + 0.001, true), (0., top - 0.001, false), (post + 0.01, 0.85, true), (post - 0.01, 0.85, false)]
    {
        let mut ball = ball([-0.001, y, z], [5., 0., 0.]);
        advance(&court, &mut ball, DT);
        assert_eq!(ball.position.x > 0., passes, "at y = {y}, z = {z}");
    }
}

#[test]
fn what_a_step_meets_is_met_in_order() {
    // First the table, then, on the rebound, the net: the ball must come back from it, having bounced.
    let court = Court { ball: Flight { gravity: 0., drag: 0., ..Flight::default() }, ..Court::default() };
    let mut both = ball([-0.01, 0., court.surface() + 0.005], [10., 0., -10.]);
    advance(&court, &mut both, DT);
    assert!(both.velocity.z > 0. && both.velocity.x < 0.);
    // The table is met 0.5 ms in, the net 0.54 ms later, the table having taken 8 % of the speed.
    let to_net = (0.01 - 0.005) / (10. * court.table.retention);
    let left = DT - 0.0005 - to_net;
    assert_near(
        &both.position,
        &Vector3::new(both.velocity.x * left, 0., court.surface() + 8.8 * (DT - 0.0005)),
        1e-12,
    );
}

#[test]
fn a_ball_comes_to_rest_on_the_floor_and_rolls_off_the_table() {
    let court = Court::default();
    let mut ball = ball([1.3, 0.2, 0.785], [0.2, 0., 0.]);
    for _ in 0..10_000 {
        advance(&court, &mut ball, DT);
    }
    assert!((ball.position.z - court.ball.radius).abs() < 1e-12);
    assert!(ball.position.x > 0.5 * court.table.length);
    assert_eq!(ball.velocity, Vector3::zeros());
}

#[test]
fn scatter_is_added_at_the_bounce_and_only_there() {
    let court = court(0.);
    let mut bounces = 0;
    let mut ball = ball([-0.5, 0., 1.], [1., 0.5, 0.]);
    for _ in 0..150 {
        court.advance(&mut ball, DT, None, || {
            bounces += 1;
            Vector2::new(0.3, -0.2)
        });
    }
    assert_eq!(bounces, 1);
    assert_near(&ball.velocity, &Vector3::new(0.92 + 0.3, 0.46 - 0.2, ball.velocity.z), 1e-12);
}

#[test]
fn predictions_equal_the_truth() {
    let court = Court::default();
    let serve = ball([1.3, 0.25, 1.05], [-4.8, -1.15, 1.6]);
    let arrival = court.time_to_plane(&serve, -1.55, 3.).unwrap();
    let mut truth = serve;
    let steps = 371;
    for _ in 0..steps {
        advance(&court, &mut truth, arrival / f64::from(steps));
    }
    assert!((truth.position.x + 1.55).abs() < 1e-8);
    assert_eq!(court.time_to_plane(&ball([-1.6, 0., 1.], [-4., 0., 0.]), -1.55, 3.), None, "behind the plane");
    assert_eq!(court.time_to_plane(&ball([0., 0., 1.], [4., 0., 0.]), -1.55, 3.), None, "flying away");
    assert_eq!(court.time_to_plane(&ball([0.5, 0., 1.], [-0.05, 0., 0.]), -1.55, 3.), None, "too slow to arrive");

    let returned = ball([-1.4, -0.4, 1.07], [5.2, 1., 1.7]);
    let landing = court.landing(&returned).unwrap();
    assert!(landing.clears_net);
    let mut truth = returned;
    let steps = 200;
    for step in 1..=steps {
        assert!(truth.velocity.z > -4.);
        advance(&court, &mut truth, landing.time * (1. - 1e-9) / f64::from(steps));
        assert!(step == steps || truth.position.z > court.surface() + 1e-3);
    }
    assert!((truth.position.z - court.surface()).abs() < 1e-7);
    assert!((truth.position.xy() - landing.point).norm() < 1e-7);

    let low = court.landing(&ball([-1.4, 0., 0.9], [5., 0., 1.2])).unwrap();
    assert!(!low.clears_net && low.point.x > 0.);
    assert_eq!(court.landing(&ball([-1.4, 0., 0.7], [5., 0., 0.5])), None, "below the table already");
}

#[test]
fn shooting_reaches_its_target() {
    let court = Court::default();
    let (from, to) = (Vector3::new(-1.55, -0.43, 1.01), Vector3::new(0.75, 0., court.surface()));
    let velocity = court.velocity_to_reach(&from, &to, 0.5);
    let landing = court.landing(&Ball { position: from, velocity }).unwrap();
    assert!((landing.point - to.xy()).norm() < 1e-9 && (landing.time - 0.5).abs() < 1e-9);
}

/// Numbers of the prototype that this table and serve come from.
#[test]
fn the_serve_is_where_the_prototype_had_it() {
    let court = Court::default();
    let mut serve = ball([1.3, 0.25, 1.05], [-4.8, -1.15, 1.6]);
    for step in 1..=86 {
        advance(&court, &mut serve, DT);
        assert_eq!(court.time_to_plane(&serve, -1.55, 3.).unwrap() <= 0.57, step == 86, "at step {step}");
    }
    assert_near(&serve.position, &Vector3::new(0.515, 0.062, 1.171), 1e-3);
    assert_near(&serve.velocity, &Vector3::new(-4.349, -1.042, -0.160), 2e-3);
}

#[test]
fn a_racket_in_the_way_changes_nothing_before_it_is_met() {
    let court = Court::default();
    let start = ball([-1., 0., 1.3], [-4., 0., 0.]);
    let still = moto_controller::tasks::table_tennis::world::RacketState {
        centre: Vector3::new(-1.5, 0., 1.25),
        normal: Vector3::x(),
        velocity: Vector3::zeros(),
        angular_velocity: Vector3::zeros(),
    };
    let (mut with, mut without) = (start, start);
    for _ in 0..50 {
        court.advance(&mut with, DT, Some(&Swing { from: still, to: still }), Vector2::zeros);
        advance(&court, &mut without, DT);
        assert_near(&with.position, &without.position, 1e-12);
    }
}
