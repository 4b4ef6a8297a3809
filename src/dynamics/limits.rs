//! The limits and passive forces of a joint that moves.

use super::description::{Description, JointElement, JointType};
use super::error::ModelError;
use super::model::Passive;
use super::note::Note;

impl Description {
    /// Position bounds of a joint of [`Self::joints`], rad or m; infinite if it has none. `None` if
    /// there is no such joint, or if its bounds make no sense.
    pub fn bounds(&self, joint: &str) -> Option<(f64, f64)> {
        let wanted = |other: &&JointElement| other.name == joint && other.kind.has_axis() && other.mimics().is_none();
        position_bounds(self.joints.iter().find(wanted)?).ok()
    }
}

/// The position bounds, rad or m; infinite if the description gives none. By the URDF's definition
/// a bound is 0 if only the other one is given. Two bounds of 0 count as none, because the joint
/// could not move.
///
/// # Errors
/// A bound that is not a number, or a lower bound that is not below the upper one.
pub(super) fn position_bounds(joint: &JointElement) -> Result<(f64, f64), ModelError> {
    const NONE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
    let limit = match joint.part().child("limit") {
        Some(limit) if joint.kind != JointType::Continuous => limit,
        _ => return Ok(NONE),
    };
    let (lower, upper) = (limit.number("lower")?.unwrap_or(0.), limit.number("upper")?.unwrap_or(0.));
    if lower == 0. && upper == 0. {
        return Ok(NONE);
    }
    if lower < upper {
        return Ok((lower, upper));
    }
    Err(limit.refuse("lower", lower, &format!("must be below the upper limit, {upper}")))
}

/// The largest velocity and effort; infinite if the description gives none. Zero counts as none,
/// because the joint could not move.
///
/// # Errors
/// A value that is not a number, or is negative.
pub(super) fn largest(joint: &JointElement) -> Result<(f64, f64), ModelError> {
    let Some(limit) = joint.part().child("limit") else { return Ok((f64::INFINITY, f64::INFINITY)) };
    let of = |attribute: &str| match limit.number(attribute)? {
        None | Some(0.) => Ok(f64::INFINITY),
        Some(value) if value > 0. => Ok(value),
        Some(value) => Err(limit.refuse(attribute, value, "must not be negative")),
    };
    Ok((of("velocity")?, of("effort")?))
}

/// The bounds of the `safety_controller`, no wider than the position bounds. The position bounds
/// themselves if there is no `safety_controller`, if both of its bounds are zero, or if they make
/// no sense; the last case leaves a note.
pub(super) fn soft_bounds(joint: &JointElement, (lower, upper): (f64, f64), notes: &mut Vec<Note>) -> (f64, f64) {
    let Some(safety) = joint.part().child("safety_controller") else { return (lower, upper) };
    let number = |attribute| safety.number(attribute).map(|number| number.unwrap_or(0.)).unwrap_or(f64::NAN);
    let (soft_lower, soft_upper) = (number("soft_lower_limit"), number("soft_upper_limit"));
    if soft_lower == 0. && soft_upper == 0. {
        return (lower, upper);
    }
    let soft = (soft_lower.max(lower), soft_upper.min(upper));
    if soft_lower.is_nan() || soft_upper.is_nan() || soft.0 >= soft.1 {
        notes.push(Note::SoftLimits { joint: joint.name.clone() });
        return (lower, upper);
    }
    soft
}

/// Damping and friction.
///
/// # Errors
/// A value that is not a number, not finite, or negative.
pub(super) fn passive(joint: &JointElement) -> Result<Passive, ModelError> {
    let Some(dynamics) = joint.part().child("dynamics") else { return Ok(Passive::default()) };
    let of = |attribute: &str| match dynamics.number(attribute)? {
        None => Ok(0.),
        Some(value) if value >= 0. && value.is_finite() => Ok(value),
        Some(value) => Err(dynamics.refuse(attribute, value, "must be finite and not negative")),
    };
    Ok(Passive { damping: of("damping")?, friction: of("friction")?, ..Passive::default() })
}
