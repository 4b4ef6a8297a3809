//! An episode to the bytes of its MCAP file.

use std::collections::BTreeMap;
use std::io::Cursor;

use mcap::records::{MessageHeader, Metadata};
use mcap::{Compression, McapError, WriteOptions, Writer};

use super::*;

/// A message to be written: its time since the first cycle, the stream it belongs to and its row there.
struct Slot {
    time: Duration,
    stream: usize,
    row: usize,
}

pub(super) fn encode(episode: &Episode, meta: &TrialMeta) -> Result<Vec<u8>, String> {
    check_shapes(episode, meta)?;
    let ball = ball_rows(episode, meta)?;
    let arrays = arrays!(episode, meta);
    let options = WriteOptions::new().profile("ros2").compression(Some(Compression::Lz4));
    let mut writer = options.create(Cursor::new(Vec::new())).map_err(text)?;
    writer.write_metadata(&Metadata { name: METADATA.into(), metadata: metadata(episode, meta)? }).map_err(text)?;

    // Stream 0 is /joint_states, 1 the ball, the rest the arrays.
    let mut channels = vec![channel::<JointState>(&mut writer, JOINT_STATES)?];
    channels.push(if ball.is_some() { channel::<Odometry>(&mut writer, BALL)? } else { 0 });
    for array in &arrays {
        channels.push(channel::<Float64MultiArray>(&mut writer, array.topic)?);
    }
    let times = &episode.time;
    let rows = [times.len(), ball.as_ref().map_or(0, Vec::len)];
    let rows = rows.into_iter().chain(arrays.iter().map(|a| a.data.len().checked_div(a.width).unwrap_or(0)));
    let mut slots = Vec::new();
    for (stream, rows) in rows.enumerate() {
        let per_cycle = stream < 2 || arrays[stream - 2].per_cycle;
        let mut latest = Duration::ZERO;
        for row in 0..rows {
            let step = || meta.step_period.saturating_mul(row as u32);
            let time = times.get(row).filter(|_| per_cycle).copied().unwrap_or_else(step);
            // The running maximum keeps a stream's rows in order whatever their times.
            latest = latest.max(time);
            slots.push((latest, Slot { time, stream, row }));
        }
    }
    slots.sort_by_key(|(order, _)| *order);

    for (_, Slot { time, stream, row }) in slots {
        let wall = meta.wall_start.saturating_add(time);
        let log_time = u64::try_from(wall.as_nanos()).map_err(|_| format!("time {wall:?} is past the year 2554"))?;
        let data = match stream {
            0 => joint_state(episode, meta, wall, row).to_cdr(),
            1 => {
                let (frame, [position, velocity]) = ball.as_ref().map_or(("", [[0.; 3]; 2]), |b| b[row]);
                Odometry::new(Header::new(wall, frame), "ball", position, velocity).to_cdr()
            }
            _ => {
                let Array { width, data, .. } = &arrays[stream - 2];
                Float64MultiArray::new(&data[row * width..(row + 1) * width]).to_cdr()
            }
        };
        let header =
            MessageHeader { channel_id: channels[stream], sequence: row as u32, log_time, publish_time: log_time };
        writer.write_to_known_channel(&header, &data.map_err(|e| e.to_string())?).map_err(text)?;
    }
    writer.finish().map_err(text)?;
    Ok(writer.into_inner().into_inner())
}

fn text(error: McapError) -> String {
    error.to_string()
}

fn channel<M: Message>(writer: &mut Writer<Cursor<Vec<u8>>>, topic: &str) -> Result<u16, String> {
    let schema = writer.add_schema(M::NAME, "ros2msg", M::DEFINITION.as_bytes()).map_err(text)?;
    // rosbag2 expects the key; empty means that the quality of service was not recorded.
    let quality = BTreeMap::from([("offered_qos_profiles".to_owned(), String::new())]);
    writer.add_channel(schema, topic, "cdr", &quality).map_err(text)
}

fn metadata(episode: &Episode, meta: &TrialMeta) -> Result<BTreeMap<String, String>, String> {
    let head = EpisodeHead {
        format: FORMAT,
        joints: episode.joints,
        task_values: episode.task_values,
        state_dim: episode.state_dim,
        action_dim: episode.action_dim,
        start: episode.start,
        clipped_cycles: episode.clipped_cycles,
        missed_cycles: episode.missed_cycles,
    };
    let trial = serde_json::to_string(meta).map_err(|e| e.to_string())?;
    let episode = serde_json::to_string(&head).map_err(|e| e.to_string())?;
    Ok(BTreeMap::from([("trial".to_owned(), trial), ("episode".to_owned(), episode)]))
}

fn joint_state(episode: &Episode, meta: &TrialMeta, wall: Duration, row: usize) -> JointState {
    let n = episode.joints;
    let values = |data: &[f64]| data.get(row * n..(row + 1) * n).map_or(Vec::new(), <[f64]>::to_vec);
    JointState {
        header: Header::new(wall, ""),
        name: meta.joint_names.clone(),
        position: values(&episode.position),
        velocity: values(&episode.velocity),
        effort: values(&episode.sent),
    }
}

/// Frame, position and velocity of the ball at each reading.
type BallRows<'a> = Vec<(&'a str, [[f64; 3]; 2])>;

fn ball_rows<'a>(episode: &Episode, meta: &'a TrialMeta) -> Result<Option<BallRows<'a>>, String> {
    let Some(BallColumns { position, velocity, frame }) = &meta.ball else { return Ok(None) };
    let width = episode.task_values;
    if let Some(column) = position.iter().chain(velocity).find(|c| **c >= width) {
        return Err(format!("the ball is said to be in task value {column} of {width}"));
    }
    let row = |task: &[f64]| (frame.as_str(), [position, velocity].map(|columns| columns.map(|c| task[c])));
    Ok(Some(episode.task.chunks_exact(width).map(row).collect()))
}
