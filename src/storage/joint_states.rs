//! Joint states out of a recording: a rosbag2 file in MCAP form, or a trial.

use std::collections::BTreeSet;
use std::path::Path;

use mcap::MessageStream;

use super::StorageError;
use super::files::Files;
use super::messages::{JointState, Message};

/// The joint states of a recording, for some of its joints.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JointStates {
    /// When each was measured, s (row): by its header, or where that has no time, when it was recorded.
    pub time: Vec<f64>,
    /// Joint positions (row x joint), rad or m.
    pub position: Vec<f64>,
    /// Joint efforts (row x joint), N m or N; empty unless every row but the last has them.
    pub effort: Vec<f64>,
}

/// Reads the joint states of `joints` from the file's topic of that name; an empty one stands for the only topic with joint
/// states. States that lack one of the joints, as other publishers' do, are left out.
///
/// # Errors
/// A file that cannot be read, has no such topic or no such joints, or whose time goes back.
pub fn read_joint_states(
    files: &dyn Files,
    path: &Path,
    topic: &str,
    joints: &[String],
) -> Result<JointStates, StorageError> {
    let bytes = files.read(path)?;
    decode(&bytes, topic, joints).map_err(|what| StorageError::Unusable { path: path.into(), what })
}

fn decode(bytes: &[u8], wanted: &str, joints: &[String]) -> Result<JointStates, String> {
    let unreadable = |error: mcap::McapError| match error {
        mcap::McapError::UnsupportedCompression(kind) => format!(
            "it is compressed with {kind}, this program reads lz4 and uncompressed files: convert it with `ros2 bag convert`, or \
             record with `--storage-preset-profile fastwrite`"
        ),
        mcap::McapError::BadMagic => "it does not begin and end like an MCAP file".into(),
        other => other.to_string(),
    };
    let mut states = JointStates::default();
    let (mut topics, mut names) = (BTreeSet::new(), BTreeSet::new());
    // Rows with efforts.
    let mut efforts = 0;
    for message in MessageStream::new(bytes).map_err(unreadable)? {
        let message = message.map_err(unreadable)?;
        let topic = &message.channel.topic;
        if message.channel.schema.as_ref().is_none_or(|schema| schema.name != JointState::NAME) {
            continue;
        }
        topics.insert(topic.clone());
        if !wanted.is_empty() && topic != wanted {
            continue;
        }
        let row = states.time.len();
        let state =
            JointState::from_cdr(&message.data).map_err(|what| format!("joint state {row} of {topic}: {what}"))?;
        let place = |joint: &String| state.name.iter().position(|name| name == joint);
        let Some(places) = joints.iter().map(place).collect::<Option<Vec<_>>>() else {
            names.extend(state.name);
            continue;
        };
        let pick = |of: &[f64]| places.iter().map(|place| of.get(*place).copied()).collect::<Option<Vec<f64>>>();
        let position = pick(&state.position).filter(|all| all.iter().all(|x| x.is_finite()));
        let Some(position) = position else {
            return Err(format!("joint state {row} of {topic} has no finite position of every joint"));
        };
        let stamp = &state.header.stamp;
        let stamped = f64::from(stamp.sec) + 1e-9 * f64::from(stamp.nanosec);
        let time = if stamped != 0. { stamped } else { message.log_time as f64 * 1e-9 };
        match states.time.last() {
            Some(last) if time == *last => continue, // the same once more
            Some(last) if time < *last => {
                return Err(format!("its time goes back by {:.3} s at joint state {row} of {topic}", last - time));
            }
            _ => states.time.push(time),
        }
        states.position.extend(position);
        if let Some(effort) = pick(&state.effort).filter(|all| all.iter().all(|x| x.is_finite()))
            && efforts == row
        {
            efforts += 1;
            states.effort.extend(effort);
        }
    }
    let listed = |all: &BTreeSet<String>| all.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    if wanted.is_empty() && topics.len() > 1 {
        return Err(format!(
            "it has joint states of several topics ({}): say which (recording.topic)",
            listed(&topics)
        ));
    }
    if states.time.is_empty() {
        return Err(match (topics.is_empty(), names.is_empty()) {
            (true, _) => "it has no joint states (sensor_msgs/msg/JointState)".into(),
            (_, false) => {
                let missing: Vec<&str> =
                    joints.iter().map(String::as_str).filter(|joint| !names.contains(*joint)).collect();
                match missing.is_empty() {
                    true => "none of its joint states has all of the robot's joints".into(),
                    false => format!(
                        "its joint states are of other joints: {}; {} missing",
                        listed(&names),
                        missing.join(", ")
                    ),
                }
            }
            _ => format!("it has no joint states of {wanted}; there are {}", listed(&topics)),
        });
    }
    if efforts + 1 < states.time.len() {
        states.effort.clear();
    }
    Ok(states)
}
