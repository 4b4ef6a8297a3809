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

/// Adds the channel of a topic with messages of one type.
pub(super) fn channel<M: Message>(file: &mut McapFile, topic: &str) -> McapResult<u16> {
    let schema = file.add_schema(M::NAME, "ros2msg", M::DEFINITION.as_bytes())?;
    // rosbag2 expects the key. An empty value means that the quality of service was not recorded.
    let quality = BTreeMap::from([("offered_qos_profiles".to_owned(), String::new())]);
    file.add_channel(schema, topic, "cdr", &quality)
}

/// The bytes of the complete file.
pub(super) fn finish(mut file: McapFile) -> McapResult<Vec<u8>> {
    file.finish()?;
    Ok(file.into_inner().into_inner())
}
