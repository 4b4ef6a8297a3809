//! The ball's motion from its positions: a Kalman filter that knows flight and bounce.
//!
//! An extended Kalman filter (Bar-Shalom, Li, Kirubarajan, *Estimation with Applications to Tracking and
//! Navigation*, Wiley 2001, sections 5.2 and 10.3). The mean follows the court: gravity, quadratic drag and bounces. The
//! covariance, one per axis, is that of a body with a white-noise acceleration (6.2.2): over a sampling
//! interval the drag changes it by less than the noise does.

use nalgebra::{Vector2, Vector3};

use super::ball::{Ball, Flight};
use super::court::Court;
use crate::robot::{Track, TrackState, Tracker, TrackerConfig};

/// Standard deviation of an unknown velocity, m/s.
const UNKNOWN: f64 = 10.;
/// Time for which the unmodelled acceleration of the settings is held, s.
const HELD: f64 = 0.1;

/// Covariance of position and velocity along an axis.
#[derive(Clone, Copy, Debug)]
struct Covariance {
    position: f64,
    mixed: f64,
    velocity: f64,
}

/// The ball and how well it is known (axis).
#[derive(Clone, Debug)]
struct Estimate {
    at: i64,
    ball: Ball,
    covariance: [Covariance; 3],
}

/// Tracks the ball by its positions. Nothing is allocated after the start.
#[derive(Clone, Debug)]
pub struct BallTracker {
    court: Court,
    config: TrackerConfig,
    estimate: Option<Estimate>,
    /// A position that was left out, and its time. The next one that is left out begins a track here.
    suspect: Option<(i64, Vector3<f64>)>,
    outliers: u64,
    begun: u64,
}

fn seconds(nanoseconds: i64) -> f64 {
    nanoseconds as f64 * 1e-9
}

impl Estimate {
    /// A ball of which only the position is known.
    fn begin(at: i64, position: Vector3<f64>, noise: f64) -> Self {
        let covariance = Covariance { position: noise * noise, mixed: 0., velocity: UNKNOWN * UNKNOWN };
        Self { at, ball: Ball { position, velocity: Vector3::zeros() }, covariance: [covariance; 3] }
    }

    /// Follows the ball to a later time.
    fn predict(&mut self, at: i64, court: &Court, config: &TrackerConfig) {
        let mut left = seconds(at - self.at);
        self.at = at;
        let density = config.acceleration * config.acceleration * HELD;
        while left > 0. {
            let dt = left.min(Flight::LONGEST_STEP);
            left -= dt;
            let mut bounces = 0;
            if court.rolls(&self.ball) {
                self.ball.position += self.ball.velocity * dt;
            } else {
                court.advance(&mut self.ball, dt, None, || {
                    bounces += 1;
                    Vector2::zeros()
                });
            }
            let kept = [court.table.retention, court.table.retention, -court.table.restitution];
            for (c, kept) in self.covariance.iter_mut().zip(kept) {
                c.position += dt * (2. * c.mixed + dt * c.velocity) + density * dt.powi(3) / 3.;
                c.mixed += dt * c.velocity + density * dt * dt / 2.;
                c.velocity += density * dt;
                for _ in 0..bounces {
                    c.mixed *= kept;
                    c.velocity = c.velocity * kept * kept + config.bounce * config.bounce;
                }
            }
        }
    }

    /// Square of the distance of a position from the expected one, in variances.
    fn distance(&self, position: &Vector3<f64>, noise: f64) -> f64 {
        let away = position - self.ball.position;
        away.iter().zip(&self.covariance).map(|(away, c)| away * away / (c.position + noise * noise)).sum()
    }

    /// Takes a position into account.
    fn correct(&mut self, position: &Vector3<f64>, noise: f64) {
        let Ball { position: p, velocity: v } = &mut self.ball;
        for (i, c) in self.covariance.iter_mut().enumerate() {
            let variance = c.position + noise * noise;
            let gain = [c.position / variance, c.mixed / variance];
            let away = position[i] - p[i];
            p[i] += gain[0] * away;
            v[i] += gain[1] * away;
            c.velocity -= gain[1] * c.mixed;
            c.mixed *= 1. - gain[0];
            c.position *= 1. - gain[0];
        }
    }

    fn velocity_deviation(&self) -> f64 {
        self.covariance.iter().map(|c| c.velocity).fold(0., f64::max).sqrt()
    }
}

impl BallTracker {
    /// A tracker that has seen nothing.
    pub fn new(court: Court, config: TrackerConfig) -> Self {
        Self { court, config, estimate: None, suspect: None, outliers: 0, begun: 0 }
    }

    fn begin(&mut self, at: i64, position: Vector3<f64>) {
        self.begun += 1;
        self.suspect = None;
        self.estimate = Some(Estimate::begin(at, position, self.config.noise));
    }

    /// Whether a position fits the track; if it does, it is taken into account.
    fn fits(&mut self, at: i64, position: &Vector3<f64>) -> bool {
        let Some(estimate) = &mut self.estimate else { return false };
        estimate.predict(at, &self.court, &self.config);
        let fits = estimate.distance(position, self.config.noise) <= self.config.gate.powi(2);
        if fits {
            estimate.correct(position, self.config.noise);
            self.suspect = None;
        }
        fits
    }
}

impl Tracker for BallTracker {
    fn see(&mut self, at: i64, position: [f64; 3]) -> [f64; 6] {
        let position = Vector3::from(position);
        let old = |estimate: &Estimate| at <= estimate.at || seconds(at - estimate.at) > self.config.gap;
        if self.estimate.as_ref().is_none_or(old) {
            self.begin(at, position);
        } else if !self.fits(at, &position) {
            self.outliers += 1;
            match self.suspect.replace((at, position)) {
                // One alone may be an error of the sensor: the track goes on without it.
                None => {}
                Some((before, suspect)) => {
                    self.begin(before, suspect);
                    if !self.fits(at, &position) {
                        self.begin(at, position);
                    }
                }
            }
        }
        let mut out = [0.; 6];
        if let Some(estimate) = &self.estimate {
            let settled = estimate.velocity_deviation() <= self.config.settled;
            let velocity = if settled { estimate.ball.velocity } else { Vector3::zeros() };
            Ball { velocity, ..estimate.ball }.write(&mut out);
        }
        out
    }

    fn forget(&mut self) {
        (self.estimate, self.suspect) = (None, None);
    }

    fn track(&self) -> Track {
        let deviation = self.estimate.as_ref().map_or(f64::INFINITY, Estimate::velocity_deviation);
        let state = match &self.estimate {
            None => TrackState::Unseen,
            Some(_) if deviation > self.config.settled => TrackState::Acquiring,
            Some(_) => TrackState::Tracked,
        };
        Track { state, outliers: self.outliers, begun: self.begun, velocity_deviation: deviation }
    }
}
