//! One seed of one variant, run from its start or its saved state to its end.

use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::IgnoredAny;
use tracing::warn;

use super::record::{self, Record};
use super::{ExperimentConfig, ExperimentError, Folder, Run, TaskConfig, Variant, Watcher};
use crate::report::SwingMotion;
use crate::storage::files::{Disk, Files, write_atomic};
use crate::supervisor::LearnedStroke;

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

/// What a file of a learned stroke has. Its configuration is read where it is used.
#[derive(Deserialize)]
struct Learned {
    #[serde(rename = "config")]
    _config: IgnoredAny,
    #[serde(rename = "urdf")]
    _urdf: String,
    #[serde(rename = "law")]
    _law: IgnoredAny,
}

/// Progress of a job.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// All records. There are fewer records than iterations if the method broke down.
    Finished(Vec<Record>),
    /// The job was asked to stop, and its state is saved.
    Stopped,
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
        let records = record::read(&path, self.variant)?;
        let (found, wanted) = (records.len(), self.variant.iterations);
        // A method that broke down left its reason.
        if found < wanted && !Disk.exists(&folder.attachment(self.variant, self.seed, FAILURE))? {
            let what = format!("it ends after {found} of {wanted} iterations");
            return Err(ExperimentError::Records { path, what });
        }
        self.check_attachment(folder, path)?;
        Ok(Some(records))
    }

    /// Checks that what the seed learned is whole. It may be missing: whoever took it away, or took the records elsewhere without it,
    /// still has the records.
    fn check_attachment(&self, folder: &Folder, records: PathBuf) -> Result<(), ExperimentError> {
        let motion = matches!(self.variant.task, TaskConfig::SwingUp(_));
        let ending = if motion { SwingMotion::ENDING } else { LearnedStroke::ENDING };
        let path = folder.attachment(self.variant, self.seed, ending);
        if !Disk.exists(&path)? {
            return Ok(());
        }
        let bytes = Disk.read(&path)?;
        let read = match motion {
            true => serde_json::from_slice::<SwingMotion>(&bytes).map(drop),
            false => serde_json::from_slice::<Learned>(&bytes).map(drop),
        };
        let what = match read {
            Ok(()) => return Ok(()),
            Err(_) if bytes.is_empty() => "it is empty".into(),
            Err(error) => format!("it is cut short or damaged, at line {}, column {}", error.line(), error.column()),
        };
        Err(ExperimentError::Attachment { path, what, records })
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
        let wrong = |source| self.refused(source);
        let restored = self.restored(folder)?;
        // The state that was saved before the newest is an older one.
        let mut is_saved = restored.is_some();
        let (mut run, mut records) = match restored {
            Some(begun) => begun,
            None => (Run::start(variant, self.seed).map_err(wrong)?, Vec::new()),
        };
        folder.check(variant, &run)?;
        let mut saved = Instant::now();
        while records.len() < variant.iterations {
            let stopped = stop.load(Ordering::Relaxed);
            if !is_saved && (stopped || saved.elapsed() >= save_every) {
                self.save(folder, &run, &records)?;
                saved = Instant::now();
            }
            if stopped {
                return Ok(Progress::Stopped);
            }
            is_saved = false;
            if run.prepare().map_err(wrong)? {
                continue;
            }
            let begin = Instant::now();
            let made = run.iterate().map_err(|error| error.to_string()).and_then(|record| {
                let iteration = records.len() as u64 + 1;
                let episodes = iteration * variant.rollouts as u64;
                let record = Record { iteration, episodes, seconds: begin.elapsed().as_secs_f64(), ..record };
                record.fault(variant).map_or(Ok(record), Err)
            });
            let record = match made {
                Ok(record) => record,
                Err(reason) => {
                    warn!("{} seed {} ends after {} iterations: {reason}", variant.label, self.seed, records.len());
                    self.attach(folder, FAILURE, reason.as_bytes())?;
                    break;
                }
            };
            records.push(record);
            watcher.iterated(self, &records);
        }
        let attachment = run.attachment().map_err(wrong)?;
        self.attach(folder, attachment.ending, &attachment.bytes)?;
        let failure = folder.attachment(variant, self.seed, FAILURE);
        if records.len() == variant.iterations && Disk.exists(&failure)? {
            // Of an attempt whose records were removed.
            Disk.remove(&failure)?;
        }
        // The records are written last, since they mark the job as finished.
        record::write(&folder.records(variant, self.seed), &records)?;
        self.forget(folder)?;
        Ok(Progress::Finished(records))
    }

    fn attach(&self, folder: &Folder, ending: &str, bytes: &[u8]) -> Result<(), ExperimentError> {
        Ok(write_atomic(&Disk, &folder.attachment(self.variant, self.seed, ending), bytes)?)
    }
}
