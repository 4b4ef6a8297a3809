//! What the live page shows: a part that comes with the page, and a part that comes as it happens.

use std::collections::BTreeMap;

use serde::Serialize;

use super::trial::{bodies, rounded};
use super::{PageArm, PageJoint, PageScene};
use crate::control::{Phase, Quantiles, SafetyState};
use crate::robot::Observed;
use crate::storage::RunInfo;

/// What stays the same throughout a run.
#[derive(Clone, Debug, Serialize)]
pub struct LivePage {
    /// What is learned.
    pub title: String,
    /// Robot, task, seed and command line.
    pub info: RunInfo,
    /// Text of the configuration.
    pub config: String,
    /// The joints, in the order of all values of joints.
    pub joints: Vec<PageJoint>,
    /// The arm.
    pub arm: PageArm,
    /// The world before the first trial.
    pub scene: PageScene,
}

/// The run at one instant.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LiveNow {
    /// When the run was started, by which a page tells another run from its own.
    pub run: u64,
    /// The arm; `None` before the first reading.
    pub posture: Option<LivePosture>,
    /// The loop; `None` while there is none.
    pub state: Option<LiveLoop>,
    /// Release lateness over the last seconds; `None` off the wall clock.
    pub lateness: Option<LiveLateness>,
    /// Whether the run is over.
    pub over: bool,
}

/// Where the joints and the observed bodies are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LivePosture {
    /// Joint positions (joint), rad or m.
    position: Vec<f64>,
    /// Positions of observed bodies (axis), m.
    bodies: BTreeMap<String, Vec<f64>>,
    /// s after the start of the stroke, of a trial that is played.
    time: Option<f64>,
}

impl LivePosture {
    /// The posture at joint positions and task values. `time` is that of a trial that is played, s.
    pub fn new(position: &[f64], task: &[f64], observed: &[Observed], time: Option<f64>) -> Self {
        let round = |values: &[f64], parts: f64| values.iter().map(|x| rounded(*x, parts)).collect::<Vec<f64>>();
        let body = |(name, first): (&str, usize)| Some((name.into(), round(task.get(first..first + 3)?, 1e4)));
        Self {
            position: round(position, 1e5),
            bodies: bodies(observed).filter_map(body).collect(),
            time: time.map(|time| rounded(time, 1e3)),
        }
    }
}

/// What the loop does.
#[derive(Clone, Debug, Serialize)]
pub struct LiveLoop {
    /// Phase of the trial.
    pub phase: Phase,
    /// Safety state.
    pub safety: SafetyState,
    /// The fault that led to the safe state.
    pub fault: Option<String>,
    /// Whether the operator paused the trials.
    pub paused: bool,
    /// Cycles run.
    pub cycles: u64,
    /// Periods missed.
    pub misses: u64,
}

/// How late cycles were released.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LiveLateness {
    /// Number of cycles.
    pub cycles: usize,
    /// Quantiles, ns.
    pub quantiles: Quantiles,
}
