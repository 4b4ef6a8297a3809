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
    /// The file was read, but describes no robot that the dynamics can use.
    #[error("`{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<ModelError>,
    },
    /// Not XML, or not URDF.
    #[error("not a URDF: {source}")]
    Syntax {
        /// Why.
        source: urdf_rs::UrdfError,
    },
    /// A link or joint lacks a required part, or has text in the place of a number.
    #[error("{element} `{name}`: {source}")]
    Element {
        /// `link` or `joint`.
        element: &'static str,
        /// Its name.
        name: String,
        /// Why.
        source: urdf_rs::UrdfError,
    },
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
    /// A joint names a link that does not exist.
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
    /// The parser's error, which says no place, with the name of the first element that causes the
    /// same error when parsed alone.
    pub(super) fn syntax(urdf: &str, source: urdf_rs::UrdfError) -> Self {
        let message = source.to_string();
        let fails_alike = |text: &str| {
            let alone = urdf_rs::read_from_string(&format!("<robot name=\"alone\">{text}</robot>"));
            alone.is_err_and(|error| error.to_string() == message)
        };
        for element in ["link", "joint"] {
            if let Some(text) = elements(urdf, element).find(|text| fails_alike(text)) {
                let name = text.split("name=").nth(1).and_then(|rest| rest.split(['"', '\'']).nth(1));
                return Self::Element { element, name: name.unwrap_or_default().into(), source };
            }
        }
        Self::Syntax { source }
    }

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

/// The text of each element of this tag, from its start to its end.
fn elements<'a>(xml: &'a str, tag: &str) -> impl Iterator<Item = &'a str> {
    let (start, end) = (format!("<{tag} "), format!("</{tag}>"));
    let starts: Vec<_> = xml.match_indices(&start).map(|(at, _)| &xml[at..]).collect();
    starts.into_iter().filter_map(move |rest| match rest.split_once('>')? {
        (opening, _) if opening.ends_with('/') => Some(&rest[..=opening.len()]),
        _ => rest.find(&end).map(|at| &rest[..at + end.len()]),
    })
}
