//! A trial in the form that the page draws.

use std::collections::BTreeMap;

use nalgebra::Vector3;
use serde::Serialize;

use super::PageScene;
use crate::control::Episode;
use crate::robot::{Form, Observed};
use crate::storage::{TrialEnd, TrialMeta};
use crate::view::{Mark, Surroundings};

/// Most points of a curve over a trial: more than its picture has pixels.
const POINTS: usize = 250;

/// A trial to look at.
#[derive(Clone, Debug, Serialize)]
pub struct PageTrial {
    number: u64,
    iteration: u64,
    evaluation: bool,
    success: Option<bool>,
    total_reward: Option<f64>,
    /// Why it was not learned from.
    complaint: Option<String>,
    /// Which limit ended it, if it was learned from.
    broken_off: Option<String>,
    /// s after the start (point).
    time: Vec<f64>,
    /// Joint positions (point, joint), rad or m.
    position: Vec<Vec<f64>>,
    /// Efforts before and after the limits (point, joint), N m or N.
    asked: Vec<Vec<f64>>,
    sent: Vec<Vec<f64>>,
    /// Share of the cycles in which a limit changed the asked effort (joint).
    clipped: Vec<f64>,
    /// Positions of observed bodies (point, axis), m.
    bodies: BTreeMap<String, Vec<Vec<f64>>>,
    scene: PageScene,
    marks: Vec<PageMark>,
}

/// A place that a stroke was to reach.
#[derive(Clone, Debug, Serialize)]
pub struct PageMark {
    trial: u64,
    iteration: u64,
    name: String,
    success: bool,
    target: [f64; 3],
    reached: [f64; 3],
}

impl PageMark {
    /// The marks of a trial.
    pub fn of(meta: &TrialMeta, marks: Vec<Mark>) -> Vec<Self> {
        let point = |at: Vector3<f64>| at.map(|x| rounded(x, 1e4)).into();
        let mark = |Mark { name, target, reached }: Mark| Self {
            trial: meta.trial,
            iteration: meta.iteration,
            name,
            success: meta.success == Some(true),
            target: point(target),
            reached: point(reached),
        };
        marks.into_iter().map(mark).collect()
    }
}

impl PageTrial {
    /// A stored trial in its scene.
    pub fn new(episode: &Episode, meta: &TrialMeta, scene: &Surroundings, marks: Vec<Mark>) -> Self {
        let readings = episode.time.len();
        let stride = readings.div_ceil(POINTS).max(1);
        let mut points: Vec<usize> = (0..readings).step_by(stride).collect();
        if let Some(last) = readings.checked_sub(1).filter(|last| points.last() != Some(last)) {
            points.push(last);
        }
        let rows = |data: &[f64], width: usize, first: usize, count: usize, scale: f64| -> Vec<Vec<f64>> {
            let row = |point: &usize| data.get(point * width + first..point * width + first + count);
            points.iter().filter_map(row).map(|row| row.iter().map(|x| rounded(*x, scale)).collect()).collect()
        };
        let n = episode.joints;
        let body =
            |(name, first): (&str, usize)| (name.into(), rows(&episode.task, episode.task_values, first, 3, 1e4));
        let bodies = bodies(&meta.observed).map(body).collect();
        Self {
            number: meta.trial,
            iteration: meta.iteration,
            evaluation: meta.evaluation,
            success: meta.success,
            total_reward: meta.total_reward,
            complaint: meta.end.left_out().map(String::from),
            broken_off: match &meta.end {
                TrialEnd::BrokenOff { reason } => Some(reason.clone()),
                _ => None,
            },
            time: points.iter().map(|point| rounded(episode.time[*point].as_secs_f64(), 1e4)).collect(),
            position: rows(&episode.position, n, 0, n, 1e5),
            asked: rows(&episode.asked, n, 0, n, 1e3),
            sent: rows(&episode.sent, n, 0, n, 1e3),
            clipped: (0..n).map(|joint| clipped(episode, joint)).collect(),
            bodies,
            scene: scene.into(),
            marks: PageMark::of(meta, marks),
        }
    }
}

/// The observed bodies, each with the place of its position among the task's values.
pub(super) fn bodies(observed: &[Observed]) -> impl Iterator<Item = (&str, usize)> {
    let placed = observed.iter().scan(0, |next, observed| {
        let first = *next;
        *next += observed.len();
        Some((observed, first))
    });
    let positions = placed.filter(|(observed, _)| !matches!(observed.form, Form::Values(_)));
    positions.map(|(observed, first)| (observed.name.as_str(), first))
}

/// Share of the cycles in which a limit changed a joint's effort.
fn clipped(episode: &Episode, joint: usize) -> f64 {
    let of_joint = |efforts: &[f64]| efforts.iter().skip(joint).step_by(episode.joints).copied().collect::<Vec<_>>();
    let (asked, sent) = (of_joint(&episode.asked), of_joint(&episode.sent));
    let changed = asked.iter().zip(&sent).filter(|(asked, sent)| asked != sent).count();
    rounded(changed as f64 / asked.len().max(1) as f64, 1e4)
}

/// The number with so many parts of one kept. The page shows no more.
pub(super) fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}
