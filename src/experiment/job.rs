//! One seed of one variant, run from its start or its saved state to its end.

use std::fmt::{self, Display, Formatter};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tracing::warn;

use super::record::{self, Record};
use super::run::{Run, RunError, decode, encode};
use super::{ExperimentConfig, ExperimentError, Folder, Variant, Watcher};
use crate::storage::files::{Disk, Files, write_atomic};

/// Length of the checksum at the end of a saved state, bytes.
const HASH: usize = 32;

/// Ending of the file that says why a method broke down.
const FAILURE: &str = "failure.txt";

/// One seed of one variant.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// Number of the job in its experiment, from 0.
    pub index: usize,
    /// The variant.
    pub variant: &'a Variant,
    /// The seed.
    pub seed: u64,
}

impl ExperimentConfig {
    /// All jobs, by index: seed by seed, and of each seed variant by variant. More seeds change the index of no job.
    pub fn jobs(&self) -> Vec<Job<'_>> {
        let pairs = self.seeds().flat_map(|seed| self.variants.iter().map(move |variant| (variant, seed)));
        pairs.enumerate().map(|(index, (variant, seed))| Job { index, variant, seed }).collect()
    }
}

impl Display for Job<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { index, variant, seed } = self;
        let group = if variant.group.is_empty() { String::new() } else { format!("{}, ", variant.group) };
        write!(f, "job {index} ({group}{} seed {seed})", variant.label)
    }
}

/// Progress of a job.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// All records. There are fewer records than iterations if the method broke down.
    Finished(Vec<Record>),
    /// The job was asked to stop, and its state is saved.
    Stopped,
}

/// A run with its records so far.
type Begun = (Run, Vec<Record>);

/// Saved state of an interrupted job.
#[derive(Serialize, Deserialize)]
struct Unfinished {
    records: Vec<Record>,
    state: Vec<u8>,
}

impl Job<'_> {
    /// The records, if the job is finished.
    ///
    /// # Errors
    /// If the records cannot be read, or are not all there.
    pub fn finished(&self, folder: &Folder) -> Result<Option<Vec<Record>>, ExperimentError> {
        let path = folder.records(self.variant, self.seed);
        if !Disk.exists(&path)? {
            return Ok(None);
        }
        let records = record::read(&path)?;
        let (found, wanted) = (records.len(), self.variant.iterations);
        // A method that broke down left its reason.
        if found < wanted && !Disk.exists(&folder.attachment(self.variant, self.seed, FAILURE))? {
            let what = format!("it ends after {found} of {wanted} iterations");
            return Err(ExperimentError::Records { path, what });
        }
        Ok(Some(records))
    }

    /// Runs the job to its end, unless it is already finished.
    ///
    /// # Errors
    /// A file operation fails, or the variant cannot start.
    pub fn run(
        &self,
        folder: &Folder,
        save_every: Duration,
        stop: &AtomicBool,
        watcher: &dyn Watcher,
    ) -> Result<Progress, ExperimentError> {
        if let Some(records) = self.finished(folder)? {
            return Ok(Progress::Finished(records));
        }
        let variant = self.variant;
        let wrong = |source| ExperimentError::Variant { label: variant.label.clone(), source: Box::new(source) };
        let (mut run, mut records) = self
            .restored(folder)?
            .map_or_else(|| Run::start(variant, self.seed).map(|run| (run, Vec::new())).map_err(wrong), Ok)?;
        if !run.prepare(stop).map_err(wrong)? {
            return Ok(Progress::Stopped);
        }
        let mut saved = Instant::now();
        while records.len() < variant.iterations {
            if stop.load(Ordering::Relaxed) {
                self.save(folder, &run, &records)?;
                return Ok(Progress::Stopped);
            }
            let begin = Instant::now();
            let mut record = match run.iterate() {
                Ok(record) => record,
                Err(error) => {
                    warn!("{} seed {} ends after {} iterations: {error}", variant.label, self.seed, records.len());
                    self.attach(folder, FAILURE, error.to_string().as_bytes())?;
                    break;
                }
            };
            record.iteration = records.len() as u64 + 1;
            record.episodes = record.iteration * variant.rollouts as u64;
            record.seconds = begin.elapsed().as_secs_f64();
            records.push(record);
            watcher.iterated(self, &records);
            if saved.elapsed() >= save_every && records.len() < variant.iterations {
                self.save(folder, &run, &records)?;
                saved = Instant::now();
            }
        }
        let attachment = run.attachment().map_err(wrong)?;
        self.attach(folder, attachment.ending, &attachment.bytes)?;
        // The records are written last, since they mark the job as finished.
        record::write(&folder.records(variant, self.seed), &records)?;
        let unfinished = folder.unfinished(variant, self.seed);
        if Disk.exists(&unfinished)? {
            Disk.remove(&unfinished)?;
        }
        Ok(Progress::Finished(records))
    }

    fn attach(&self, folder: &Folder, ending: &str, bytes: &[u8]) -> Result<(), ExperimentError> {
        Ok(write_atomic(&Disk, &folder.attachment(self.variant, self.seed, ending), bytes)?)
    }

    fn save(&self, folder: &Folder, run: &Run, records: &[Record]) -> Result<(), ExperimentError> {
        let wrong = |source| ExperimentError::Variant { label: self.variant.label.clone(), source: Box::new(source) };
        let unfinished = Unfinished { records: records.into(), state: run.state().map_err(wrong)? };
        let mut bytes = encode(&unfinished).map_err(wrong)?;
        bytes.extend(blake3::hash(&bytes).as_bytes());
        Ok(write_atomic(&Disk, &folder.unfinished(self.variant, self.seed), &bytes)?)
    }

    /// The saved run. `None` if no state was saved or the state cannot be used.
    fn restored(&self, folder: &Folder) -> Result<Option<Begun>, ExperimentError> {
        let path = folder.unfinished(self.variant, self.seed);
        if !Disk.exists(&path)? {
            return Ok(None);
        }
        let bytes = Disk.read(&path)?;
        let restore = || -> Result<_, RunError> {
            let content = bytes.split_last_chunk::<HASH>().filter(|(content, hash)| blake3::hash(content) == **hash);
            let (content, _) = content.ok_or_else(|| RunError::State("its checksum is wrong".into()))?;
            let Unfinished { records, state } = decode(content)?;
            let mut run = Run::start(self.variant, self.seed)?;
            run.restore(&state)?;
            Ok((run, records))
        };
        match restore() {
            Ok(restored) => Ok(Some(restored)),
            Err(error) => {
                warn!("{}: {error}; the seed starts anew", path.display());
                Ok(None)
            }
        }
    }
}
