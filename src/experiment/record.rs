//! The record of a job's iteration: one line of the job's CSV file.

use std::path::Path;

use serde::{Deserialize, Serialize};

use moto_learners::{Report, Verdict};

use super::ExperimentError;
use crate::storage::files::{Disk, Files, write_atomic};

/// The record of an iteration. The same seed gives the same bits in all fields but `seconds`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// 1-based iteration. The job fills it in.
    pub iteration: u64,
    /// Episodes used for learning so far. Evaluations of the mean action are not counted. The job
    /// fills it in.
    pub episodes: u64,
    /// Mean return of the iteration's rollouts, exploration noise included.
    pub rollouts_return: f64,
    /// Return of the mean action after the update, averaged over the task's starts. `None` if it was
    /// not judged after this iteration ([`Variant::judged_every`](super::Variant::judged_every)).
    pub mean_action_return: Option<f64>,
    /// Share of the mean action's strokes that succeeded, 0 to 1. `None` if it was not judged, or the
    /// task does not define success.
    pub success: Option<f64>,
    /// Share of the iteration's rollouts that succeeded, exploration noise included, 0 to 1. `None`
    /// if the task does not define success.
    pub rollouts_success: Option<f64>,
    /// Mean KL of the update, nats per step, or of the search distribution. `None` if the method
    /// has no KL.
    pub kl: Option<f64>,
    /// Mean entropy of the exploration, nats per step, or of the search distribution.
    pub entropy: Option<f64>,
    /// Effective samples per fit, mean over the steps.
    pub effective_samples: Option<f64>,
    /// Verdict of the guard on the batch, `unjudged`, `accepted` or `rolled_back`; or another
    /// remark of one word.
    pub remark: Option<String>,
    /// Wall-clock time of the iteration, s. It is not reproducible. The job fills it in.
    pub seconds: f64,
}

impl From<&Report> for Record {
    fn from(report: &Report) -> Self {
        let verdict = report.verdict.map(|verdict| match verdict {
            Verdict::Unjudged => "unjudged",
            Verdict::Accepted => "accepted",
            Verdict::RolledBack => "rolled_back",
        });
        Self {
            rollouts_return: report.mean_return,
            kl: report.kl,
            entropy: report.entropy,
            effective_samples: report.effective_samples,
            remark: report.remark.clone().or(verdict.map(Into::into)),
            ..Self::default()
        }
    }
}

/// Writes records atomically as CSV with a header.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, records: &[Record]) -> Result<(), ExperimentError> {
    let unwritable = |e: &dyn std::fmt::Display| ExperimentError::Records { path: path.into(), what: e.to_string() };
    let mut writer = csv::Writer::from_writer(Vec::new());
    records.iter().try_for_each(|record| writer.serialize(record)).map_err(|e| unwritable(&e))?;
    let bytes = writer.into_inner().map_err(|e| unwritable(&e))?;
    Ok(write_atomic(&Disk, path, &bytes)?)
}

/// Reads records written by [`write`].
///
/// # Errors
/// If the file cannot be read or is damaged.
pub fn read(path: &Path) -> Result<Vec<Record>, ExperimentError> {
    let damaged = |what: String| ExperimentError::Records { path: path.into(), what };
    let bytes = Disk.read(path)?;
    let rows: Result<Vec<Record>, csv::Error> = csv::Reader::from_reader(&bytes[..]).deserialize().collect();
    let records = rows.map_err(|error| damaged(error.to_string()))?;
    if bytes.last().is_some_and(|last| *last != b'\n') {
        return Err(damaged("its last line is cut short".into()));
    }
    Ok(records)
}
