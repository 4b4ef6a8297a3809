//! A start posture that is given, by the user or by the robot.

use std::collections::BTreeMap;
use std::str::FromStr;

use moto_settings::{FieldError, nearest};

use super::InitError;
use super::limits::{JointLimits, Limits};
use crate::dynamics::{Description, JointKind};

/// Decimals of a reported position that are kept.
const DECIMALS: f64 = 1e4;
/// The option that gives a posture.
const OPTION: &str = "--start";

/// Joint positions, rad or m.
#[derive(Clone, Debug, PartialEq)]
pub enum Posture {
    /// Of the learned joints, in their order.
    InOrder(Vec<f64>),
    /// By name. Joints that are not learned are locked there.
    Named(BTreeMap<String, f64>),
    /// As the robot reports them, by name. Names that the description does not have are ignored.
    Reported(BTreeMap<String, f64>),
}

impl Posture {
    /// The source of the positions, for people.
    pub(super) fn source(&self) -> &'static str {
        match self {
            Self::InOrder(_) | Self::Named(_) => "as asked for",
            Self::Reported(_) => "the robot's present one",
        }
    }

    /// Positions of the joints of the description that are not learned.
    ///
    /// # Errors
    /// A name that the description does not have.
    pub(super) fn locked(
        &self,
        description: &Description,
        learned: &[String],
    ) -> Result<BTreeMap<String, f64>, FieldError> {
        let (named, reported) = match self {
            Self::InOrder(_) => return Ok(BTreeMap::new()),
            Self::Named(named) => (named, false),
            Self::Reported(named) => (named, true),
        };
        let mut locked = BTreeMap::new();
        for (name, &position) in named {
            match description.bounds(name) {
                // A gripper that is closed may report a little less than nothing.
                Some((lower, upper)) if reported => locked.insert(name.clone(), kept(position).clamp(lower, upper)),
                Some(_) => locked.insert(name.clone(), position),
                None if reported => None,
                None => return Err(stranger(description, name)),
            };
        }
        locked.retain(|name, _| !learned.contains(name));
        Ok(locked)
    }

    /// Positions of the learned joints (n), inside the bounds by the margins.
    ///
    /// # Errors
    /// A joint without a position, or with one that is not inside.
    pub(super) fn of(&self, limits: &Limits) -> Result<Vec<f64>, InitError> {
        let joints = &limits.0;
        let positions = match self {
            Self::InOrder(positions) if positions.len() == joints.len() => positions.clone(),
            Self::InOrder(positions) => {
                let expected = format!("expected a position of each of {}", names(joints));
                return Err(FieldError::Length { field: OPTION.into(), found: positions.len(), expected }.into());
            }
            Self::Named(named) => {
                let position = |joint: &JointLimits| {
                    let field = || format!("{OPTION} of joint {}", joint.name);
                    let missing = || FieldError::Missing { field: field(), expected: "its position, rad or m".into() };
                    named.get(&joint.name).copied().ok_or_else(missing)
                };
                joints.iter().map(position).collect::<Result<_, _>>()?
            }
            Self::Reported(named) => {
                let silent = |joint: &&JointLimits| !named.contains_key(&joint.name);
                let missing: Vec<String> = joints.iter().filter(silent).map(|joint| joint.name.clone()).collect();
                if !missing.is_empty() {
                    return Err(InitError::NotReported { joints: missing, came: named.keys().cloned().collect() });
                }
                joints.iter().map(|joint| kept(named[&joint.name])).collect()
            }
        };
        joints.iter().zip(&positions).try_for_each(|(joint, &position)| inside(joint, position))?;
        Ok(positions)
    }
}

impl FromStr for Posture {
    type Err = FieldError;

    /// `0.1,-0.5`, or `shoulder:0.1,elbow:-0.5`.
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let wrong = |part: &str| {
            let expected = "positions in the joints' order (0.1,-0.5), or with their names (shoulder:0.1,elbow:-0.5)";
            FieldError::value(OPTION, part, expected)
        };
        let number = |part: &str, text: &str| {
            text.trim().parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(|| wrong(part))
        };
        let parts: Vec<&str> = text.split(',').collect();
        if parts.iter().all(|part| !part.contains(':')) {
            return Ok(Self::InOrder(parts.iter().map(|part| number(part, part)).collect::<Result<_, _>>()?));
        }
        let named = parts.iter().map(|part| {
            let (name, position) = part.rsplit_once(':').ok_or_else(|| wrong(part))?;
            Ok((name.trim().into(), number(part, position)?))
        });
        Ok(Self::Named(named.collect::<Result<_, FieldError>>()?))
    }
}

fn kept(position: f64) -> f64 {
    (position * DECIMALS).round() / DECIMALS
}

fn names(joints: &[JointLimits]) -> String {
    joints.iter().map(|joint| joint.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn inside(joint: &JointLimits, position: f64) -> Result<(), InitError> {
    let (bound, margin) = (|value: Option<f64>, none: f64| value.unwrap_or(none), joint.margin());
    let lower = bound(joint.lower.value, f64::NEG_INFINITY) + margin;
    let upper = bound(joint.upper.value, f64::INFINITY) - margin;
    if (lower..=upper).contains(&position) {
        return Ok(());
    }
    let unit = if joint.kind == JointKind::Prismatic { "m" } else { "rad" };
    Err(InitError::StartOutOfBounds { joint: joint.name.clone(), position, lower, upper, margin, unit })
}

fn stranger(description: &Description, name: &str) -> FieldError {
    let hint = match nearest(name, description.joints()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there are {}", description.joints().collect::<Vec<_>>().join(", ")),
    };
    FieldError::value(OPTION, name, format!("a joint of the robot description; {hint}"))
}
