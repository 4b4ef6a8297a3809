//! Errors in the robot's messages.

use std::time::Duration;

/// Why a message of the robot is not used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// No message contains these joints of the robot.
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
    /// No message contains any joint of the robot.
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
        /// The name of the list.
        field: &'static str,
        /// Its length.
        found: usize,
        /// Number of names in the message.
        names: usize,
    },
    /// The messages have no velocities.
    #[error("the joint states have no velocities; ros.joints.velocity: derived takes them from the positions")]
    NoVelocities,
    /// Velocities are to be derived, but the messages have no stamps and no low-pass is configured.
    #[error(
        "the joint states have no time stamps, and velocities that are derived by times of receipt need a low-pass: \
         set ros.joints.velocity_cutoff"
    )]
    NothingToDeriveFrom,
    /// A value is not a number.
    #[error("the {field} of joint {joint} is {value}")]
    NonFinite {
        /// The name of the list.
        field: &'static str,
        /// The joint's name.
        joint: String,
        /// The value.
        value: f64,
    },
    /// An observed number is not a number.
    #[error("the observed {column} is not a number")]
    NonFiniteObserved {
        /// The number's name.
        column: String,
    },
    /// A message of an observation has the wrong number of numbers.
    #[error("a message of {name} has {found} numbers, the task observes {expected}")]
    ObservedLength {
        /// The observation's name.
        name: String,
        /// Numbers of the message.
        found: usize,
        /// Numbers that the task observes.
        expected: usize,
    },
    /// A stamp lies in the future.
    #[error(
        "{what} stamped {ahead:?} ahead of their time are not used; if that goes on, the clock of whoever stamps them jumps, or \
         two publish them"
    )]
    Ahead {
        /// Kind of the message.
        what: String,
        /// Time by which the stamp lies ahead.
        ahead: Duration,
    },
    /// A stamp is older than its predecessor.
    #[error(
        "{what} stamped {back:?} before the last are not used; if that goes on, the clock of whoever stamps them runs back, or \
         two publish them"
    )]
    Back {
        /// Kind of the message.
        what: String,
        /// Time by which the stamp is older.
        back: Duration,
    },
    /// A stamp is needed and missing.
    #[error("the {what} have no time stamp, without which they cannot be used on a clock that is not the wall clock")]
    NoStamp {
        /// Kind of the message.
        what: String,
    },
}

impl InputError {
    /// Whether only the time of the message is in doubt. After a clock was set, the doubt passes by
    /// itself.
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
