//! An episode from the bytes of its MCAP file.

use std::collections::{BTreeMap, HashMap};

use mcap::records::{Record, op};
use mcap::sans_io::{LinearReadEvent, LinearReader, LinearReaderOptions};
use mcap::{MAGIC, parse_record};

use super::bodies::bodies;
use super::*;

/// Longest record and longest decompressed chunk of a trial, bytes. The writer's chunks have about
/// 1 MiB.
const MAX_RECORD: usize = 16 << 20;
/// Opcode and length, before every record.
const RECORD_HEAD: usize = 1 + 8;
/// Length of the data end record: a checksum.
const DATA_END: usize = 4;
/// Length of the footer record: two offsets and a checksum.
const FOOTER: usize = 8 + 8 + 4;
/// Offset of the compression's name in a chunk record: after two times, a size and a checksum.
const COMPRESSION: usize = 8 + 8 + 8 + 4;

pub(super) fn decode(bytes: &[u8]) -> Result<(Episode, TrialMeta), String> {
    verify(bytes)?;
    let options = LinearReaderOptions::default()
        .with_check_finishes_after_end_magic(true)
        .with_prevalidate_chunk_crcs(true)
        .with_record_length_limit(MAX_RECORD);
    let mut reader = LinearReader::new_with_options(options);
    let mut rest = bytes;
    let mut trial = None;
    let mut topics = HashMap::new();
    while let Some(event) = reader.next_event() {
        match event.map_err(|e| e.to_string())? {
            LinearReadEvent::ReadRequest(need) => {
                let (next, after) = rest.split_at(need.min(rest.len()));
                reader.insert(next.len()).copy_from_slice(next);
                reader.notify_read(next.len());
                rest = after;
            }
            // This package writes no record of another kind, so the parser never sees one.
            LinearReadEvent::Record { opcode: opcode @ (op::METADATA | op::CHANNEL | op::MESSAGE), data } => {
                match parse_record(opcode, data).map_err(|e| e.to_string())? {
                    Record::Metadata(record) if record.name == METADATA && trial.is_none() => {
                        trial = Some(Decoder::new(&record.metadata)?);
                    }
                    Record::Channel(channel) if channel.message_encoding == "cdr" => {
                        topics.insert(channel.id, channel.topic);
                    }
                    Record::Message { header, data } => {
                        let topic = topics.get(&header.channel_id).ok_or("a message has no channel")?;
                        let trial = trial.as_mut().ok_or("it has no record of its trial before the messages")?;
                        trial
                            .message(topic, header.sequence, header.log_time, &data)
                            .map_err(|what| format!("{topic}, message {}: {what}", header.sequence))?;
                    }
                    _ => {}
                }
            }
            LinearReadEvent::Record { .. } => {}
        }
    }
    let Decoder { episode, meta, expected, seen } = trial.ok_or("it has no record of its trial")?;
    let found: u64 = seen.values().map(|count| u64::from(*count)).sum();
    if found != expected {
        return Err(format!("it has {found} messages, expected {expected}"));
    }
    check_shapes(&episode, &meta)?;
    Ok((episode, meta))
}

/// Checks both checksums of the file before any content is used. Together they cover every byte.
/// The format makes them optional; a trial must have them.
fn verify(bytes: &[u8]) -> Result<(), String> {
    let cut = || "it is cut short".to_owned();
    let unmarked = || "it does not begin and end like an MCAP file (cut short?)".to_owned();
    bytes.strip_prefix(MAGIC).ok_or_else(unmarked)?;
    let records = bytes.strip_suffix(MAGIC).ok_or_else(unmarked)?;
    let mut at = MAGIC.len();
    let data_end = loop {
        let (opcode, length) = head(records.get(at..).ok_or_else(cut)?).ok_or_else(cut)?;
        let content = &records[at + RECORD_HEAD..];
        if opcode == op::DATA_END {
            break content.get(..DATA_END).filter(|_| length == DATA_END as u64).ok_or_else(cut)?;
        }
        if opcode == op::CHUNK && content.get(COMPRESSION..COMPRESSION + 7) != Some(b"\x03\0\0\0lz4") {
            return Err("it has a chunk that is not compressed with lz4".into());
        }
        at = usize::try_from(length).ok().and_then(|l| (at + RECORD_HEAD).checked_add(l)).ok_or_else(cut)?;
    };
    let summary = &records[at + RECORD_HEAD + DATA_END..];
    let footer = summary.len().checked_sub(RECORD_HEAD + FOOTER).ok_or_else(cut)?;
    if head(&summary[footer..]) != Some((op::FOOTER, FOOTER as u64)) {
        return Err("it does not end with a footer".into());
    }
    let (summary, summary_end) = summary.split_at(summary.len() - 4);
    let checks = [("data", &records[..at], data_end), ("summary", summary, summary_end)];
    for (section, covered, checksum) in checks {
        if crc32fast::hash(covered).to_le_bytes() != checksum {
            return Err(format!("the checksum of its {section} is wrong"));
        }
    }
    Ok(())
}

/// Opcode and length of the record at the start of `bytes`.
fn head(bytes: &[u8]) -> Option<(u8, u64)> {
    let (opcode, rest) = bytes.split_first()?;
    Some((*opcode, u64::from_le_bytes(*rest.first_chunk()?)))
}

struct Decoder {
    episode: Episode,
    meta: TrialMeta,
    /// Messages in the file.
    expected: u64,
    /// Messages seen per topic.
    seen: HashMap<String, u32>,
}

impl Decoder {
    fn new(metadata: &BTreeMap<String, String>) -> Result<Self, String> {
        let json = |key: &str| metadata.get(key).ok_or(format!("its record lacks `{key}`"));
        let head: EpisodeHead = serde_json::from_str(json("episode")?).map_err(|e| e.to_string())?;
        if !(1..=FORMAT).contains(&head.format) {
            return Err(format!("its format version is {}, this program reads 1 to {FORMAT}", head.format));
        }
        let meta = serde_json::from_str(json("trial")?).map_err(|e| e.to_string())?;
        let episode = Episode {
            joints: head.joints,
            task_values: head.task_values,
            state_dim: head.state_dim,
            action_dim: head.action_dim,
            start: head.start,
            before: head.before,
            clipped_cycles: head.clipped_cycles,
            missed_cycles: head.missed_cycles,
            ..Episode::default()
        };
        Ok(Self { episode, meta, expected: head.messages as u64, seen: HashMap::new() })
    }

    fn message(&mut self, topic: &str, sequence: u32, log_time: u64, data: &[u8]) -> Result<(), String> {
        let seen = self.seen.entry(topic.into()).or_default();
        if sequence != *seen {
            return Err(format!("expected message {seen}"));
        }
        *seen += 1;
        if topic == JOINT_STATES {
            return self.joint_state(log_time, JointState::from_cdr(data)?);
        }
        let array = arrays!(&mut self.episode, &mut self.meta, mut).into_iter().find(|a| a.topic == topic);
        let Some(Array { width, data: rows, .. }) = array else {
            let for_the_eye =
                view::TOPICS.contains(&topic) || bodies(&self.meta).iter().any(|body| body.topic == topic);
            return if for_the_eye { Ok(()) } else { Err("unknown topic".into()) };
        };
        let row = Float64MultiArray::from_cdr(data)?.data;
        rows.extend_from_slice(checked(&row, width)?);
        Ok(())
    }

    fn joint_state(&mut self, log_time: u64, message: JointState) -> Result<(), String> {
        let Self { episode, meta, .. } = self;
        let time = Duration::from_nanos(log_time).checked_sub(meta.wall_start);
        episode.time.push(time.ok_or("it is before the trial's start")?);
        if message.name != meta.joint_names {
            return Err(format!("its joints are {:?}, expected {:?}", message.name, meta.joint_names));
        }
        episode.position.extend_from_slice(checked(&message.position, episode.joints)?);
        episode.velocity.extend_from_slice(checked(&message.velocity, episode.joints)?);
        if !message.effort.is_empty() {
            if episode.sent.len() + episode.joints != episode.velocity.len() {
                return Err("it has efforts after a reading without".into());
            }
            episode.sent.extend_from_slice(checked(&message.effort, episode.joints)?);
        }
        Ok(())
    }
}

fn checked(row: &[f64], width: usize) -> Result<&[f64], String> {
    if row.len() == width { Ok(row) } else { Err(format!("it has {} values, expected {width}", row.len())) }
}
