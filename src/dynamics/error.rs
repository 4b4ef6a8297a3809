//! Why a URDF is refused.

use std::path::PathBuf;

/// Why a URDF cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file was read, but does not describe a robot we can use.
    #[error("`{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<ModelError>,
    },
    /// Not XML, or not URDF.
    #[error("not a URDF: {0}")]
    Syntax(#[from] urdf_rs::UrdfError),
    /// A joint of a type that has no equation here.
    #[error("joint `{joint}`: type = {kind}: must be revolute, continuous, prismatic or fixed")]
    JointType {
        /// The joint.
        joint: String,
        /// Its type.
        kind: String,
    },
    /// A joint bound to another one.
    #[error("joint `{joint}`: mimic = `{of}`: joints that mimic others are not supported")]
    Mimic {
        /// The joint.
        joint: String,
        /// The joint it mimics.
        of: String,
    },
    /// A joint that needs limits and has none.
    #[error(
        "joint `{joint}`: limit is missing: revolute and prismatic joints must have lower, upper, effort, velocity"
    )]
    NoLimit {
        /// The joint.
        joint: String,
    },
    /// A number out of its range.
    #[error("{element} `{name}`: {field} = {value}: {rule}")]
    Value {
        /// `link` or `joint`.
        element: &'static str,
        /// Its name.
        name: String,
        /// Which number.
        field: &'static str,
        /// What it is.
        value: f64,
        /// What it must be.
        rule: &'static str,
    },
    /// Two elements of the same name.
    #[error("{element} `{name}`: there are two of this name")]
    Duplicate {
        /// `link` or `joint`.
        element: &'static str,
        /// The name.
        name: String,
    },
    /// A joint to or from a link that is not there.
    #[error("joint `{joint}`: {field} = `{link}`: there is no such link")]
    UnknownLink {
        /// The joint.
        joint: String,
        /// `parent` or `child`.
        field: &'static str,
        /// The link.
        link: String,
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
}

impl ModelError {
    /// A [`ModelError::Value`].
    pub(super) fn value(
        element: &'static str,
        name: &str,
        field: &'static str,
        value: f64,
        rule: &'static str,
    ) -> Self {
        Self::Value { element, name: name.into(), field, value, rule }
    }
}
