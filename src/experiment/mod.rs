//! Experiments compare methods on tasks, over seeds, in curves, tables and figures.
//!
//! An [`ExperimentConfig`] is a list of variants. Each variant has a task, a method and a budget. A
//! job is one seed of one variant: a [`Run`] makes one iteration after the other, with a [`Record`]
//! of each. Jobs are independent. They run on all processors at once, or each [`Part`] on a machine of
//! its own, and their results are the same to the bit in any case. An interrupted job resumes at its
//! last saved state.

pub mod catalogue;
mod collected;
mod config;
mod environment;
mod error;
mod folder;
mod job;
mod locks;
mod overrides;
mod part;
mod peers;
mod record;
mod results;
mod robots;
mod rollouts;
mod run;
mod runner;
mod saved;
mod settings;
pub mod slurm;
mod summary;
mod table;
mod transfer;

pub use collected::{Collected, VariantRecords};
pub use config::{ExperimentConfig, Measure, RobotFile, TaskConfig, Variant};
pub use environment::{Environment, Session, Sizes, Transition, environment};
pub use error::ExperimentError;
pub use folder::Folder;
pub use job::{Job, Progress};
pub use overrides::{described, overridden};
pub use part::Part;
pub use record::Record;
pub(crate) use results::publish;
pub use rollouts::StrokeError;
pub use run::{Attachment, Run, RunError};
pub use runner::{Ended, RunnerOptions, Watcher, run};
pub use summary::{Curve, Reached, Statistics, Summary, VariantSummary};
pub(crate) use table::table;
pub use transfer::{RobotSpread, Transfer};
