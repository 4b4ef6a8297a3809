//! Why no configuration is written.

use std::path::{Path, PathBuf};

use moto_settings::FieldError;

use crate::dynamics::ModelError;

/// Why no configuration is written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// The robot description is refused.
    #[error(transparent)]
    Description(#[from] ModelError),
    /// An option names something that is not there, or cannot be.
    #[error(transparent)]
    Option(#[from] FieldError),
    /// The configuration exists.
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
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no program that expands xacro.
    #[error(
        "{path} is xacro, and the program `xacro` that expands it is not installed: install it (`pip install xacro`, or the \
         package xacro of your ROS) or give the URDF that `xacro {path} > robot.urdf` writes on another machine",
        path = path.display()
    )]
    NoXacro {
        /// The file.
        path: PathBuf,
    },
    /// The program failed.
    #[error("`xacro {path}` failed (its arguments are given as --xacro-args \"name:=value\"):\n{said}", path = path.display())]
    Xacro {
        /// The file.
        path: PathBuf,
        /// The last lines of what it said.
        said: String,
    },
    /// The limits' file is of another form.
    #[error("{path}{line}: {reason}", path = path.display(), line = line.map(|line| format!(":{line}")).unwrap_or_default())]
    Limits {
        /// The file.
        path: PathBuf,
        /// Line in it.
        line: Option<u64>,
        /// What is wrong.
        reason: String,
    },
    /// No posture in which the drives carry the arm.
    #[error(
        "no start posture was found: near its zero the arm's own weight takes more than {share} % of the effort limit of joint \
         {joint}; are masses (kg) and limits (N m, N) right?"
    )]
    TooHeavy {
        /// The joint that comes nearest to its limit.
        joint: String,
        /// The largest share that is left to gravity, per cent.
        share: f64,
    },
    /// The arm cannot move its tip.
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
    /// The same of a robot description.
    pub(super) fn of(self, path: &Path) -> Self {
        match self {
            Self::Description(error) => Self::Description(error.of(path)),
            other => other,
        }
    }
}
