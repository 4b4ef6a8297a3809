//! A trial on disk: one MCAP file in the conventions of rosbag2 (profile `ros2`, CDR). Foxglove, Rerun
//! and PlotJuggler open it, and the learner can learn from it again, to the bit.
//!
//! | topic | type | one message per |
//! |---|---|---|
//! | `/joint_states` | sensor_msgs/JointState: position, velocity, effort = sent (none with the final reading) | cycle |
//! | `/moto/asked` | std_msgs/Float64MultiArray: efforts before the limits | cycle |
//! | `/moto/task` | Float64MultiArray: the task's values | cycle |
//! | `/NAME` of a body that the task observes, e.g. `/ball` | nav_msgs/Odometry or geometry_msgs/PoseStamped, for the eye only | cycle |
//! | `/tf` | tf2_msgs/TFMessage: frames of the links that joints move, and of observed bodies | 20 ms |
//! | `/tf_static`, `/robot_description`, `/scene_description` | TFMessage, std_msgs/String: the other frames, the robot as URDF, and the world around it as another | trial |
//! | `/moto/state`, `/moto/noise`, `/moto/action`, `/moto/sent_action`, `/moto/outcome` | Float64MultiArray | policy step |
//!
//! The metadata record `moto_trial` holds [`TrialMeta`] and the episode's shapes as JSON.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::StorageError;
use super::files::{Files, write_atomic};
use super::mcap_file::JOINT_STATES;
use super::messages::{Float64MultiArray, Header, JointState, Message, Odometry};
use crate::control::{Episode, LatencySummary};
use crate::robot::{Form, Observed};
use crate::view::Stage;

mod bodies;
mod read;
mod view;
mod write;

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TrialEnd {
    /// The stroke ran to its end, and the learner uses it.
    Completed,
    /// The stroke is stored, but the learner does not use it.
    Invalid {
        /// The reason: misses, an operator's mark, a non-finite value, ...
        reason: String,
    },
    /// A limit or watchdog ended the stroke, and the learner does not use it.
    Fault {
        /// The limit or watchdog that tripped.
        reason: String,
    },
    /// A limit ended the stroke because of the arm's motion, and the learner uses the steps that were made.
    BrokenOff {
        /// The limit that tripped.
        reason: String,
    },
}

impl TrialEnd {
    /// Why the learner does not use the trial; `None` if it does.
    pub fn left_out(&self) -> Option<&str> {
        match self {
            Self::Completed | Self::BrokenOff { .. } => None,
            Self::Invalid { reason } | Self::Fault { reason } => Some(reason),
        }
    }
}

/// Description of a trial beside its [`Episode`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialMeta {
    /// Number in the run, from 1.
    pub trial: u64,
    /// The robot's name.
    pub robot: String,
    /// The task's name.
    pub task: String,
    /// Joint names, in the episode's order.
    pub joint_names: Vec<String>,
    /// The run's seed.
    pub seed: u64,
    /// 1-based iteration. For an evaluation: the number of iterations done.
    pub iteration: u64,
    /// Rollout within the iteration.
    pub rollout: u64,
    /// Whether the trial was made without exploration noise.
    pub evaluation: bool,
    /// How it ended.
    pub end: TrialEnd,
    /// Sum of the rewards; `None` if unknown. A non-finite sum is stored as `None`.
    pub total_reward: Option<f64>,
    /// Whether the task was solved; `None` if the task has no such judgement.
    pub success: Option<bool>,
    /// By how much a stroke that came near enough to say so missed its goal, m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<f64>,
    /// Outcome values per step.
    pub outcome_dim: usize,
    /// Outcomes that the task measured within each step (step x outcome), see
    /// [`moto_learners::Batch::outcomes`].
    #[serde(skip)]
    pub outcomes: Vec<f64>,
    /// Wall time of the first cycle, since the Unix epoch.
    pub wall_start: Duration,
    /// Duration of a policy step.
    pub step_period: Duration,
    /// The loop's deadline statistics of this trial.
    pub latency: Option<LatencySummary>,
    /// What the task's values are.
    pub observed: Vec<Observed>,
}

const METADATA: &str = "moto_trial";
/// Format of the files. Those of format 1 have no messages for viewers.
const FORMAT: u32 = 2;

/// The scalars of an episode, as JSON in the metadata record.
#[derive(Serialize, Deserialize)]
struct EpisodeHead {
    format: u32,
    joints: usize,
    task_values: usize,
    state_dim: usize,
    action_dim: usize,
    start: Duration,
    #[serde(default)]
    before: Vec<f64>,
    clipped_cycles: u32,
    missed_cycles: u32,
    /// Messages in the file.
    messages: usize,
}

/// A recorded array and the topic its rows go to.
struct Array<D> {
    topic: &'static str,
    width: usize,
    per_cycle: bool,
    data: D,
}

/// The episode's arrays except those in `/joint_states`.
macro_rules! arrays {
    ($episode:expr, $meta:expr $(, $mutable:tt)?) => {{
        let (episode, meta) = ($episode, $meta);
        let (joints, task, ds, da) = (episode.joints, episode.task_values, episode.state_dim, episode.action_dim);
        let array = |topic, width, per_cycle, data| Array { topic, width, per_cycle, data };
        [
            array("/moto/asked", joints, true, &$($mutable)? episode.asked),
            array("/moto/task", task, true, &$($mutable)? episode.task),
            array("/moto/state", ds, false, &$($mutable)? episode.states),
            array("/moto/noise", da, false, &$($mutable)? episode.noise),
            array("/moto/action", da, false, &$($mutable)? episode.actions),
            array("/moto/sent_action", da, false, &$($mutable)? episode.sent_actions),
            array("/moto/outcome", meta.outcome_dim, false, &$($mutable)? meta.outcomes),
        ]
    }};
}
use arrays;

/// Checks that the arrays' lengths are consistent: whole rows, a reading per time, no more commands
/// than readings, a state and noise for every action. A stroke that was given up may lack the final
/// reading, the final state and the last sent action.
fn check_shapes(episode: &Episode, meta: &TrialMeta) -> Result<(), String> {
    if meta.joint_names.len() != episode.joints {
        return Err(format!("{} joint names for {} joints", meta.joint_names.len(), episode.joints));
    }
    if !matches!(episode.before.len(), length if length == 0 || length == episode.joints) {
        return Err(format!("{} efforts before the first cycle for {} joints", episode.before.len(), episode.joints));
    }
    let rows = |name: &str, length: usize, width: usize| match (length, width) {
        (0, 0) => Ok(None),
        (_, 0) => Err(format!("{name} has {length} values in rows of none")),
        _ if !length.is_multiple_of(width) => Err(format!("{name} has {length} values, not a multiple of {width}")),
        _ => Ok(Some(length / width)),
    };
    let readings = episode.time.len();
    let position = rows("position", episode.position.len(), episode.joints)?;
    let velocity = rows("velocity", episode.velocity.len(), episode.joints)?;
    let sent = rows("sent effort", episode.sent.len(), episode.joints)?;
    let [asked, task, states, noise, actions, sent_actions, outcomes] =
        arrays!(episode, meta).map(|a| rows(a.topic, a.data.len(), a.width));
    for (name, rows) in [("position", position), ("velocity", velocity), ("/moto/task", task?)] {
        if rows.is_some_and(|r| r != readings) {
            return Err(format!("{name} has {} rows for {readings} times", rows.unwrap_or(0)));
        }
    }
    let (states, actions) = (states?, actions?);
    let consistent = asked? == sent
        && sent.is_none_or(|r| r <= readings)
        && noise? == actions
        && sent_actions? <= actions
        && (episode.state_dim == 0 || states >= actions);
    outcomes?;
    if consistent { Ok(()) } else { Err("the numbers of commands, actions, noises and states do not fit".into()) }
}

/// Writes a trial atomically, with the frames and descriptions of `stage` for viewers.
///
/// # Errors
/// [`StorageError::Unstorable`] if the arrays' lengths are inconsistent, or the file operation that
/// failed.
pub fn write_trial(
    files: &dyn Files,
    path: &Path,
    (episode, meta): (&Episode, &TrialMeta),
    stage: Option<&Stage>,
) -> Result<(), StorageError> {
    let bytes =
        write::encode(episode, meta, stage).map_err(|what| StorageError::Unstorable { path: path.into(), what })?;
    Ok(write_atomic(files, path, &bytes)?)
}

/// Reads a trial. The trial equals the written one to the bit.
///
/// [`StorageError::Damaged`] if the file is truncated or changed anywhere, or the file operation
/// that failed.
pub fn read_trial(files: &dyn Files, path: &Path) -> Result<(Episode, TrialMeta), StorageError> {
    let bytes = files.read(path)?;
    read::decode(&bytes).map_err(|what| StorageError::Damaged { path: path.into(), what })
}
