//! The experiments shipped with the program.

mod defaults;
mod figure_1;
mod figure_2;
mod figure_3;
mod figure_4;
mod settings;
mod transfer;

use super::{ExperimentConfig, ExperimentError};

/// An experiment of the catalogue.
pub struct Entry {
    /// Name on the command line.
    pub name: &'static str,
    /// Methods and settings compared, with the reason, for people.
    pub explanation: &'static str,
    /// Time that sixteen seeds take on two processors, for people.
    pub duration: &'static str,
    /// Settings of the experiment.
    pub config: fn() -> ExperimentConfig,
    /// Divisor of each variant's iterations under `--quick`, which runs two seeds.
    pub quick_divisor: usize,
}

impl Entry {
    /// The short version.
    pub fn quick(&self) -> ExperimentConfig {
        (self.config)().quick(self.quick_divisor)
    }
}

/// All experiments, in the order of the paper's figures.
pub const ENTRIES: [Entry; 12] = [
    figure_1::LARGE_BATCHES,
    figure_1::ABLATIONS,
    figure_1::BATCH_SIZES,
    figure_2::MOTION,
    figure_2::JOINT_LIMITS,
    figure_3::NOISELESS,
    figure_3::CONTEXT,
    figure_3::NOISY_BOUNCE,
    figure_4::DOUBLE,
    figure_4::QUAD,
    defaults::DEFAULTS,
    transfer::TRANSFER,
];

/// The experiment with this name.
///
/// # Errors
/// [`ExperimentError::Unknown`], with the known names.
pub fn find(name: &str) -> Result<&'static Entry, ExperimentError> {
    const ALL: &[Entry] = &ENTRIES;
    ALL.iter().find(|entry| entry.name == name).ok_or_else(|| ExperimentError::Unknown {
        name: name.into(),
        known: ALL.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_experiment_and_its_small_version_can_be_run() {
        for entry in &ENTRIES {
            for config in [(entry.config)(), entry.quick()] {
                config.validate().unwrap();
                assert_eq!(config.name, entry.name);
            }
        }
    }
}
