//! What may be wrong with what comes from the robot.

use std::time::Duration;

/// Why a message of the robot is not used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// Joints of the robot are in no message.
    #[error(
        "{} not in the joint states, which name {}; say in ros.joints.names what they are called there",
        is_missing(joints),
        came.join(", ")
    )]
    Missing {
        /// Names of the joints.
        joints: Vec<String>,
        /// Names in the newest message.
        came: Vec<String>,
    },
    /// No joint of the robot is in any message.
    #[error(
        "the joint states name none of the robot's joints: they name {}, the robot's joints are {}; \
         say in ros.joints.names what they are called there",
        came.join(", "),
        joints.join(", ")
    )]
    Strangers {
        /// Names of the robot's joints.
        joints: Vec<String>,
        /// Names in the newest message.
        came: Vec<String>,
    },
    /// The message's lists differ in length.
    #[error("the joint states have {names} names, but {found} {field}")]
    Length {
        /// Which list.
        field: &'static str,
        /// Its entries.
        found: usize,
        /// Names in the message.
        names: usize,
    },
    /// There are no velocities.
    #[error("the joint states have no velocities; ros.joints.velocity: derived takes them from the positions")]
    NoVelocities,
    /// Velocities are to be derived, but neither stamps nor a low-pass are there.
    #[error(
        "the joint states have no time stamps, and velocities that are derived by times of receipt need a low-pass: \
         set ros.joints.velocity_cutoff"
    )]
    NothingToDeriveFrom,
    /// A value is not a number.
    #[error("the {field} of joint {joint} is {value}")]
    NonFinite {
        /// Which list.
        field: &'static str,
        /// The joint's name.
        joint: String,
        /// The value.
        value: f64,
    },
    /// A value of the task is not a number.
    #[error("the {field} of the {what} is not a number")]
    NonFiniteTask {
        /// Whose it is.
        what: &'static str,
        /// `position` or `velocity`.
        field: &'static str,
    },
    /// A stamp from the future.
    #[error(
        "{what} stamped {ahead:?} ahead of their time are not used; if that goes on, the clock of whoever stamps them jumps, or \
         two publish them"
    )]
    Ahead {
        /// Whose it is.
        what: &'static str,
        /// How far ahead.
        ahead: Duration,
    },
    /// A stamp older than the one before.
    #[error(
        "{what} stamped {back:?} before the last are not used; if that goes on, the clock of whoever stamps them runs back, or \
         two publish them"
    )]
    Back {
        /// Whose it is.
        what: &'static str,
        /// How far back.
        back: Duration,
    },
    /// No stamp where one is needed.
    #[error("the {what} have no time stamp, without which they cannot be used on a clock that is not the wall clock")]
    NoStamp {
        /// Whose it is.
        what: &'static str,
    },
}

impl InputError {
    /// Whether only the time of a message is in doubt, which passes by itself where a clock was set.
    pub fn is_doubt(&self) -> bool {
        matches!(self, Self::Ahead { .. } | Self::Back { .. })
    }
}

fn is_missing(joints: &[String]) -> String {
    match joints {
        [one] => format!("joint {one} is missing: it is"),
        several => format!("joints {} are missing: they are", several.join(", ")),
    }
}
