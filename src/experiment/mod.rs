//! Experiments: methods on tasks, over seeds, as curves, tables and pictures.
//!
//! An [`ExperimentConfig`] is a list of variants, each a task, a method and a budget. A variant and a seed make a job: a
//! [`Run`] that is asked for one iteration after the other and gives a [`Record`] of each. Jobs share nothing, so that they
//! run on all processors at once and are the same to the bit on any number of them; an interrupted one goes on where it was.

pub mod catalogue;
mod config;
mod error;
mod folder;
mod job;
mod overrides;
mod record;
mod results;
mod rollouts;
mod run;
mod runner;
mod summary;
mod table;

pub use config::{ExperimentConfig, Measure, TaskConfig, Variant};
pub use error::ExperimentError;
pub use folder::Folder;
pub use job::{Job, Progress};
pub use overrides::overridden;
pub use record::Record;
pub(crate) use results::publish;
pub use rollouts::StrokeError;
pub use run::{Attachment, Run, RunError};
pub use runner::{Ended, RunnerOptions, Watcher, run};
pub use summary::{Curve, Reached, Statistics, Summary, VariantSummary};
pub(crate) use table::table;
