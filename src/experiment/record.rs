//! The record of a job's iteration: one line of the job's CSV file.

use std::path::Path;

use serde::{Deserialize, Serialize};

use moto_learners::{Report, Verdict};

use super::{ExperimentError, Variant};
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

impl Record {
    /// The value that no iteration of the variant has: a return that is no number, a share beyond 1, a mean action that was not judged
    /// where it was due. `None` if there is none.
    pub(super) fn fault(&self, variant: &Variant) -> Option<String> {
        let returns =
            [("rollouts_return", Some(self.rollouts_return)), ("mean_action_return", self.mean_action_return)];
        let shares = [("success", self.success), ("rollouts_success", self.rollouts_success)];
        let wrong = |name: &str, value: f64, expected: &str| format!("{name} is {value}, expected {expected}");
        for (name, value) in returns {
            if let Some(value) = value.filter(|value| !value.is_finite()) {
                return Some(wrong(name, value, "a number"));
            }
        }
        for (name, value) in shares {
            if let Some(value) = value.filter(|value| !(0. ..=1.).contains(value)) {
                return Some(wrong(name, value, "0 to 1"));
            }
        }
        if !self.seconds.is_finite() || self.seconds < 0. {
            return Some(wrong("seconds", self.seconds, "a time"));
        }
        let due = variant.is_judged(self.iteration) && self.mean_action_return.is_none();
        due.then(|| "mean_action_return is missing, expected a number".into())
    }
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

/// The columns of the file.
const COLUMNS: [&str; 11] = [
    "iteration",
    "episodes",
    "rollouts_return",
    "mean_action_return",
    "success",
    "rollouts_success",
    "kl",
    "entropy",
    "effective_samples",
    "remark",
    "seconds",
];

/// Reads records of a variant written by [`write`].
///
/// # Errors
/// If the file cannot be read or is damaged: the line, and what is wrong there.
pub fn read(path: &Path, variant: &Variant) -> Result<Vec<Record>, ExperimentError> {
    let bytes = Disk.read(path)?;
    parse(&bytes, variant).map_err(|what| ExperimentError::Records { path: path.into(), what })
}

fn parse(bytes: &[u8], variant: &Variant) -> Result<Vec<Record>, String> {
    match bytes.last() {
        None => return Err("it is empty".into()),
        Some(b'\n') => {}
        Some(_) => return Err("its last line is cut short".into()),
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let (mut records, mut header) = (Vec::new(), true);
    for row in reader.records() {
        let row = row.map_err(|_| format!("line {} is not a text (UTF-8)", records.len() + 2 - usize::from(header)))?;
        let line = row.position().map_or(0, csv::Position::line);
        let at = |what: String| format!("line {line}: {what}");
        if header {
            if let Some((found, column)) = row.iter().zip(COLUMNS).find(|(found, column)| found != column) {
                return Err(at(format!("column {column} is {found:?}")));
            }
            header = false;
        }
        if row.len() != COLUMNS.len() {
            return Err(at(format!("it has {} columns, expected {}", row.len(), COLUMNS.len())));
        }
        if line > 1 {
            records.push(record(&row, records.len() as u64 + 1, variant).map_err(at)?);
        }
    }
    Ok(records)
}

/// The record of a line, the `iteration`-th of its file.
fn record(row: &csv::StringRecord, iteration: u64, variant: &Variant) -> Result<Record, String> {
    if iteration > variant.iterations as u64 {
        return Err(format!("it comes after all {} iterations", variant.iterations));
    }
    let names = csv::StringRecord::from(&COLUMNS[..]);
    let record: Record = row.deserialize(Some(&names)).map_err(|error| {
        let column = match error.kind() {
            csv::ErrorKind::Deserialize { err, .. } => err.field().and_then(|field| usize::try_from(field).ok()),
            _ => None,
        };
        let cell = column.and_then(|column| Some((COLUMNS.get(column)?, row.get(column)?)));
        cell.map_or_else(|| error.to_string(), |(name, found)| format!("{name} is {found:?}, expected a number"))
    })?;
    for (name, found, expected) in
        [("iteration", record.iteration, iteration), ("episodes", record.episodes, iteration * variant.rollouts as u64)]
    {
        if found != expected {
            return Err(format!("{name} is {found}, expected {expected}"));
        }
    }
    match record.fault(variant) {
        None => Ok(record),
        Some(fault) => Err(fault),
    }
}
