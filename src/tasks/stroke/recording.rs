//! A demonstration from a recording: joint states, resampled at the control period and smoothed.

use std::path::Path;

use moto_settings::FieldError;
use nalgebra::{DMatrix, DVector};

use super::config::RecordingConfig;
use super::moment::Steps;
use super::reference::Reference;
use crate::control::ControlConfig;
use crate::dynamics::Model;
use crate::storage::files::Disk;
use crate::storage::{JointStates, read_joint_states};

/// Coefficients of the local polynomial.
const COEFFICIENTS: usize = 4;
/// Least number of joint states in the fit of a local polynomial.
const SAMPLES: usize = 6;

/// The motion in the file at `path`, as long as the stroke, with the recorded efforts.
///
/// # Errors
/// A recording that cannot be read, is too short, has gaps, or begins elsewhere than the stroke.
pub(super) fn recorded(
    model: &Model,
    control: &ControlConfig,
    steps: &Steps,
    path: &Path,
    config: &RecordingConfig,
) -> Result<Reference, FieldError> {
    let refuse = |expected: String| FieldError::value("demonstration.recording", path.display(), expected);
    let names: Vec<String> = model.joints().iter().map(|joint| joint.name.clone()).collect();
    let states = read_joint_states(&Disk, path, &config.topic, &names)
        .map_err(|error| refuse(format!("a recording of joint states: {error}")))?;
    let first = states.time[0];
    let time: Vec<f64> = states.time.iter().map(|time| time - first - config.begin).collect();
    check(&time, steps.length(), config).map_err(refuse)?;

    let n = model.dof();
    let cycles = steps.horizon * control.decimation;
    let half = width(&time, config.smoothing);
    let mut reference = Reference { goal_time: steps.length(), ..Reference::default() };
    for cycle in 0..=cycles {
        reference.push(smoothed(&time, &states.position, n, cycle as f64 * control.period, half));
    }
    let tolerance = control.homing.position_tolerance;
    for (joint, name) in names.iter().enumerate() {
        let (found, start) = (reference.position[joint], control.start_posture[joint]);
        if (found - start).abs() > tolerance {
            return Err(refuse(format!(
                "one in which joint {name} begins at control.start_posture, {start}, and not at {found:.4}: begin elsewhere in it \
                 (recording.begin), or start there"
            )));
        }
    }
    if config.use_efforts && !states.effort.is_empty() {
        let length = steps.duration;
        let mean = |step: usize| mean_effort(&time, &states, n, step as f64 * length, (step + 1) as f64 * length);
        reference.effort = (0..steps.horizon).flat_map(mean).collect();
    }
    Ok(reference)
}

/// Checks the times of the joint states, s after the start of the stroke.
fn check(time: &[f64], length: f64, config: &RecordingConfig) -> Result<(), String> {
    // A trial measures its last joint state at the end of the stroke, and stamps are rounded.
    let last = time[time.len() - 1];
    if last < length - 1e-6 {
        return Err(format!(
            "one as long as the stroke, {length:.3} s, from recording.begin on: it lasts {:.3} s from there",
            last.max(0.)
        ));
    }
    let used = time.windows(2).filter(|pair| pair[1] >= 0. && pair[0] <= length);
    let gap = used.clone().map(|pair| pair[1] - pair[0]).fold(0., f64::max);
    if gap > config.longest_gap {
        let (most, at) =
            (config.longest_gap, used.clone().find(|pair| pair[1] - pair[0] == gap).map_or(0., |pair| pair[0]));
        return Err(format!(
            "one without gaps above recording.longest_gap, {most} s: there is one of {gap:.3} s after {at:.3} s"
        ));
    }
    if used.count() < SAMPLES {
        return Err(format!("one with {SAMPLES} joint states at least in the time of the stroke"));
    }
    Ok(())
}

/// Half the width of the smoothing window: as configured, or wider where the joint states are
/// sparse.
fn width(time: &[f64], asked: f64) -> f64 {
    let span = (time[time.len() - 1] - time[0]) / (time.len() - 1) as f64;
    asked.max(span * SAMPLES as f64)
}

/// Position, velocity and acceleration of each joint (n) at a time, by a polynomial of third order
/// fitted to the positions around that time with tricube weights (Cleveland 1979).
fn smoothed(time: &[f64], position: &[f64], n: usize, at: f64, half: f64) -> Vec<(f64, f64, f64)> {
    // Near the ends the window has one side only. The window widens until it has enough rows.
    let mut half = half;
    let rows = loop {
        let rows = time.partition_point(|t| *t <= at - half)..time.partition_point(|t| *t < at + half);
        if rows.len() >= SAMPLES.min(time.len()) {
            break rows;
        }
        half *= 1.5;
    };
    let mut normal = DMatrix::<f64>::zeros(COEFFICIENTS, COEFFICIENTS);
    let mut right = DMatrix::<f64>::zeros(COEFFICIENTS, n);
    for row in rows {
        let s = (time[row] - at) / half;
        let weight = (1. - s.abs().powi(3)).powi(3);
        let powers = DVector::from_fn(COEFFICIENTS, |k, _| s.powi(k as i32));
        normal += &powers * powers.transpose() * weight;
        for joint in 0..n {
            right.column_mut(joint).axpy(weight * position[row * n + joint], &powers, 1.);
        }
    }
    // The rows have different times and outnumber the coefficients, so there is a solution.
    let solved = normal.lu().solve(&right).unwrap_or(right);
    let joint = |joint: usize| (solved[(0, joint)], solved[(1, joint)] / half, 2. * solved[(2, joint)] / (half * half));
    (0..n).map(joint).collect()
}

/// Mean effort of each joint (n) from one time to another. Each effort is held until the next.
fn mean_effort(time: &[f64], states: &JointStates, n: usize, from: f64, to: f64) -> Vec<f64> {
    let mut mean = vec![0.; n];
    for (row, effort) in states.effort.chunks_exact(n).enumerate() {
        let begin = if row == 0 { f64::NEG_INFINITY } else { time[row] };
        let end = if row + 1 < states.effort.len() / n { time[row + 1] } else { f64::INFINITY };
        let share = (end.min(to) - begin.max(from)).max(0.) / (to - from);
        mean.iter_mut().zip(effort).for_each(|(mean, effort)| *mean += share * effort);
    }
    mean
}
