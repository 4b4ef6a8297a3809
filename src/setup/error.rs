//! Errors of a configuration.

use std::path::PathBuf;

use moto_learners::LearnerError;
use moto_settings::FieldError;

use crate::dynamics::ModelError;
use crate::tasks::TaskError;

/// The reason why a configuration is refused. Every message names the file, the field and the
/// value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The file is malformed.
    #[error("{}{}: {reason}", path.display(), place(*line))]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line of the fault.
        line: Option<u64>,
        /// The fault and its remedy.
        reason: String,
    },
    /// The file has no parameters for this node.
    #[error(
        "{path}: no parameters for moto_controller: expected `moto_controller:` (also with a namespace, as `/left/moto_controller:`) \
         or `/**:` with `ros__parameters:` below it; found {found}"
    )]
    NoNode {
        /// The file.
        path: PathBuf,
        /// The node names found.
        found: String,
    },
    /// The file has parameters for several nodes of this name, and no namespace selects one.
    #[error("{path}: parameters for {}: keep one of them, or run the node in its namespace", nodes.join(" and "))]
    SeveralNodes {
        /// The file.
        path: PathBuf,
        /// The nodes found.
        nodes: Vec<String>,
    },
    /// A value is refused.
    #[error("{}{}: {source}", path.display(), place(*line))]
    Field {
        /// The file.
        path: PathBuf,
        /// Line of the value. `None` if the value is not from the file.
        line: Option<u64>,
        /// The field and the reason.
        source: FieldError,
    },
    /// The robot description is refused.
    #[error("robot.urdf is {}{}: {}", path.display(), place(source.line), source.reason)]
    Robot {
        /// The robot description.
        path: PathBuf,
        /// The reason.
        source: Box<ModelError>,
    },
    /// The learner cannot start.
    #[error("{path}: learner.{name}: {source}")]
    Learner {
        /// The configuration.
        path: PathBuf,
        /// The learner.
        name: String,
        /// The learner's reason.
        source: Box<LearnerError>,
    },
    /// The task cannot be set up.
    #[error("{path}: task: {source}")]
    Task {
        /// The configuration.
        path: PathBuf,
        /// The task's reason.
        source: Box<TaskError>,
    },
}

fn place(line: Option<u64>) -> String {
    line.map(|line| format!(":{line}")).unwrap_or_default()
}
