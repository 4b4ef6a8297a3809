//! The records of all finished jobs.

use super::{ExperimentConfig, ExperimentError, Folder, Job, Record, Variant};

/// The records of a variant's finished seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantRecords<'a> {
    /// The variant.
    pub variant: &'a Variant,
    /// The finished seeds, at least one, rising.
    pub seeds: Vec<u64>,
    /// Records by seed and iteration.
    pub records: Vec<Vec<Record>>,
}

/// What is finished of an experiment, by whichever process, what is missing, and what is damaged.
#[derive(Debug)]
pub struct Collected<'a> {
    /// The variants with a finished seed, in the experiment's order.
    pub variants: Vec<VariantRecords<'a>>,
    /// The jobs that are not finished.
    pub missing: Vec<Job<'a>>,
    /// The jobs whose files cannot be used, with the reason.
    pub damaged: Vec<(Job<'a>, ExperimentError)>,
}

impl<'a> Collected<'a> {
    /// Reads the records of an experiment's folder.
    pub fn read(config: &'a ExperimentConfig, folder: &Folder) -> Self {
        let none = |variant| VariantRecords { variant, seeds: Vec::new(), records: Vec::new() };
        let mut variants: Vec<_> = config.variants.iter().map(none).collect();
        let (mut missing, mut damaged) = (Vec::new(), Vec::new());
        for job in config.jobs() {
            match job.finished(folder) {
                Ok(Some(records)) => {
                    let of = &mut variants[job.index % config.variants.len()];
                    of.seeds.push(job.seed);
                    of.records.push(records);
                }
                Ok(None) => missing.push(job),
                Err(error) => damaged.push((job, error)),
            }
        }
        variants.retain(|variant| !variant.seeds.is_empty());
        Self { variants, missing, damaged }
    }

    /// Number of jobs.
    pub fn all(&self) -> usize {
        self.finished() + self.missing.len() + self.damaged.len()
    }

    /// What is wrong with the damaged jobs, if there are any.
    ///
    /// # Errors
    /// [`ExperimentError::Damaged`].
    pub fn check(&self) -> Result<(), ExperimentError> {
        ExperimentError::if_any(&self.damaged, self.all())
    }

    /// Number of finished jobs.
    pub fn finished(&self) -> usize {
        self.variants.iter().map(|variant| variant.seeds.len()).sum()
    }
}
