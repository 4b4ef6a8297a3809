//! The part of an experiment that a process runs.

use moto_settings::FieldError;

use super::{ExperimentConfig, ExperimentError, Job};

/// The jobs that a process runs. Processes that run different shards of as many never run the same job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All jobs.
    All,
    /// The job with this index.
    Job(usize),
    /// Every `of`-th job, from job `index` on.
    Shard {
        /// Number of the shard, from 0.
        index: usize,
        /// Number of shards.
        of: usize,
    },
}

impl Part {
    /// The jobs of the part. A shard has none if there are fewer jobs than shards.
    ///
    /// # Errors
    /// The number of the job or of the shard, and what it may be.
    pub fn jobs(self, config: &ExperimentConfig) -> Result<Vec<Job<'_>>, ExperimentError> {
        let jobs = config.jobs();
        match self {
            Self::All => Ok(jobs),
            Self::Job(index) => match jobs.get(index) {
                Some(job) => Ok(vec![*job]),
                None => {
                    let expected = format!("0 to {} (--list-jobs lists them)", jobs.len().saturating_sub(1));
                    Err(FieldError::value("--job", index, expected).into())
                }
            },
            Self::Shard { index, of } if index < of => Ok(jobs.into_iter().skip(index).step_by(of).collect()),
            Self::Shard { index, of } => {
                let expected =
                    format!("the number of a shard, 0 to {}, and the number of shards", of.saturating_sub(1));
                Err(FieldError::value("--shard", format!("{index}/{of}"), expected).into())
            }
        }
    }
}
