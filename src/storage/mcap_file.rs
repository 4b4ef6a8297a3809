//! MCAP files in the conventions of rosbag2 (profile `ros2`, CDR), which Foxglove and PlotJuggler
//! open.

use std::collections::BTreeMap;
use std::io::Cursor;

use mcap::{Compression, McapResult, WriteOptions, Writer};

use super::messages::Message;

/// The topic of joint states.
pub(super) const JOINT_STATES: &str = "/joint_states";

/// A file in memory.
pub(super) type McapFile = Writer<Cursor<Vec<u8>>>;

/// An empty file.
pub(super) fn create() -> McapResult<McapFile> {
    let options = WriteOptions::new().profile("ros2").compression(Some(Compression::Lz4));
    options.create(Cursor::new(Vec::new()))
}

/// The quality of service of a topic whose last message every later subscriber gets, as rosbag2
/// (Jazzy) writes it.
const LATCHED: &str = "\
- history: keep_last
  depth: 1
  reliability: reliable
  durability: transient_local
  deadline: {sec: 9223372036, nsec: 854775807}
  lifespan: {sec: 9223372036, nsec: 854775807}
  liveliness: automatic
  liveliness_lease_duration: {sec: 9223372036, nsec: 854775807}
  avoid_ros_namespace_conventions: false
";

/// Adds the channel of a topic with messages of one type.
pub(super) fn channel<M: Message>(file: &mut McapFile, topic: &str) -> McapResult<u16> {
    // An empty value means that the quality of service was not recorded.
    add_channel::<M>(file, topic, "")
}

/// Adds the channel of a topic that is played back so that every later subscriber gets its message.
pub(super) fn latched_channel<M: Message>(file: &mut McapFile, topic: &str) -> McapResult<u16> {
    add_channel::<M>(file, topic, LATCHED)
}

fn add_channel<M: Message>(file: &mut McapFile, topic: &str, quality: &str) -> McapResult<u16> {
    let schema = file.add_schema(M::NAME, "ros2msg", M::DEFINITION.as_bytes())?;
    // rosbag2 expects the key.
    let quality = BTreeMap::from([("offered_qos_profiles".to_owned(), quality.to_owned())]);
    file.add_channel(schema, topic, "cdr", &quality)
}

/// The bytes of the complete file.
pub(super) fn finish(mut file: McapFile) -> McapResult<Vec<u8>> {
    file.finish()?;
    Ok(file.into_inner().into_inner())
}
