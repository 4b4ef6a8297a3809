//! Why a URDF is refused.

use std::fmt;
use std::path::{Path, PathBuf};

use moto_settings::FieldError;

/// Why a URDF cannot be used: file and line, as far as they are known, and the reason.
#[derive(Debug, thiserror::Error)]
#[error("{}{reason}", place(path.as_deref(), *line))]
#[non_exhaustive]
pub struct ModelError {
    /// The file; none if the text is not from a file.
    pub path: Option<PathBuf>,
    /// Line in it, from 1; none if it is the whole.
    pub line: Option<u64>,
    /// What is wrong, and what to do.
    pub reason: Box<Reason>,
}

/// What is wrong with a URDF. Every message names the element, the value and the mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Read(std::io::Error),
    /// The text is not XML.
    #[error("{0}")]
    Xml(String),
    /// XML, but not of a robot.
    #[error("there is no <robot> element: this is not a URDF")]
    NoRobot,
    /// A xacro file that was not expanded.
    #[error(
        "<{tag}> is xacro, which has to be expanded first: `xacro robot.urdf.xacro > robot.urdf` (program `xacro`, of \
         ROS or of PyPI)"
    )]
    Xacro {
        /// The element that only xacro knows.
        tag: String,
    },
    /// A link or joint without a name.
    #[error("a {element} has no name: give it one")]
    Unnamed {
        /// `link` or `joint`.
        element: &'static str,
    },
    /// A value that is not accepted.
    #[error("{owner}: {field} = {value}: {rule}")]
    Value {
        /// The link or joint.
        owner: Owner,
        /// Which value.
        field: String,
        /// What it is.
        value: String,
        /// What it must be, and what to do.
        rule: String,
    },
    /// A value that has to be given.
    #[error("{owner}: {field} is missing: {rule}")]
    Missing {
        /// The link or joint.
        owner: Owner,
        /// Which value.
        field: String,
        /// What it must be.
        rule: String,
    },
    /// Two elements of the same name.
    #[error("{owner}: there are two of this name, the other in line {other}")]
    Duplicate {
        /// The link or joint.
        owner: Owner,
        /// Line of the first one.
        other: u64,
    },
    /// A link moved by two joints: a loop, not a tree.
    #[error("link `{link}`: is the child of joint `{first}` and of joint `{second}`: the links must form a tree")]
    Loop {
        /// The link.
        link: String,
        /// One joint.
        first: String,
        /// The other.
        second: String,
    },
    /// No link, or several, without a joint above it.
    #[error("links without a parent: {roots:?}: there must be one, the root of the tree")]
    Root {
        /// The links without a parent.
        roots: Vec<String>,
    },
    /// A loop that no other link reaches.
    #[error("link `{link}`: is not connected to the root `{root}`: it hangs in a loop")]
    Unreachable {
        /// The link.
        link: String,
        /// The root of the tree.
        root: String,
    },
    /// A joint that is bound to one that is learned.
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
    /// A joint that moves nothing.
    #[error(
        "link `{link}`: {what} = {value}: joint `{joint}` would move nothing: give the link a mass and an inertia, make \
         the joint fixed, or leave it out of robot.joints"
    )]
    Massless {
        /// The link behind the joint.
        link: String,
        /// The joint.
        joint: String,
        /// What is missing, of the link and all that is fixed to it.
        what: &'static str,
        /// What it is.
        value: f64,
    },
    /// A joint was chosen that cannot be.
    #[error(transparent)]
    Selection(FieldError),
}

/// A link or a joint, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// `link` or `joint`.
    pub element: &'static str,
    /// Its name.
    pub name: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.element, self.name)
    }
}

impl ModelError {
    /// With the line it is about.
    pub(super) fn at(line: u64, reason: Reason) -> Self {
        Self { path: None, line: Some(line), reason: Box::new(reason) }
    }

    /// The same of a file.
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
