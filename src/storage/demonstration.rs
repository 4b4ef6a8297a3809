//! A demonstration on disk: joint states as a rosbag2 file in MCAP form, one message on
//! `/joint_states` per state. There are no efforts: those of the drives did not make a motion that a
//! hand led.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mcap::records::MessageHeader;

use super::StorageError;
use super::files::{Files, create_dir_all, write_atomic};
use super::mcap_file::{JOINT_STATES, channel, create, finish};
use super::messages::{Header, JointState, Message};
use super::run_view::{TRIAL_ENDING, numbered};
use crate::control::JointSample;

/// The folder of a run's demonstrations.
const DEMONSTRATIONS: &str = "demonstrations";

/// Writes joint states to a file, atomically. `wall_start` is the wall time of the first, since the
/// Unix epoch.
///
/// # Errors
/// [`StorageError::Unstorable`] if a time has no place in the file, or the file operation that
/// failed.
pub fn write_demonstration(
    files: &dyn Files,
    path: &Path,
    joints: &[String],
    wall_start: Duration,
    samples: &[JointSample],
) -> Result<(), StorageError> {
    let bytes =
        encode(joints, wall_start, samples).map_err(|what| StorageError::Unstorable { path: path.into(), what })?;
    Ok(write_atomic(files, path, &bytes)?)
}

/// Writes joint states to the next numbered file of a run's folder. Returns its path.
///
/// # Errors
/// As [`write_demonstration`].
pub fn add_demonstration(
    files: &dyn Files,
    run: &Path,
    joints: &[String],
    wall_start: Duration,
    samples: &[JointSample],
) -> Result<PathBuf, StorageError> {
    let folder = run.join(DEMONSTRATIONS);
    create_dir_all(files, &folder)?;
    let number = numbered(files, &folder)?.last().map_or(1, |(number, _)| number + 1);
    let path = folder.join(format!("{number:06}{TRIAL_ENDING}"));
    write_demonstration(files, &path, joints, wall_start, samples)?;
    Ok(path)
}

fn encode(joints: &[String], wall_start: Duration, samples: &[JointSample]) -> Result<Vec<u8>, String> {
    let text = |error: mcap::McapError| error.to_string();
    let mut file = create().map_err(text)?;
    let channel_id = channel::<JointState>(&mut file, JOINT_STATES).map_err(text)?;
    let first = samples.first().map_or(Duration::ZERO, |sample| sample.stamp);
    for (sequence, JointSample { stamp, position, velocity }) in (0..).zip(samples) {
        let wall = wall_start.saturating_add(stamp.saturating_sub(first));
        let log_time = u64::try_from(wall.as_nanos()).map_err(|_| format!("time {wall:?} is past the year 2554"))?;
        let state = JointState {
            header: Header::new(wall, ""),
            name: joints.to_vec(),
            position: position.to_vec(),
            velocity: velocity.to_vec(),
            effort: vec![],
        };
        let header = MessageHeader { channel_id, sequence, log_time, publish_time: log_time };
        file.write_to_known_channel(&header, &state.to_cdr().map_err(|error| error.to_string())?).map_err(text)?;
    }
    finish(file).map_err(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::files::Disk;
    use crate::storage::read_joint_states;

    #[test]
    fn what_was_shown_is_read_again() {
        let place = tempfile::tempdir().unwrap();
        let samples: Vec<JointSample> = (0..500_u32)
            .map(|i| JointSample {
                stamp: Duration::from_secs(7) + i * Duration::from_millis(2),
                position: [f64::from(i) * 0.1, -1. / f64::from(i + 1)].into(),
                velocity: [0.5, f64::from(i)].into(),
            })
            .collect();
        let names = ["a".to_owned(), "b".to_owned()];
        let write = || add_demonstration(&Disk, place.path(), &names, Duration::from_secs(1_700_000_000), &samples);
        let paths = [write().unwrap(), write().unwrap()];
        assert_eq!(paths, ["000001.mcap", "000002.mcap"].map(|name| place.path().join("demonstrations").join(name)));
        let swapped = ["b".to_owned(), "a".to_owned()];
        let read = read_joint_states(&Disk, &paths[1], "", &swapped).unwrap();
        assert!(read.time.len() == 500 && read.effort.is_empty());
        for (i, sample) in samples.iter().enumerate() {
            assert_eq!(read.position[2 * i..2 * i + 2], [sample.position[1], sample.position[0]]);
            assert!((read.time[i] - 1.7e9 - 0.002 * i as f64).abs() < 1e-6);
        }
    }
}
