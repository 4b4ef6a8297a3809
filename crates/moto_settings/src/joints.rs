//! The robot's joints, as far as they are known where a value is checked.

/// The robot's joints: what a list with an entry per joint is checked against, and how an entry is named.
#[derive(Clone, Copy, Debug)]
pub enum Joints<'a> {
    /// Their names.
    Named(&'a [String]),
    /// How many there are.
    Count(usize),
    /// Nothing yet: lists may have any length.
    Unknown,
}

impl Joints<'_> {
    /// How many there are, if that is known.
    pub fn count(&self) -> Option<usize> {
        match self {
            Self::Named(names) => Some(names.len()),
            Self::Count(count) => Some(*count),
            Self::Unknown => None,
        }
    }

    /// The name of a joint; its number, from 0, where no name is known.
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
