//! An episode to the bytes of its MCAP file.

use std::collections::BTreeMap;

use mcap::McapError;
use mcap::records::{MessageHeader, Metadata};

use super::bodies::bodies;
use super::*;
use crate::storage::mcap_file::{channel, create, finish};
use crate::storage::messages::PoseStamped;

/// Source of the rows of a stream of messages.
#[derive(Clone, Copy)]
enum Stream {
    Joints,
    /// Index of one of `bodies`.
    Body(usize),
    /// Index of one of `arrays!`.
    Array(usize),
    /// Index of one of `drawn`.
    Drawn(usize),
}

pub(super) fn encode(episode: &Episode, meta: &TrialMeta, stage: Option<&Stage>) -> Result<Vec<u8>, String> {
    check_shapes(episode, meta)?;
    // A description that does not fit must not cost the trial.
    let fits = Observed::total(&meta.observed) == episode.task_values;
    let bodies = if fits { bodies(meta) } else { Vec::new() };
    let drawn = stage.filter(|_| fits).map_or(Ok(Vec::new()), |stage| view::drawn(stage, episode, meta));
    let drawn = drawn.map_err(|e| e.to_string())?;
    let arrays = arrays!(episode, meta);
    let rows = |a: &Array<&Vec<f64>>| a.data.len().checked_div(a.width).unwrap_or(0);
    let mut streams = vec![(Stream::Joints, true, episode.time.len())];
    let observations = episode.task.len().checked_div(episode.task_values).unwrap_or(0);
    streams.extend((0..bodies.len()).map(|i| (Stream::Body(i), true, observations)));
    streams.extend(arrays.iter().enumerate().map(|(i, a)| (Stream::Array(i), a.per_cycle, rows(a))));
    streams.extend(drawn.iter().enumerate().map(|(i, drawn)| (Stream::Drawn(i), false, drawn.rows.len())));
    let messages = streams.iter().map(|(_, _, rows)| rows).sum();

    let mut writer = create().map_err(text)?;
    writer
        .write_metadata(&Metadata { name: METADATA.into(), metadata: metadata(episode, meta, messages)? })
        .map_err(text)?;
    let mut queue = Vec::with_capacity(messages);
    for (stream, per_cycle, rows) in streams {
        if rows == 0 {
            continue;
        }
        let channel = match stream {
            Stream::Joints => channel::<JointState>(&mut writer, JOINT_STATES),
            Stream::Body(i) if bodies[i].moves => channel::<Odometry>(&mut writer, &bodies[i].topic),
            Stream::Body(i) => channel::<PoseStamped>(&mut writer, &bodies[i].topic),
            Stream::Array(i) => channel::<Float64MultiArray>(&mut writer, arrays[i].topic),
            Stream::Drawn(i) => drawn[i].channel(&mut writer),
        };
        let channel = channel.map_err(text)?;
        let mut latest = Duration::ZERO;
        for row in 0..rows {
            let time = match stream {
                Stream::Drawn(i) => drawn[i].rows[row].0,
                _ if per_cycle => episode.time[row],
                _ => meta.step_period.saturating_mul(row as u32),
            };
            // The running maximum keeps a stream's rows in order even if times go back.
            latest = latest.max(time);
            queue.push((latest, time, stream, channel, row));
        }
    }
    queue.sort_by_key(|(order, ..)| *order);

    // There are many messages: those of joint states share one value, and all share one buffer.
    let name = meta.joint_names.clone();
    let (position, velocity, effort) = (Vec::new(), Vec::new(), Vec::new());
    let mut joints = JointState { header: Header::new(meta.wall_start, ""), name, position, velocity, effort };
    let mut buffer = Vec::new();
    for (_, time, stream, channel_id, row) in queue {
        let wall = meta.wall_start.saturating_add(time);
        let log_time = u64::try_from(wall.as_nanos()).map_err(|_| format!("time {wall:?} is past the year 2554"))?;
        let written = match stream {
            Stream::Joints => {
                set_joint_state(&mut joints, episode, wall, row);
                joints.write_cdr(&mut buffer)
            }
            Stream::Body(i) => bodies[i].write(&episode.task[row * episode.task_values..], wall, &mut buffer),
            Stream::Array(i) => {
                let Array { width, data, .. } = &arrays[i];
                Float64MultiArray::new(&data[row * width..(row + 1) * width]).write_cdr(&mut buffer)
            }
            Stream::Drawn(_) => Ok(()),
        };
        written.map_err(|e| e.to_string())?;
        let data = if let Stream::Drawn(i) = stream { &drawn[i].rows[row].1 } else { &buffer };
        let header = MessageHeader { channel_id, sequence: row as u32, log_time, publish_time: log_time };
        writer.write_to_known_channel(&header, data).map_err(text)?;
    }
    finish(writer).map_err(text)
}

fn text(error: McapError) -> String {
    error.to_string()
}

fn metadata(episode: &Episode, meta: &TrialMeta, messages: usize) -> Result<BTreeMap<String, String>, String> {
    let head = EpisodeHead {
        format: FORMAT,
        joints: episode.joints,
        task_values: episode.task_values,
        state_dim: episode.state_dim,
        action_dim: episode.action_dim,
        start: episode.start,
        before: episode.before.clone(),
        clipped_cycles: episode.clipped_cycles,
        missed_cycles: episode.missed_cycles,
        messages,
    };
    let trial = serde_json::to_string(meta).map_err(|e| e.to_string())?;
    let episode = serde_json::to_string(&head).map_err(|e| e.to_string())?;
    Ok(BTreeMap::from([("trial".to_owned(), trial), ("episode".to_owned(), episode)]))
}

fn set_joint_state(joints: &mut JointState, episode: &Episode, wall: Duration, row: usize) {
    let n = episode.joints;
    let JointState { header, position, velocity, effort, .. } = joints;
    *header = Header::new(wall, "");
    for (values, data) in [(position, &episode.position), (velocity, &episode.velocity), (effort, &episode.sent)] {
        values.clear();
        values.extend_from_slice(data.get(row * n..(row + 1) * n).unwrap_or_default());
    }
}
