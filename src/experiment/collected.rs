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

/// What is finished of an experiment, by whichever process, and what is missing.
#[derive(Clone, Debug)]
pub struct Collected<'a> {
    /// The variants with a finished seed, in the experiment's order.
    pub variants: Vec<VariantRecords<'a>>,
    /// The jobs that are not finished.
    pub missing: Vec<Job<'a>>,
}

impl<'a> Collected<'a> {
    /// Reads the records of an experiment's folder.
    ///
    /// # Errors
    /// Records that are damaged.
    pub fn read(config: &'a ExperimentConfig, folder: &Folder) -> Result<Self, ExperimentError> {
        let none = |variant| VariantRecords { variant, seeds: Vec::new(), records: Vec::new() };
        let mut variants: Vec<_> = config.variants.iter().map(none).collect();
        let mut missing = Vec::new();
        for job in config.jobs() {
            match job.finished(folder)? {
                Some(records) => {
                    let of = &mut variants[job.index % config.variants.len()];
                    of.seeds.push(job.seed);
                    of.records.push(records);
                }
                None => missing.push(job),
            }
        }
        variants.retain(|variant| !variant.seeds.is_empty());
        Ok(Self { variants, missing })
    }

    /// Number of finished jobs.
    pub fn finished(&self) -> usize {
        self.variants.iter().map(|variant| variant.seeds.len()).sum()
    }
}
