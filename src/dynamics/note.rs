//! Notes on changes to a description that its author may not expect.

use std::fmt;

/// A difference of a model from its description. A note is not an error.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Note {
    /// A joint that is not learned was locked.
    Locked {
        /// The joint.
        joint: String,
        /// Position of the locked joint, rad or m.
        position: f64,
        /// `rad` or `m`.
        unit: &'static str,
        /// The joint that the locked joint mimics, which is locked too.
        mimics: Option<String>,
    },
    /// The root's floating or planar joint was fixed.
    FixedAtRoot {
        /// The joint.
        joint: String,
        /// `floating` or `planar`.
        kind: &'static str,
    },
    /// An inertia that no body can have was replaced by the nearest possible one.
    Repaired {
        /// The link.
        link: String,
        /// Principal moments in the file, kg m^2.
        moments: [f64; 3],
        /// Principal moments in the model, kg m^2.
        taken: [f64; 3],
    },
    /// The soft limits of a joint's safety controller make no sense and were ignored.
    SoftLimits {
        /// The joint.
        joint: String,
    },
}

impl Note {
    /// Whether the note is a reason to check the description.
    pub fn is_warning(&self) -> bool {
        !matches!(self, Self::Locked { .. })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { joint, position, unit, mimics: None } => {
                write!(f, "joint {joint} is not learned: locked at {position} {unit} (robot.locked)")
            }
            Self::Locked { joint, position, unit, mimics: Some(of) } => {
                write!(f, "joint {joint} is not learned: locked at {position} {unit}, where it mimics {of}")
            }
            Self::FixedAtRoot { joint, kind } => {
                write!(f, "joint {joint} is {kind}: the robot is fixed to the world there, at the joint's origin")
            }
            Self::Repaired { link, moments, taken } => write!(
                f,
                "link {link}: no body has principal moments of inertia of {} kg m^2: {} are taken \
                 (robot.repair_inertias)",
                three(moments),
                three(taken)
            ),
            Self::SoftLimits { joint } => {
                write!(f, "joint {joint}: the soft limits of its safety_controller make no sense and are not used")
            }
        }
    }
}

fn three(values: &[f64; 3]) -> String {
    format!("[{:.3e}, {:.3e}, {:.3e}]", values[0], values[1], values[2])
}
