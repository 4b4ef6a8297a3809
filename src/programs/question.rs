//! Questions to a judge.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use super::judge::Strokes;
use crate::control::Episode;
use crate::dynamics::{FrameId, Workspace};
use crate::robot::{TrialKey, TrialKind};

/// Purpose of a trial, as named in questions.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Rollout,
    Evaluation,
}

impl From<TrialKind> for Kind {
    fn from(kind: TrialKind) -> Self {
        match kind {
            TrialKind::Learn => Self::Rollout,
            TrialKind::Evaluate => Self::Evaluation,
        }
    }
}

/// Converts strokes to questions.
pub(super) struct Question {
    strokes: Strokes,
    links: Vec<String>,
    frames: Vec<FrameId>,
    workspace: Workspace,
}

/// Rows of an array, with time along the rows.
struct Rows<'a> {
    values: &'a [f64],
    width: usize,
    rows: usize,
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.rows))?;
        for row in 0..self.rows {
            rows.serialize_element(&self.values[row * self.width..(row + 1) * self.width])?;
        }
        rows.end()
    }
}

/// Poses of a link, one per control cycle.
#[derive(Serialize)]
struct Poses {
    position: Vec<[f64; 3]>,
    /// Unit quaternion, w first.
    orientation: Vec<[f64; 4]>,
}

/// A question about a stroke, in the form of its JSON line.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    seed: u64,
    kind: Kind,
    iteration: u64,
    trial: u64,
    steps: usize,
    joints: &'a [String],
    context: Vec<f64>,
    times: Vec<f64>,
    positions: Rows<'a>,
    velocities: Rows<'a>,
    observed: Rows<'a>,
    efforts: Rows<'a>,
    links: BTreeMap<&'a str, Poses>,
}

impl Question {
    pub fn new(strokes: Strokes, links: Vec<String>) -> Self {
        // The configuration was checked, so all links exist.
        let frames = links.iter().filter_map(|link| strokes.model.frame(link)).collect();
        Self { workspace: strokes.model.workspace(), links, frames, strokes }
    }

    /// The question about a stroke.
    pub fn of<'a>(&'a mut self, key: &TrialKey, episode: &'a Episode) -> Line<'a> {
        let links = self.poses(episode);
        let Strokes { joints, seed, task, .. } = &self.strokes;
        let (readings, cycles) = (episode.time.len(), episode.cycles());
        let rows = |values: &'a [f64], width, rows| Rows { values, width, rows };
        Line {
            seed: *seed,
            kind: key.kind.into(),
            iteration: key.iteration,
            trial: key.rollout,
            steps: episode.steps(),
            joints,
            context: task.context(*seed, key),
            times: episode.time.iter().map(Duration::as_secs_f64).collect(),
            positions: rows(&episode.position, episode.joints, readings),
            velocities: rows(&episode.velocity, episode.joints, readings),
            observed: rows(&episode.task, episode.task_values, readings),
            efforts: rows(&episode.sent, episode.joints, cycles),
            links: self.links.iter().map(String::as_str).zip(links).collect(),
        }
    }

    fn poses(&mut self, episode: &Episode) -> Vec<Poses> {
        let mut links: Vec<_> =
            self.frames.iter().map(|_| Poses { position: Vec::new(), orientation: Vec::new() }).collect();
        if links.is_empty() {
            return links;
        }
        let joints = episode.joints.max(1);
        for (position, velocity) in episode.position.chunks_exact(joints).zip(episode.velocity.chunks_exact(joints)) {
            self.strokes.model.kinematics(&mut self.workspace, position, velocity);
            for (frame, poses) in self.frames.iter().zip(&mut links) {
                let pose = self.strokes.model.pose(&self.workspace, *frame);
                let rotation = pose.rotation.quaternion();
                poses.position.push(pose.translation.vector.into());
                poses.orientation.push([rotation.w, rotation.i, rotation.j, rotation.k]);
            }
        }
        links
    }
}
