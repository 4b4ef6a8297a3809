//! What an iteration of a job leaves behind: one line of its CSV file.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ExperimentError;
use crate::baselines::gps::GpsReport;
use crate::moto::{IterationReport, Verdict};
use crate::storage::files::{Disk, Files, write_atomic};

/// One iteration. All but `seconds` is the same to the bit for the same seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// Iteration, from 1; the job's to fill in.
    pub iteration: u64,
    /// Episodes learned from so far; the job's to fill in. Judging the mean action is not counted.
    pub episodes: u64,
    /// Mean return of the iteration's rollouts, exploration noise included.
    pub rollouts_return: f64,
    /// Return of the mean action after the update, mean over the task's starts.
    pub mean_action_return: f64,
    /// Share of the same strokes of the mean action that succeeded, 0 to 1, where the task knows success.
    pub success: Option<f64>,
    /// Share of the iteration's rollouts that succeeded, exploration noise included, 0 to 1, where the task knows success.
    pub rollouts_success: Option<f64>,
    /// Mean KL of the update, nats per step (or of the search distribution), where the method has one.
    pub kl: Option<f64>,
    /// Mean entropy of the exploration, nats per step (or of the search distribution).
    pub entropy: Option<f64>,
    /// Effective samples per fit, mean over the steps.
    pub effective_samples: Option<f64>,
    /// What the guard made of the batch: `unjudged`, `accepted`, `rolled_back`; or another remark in a word.
    pub remark: Option<String>,
    /// Wall-clock time of the iteration, s; the job's to fill in, and not reproducible.
    pub seconds: f64,
}

impl From<&IterationReport> for Record {
    fn from(report: &IterationReport) -> Self {
        let verdict = match report.verdict {
            Verdict::Unjudged => "unjudged",
            Verdict::Accepted => "accepted",
            Verdict::RolledBack => "rolled_back",
        };
        Self {
            rollouts_return: report.mean_return,
            kl: Some(report.mean_kl),
            entropy: Some(mean(report.steps.iter().map(|step| step.entropy))),
            effective_samples: Some(report.mean_effective_samples),
            remark: Some(verdict.into()),
            ..Self::default()
        }
    }
}

impl From<&GpsReport> for Record {
    fn from(report: &GpsReport) -> Self {
        Self {
            rollouts_return: report.mean_return,
            kl: Some(mean(report.steps.iter().map(|step| step.kl))),
            entropy: Some(mean(report.steps.iter().map(|step| step.entropy))),
            remark: Some(format!("step_size {:.3}", report.step_size)),
            ..Self::default()
        }
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// Writes records as CSV with a header, whole or not at all.
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

/// Reads what [`write`] wrote.
///
/// # Errors
/// If the file cannot be read or is damaged.
pub fn read(path: &Path) -> Result<Vec<Record>, ExperimentError> {
    let bytes = Disk.read(path)?;
    let rows: Result<Vec<Record>, csv::Error> = csv::Reader::from_reader(&bytes[..]).deserialize().collect();
    rows.map_err(|e| ExperimentError::Records { path: path.into(), what: e.to_string() })
}
