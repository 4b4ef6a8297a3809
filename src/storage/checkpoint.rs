//! Checkpoints: a value of the learner, with a header and a checksum, written atomically.
//!
//! Layout (little endian): magic (8 bytes), format version (u32), header length (u32), payload
//! length (u64), header and payload (bincode 2, standard configuration), BLAKE3 of everything
//! before (32 bytes, last in every version).

use std::path::{Path, PathBuf};

use bincode::serde::{borrow_decode_from_slice, encode_into_std_write};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::StorageError;
use super::files::{Files, write_atomic};

const MAGIC: [u8; 8] = *b"MOTOCKPT";
const VERSION: u32 = 4;
const FIXED: usize = MAGIC.len() + 4 + 4 + 8;
const HASH: usize = blake3::OUT_LEN;
/// Largest header and payload that are decoded, bytes.
const MAX_HEADER: usize = 64 << 10;
const MAX_PAYLOAD: usize = 256 << 20;
const ENDING: &str = ".ckpt";

/// Shapes of the policy a checkpoint holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shapes {
    /// State dimension d_s.
    pub state_dim: usize,
    /// Action dimension d_a.
    pub action_dim: usize,
    /// Policy steps T.
    pub horizon: usize,
}

/// Origin of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The robot's name.
    pub robot: String,
    /// The task's name.
    pub task: String,
    /// The learner's name.
    pub learner: String,
    /// The policy's shapes.
    pub shapes: Shapes,
    /// [`config_hash`] of the resolved configuration.
    pub config_hash: String,
    /// The run's seed.
    pub seed: u64,
    /// Iterations done.
    pub iteration: u64,
    /// Version of the package that wrote it.
    pub package_version: String,
}

/// A caller's requirements on a checkpoint. `None`: no requirement.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The robot's name.
    pub robot: String,
    /// The task's name.
    pub task: String,
    /// The learner's name.
    pub learner: String,
    /// The policy's shapes.
    pub shapes: Shapes,
    /// [`config_hash`] of the configuration; `None` to start another run from the policy.
    pub config_hash: Option<String>,
    /// The run's seed.
    pub seed: Option<u64>,
}

/// A value with its origin. `T` may be a reference if it is only saved.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint<T> {
    /// Origin of the value.
    pub header: Header,
    /// The value.
    pub value: T,
}

/// The newest checkpoint that could be read.
#[derive(Debug)]
pub struct LoadedCheckpoint<T> {
    /// The checkpoint.
    pub checkpoint: Checkpoint<T>,
    /// Its file.
    pub path: PathBuf,
    /// Errors of the newer checkpoints that were skipped; each deserves a warning.
    pub damaged: Vec<StorageError>,
}

/// BLAKE3 (hex) of a configuration in canonical form: JSON with sorted keys.
///
/// # Errors
/// If the value has no JSON form.
pub fn config_hash(config: &impl Serialize) -> Result<String, serde_json::Error> {
    let canonical = serde_json::to_vec(&serde_json::to_value(config)?)?;
    Ok(blake3::hash(&canonical).to_hex().to_string())
}

impl Header {
    /// Checks the caller's requirements.
    ///
    /// # Errors
    /// [`StorageError::Mismatch`] with the first field that differs.
    pub fn check(&self, path: &Path, expected: &Expected) -> Result<(), StorageError> {
        let (have, need) = (&self.shapes, &expected.shapes);
        let fields = [
            ("robot", self.robot.clone(), Some(expected.robot.clone())),
            ("task", self.task.clone(), Some(expected.task.clone())),
            ("learner", self.learner.clone(), Some(expected.learner.clone())),
            ("state dimension", have.state_dim.to_string(), Some(need.state_dim.to_string())),
            ("action dimension", have.action_dim.to_string(), Some(need.action_dim.to_string())),
            ("horizon", have.horizon.to_string(), Some(need.horizon.to_string())),
            ("config hash", self.config_hash.clone(), expected.config_hash.clone()),
            ("seed", self.seed.to_string(), expected.seed.map(|s| s.to_string())),
        ];
        for (field, found, expected) in fields {
            if let Some(expected) = expected.filter(|e| *e != found) {
                return Err(StorageError::Mismatch { path: path.into(), field, found, expected });
            }
        }
        Ok(())
    }
}

impl<T: Serialize> Checkpoint<T> {
    /// Writes the checkpoint to `directory` under its iteration. Then removes all older checkpoints
    /// but the newest `keep`, and any of later iterations: those were damaged, or the run would
    /// have gone on from them.
    ///
    /// # Errors
    /// The file operation that failed, or a value too large to store. The previous checkpoints are
    /// then intact.
    pub fn save(&self, files: &dyn Files, directory: &Path, keep: usize) -> Result<PathBuf, StorageError> {
        let path = directory.join(format!("{:06}{ENDING}", self.header.iteration));
        write_atomic(files, &path, &self.encode(&path)?)?;
        let (past, later): (Vec<_>, Vec<_>) =
            stored(files, directory)?.into_iter().partition(|(iteration, _)| *iteration <= self.header.iteration);
        let surplus = past.len().saturating_sub(keep.max(1));
        for (_, old) in past.iter().take(surplus).chain(&later) {
            files.remove(old)?;
        }
        Ok(path)
    }

    fn encode(&self, path: &Path) -> Result<Vec<u8>, StorageError> {
        let unstorable = |what| StorageError::Unstorable { path: path.into(), what };
        let config = bincode::config::standard();
        // The lengths are filled in when they are known, so that the payload is not copied.
        let mut bytes = vec![0; FIXED];
        let header = encode_into_std_write(&self.header, &mut bytes, config).map_err(|e| unstorable(e.to_string()))?;
        let payload = encode_into_std_write(&self.value, &mut bytes, config).map_err(|e| unstorable(e.to_string()))?;
        if header > MAX_HEADER || payload > MAX_PAYLOAD {
            return Err(unstorable(format!("{} bytes are more than {MAX_PAYLOAD}", header + payload)));
        }
        let fixed = MAGIC.into_iter().chain(VERSION.to_le_bytes()).chain((header as u32).to_le_bytes());
        bytes.iter_mut().zip(fixed.chain((payload as u64).to_le_bytes())).for_each(|(byte, fixed)| *byte = fixed);
        bytes.extend(blake3::hash(&bytes).as_bytes());
        Ok(bytes)
    }
}

impl<T: DeserializeOwned> Checkpoint<T> {
    /// Reads one checkpoint.
    ///
    /// # Errors
    /// [`StorageError::Damaged`], [`StorageError::Version`], [`StorageError::Mismatch`] or the
    /// failed file operation.
    pub fn load(files: &dyn Files, path: &Path, expected: &Expected) -> Result<Self, StorageError> {
        let bytes = files.read(path)?;
        let damaged = |what: &str| StorageError::Damaged { path: path.into(), what: what.into() };
        if !bytes.starts_with(&MAGIC) {
            return Err(damaged("it does not begin like a checkpoint"));
        }
        let (content, hash) = bytes.split_last_chunk::<HASH>().ok_or_else(|| damaged("it is cut short"))?;
        if blake3::hash(content) != *hash {
            return Err(damaged("its checksum is wrong (cut short or changed)"));
        }
        let mut rest = &content[MAGIC.len()..];
        let mut number = |width: usize| -> Result<u64, StorageError> {
            let (digits, after) = rest.split_at_checked(width).ok_or_else(|| damaged("it is cut short"))?;
            rest = after;
            Ok(digits.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
        };
        let (version, header_length, payload_length) = (number(4)? as u32, number(4)?, number(8)?);
        if version != VERSION {
            return Err(StorageError::Version { path: path.into(), found: version, supported: VERSION });
        }
        if header_length.checked_add(payload_length) != Some(rest.len() as u64) {
            return Err(damaged("its lengths do not add up"));
        }
        let (header, payload) = rest.split_at(header_length as usize);
        let limited = bincode::config::standard().with_limit::<MAX_HEADER>();
        let (header, used): (Header, usize) =
            borrow_decode_from_slice(header, limited).map_err(|e| damaged(&format!("its header: {e}")))?;
        if used as u64 != header_length {
            return Err(damaged("its header is too long"));
        }
        header.check(path, expected)?;
        let limited = bincode::config::standard().with_limit::<MAX_PAYLOAD>();
        let (value, used): (T, usize) =
            borrow_decode_from_slice(payload, limited).map_err(|e| damaged(&format!("its content: {e}")))?;
        if used as u64 != payload_length {
            return Err(damaged("its content is too long"));
        }
        Ok(Self { header, value })
    }

    /// Reads the newest checkpoint in `directory`, or the one before it where the newest is
    /// damaged.
    ///
    /// A checkpoint that does not match (robot, task, shapes, configuration, seed or format) is
    /// refused at once. Otherwise [`StorageError::NoCheckpoint`] or [`StorageError::AllDamaged`].
    pub fn load_newest(
        files: &dyn Files,
        directory: &Path,
        expected: &Expected,
    ) -> Result<LoadedCheckpoint<T>, StorageError> {
        let candidates = stored(files, directory)?;
        let mut damaged = Vec::new();
        for (_, path) in candidates.iter().rev() {
            match Self::load(files, path, expected) {
                Ok(checkpoint) => return Ok(LoadedCheckpoint { checkpoint, path: path.clone(), damaged }),
                Err(error @ (StorageError::Damaged { .. } | StorageError::File(_))) => damaged.push(error),
                Err(error) => return Err(error),
            }
        }
        Err(match damaged.into_iter().next() {
            None => StorageError::NoCheckpoint { path: directory.into() },
            Some(newest) => {
                StorageError::AllDamaged { path: directory.into(), count: candidates.len(), newest: Box::new(newest) }
            }
        })
    }
}

/// Checkpoints in a directory, oldest first.
fn stored(files: &dyn Files, directory: &Path) -> Result<Vec<(u64, PathBuf)>, StorageError> {
    let mut found: Vec<(u64, PathBuf)> = files
        .list(directory)?
        .into_iter()
        .filter_map(|name| Some((name.strip_suffix(ENDING)?.parse().ok()?, directory.join(name))))
        .collect();
    found.sort();
    Ok(found)
}
