//! Errors of reading a URDF.

use std::fmt;
use std::path::{Path, PathBuf};

use moto_settings::FieldError;

/// Why a URDF cannot be used: file and line, if known, and the reason.
#[derive(Debug, thiserror::Error)]
#[error("{}{reason}", place(path.as_deref(), *line))]
#[non_exhaustive]
pub struct ModelError {
    /// The file; `None` if the text is not from a file.
    pub path: Option<PathBuf>,
    /// Line in the file, from 1; `None` if the error concerns the whole file.
    pub line: Option<u64>,
    /// The reason, with the mend.
    pub reason: Box<Reason>,
}

/// A fault of a URDF. Every message names the element, the value and the mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Read(std::io::Error),
    /// The text is not XML.
    #[error("{0}")]
    Xml(String),
    /// The text is XML, but does not describe a robot.
    #[error("there is no <robot> element: this is not a URDF")]
    NoRobot,
    /// A xacro file that was not expanded.
    #[error(
        "<{tag}> is xacro, which has to be expanded first: `xacro robot.urdf.xacro > robot.urdf` (program `xacro`, of \
         ROS or of PyPI)"
    )]
    Xacro {
        /// The element that only xacro defines.
        tag: String,
    },
    /// A link or joint without a name.
    #[error("a {element} has no name: give it one")]
    Unnamed {
        /// `link` or `joint`.
        element: &'static str,
    },
    /// A value is refused.
    #[error("{owner}: {field} = {value}: {rule}")]
    Value {
        /// The link or joint.
        owner: Owner,
        /// Name of the value.
        field: String,
        /// The value found.
        value: String,
        /// The accepted values, with the mend.
        rule: String,
    },
    /// A required value is missing.
    #[error("{owner}: {field} is missing: {rule}")]
    Missing {
        /// The link or joint.
        owner: Owner,
        /// Name of the value.
        field: String,
        /// The accepted values.
        rule: String,
    },
    /// Two elements have the same name.
    #[error("{owner}: there are two of this name, the other in line {other}")]
    Duplicate {
        /// The link or joint.
        owner: Owner,
        /// Line of the first one.
        other: u64,
    },
    /// Two joints move one link: a loop, not a tree.
    #[error("link `{link}`: is the child of joint `{first}` and of joint `{second}`: the links must form a tree")]
    Loop {
        /// The link.
        link: String,
        /// The first joint.
        first: String,
        /// The second joint.
        second: String,
    },
    /// No link, or more than one, has no joint above it.
    #[error("links without a parent: {roots:?}: there must be one, the root of the tree")]
    Root {
        /// The links without a parent.
        roots: Vec<String>,
    },
    /// A loop that is not connected to the root.
    #[error("link `{link}`: is not connected to the root `{root}`: it hangs in a loop")]
    Unreachable {
        /// The link.
        link: String,
        /// The root of the tree.
        root: String,
    },
    /// A joint is mimicked by, or mimics, a joint that is learned.
    #[error(
        "joint `{joint}`: mimic = `{of}`: a joint that mimics another cannot be learned, nor can `{of}` while it is \
         mimicked: make `{joint}` fixed (type=\"fixed\", without <mimic>), or leave `{of}` out of robot.joints"
    )]
    Mimic {
        /// The joint.
        joint: String,
        /// The joint it mimics.
        of: String,
    },
    /// A joint moves no mass or inertia.
    #[error(
        "link `{link}`: {what} = {value}: joint `{joint}` would move nothing: give the link a mass and an inertia, make \
         the joint fixed, or leave it out of robot.joints"
    )]
    Massless {
        /// The link behind the joint.
        link: String,
        /// The joint.
        joint: String,
        /// The missing quantity, of the link and all links fixed to it.
        what: &'static str,
        /// The value found.
        value: f64,
    },
    /// A joint of the selection does not suit its use.
    #[error(transparent)]
    Selection(FieldError),
}

/// A link or a joint, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// `link` or `joint`.
    pub element: &'static str,
    /// Its name in the URDF.
    pub name: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.element, self.name)
    }
}

impl ModelError {
    /// An error at a line.
    pub(super) fn at(line: u64, reason: Reason) -> Self {
        Self { path: None, line: Some(line), reason: Box::new(reason) }
    }

    /// Adds the file's name to the error.
    pub(crate) fn of(mut self, path: &Path) -> Self {
        self.path = Some(path.into());
        self
    }
}

impl From<Reason> for ModelError {
    fn from(reason: Reason) -> Self {
        Self { path: None, line: None, reason: Box::new(reason) }
    }
}

fn place(path: Option<&Path>, line: Option<u64>) -> String {
    match (path, line) {
        (Some(path), Some(line)) => format!("{}:{line}: ", path.display()),
        (Some(path), None) => format!("{}: ", path.display()),
        (None, Some(line)) => format!("line {line}: "),
        (None, None) => String::new(),
    }
}
