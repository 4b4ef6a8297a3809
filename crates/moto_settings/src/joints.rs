//! The robot's joints, as far as they are known during a check.

/// The robot's joints. They give the length of a list with an entry per joint, and the names of the
/// entries.
#[derive(Clone, Copy, Debug)]
pub enum Joints<'a> {
    /// The names of the joints.
    Named(&'a [String]),
    /// The number of joints.
    Count(usize),
    /// No joints are known: lists may have any length.
    Unknown,
}

impl Joints<'_> {
    /// Number of joints; `None` if unknown.
    pub fn count(&self) -> Option<usize> {
        match self {
            Self::Named(names) => Some(names.len()),
            Self::Count(count) => Some(*count),
            Self::Unknown => None,
        }
    }

    /// Name of a joint; the joint's number, from 0, if names are unknown.
    pub fn name(&self, joint: usize) -> String {
        match self {
            Self::Named(names) => names.get(joint).cloned().unwrap_or_else(|| joint.to_string()),
            _ => joint.to_string(),
        }
    }
}

impl From<usize> for Joints<'_> {
    fn from(count: usize) -> Self {
        Self::Count(count)
    }
}

impl<'a> From<&'a [String]> for Joints<'a> {
    fn from(names: &'a [String]) -> Self {
        Self::Named(names)
    }
}

impl<'a> From<&'a Vec<String>> for Joints<'a> {
    fn from(names: &'a Vec<String>) -> Self {
        Self::Named(names)
    }
}
