//! The ball's tracker on synthetic flights: noise, drop-outs, bounces, teleports; and what it may start.

mod tennis_common;

use moto_controller::control::Stroke;
use moto_controller::robot::{Reading, TrackState, Tracker, TrackerConfig};
use moto_controller::tasks::table_tennis::world::{Ball, BallTracker, Court};
use nalgebra::Vector3;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::time::Duration;
use tennis_common::task;

const SERVE: Ball = Ball { position: Vector3::new(1.3, 0.25, 1.05), velocity: Vector3::new(-4.8, -1.15, 1.6) };
const MS: i64 = 1_000_000;

/// A sensor: its period, its noise, and the share of positions that it loses.
struct Sensor {
    period: i64,
    noise: f64,
    lost: f64,
    random: ChaCha8Rng,
}

impl Sensor {
    fn new(period: i64, noise: f64, lost: f64, seed: u64) -> Self {
        Self { period, noise, lost, random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// What is seen of a place; `None` if it is lost.
    fn see(&mut self, place: &Vector3<f64>) -> Option<[f64; 3]> {
        let noise: [f64; 3] = std::array::from_fn(|_| self.noise * self.random.sample::<f64, _>(StandardNormal));
        (self.random.random::<f64>() >= self.lost).then(|| (place + Vector3::from(noise)).into())
    }
}

fn tracker(noise: f64) -> BallTracker {
    BallTracker::new(Court::default(), TrackerConfig { noise, ..TrackerConfig::default() })
}

/// The serve as it flies, bounce and all, at each of so many milliseconds. Its bounce keeps less than the model says.
fn flight(court: &Court, milliseconds: usize) -> Vec<Ball> {
    let mut ball = SERVE;
    (0..milliseconds)
        .map(|_| {
            let now = ball;
            court.advance(&mut ball, 0.001, None, nalgebra::Vector2::zeros);
            now
        })
        .collect()
}

#[test]
fn position_and_velocity_are_known_60_ms_after_a_bounce() {
    // A real table is none of the model's.
    let mut court = Court::default();
    (court.table.restitution, court.table.retention) = (0.85, 0.90);
    let truth = flight(&court, 700);
    let bounce = truth.windows(2).position(|pair| pair[0].velocity.z < 0. && pair[1].velocity.z > 0.).unwrap() as i64;
    for (period, noise, lost) in [(2, 0.0002, 0.), (2, 0.001, 0.3), (5, 0.001, 0.1)] {
        for seed in 0..20 {
            let mut sensor = Sensor::new(period, noise, lost, seed);
            let mut tracker = tracker(noise);
            let mut checked = 0;
            for (at, ball) in (0..).zip(&truth) {
                if at % sensor.period != 0 {
                    continue;
                }
                let Some(seen) = sensor.see(&ball.position) else { continue };
                let found = Ball::from_slice(&tracker.see(at * MS, seen));
                if at > bounce + 60 && at < bounce + 200 {
                    let place = (found.position - ball.position).norm();
                    let speed = (found.velocity - ball.velocity).norm();
                    assert!(place < 0.01 && speed < 0.1, "{place} m, {speed} m/s at {at} ms, seed {seed}, {noise} m");
                    checked += 1;
                }
            }
            assert!(checked > 10, "{checked}");
            assert_eq!(tracker.track().state, TrackState::Tracked);
        }
    }
}

/// The milliseconds at which a tracked ball would start a stroke.
fn triggers(places: &[Vector3<f64>], noise: f64, lost: f64, seed: u64) -> Vec<i64> {
    let mut stroke = task(|_| ()).stroke();
    let (mut sensor, mut tracker) = (Sensor::new(2, noise, lost, seed), tracker(noise));
    let mut reading = Reading::zeros(9, 6);
    let mut found = vec![];
    for (at, place) in (0..).zip(places).step_by(2) {
        reading.stamp = Duration::from_millis(at as u64);
        if let Some(seen) = sensor.see(place) {
            reading.task.copy_from_slice(&tracker.see(at * MS, seen));
            reading.task_stamp = reading.stamp;
        }
        if stroke.triggered(&reading) {
            found.push(at);
        }
    }
    found
}

/// Waits, then flies.
fn served(waits: Vector3<f64>) -> Vec<Vector3<f64>> {
    let flight = flight(&Court::default(), 400);
    std::iter::repeat_n(waits, 300).chain(flight.iter().map(|ball| ball.position)).collect()
}

#[test]
fn the_stroke_starts_within_a_period_of_the_true_time() {
    // In our own simulation the serve starts the stroke after 172 ms.
    let truth = 300 + 172;
    for seed in 0..8 {
        let found = triggers(&served(SERVE.position), 0.001, 0.1, seed);
        assert!((found[0] - truth).abs() <= 2, "at {} ms, seed {seed}", found[0]);
    }
}

#[test]
fn nothing_starts_by_a_teleport_a_resting_ball_or_one_that_flies_away() {
    let still = |place: [f64; 3]| std::iter::repeat_n(Vector3::from(place), 400);
    let shaft = [-4.05, 0., 0.02];
    let away =
        flight(&Court::default(), 300).into_iter().map(|ball| Vector3::new(-ball.position.x, 0.2, ball.position.z));
    let scenes: Vec<(&str, Vec<Vector3<f64>>)> = vec![
        (
            "teleports",
            still([4., 3., 0.5])
                .chain(still([1.3, 0.25, 1.05]))
                .chain(still([-1.0, 0., 0.9]))
                .chain(still(shaft))
                .collect(),
        ),
        (
            "teleports of a tenth of a metre",
            (0..20).flat_map(|i| still([1.3 - 0.1 * f64::from(i), 0.2, 1.0]).take(20)).collect(),
        ),
        ("rests on the table", still([0.3, 0.1, 0.78]).collect()),
        ("flies away", still([-1.3, 0.2, 1.05]).chain(away).collect()),
    ];
    for (name, places) in scenes {
        for (noise, seed) in [(0.0002, 1), (0.001, 2), (0.002, 3)] {
            assert_eq!(triggers(&places, noise, 0.1, seed), [0_i64; 0], "{name}, {noise} m");
        }
    }
    // The same with a serve at the end, from the shaft: that one starts.
    let found = triggers(&served(shaft.into()), 0.001, 0., 1);
    assert!((found[0] - 472).abs() <= 2, "{found:?}");
}

#[test]
fn implausible_balls_start_nothing() {
    let trigger = |edit: &dyn Fn(&mut moto_controller::tasks::table_tennis::PlausibleConfig)| {
        let mut stroke = task(|config| edit(&mut config.stroke.plausible)).stroke();
        let mut reading = Reading::zeros(9, 6);
        Ball { position: Vector3::new(0.515, 0.062, 1.171), velocity: Vector3::new(-4.349, -1.042, -0.160) }
            .write(&mut reading.task);
        stroke.triggered(&reading)
    };
    assert!(trigger(&|_| ()));
    assert!(!trigger(&|plausible| plausible.least_speed = 5.));
    assert!(!trigger(&|plausible| plausible.greatest_speed = 4.));
    assert!(!trigger(&|plausible| plausible.aside = 0.3));
    assert!(!trigger(&|plausible| plausible.above = 0.1));
    let late = |late: f64| {
        let mut stroke = task(|config| config.stroke.plausible.late = late).stroke();
        let mut reading = Reading::zeros(9, 6);
        Ball { position: Vector3::new(-0.9, 0., 1.1), velocity: Vector3::new(-4., 0., 0.) }.write(&mut reading.task);
        stroke.triggered(&reading)
    };
    assert!(!late(0.05), "it would pass the plane before the racket could");
    assert!(late(0.5));
}

#[test]
fn a_ball_that_is_struck_is_known_again_soon() {
    let mut tracker = tracker(0.0002);
    let mut sensor = Sensor::new(2, 0.0002, 0., 5);
    let court = Court::default();
    let mut ball = Ball { position: Vector3::new(-1., -0.3, 1.1), velocity: Vector3::new(-3., -0.7, 0.4) };
    for at in 0..200 {
        if at == 100 {
            ball.velocity = Vector3::new(3.5, 0.2, 2.);
        }
        court.advance(&mut ball, 0.001, None, nalgebra::Vector2::zeros);
        if at % 2 == 0
            && let Some(seen) = sensor.see(&ball.position)
        {
            let found = Ball::from_slice(&tracker.see(at * MS, seen));
            if at > 112 {
                assert!((found.velocity - ball.velocity).norm() < 0.2, "{} at {at} ms", found.velocity);
            }
        }
    }
    // One position that is wrong changes nothing.
    let before = tracker.track();
    let after = Ball::from_slice(&tracker.see(202 * MS, [4., 3., 0.5]));
    assert!((after.velocity - ball.velocity).norm() < 0.2 && tracker.track().begun == before.begun);
    tracker.forget();
    assert_eq!(tracker.track().state, TrackState::Unseen);
}
