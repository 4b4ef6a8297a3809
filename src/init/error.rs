//! Errors of `init`.

use std::path::{Path, PathBuf};

use moto_settings::FieldError;

use crate::dynamics::ModelError;

/// The reason why no configuration is written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// The robot description is refused.
    #[error(transparent)]
    Description(#[from] ModelError),
    /// An option names something that does not exist or cannot be used.
    #[error(transparent)]
    Option(#[from] FieldError),
    /// The file to write already exists.
    #[error("{path} exists already: name another file (option --out)", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The program that expands xacro files is not installed.
    #[error(
        "{path} is xacro, and the program `xacro` that expands it is not installed: install it (`pip install xacro`, or the \
         package xacro of your ROS) or give the URDF that `xacro {path} > robot.urdf` writes on another machine",
        path = path.display()
    )]
    NoXacro {
        /// The xacro file.
        path: PathBuf,
    },
    /// The xacro program failed.
    #[error("`xacro {path}` failed (its arguments are given as --xacro-args \"name:=value\"):\n{said}", path = path.display())]
    Xacro {
        /// The xacro file.
        path: PathBuf,
        /// Last lines of the program's standard error.
        said: String,
    },
    /// The file of joint limits is malformed.
    #[error("{path}{line}: {reason}", path = path.display(), line = line.map(|line| format!(":{line}")).unwrap_or_default())]
    Limits {
        /// The file.
        path: PathBuf,
        /// Line of the fault.
        line: Option<u64>,
        /// The fault.
        reason: String,
    },
    /// The drives cannot carry the arm in any posture tried.
    #[error(
        "no start posture was found: near its zero the arm's own weight takes more than {share} % of the effort limit of joint \
         {joint}; are masses (kg) and limits (N m, N) right?"
    )]
    TooHeavy {
        /// The most loaded joint, in the posture with the least load.
        joint: String,
        /// Largest share of the effort limit that gravity may take, per cent.
        share: f64,
    },
    /// The drives cannot carry the arm in the given posture.
    #[error(
        "in the start posture the arm's own weight takes {share} % of the effort limit of joint {joint}, expected at most \
         {most} %: move the arm, or give another posture (option --start); are masses (kg) and limits (N m, N) right?"
    )]
    StartTooHeavy {
        /// The most loaded joint.
        joint: String,
        /// Share of the effort limit that gravity takes, per cent.
        share: f64,
        /// Largest share that gravity may take, per cent.
        most: f64,
    },
    /// A joint of the given posture is not inside its bounds by the margin.
    #[error(
        "in the start posture joint {joint} is at {position} {unit}, expected {lower} to {upper} {unit} (its bounds less a margin \
         of {margin} {unit}): move the arm, or give another posture (option --start)"
    )]
    StartOutOfBounds {
        /// The joint.
        joint: String,
        /// Its position, rad or m.
        position: f64,
        /// Lowest position allowed, rad or m.
        lower: f64,
        /// Highest position allowed, rad or m.
        upper: f64,
        /// Width of the soft zone inside a bound, rad or m.
        margin: f64,
        /// `rad` or `m`.
        unit: &'static str,
    },
    /// The robot does not report joints of the arm.
    #[error(
        "the joint states name {}, and not {}: pick the arm's joints (option --joints), or give the posture (option --start)",
        came.join(", "),
        joints.join(", ")
    )]
    NotReported {
        /// Joints without a report.
        joints: Vec<String>,
        /// Joints that were reported.
        came: Vec<String>,
    },
    /// No place at the table from which the player returns a serve.
    #[error(
        "no place at the table was found from which the player returns the serves with the racket on link {racket}: {reason}; \
         name another link (option --racket), or give wider limits (option --limits)"
    )]
    NoPlace {
        /// The racket's link.
        racket: String,
        /// What was found instead.
        reason: String,
    },
    /// No stroke within the limits moves the tip.
    #[error(
        "no first stroke was found that moves link {tip} within the limits; name another tip (option --tip), or give \
         wider limits (option --limits)"
    )]
    NoStroke {
        /// The tip.
        tip: String,
    },
}

impl InitError {
    /// Names `path` in an error of a robot description.
    pub(super) fn of(self, path: &Path) -> Self {
        match self {
            Self::Description(error) => Self::Description(error.of(path)),
            other => other,
        }
    }
}
