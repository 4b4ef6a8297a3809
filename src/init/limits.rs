//! Limits of each joint, with their sources.

use std::path::Path;

use moto_settings::{Tree, Value};

use super::InitError;
use crate::dynamics::{Joint, JointKind, Model};
use crate::setup::read_yaml;

/// A limit and its source. The value is `None` if no source states it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Limit {
    pub value: Option<f64>,
    pub source: &'static str,
}

/// The limits of a joint.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct JointLimits {
    pub name: String,
    pub kind: JointKind,
    /// Largest effort, N or N m.
    pub effort: Limit,
    /// Position bounds, m or rad. Infinite if the joint has no bound.
    pub lower: Limit,
    pub upper: Limit,
    /// Largest speed, m/s or rad/s.
    pub velocity: Limit,
}

/// The limits of all joints, in the model's order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Limits(pub Vec<JointLimits>);

const DESCRIPTION: &str = "the description's";
const SOFT: &str = "the description's soft limit";
const NOBODY: &str = "FILL IN: the description has none";
const MOVEIT: &str = "joint limits file";
/// Speeds for planning if no source states a limit: of a revolute joint, rad/s, and of a prismatic
/// joint, m/s.
const SPEED: [f64; 2] = [2., 0.5];
/// Position bounds for planning, on either side of zero, if there are none: of a revolute joint,
/// rad, and of a prismatic joint, m.
const RANGE: [f64; 2] = [std::f64::consts::PI, 0.5];

/// Time in which the drive alone reaches its speed limit with its largest effort, s. Drives of
/// robots need this time or a few times more.
pub(super) const DRIVE_TIME: f64 = 0.01;

impl Limits {
    /// The limits of the description. Limits of MoveIt's `joint_limits.yaml` replace them if they
    /// are narrower, or if the description has none.
    ///
    /// # Errors
    /// The file cannot be read or is malformed.
    pub fn gather(model: &Model, file: Option<&Path>) -> Result<Self, InitError> {
        let mut limits = Self(model.joints().iter().map(JointLimits::described).collect());
        let Some(path) = file else { return Ok(limits) };
        let text = std::fs::read_to_string(path).map_err(|source| InitError::Read { path: path.into(), source })?;
        let refuse = |line, reason| InitError::Limits { path: path.into(), line, reason };
        let tree = read_yaml(&text).map_err(|error| refuse(error.line, error.reason))?;
        let joints = tree.get("joint_limits").ok_or_else(|| {
            refuse(None, "there is no `joint_limits:`, below which MoveIt has the limits of each joint".into())
        })?;
        for joint in &mut limits.0 {
            if let Some(given) = joints.get(&joint.name) {
                joint.narrow(given).map_err(|(line, reason)| refuse(line, reason))?;
            }
        }
        Ok(limits)
    }

    /// Estimated inertias of the drives at their joints (n), kg m^2 or kg, 0 if a limit is missing.
    pub fn armature(&self) -> Vec<f64> {
        let drive = |joint: &JointLimits| Some(DRIVE_TIME * joint.effort.value? / joint.velocity.value?);
        self.0.iter().map(|joint| drive(joint).map_or(0., rounded)).collect()
    }

    /// Limits that no source states, by field and joint.
    pub fn missing(&self) -> Vec<String> {
        let named = |field: &str, of: fn(&JointLimits) -> &Limit| -> Vec<String> {
            let joints = self.0.iter().filter(|joint| of(joint).value.is_none());
            joints.map(|joint| format!("control.limits.{field} of joint {}", joint.name)).collect()
        };
        let mut all = named("effort", |joint| &joint.effort);
        all.extend(named("lower", |joint| &joint.lower));
        all.extend(named("upper", |joint| &joint.upper));
        all.extend(named("velocity", |joint| &joint.velocity));
        all
    }
}

impl JointLimits {
    fn described(joint: &Joint) -> Self {
        let stated = |value: f64| match value.is_finite() {
            true => Limit { value: Some(value), source: DESCRIPTION },
            false => Limit { value: None, source: NOBODY },
        };
        let bound = |value: f64, soft: f64| match joint.kind {
            JointKind::Continuous if !soft.is_finite() => {
                Limit { value: Some(soft), source: "a continuous joint has none" }
            }
            _ if soft != value => Limit { value: Some(soft), source: SOFT },
            _ => stated(value),
        };
        Self {
            name: joint.name.clone(),
            kind: joint.kind,
            effort: stated(joint.effort),
            lower: bound(joint.lower, joint.soft_lower),
            upper: bound(joint.upper, joint.soft_upper),
            velocity: stated(joint.velocity),
        }
    }

    /// Narrows the limits to those in MoveIt's entry of the joint.
    fn narrow(&mut self, given: &Tree) -> Result<(), (Option<u64>, String)> {
        type Wider = fn(f64, f64) -> bool;
        let name = self.name.clone();
        let smaller: Wider = |given, old| given < old;
        let larger: Wider = |given, old| given > old;
        let fields: [(&str, &str, &mut Limit, Wider); 4] = [
            ("has_effort_limits", "max_effort", &mut self.effort, smaller),
            ("has_position_limits", "min_position", &mut self.lower, larger),
            ("has_position_limits", "max_position", &mut self.upper, smaller),
            ("has_velocity_limits", "max_velocity", &mut self.velocity, smaller),
        ];
        for (has, field, limit, narrower) in fields {
            let unused = given.get(has).is_some_and(|has| has.value == Value::Bool(false));
            let Some(tree) = given.get(field).filter(|_| !unused) else { continue };
            let value = match tree.value {
                Value::Integer(value) => value as f64,
                Value::Double(value) if value.is_finite() => value,
                _ => return Err((tree.line, format!("{field} of joint {name} is {tree}, expected a number"))),
            };
            if limit.value.is_none_or(|old| narrower(value, old)) {
                *limit = Limit { value: Some(value), source: MOVEIT };
            }
        }
        Ok(())
    }

    fn slides(&self) -> usize {
        usize::from(self.kind == JointKind::Prismatic)
    }

    /// Position bounds for planning, rad or m.
    pub fn range(&self) -> (f64, f64) {
        let range = RANGE[self.slides()];
        let of = |limit: &Limit, otherwise: f64| limit.value.filter(|value| value.is_finite()).unwrap_or(otherwise);
        (of(&self.lower, -range), of(&self.upper, range))
    }

    /// Largest speed for planning, rad/s or m/s.
    pub fn speed(&self) -> f64 {
        self.velocity.value.unwrap_or(SPEED[self.slides()])
    }

    /// Width of the soft zone inside a bound: a twentieth of the range, at most 0.05 rad or 0.01 m.
    pub fn margin(&self) -> f64 {
        let (lower, upper) = self.range();
        rounded((0.05 * (upper - lower)).min([0.05, 0.01][self.slides()]))
    }
}

/// A value rounded to three significant digits. Derived values are no more exact.
pub(super) fn rounded(value: f64) -> f64 {
    if value == 0. || !value.is_finite() {
        return value;
    }
    let scale = 10_f64.powi(2 - value.abs().log10().floor() as i32);
    let whole = (value * scale).round();
    // Dividing by a power of ten gives exactly the nearest decimal number.
    if scale >= 1. { whole / scale } else { (whole / scale).round() }
}
