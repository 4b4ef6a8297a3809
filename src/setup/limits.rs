//! Combines the limits of the configuration with the limits of the robot description.

use std::fmt;

use moto_settings::FieldError;

use super::Config;
use crate::dynamics::{Joint, JointKind, Model};

/// Fills in omitted limits from the robot description. Soft position limits take precedence over
/// hard ones.
///
/// # Errors
/// The first limit that neither source states.
pub fn fill(config: &mut Config, joints: &[Joint]) -> Result<(), FieldError> {
    let limits = &mut config.control.limits;
    let fill = |field: &str, list: &mut Vec<f64>, of: fn(&Joint) -> f64, expected: fn(&Joint) -> String| {
        if !list.is_empty() {
            return Ok(());
        }
        list.extend(joints.iter().map(of));
        let turns = |joint: &Joint| joint.kind == JointKind::Continuous && matches!(field, "lower" | "upper");
        match joints.iter().find(|joint| !of(joint).is_finite() && !turns(joint)) {
            None => Ok(()),
            Some(joint) => Err(FieldError::Missing {
                field: format!("control.limits.{field} of joint {}", joint.name),
                expected: format!("{}: the robot description has none (a zero stands for none)", expected(joint)),
            }),
        }
    };
    fill("effort", &mut limits.effort, |joint| joint.effort, |joint| above_zero(joint, 0))?;
    fill("lower", &mut limits.lower, |joint| joint.soft_lower, |joint| bound(joint, "-.inf"))?;
    fill("upper", &mut limits.upper, |joint| joint.soft_upper, |joint| bound(joint, ".inf"))?;
    fill("velocity", &mut limits.velocity, |joint| joint.velocity, |joint| above_zero(joint, 1))
}

fn above_zero(joint: &Joint, unit: usize) -> String {
    format!("above 0 {}", units(joint)[unit])
}

fn bound(joint: &Joint, none: &str) -> String {
    format!("a bound in {}, or {none} for none", units(joint)[2])
}

/// Units of effort, velocity and position.
fn units(joint: &Joint) -> [&'static str; 3] {
    match joint.kind {
        JointKind::Prismatic => ["N", "m/s", "m"],
        JointKind::Revolute | JointKind::Continuous => ["N m", "rad/s", "rad"],
    }
}

/// One limit of a joint, from both sources.
struct Pair {
    field: &'static str,
    configured: f64,
    described: f64,
    /// Whether the configuration's limit is wider than the description's.
    above: bool,
    unit: &'static str,
}

fn pairs<'a>(config: &'a Config, joints: &'a [Joint]) -> impl Iterator<Item = (&'a Joint, Pair)> {
    let limits = &config.control.limits;
    joints.iter().enumerate().flat_map(move |(i, joint)| {
        let units = units(joint);
        // The lists are complete here. The loop's check refuses an incomplete list.
        let of = |list: &[f64], otherwise| list.get(i).copied().unwrap_or(otherwise);
        let most = |field, list: &[f64], described, unit| {
            let configured = of(list, described);
            Pair { field, configured, described, above: configured > described, unit }
        };
        let lower = of(&limits.lower, joint.soft_lower);
        [
            most("effort", &limits.effort, joint.effort, units[0]),
            most("velocity", &limits.velocity, joint.velocity, units[1]),
            most("upper", &limits.upper, joint.upper, units[2]),
            Pair {
                field: "lower",
                configured: lower,
                described: joint.lower,
                above: lower < joint.lower,
                unit: units[2],
            },
        ]
        .map(|pair| (joint, pair))
    })
}

/// Refuses limits that are wider than the robot description's.
///
/// # Errors
/// The first limit that is wider.
pub fn check(config: &Config, joints: &[Joint]) -> Result<(), FieldError> {
    if config.robot.allow_above_description {
        return Ok(());
    }
    let wrong = pairs(config, joints).find(|(_, pair)| pair.above);
    let Some((joint, Pair { field, configured, described, unit, .. })) = wrong else { return Ok(()) };
    let bound = if field == "lower" { "at least" } else { "at most" };
    let expected = format!(
        "{bound} the robot description's {described} {unit} (robot.allow_above_description: true lets the configuration's hold)"
    );
    Err(FieldError::value(format!("control.limits.{field} of joint {}", joint.name), configured, expected))
}

/// Raises the efforts of the simulated drives to the loop's effort limits. Larger efforts of the
/// description stay.
pub fn set_efforts(config: &Config, model: &mut Model) {
    for (joint, &effort) in model.joints_mut().iter_mut().zip(&config.control.limits.effort) {
        joint.effort = if joint.effort.is_finite() { joint.effort.max(effort) } else { effort };
    }
}

/// A limit that differs between the configuration and the robot description. The configuration's
/// limit holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The field, with the joint.
    pub field: String,
    /// Value in the configuration.
    pub configured: f64,
    /// Value in the robot description.
    pub described: f64,
    unit: &'static str,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, configured, described, unit } = self;
        write!(
            f,
            "{field}: the configuration's {configured} {unit} holds, not the robot description's {described} {unit}"
        )
    }
}

/// All limits that differ. A position bound at the description's soft limit does not count, nor
/// does a limit that the description lacks.
pub fn differences(config: &Config, joints: &[Joint]) -> Vec<Difference> {
    let differs = |joint: &Joint, pair: &Pair| match pair.field {
        _ if !pair.described.is_finite() => false,
        "lower" => pair.configured != pair.described && pair.configured != joint.soft_lower,
        "upper" => pair.configured != pair.described && pair.configured != joint.soft_upper,
        _ => pair.configured != pair.described,
    };
    pairs(config, joints)
        .filter(|(joint, pair)| differs(joint, pair))
        .map(|(joint, Pair { field, configured, described, unit, .. })| {
            let field = format!("control.limits.{field} of joint {}", joint.name);
            Difference { field, configured, described, unit }
        })
        .collect()
}
