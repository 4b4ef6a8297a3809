//! Data that survive the process: checkpoints, trials, the run folder.
//!
//! A crash, a power cut or a full disk at any instant leaves the store as it was before or after
//! the operation. A write that was reported as done is on the disk. Every file is checked before
//! its content is used.

mod checkpoint;
mod demonstration;
mod differences;
mod error;
pub mod files;
mod joint_states;
mod keep;
mod mcap_file;
mod messages;
mod run_folder;
mod run_view;
mod trial;
mod viewer_messages;

pub use checkpoint::{Checkpoint, Expected, Header, LoadedCheckpoint, Shapes, config_hash};
pub use demonstration::{add_demonstration, write_demonstration};
pub(crate) use differences::{Difference, differences, listed};
pub use error::{Remedy, StorageError};
pub use joint_states::{JointStates, read_joint_states};
pub use keep::KeepTrials;
pub use run_folder::RunFolder;
pub use run_view::{CONFIG_FILE, DEADLINES_FILE, ROBOT_FILE, RunInfo, RunView, TrialsAfter};
pub use trial::{TrialEnd, TrialMeta, read_trial, write_trial};
