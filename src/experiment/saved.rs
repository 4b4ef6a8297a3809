//! The saved state of an unfinished job, and the one before it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use super::run::{Run, RunError, decode, encode};
use super::{ExperimentError, Folder, Job, Record};
use crate::storage::files::{Disk, Files, write_atomic};

/// Length of the checksum at the end of a saved state, bytes.
const HASH: usize = 32;

/// A run with its records so far.
pub type Begun = (Run, Vec<Record>);

#[derive(Serialize, Deserialize)]
struct Unfinished {
    records: Vec<Record>,
    state: Vec<u8>,
}

impl Job<'_> {
    /// Saves the state. The one saved last is kept until the next.
    ///
    /// # Errors
    /// The file operation that failed, or a state without a stored form. A state that was saved is then still there.
    pub(super) fn save(&self, folder: &Folder, run: &Run, records: &[Record]) -> Result<(), ExperimentError> {
        let saved = || -> Result<_, RunError> {
            let mut bytes = encode(&Unfinished { records: records.into(), state: run.state()? })?;
            bytes.extend(blake3::hash(&bytes).as_bytes());
            Ok(bytes)
        };
        let bytes = saved().map_err(|source| self.refused(source))?;
        let path = folder.unfinished(self.variant, self.seed);
        // After a crash between the two steps, only the one before is there.
        if Disk.exists(&path)? {
            Disk.rename(&path, &before(&path))?;
        }
        Ok(write_atomic(&Disk, &path, &bytes)?)
    }

    /// The run as it was saved last, or else the time before. A state that cannot be used is set aside, and is nobody's loss if the
    /// seed starts anew. `None` if no state can be used.
    ///
    /// # Errors
    /// A file operation that failed, or a variant that cannot start.
    pub(super) fn restored(&self, folder: &Folder) -> Result<Option<Begun>, ExperimentError> {
        let newest = folder.unfinished(self.variant, self.seed);
        let mut damaged = false;
        for path in [newest.clone(), before(&newest)] {
            if !Disk.exists(&path)? {
                continue;
            }
            let bytes = Disk.read(&path)?;
            let run = Run::start(self.variant, self.seed).map_err(|source| self.refused(source))?;
            match unpacked(run, &bytes) {
                Ok((run, records)) => {
                    let (done, all) = (records.len(), self.variant.iterations);
                    info!("{self} goes on after iteration {done} of {all}, as {} has it", path.display());
                    return Ok(Some((run, records)));
                }
                Err(error) => {
                    let aside = unused(&newest)?;
                    Disk.rename(&path, &aside)?;
                    warn!("{}: {error}; it is kept as {}", path.display(), aside.display());
                    damaged = true;
                }
            }
        }
        if damaged {
            warn!("{self} starts anew: no saved state of it can be used");
        }
        Ok(None)
    }

    /// Removes what was saved, once the job is finished.
    ///
    /// # Errors
    /// The file operation that failed.
    pub(super) fn forget(&self, folder: &Folder) -> Result<(), ExperimentError> {
        let newest = folder.unfinished(self.variant, self.seed);
        for path in [before(&newest), newest] {
            if Disk.exists(&path)? {
                Disk.remove(&path)?;
            }
        }
        Ok(())
    }

    /// An error of the run, with the variant.
    pub(super) fn refused(&self, source: RunError) -> ExperimentError {
        ExperimentError::Variant { label: self.variant.label.clone(), source: Box::new(source) }
    }
}

fn unpacked(mut run: Run, bytes: &[u8]) -> Result<Begun, RunError> {
    let content = bytes.split_last_chunk::<HASH>().filter(|(content, hash)| blake3::hash(content) == **hash);
    let (content, _) = content.ok_or_else(|| RunError::State("its checksum is wrong".into()))?;
    let Unfinished { records, state } = decode(content)?;
    run.restore(&state)?;
    Ok((run, records))
}

/// The place of the state before the newest.
fn before(path: &Path) -> PathBuf {
    with(path, ".before")
}

/// A place where no damaged state is yet.
fn unused(path: &Path) -> Result<PathBuf, ExperimentError> {
    let mut place = with(path, ".damaged");
    for number in 2.. {
        if !Disk.exists(&place)? {
            break;
        }
        place = with(path, &format!(".damaged-{number}"));
    }
    Ok(place)
}

fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
