//! What viewers need to draw a trial: frames and descriptions. Nothing of it is read back.

use nalgebra::Vector3;

use super::*;
use crate::storage::mcap_file::{McapFile, channel, latched_channel};
use crate::storage::viewer_messages::{Text, TfMessage};
use crate::view::{Stage, scene_urdf};

const TF: &str = "/tf";
const TF_STATIC: &str = "/tf_static";
const ROBOT: &str = "/robot_description";
const SCENE: &str = "/scene_description";
/// The topics of this module.
pub(super) const TOPICS: [&str; 4] = [ROBOT, SCENE, TF_STATIC, TF];

/// Time from one message of frames to the next at least, more often than a screen shows one.
const FRAME_PERIOD: Duration = Duration::from_millis(10);

/// The messages of a topic for viewers, with their times after the trial's start.
pub(super) struct Drawn {
    topic: &'static str,
    pub rows: Vec<(Duration, Vec<u8>)>,
}

impl Drawn {
    /// Adds the topic's channel.
    pub fn channel(&self, file: &mut McapFile) -> mcap::McapResult<u16> {
        match self.topic {
            TF => channel::<TfMessage>(file, TF),
            TF_STATIC => latched_channel::<TfMessage>(file, TF_STATIC),
            text => latched_channel::<Text>(file, text),
        }
    }
}

/// The messages by which viewers draw a trial on its stage; none if the stage is another robot's.
pub(super) fn drawn(stage: &Stage, episode: &Episode, meta: &TrialMeta) -> Result<Vec<Drawn>, cdr_encoding::Error> {
    let n = stage.arm.dof();
    if n != episode.joints || episode.position.len() != episode.time.len() * n {
        return Ok(vec![]);
    }
    let text = |data: String| Text { data }.to_cdr();
    let wall = |time| meta.wall_start.saturating_add(time);
    let once = |topic, data| Drawn { topic, rows: vec![(Duration::ZERO, data)] };
    let row = |row: usize| -> Result<_, cdr_encoding::Error> {
        let time = episode.time[row];
        let body = |name: &str| body(episode, meta, row, name);
        let transforms = stage.moving(&episode.position[row * n..(row + 1) * n], body);
        Ok((time, TfMessage::new(wall(time), transforms).to_cdr()?))
    };
    Ok(vec![
        once(ROBOT, text(stage.arm.urdf().into())?),
        once(SCENE, text(scene_urdf(stage))?),
        once(TF_STATIC, TfMessage::new(meta.wall_start, stage.fixed()).to_cdr()?),
        Drawn { topic: TF, rows: framed(episode).into_iter().map(row).collect::<Result<_, _>>()? },
    ])
}

/// The readings whose frames are stored. The last reading is one of them.
fn framed(episode: &Episode) -> Vec<usize> {
    let mut rows: Vec<usize> = vec![];
    for (row, time) in episode.time.iter().enumerate() {
        let due = rows.last().is_none_or(|last| time.saturating_sub(episode.time[*last]) >= FRAME_PERIOD);
        if due || row + 1 == episode.time.len() {
            rows.push(row);
        }
    }
    rows
}

/// Position of an observed body in a reading, m.
fn body(episode: &Episode, meta: &TrialMeta, row: usize, name: &str) -> Option<Vector3<f64>> {
    let at = meta.observed.iter().position(|observed| observed.name == name)?;
    let first = row * episode.task_values + Observed::total(&meta.observed[..at]);
    episode.task.get(first..first + 3).map(Vector3::from_column_slice)
}
