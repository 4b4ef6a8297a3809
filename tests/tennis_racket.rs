//! The impact formula, and the swept meeting of ball and racket against brute force.

use moto_controller::dynamics::Model;
use moto_controller::tasks::table_tennis::world::{
    Ball, Base, Court, Crossing, Flight, Racket, RacketArm, RacketState, Swing,
};
use nalgebra::{DMatrix, Rotation3, Unit, Vector2, Vector3};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The same cases each time.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() }
}

fn vector(range: f64) -> impl Strategy<Value = Vector3<f64>> {
    prop::array::uniform3(-range..range).prop_map(Vector3::from)
}

fn direction() -> impl Strategy<Value = Vector3<f64>> {
    vector(1.).prop_filter("has a direction", |v| v.norm() > 0.1).prop_map(|v| v.normalize())
}

/// A ball that touches a racket on the side of its normal, away from its centre.
fn touching() -> impl Strategy<Value = Crossing> {
    (direction(), vector(2.), vector(6.), vector(10.), vector(0.05)).prop_map(
        |(normal, velocity, ball_velocity, angular_velocity, off_centre)| {
            let racket = RacketState { centre: Vector3::new(-1.5, -0.4, 1.), normal, velocity, angular_velocity };
            let in_plane = off_centre - normal * off_centre.dot(&normal);
            let ball = Ball { position: racket.centre + in_plane + normal * 0.02, velocity: ball_velocity };
            Crossing { time: 0., distance: in_plane.norm(), ball, racket }
        },
    )
}

/// Velocity of the ball relative to the racket's material under it.
fn relative(crossing: &Crossing, velocity: Vector3<f64>) -> Vector3<f64> {
    let contact = crossing.ball.position - crossing.racket.normal * crossing.racket.height(&crossing.ball.position);
    velocity - crossing.racket.velocity_at(&contact)
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn an_impact_turns_the_normal_part_back_and_keeps_the_rest(crossing in touching()) {
        let racket = Racket::default();
        let n = crossing.racket.normal;
        let before = relative(&crossing, crossing.ball.velocity);
        let after = relative(&crossing, racket.rebound(&crossing));
        if before.dot(&n) < 0. {
            prop_assert!((after.dot(&n) + racket.restitution * before.dot(&n)).abs() < 1e-12);
        } else {
            prop_assert_eq!(after, before);
        }
        prop_assert!((after - n * after.dot(&n) - (before - n * before.dot(&n))).norm() < 1e-12);
    }

    #[test]
    fn an_impact_is_the_same_in_every_inertial_frame(crossing in touching(), frame in vector(5.)) {
        let racket = Racket::default();
        let mut moving = crossing;
        moving.ball.velocity += frame;
        moving.racket.velocity += frame;
        prop_assert!((racket.rebound(&moving) - frame - racket.rebound(&crossing)).norm() < 1e-12);
    }

    #[test]
    fn both_faces_and_all_directions_are_alike(crossing in touching(), axis in direction(), angle in 0.0..3.0f64) {
        let racket = Racket::default();
        let mut other_face = crossing;
        other_face.racket.normal = -crossing.racket.normal;
        prop_assert!((racket.rebound(&other_face) - racket.rebound(&crossing)).norm() < 1e-12);

        let turn = Rotation3::from_axis_angle(&Unit::new_normalize(axis), angle);
        let mut turned = crossing;
        turned.ball = Ball { position: turn * crossing.ball.position, velocity: turn * crossing.ball.velocity };
        turned.racket = RacketState {
            centre: turn * crossing.racket.centre,
            normal: turn * crossing.racket.normal,
            velocity: turn * crossing.racket.velocity,
            angular_velocity: turn * crossing.racket.angular_velocity,
        };
        prop_assert!((racket.rebound(&turned) - turn * racket.rebound(&crossing)).norm() < 1e-11);
    }

    #[test]
    fn a_lossless_still_racket_reflects(crossing in touching()) {
        let racket = Racket { restitution: 1., ..Racket::default() };
        let mut still = crossing;
        still.racket.velocity = Vector3::zeros();
        still.racket.angular_velocity = Vector3::zeros();
        let after = racket.rebound(&still);
        prop_assert!((after.norm() - still.ball.velocity.norm()).abs() < 1e-12);
        // Reflecting the way back gives the way here.
        let mut back = still;
        back.ball.velocity = -after;
        if still.ball.velocity.dot(&still.racket.normal) < 0. {
            prop_assert!((racket.rebound(&back) + still.ball.velocity).norm() < 1e-12);
        }
    }
}

/// A racket that moves and turns steadily, at time `t`.
fn swinging(start: &RacketState, t: f64) -> RacketState {
    let turn = Rotation3::new(start.angular_velocity * t);
    RacketState { centre: start.centre + start.velocity * t, normal: turn * start.normal, ..*start }
}

/// A racket facing a ball that flies into it from up to 30 cm away, sometimes past its rim.
fn meeting() -> impl Strategy<Value = (RacketState, Ball)> {
    (vector(0.4), vector(3.), vector(8.), vector(2.), vector(0.12), 2.0..80.0f64, 0.05..0.3f64, prop::bool::ANY)
        .prop_map(|(tilt, velocity, angular_velocity, sideways, aim, speed, distance, backhand)| {
            let centre = Vector3::new(-1.5, -0.4, 1.1);
            let normal = (Vector3::x() + tilt).normalize() * if backhand { -1. } else { 1. };
            let racket = RacketState { centre, normal, velocity, angular_velocity };
            let ball_velocity = velocity + sideways - Vector3::x() * speed;
            (racket, Ball { position: centre + aim + Vector3::x() * distance, velocity: ball_velocity })
        })
}

proptest! {
    #![proptest_config(cases(48))]

    /// The sweep between two readings finds what steps five hundred times finer find.
    #[test]
    fn the_swept_meeting_agrees_with_brute_force((start, ball) in meeting(), dt in 0.0005..0.004f64) {
        prop_assume!(start.height(&ball.position).abs() > 0.04);
        let (racket, flight) = (Racket { reach: 10., ..Racket::default() }, Flight::default());
        let swept = sweep(&racket, &flight, &start, ball, dt);
        let fine = 1e-6;
        let mut found = None;
        let mut now = ball;
        let side = start.height(&ball.position).signum();
        for step in 0..200_000 {
            let t = f64::from(step) * fine;
            if side * swinging(&start, t).height(&now.position) <= flight.radius {
                found = Some((t, swinging(&start, t).offset(&now.position)));
                break;
            }
            now = flight.after(&now, fine);
        }
        match (swept, found) {
            (None, None) => (),
            (Some((time, distance)), Some((fine_time, fine_distance))) => {
                // A chord instead of the arc over 4 ms at 14 rad/s and half a metre: below 0.3 mm.
                prop_assert!((time - fine_time).abs() < 2e-4, "{time} {fine_time}");
                prop_assert!((distance - fine_distance).abs() < 3e-3, "{distance} {fine_distance}");
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }

    /// However the time is cut, the ball meets the racket once, at the same instant and place.
    #[test]
    fn the_phase_of_the_steps_does_not_matter((start, ball) in meeting(), dt in 0.0005..0.002f64, phase in 0.0..1.0f64) {
        let (racket, flight) = (Racket { reach: 10., ..Racket::default() }, Flight::default());
        let shifted = flight.after(&ball, phase * dt);
        let later = swinging(&start, phase * dt);
        let side = start.height(&ball.position).signum();
        prop_assume!(side * later.height(&shifted.position) > 0.03 && side * start.height(&ball.position) > 0.03);
        let one = sweep(&racket, &flight, &start, ball, dt);
        let other = sweep(&racket, &flight, &later, shifted, dt);
        let last = one.or(other).is_some_and(|(time, _)| time > 0.19);
        prop_assert!(last || one.is_some() == other.is_some(), "{one:?} {other:?}");
        if let (Some((time, distance)), Some((other_time, other_distance))) = (one, other) {
            prop_assert!((time - other_time - phase * dt).abs() < 1e-4);
            prop_assert!((distance - other_distance).abs() < 2e-3);
        }
    }
}

/// First meeting within 0.2 s, and how far from the centre.
fn sweep(racket: &Racket, flight: &Flight, start: &RacketState, mut ball: Ball, dt: f64) -> Option<(f64, f64)> {
    for step in 0..(0.2 / dt) as usize {
        let t = step as f64 * dt;
        let swing = Swing { from: swinging(start, t), to: swinging(start, t + dt) };
        if let Some(crossing) = racket.crossing(flight, &swing, &ball, dt) {
            return Some((t + crossing.time, crossing.distance));
        }
        ball = flight.after(&ball, dt);
    }
    None
}

fn steady(centre: Vector3<f64>, velocity: Vector3<f64>, dt: f64) -> Swing {
    let from = RacketState { centre, normal: Vector3::x(), velocity, angular_velocity: Vector3::zeros() };
    Swing { from, to: RacketState { centre: centre + velocity * dt, ..from } }
}

#[test]
fn a_ball_is_struck_within_the_step_in_which_it_is_met() {
    let court = Court { ball: Flight { gravity: 0., drag: 0., ..Flight::default() }, ..Court::default() };
    let (racket_speed, ball_speed, dt) = (2., 4., 0.002);
    let centre = Vector3::new(-1.5, 0., 1.1);
    let swing = steady(centre, Vector3::x() * racket_speed, dt);
    let gap = 0.006;
    let start = Ball { position: centre + Vector3::x() * (gap + 0.02), velocity: -Vector3::x() * ball_speed };
    let mut ball = start;
    let crossing = court.advance(&mut ball, dt, Some(&swing), Vector2::zeros).unwrap();
    let time = gap / (racket_speed + ball_speed);
    let speed = ball_speed * 0.78 + racket_speed * 1.78;
    assert!((crossing.time - time).abs() < 1e-12 && crossing.distance < 1e-12);
    assert!((ball.velocity - Vector3::x() * speed).norm() < 1e-12);
    let x = start.position.x - ball_speed * time + speed * (dt - time);
    assert!((ball.position.x - x).abs() < 1e-12);
}

#[test]
fn a_miss_is_reported_and_the_ball_flies_on() {
    let court = Court { ball: Flight { gravity: 0., drag: 0., ..Flight::default() }, ..Court::default() };
    let centre = Vector3::new(-1.5, 0., 1.1);
    let swing = steady(centre, Vector3::zeros(), 0.002);
    for (offset, hit, met) in [(0.079, true, true), (0.081, false, true), (0.49, false, true), (0.51, false, false)] {
        let mut ball = Ball { position: centre + Vector3::new(0.021, 0., offset), velocity: -Vector3::x() * 4. };
        let crossing = court.advance(&mut ball, 0.002, Some(&swing), Vector2::zeros);
        assert_eq!(crossing.is_some(), met, "at {offset}");
        assert_eq!(ball.velocity.x > 0., hit, "at {offset}");
        assert!(crossing.is_none_or(|crossing| (crossing.distance - offset).abs() < 1e-12));
    }
}

const WAM: &str = include_str!("../urdf/wam_table_tennis.urdf");

/// The racket on an arm at the same state each time, and its Jacobian.
fn held(urdf: &str, base: &Base, racket: &Racket) -> (RacketState, DMatrix<f64>) {
    let arm = RacketArm::new(Model::from_urdf_str(urdf).unwrap(), base, racket).unwrap();
    let mut workspace = arm.model().workspace();
    let q = [0.3, -0.7, 1.1, 1.4, -0.9, 0.5, 0.8];
    let state = arm.racket(&mut workspace, &q, &[0.5, -1., 0.7, 2., -3., 1.5, 4.]);
    let mut jacobian = DMatrix::zeros(6, 7);
    arm.model().jacobian(&workspace, arm.racket_frame(), state.centre.into(), &mut jacobian);
    (state, jacobian)
}

#[track_caller]
fn are_equal((a, a_jacobian): &(RacketState, DMatrix<f64>), (b, b_jacobian): &(RacketState, DMatrix<f64>)) {
    let differences =
        [a.centre - b.centre, a.normal - b.normal, a.velocity - b.velocity, a.angular_velocity - b.angular_velocity];
    assert!(differences.iter().all(|difference| difference.norm() < 1e-12), "{a:?} {b:?}");
    assert!((a_jacobian - b_jacobian).norm() < 1e-12);
}

/// The racket may be a link of its own, or a point and a direction on another link.
#[test]
fn a_racket_is_a_link_or_a_point_and_a_direction_on_one() {
    let own = held(WAM, &Base::default(), &Racket::default());
    let on_flange =
        Racket { link: "wam_link_7".into(), offset: [0., 0., 0.24], normal: [3., 0., 0.], ..Racket::default() };
    are_equal(&own, &held(WAM, &Base::default(), &on_flange));
    let beside = Racket { offset: [0., 0.01, 0.24], normal: [3., 0.5, 0.], ..on_flange };
    let other = held(WAM, &Base::default(), &beside).0;
    assert!((other.centre - own.0.centre).norm() > 0.009 && (other.normal - own.0.normal).norm() > 0.1);
}

/// The place of the arm is a fixed joint that the description lacks.
#[test]
fn an_arm_is_placed_as_by_a_fixed_joint() {
    let mount = "<link name=\"hall\"/><joint name=\"mount\" type=\"fixed\"><parent link=\"hall\"/><child link=\"wam_base\"/>\
                 <origin xyz=\"-1.9 0.2 0.4\" rpy=\"0 0 0.6\"/></joint></robot>";
    let mounted = held(&WAM.replace("</robot>", mount), &Base::default(), &Racket::default());
    are_equal(&mounted, &held(WAM, &Base { position: [-1.9, 0.2, 0.4], yaw: 0.6 }, &Racket::default()));
}
