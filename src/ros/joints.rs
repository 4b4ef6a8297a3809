//! From a robot's joint states to the loop's, and from the loop's efforts to the robot's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the robot's joints are named and counted. Empty lists stand for the plain case: the model's names, no sign, no offset,
/// the model's units.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JointsConfig {
    /// Names in the joint states, in the model's order.
    pub names: Vec<String>,
    /// 1, or -1 where the robot counts a joint the other way.
    pub sign: Vec<f64>,
    /// The robot's position of each joint where the model's is zero, in the robot's count, rad or m.
    pub offset: Vec<f64>,
    /// The actuator's unit per N m or N of the model, finite and > 0; e.g. 1 / torque constant for a current command.
    pub effort_scale: Vec<f64>,
    /// Where velocities come from.
    pub velocity: VelocitySource,
    /// Cut-off of the low-pass on velocities, Hz, finite and >= 0; 0 for none. Derived ones want about a tenth of the rate.
    pub velocity_cutoff: f64,
}

/// Where velocities come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VelocitySource {
    /// The joint states carry them.
    #[default]
    Reported,
    /// They are derived from positions and time stamps.
    Derived,
}

/// Why the configuration of the joints is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JointsConfigError {
    /// A list does not have an entry per joint.
    #[error("ros.joints.{field} has {found} entries, the robot has {joints} joints")]
    Length {
        /// Field.
        field: &'static str,
        /// Entries found.
        found: usize,
        /// Joints of the model.
        joints: usize,
    },
    /// A value is out of its range.
    #[error("ros.joints.{field}[{joint}] is {value}, expected {range}")]
    Value {
        /// Field.
        field: &'static str,
        /// Joint, from 0.
        joint: usize,
        /// Value found.
        value: f64,
        /// What is accepted.
        range: &'static str,
    },
    /// A name occurs twice.
    #[error("ros.joints.names has {name} twice")]
    Twice {
        /// The name.
        name: String,
    },
}

/// The joints of one robot.
#[derive(Clone, Debug)]
pub struct Joints {
    names: Vec<String>,
    sign: Vec<f64>,
    offset: Vec<f64>,
    effort_scale: Vec<f64>,
    /// Whether velocities are derived from positions.
    pub(super) derive: bool,
    /// Hz; 0 for none.
    pub(super) cutoff: f64,
}

/// Fills an empty list with the default, and checks length and values of another.
fn per_joint(
    field: &'static str,
    list: &[f64],
    joints: usize,
    default: f64,
    range: &'static str,
    accepts: impl Fn(f64) -> bool,
) -> Result<Vec<f64>, JointsConfigError> {
    if list.is_empty() {
        return Ok(vec![default; joints]);
    }
    if list.len() != joints {
        return Err(JointsConfigError::Length { field, found: list.len(), joints });
    }
    match list.iter().position(|&value| !accepts(value)) {
        Some(joint) => Err(JointsConfigError::Value { field, joint, value: list[joint], range }),
        None => Ok(list.to_vec()),
    }
}

impl Joints {
    /// The joints of a model with these names, as `config` says the robot has them.
    ///
    /// # Errors
    /// The first value that is not accepted.
    pub fn new(config: &JointsConfig, model: &[String]) -> Result<Self, JointsConfigError> {
        let n = model.len();
        let names = if config.names.is_empty() { model.to_vec() } else { config.names.clone() };
        if names.len() != n {
            return Err(JointsConfigError::Length { field: "names", found: names.len(), joints: n });
        }
        if let Some((_, name)) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
            return Err(JointsConfigError::Twice { name: name.clone() });
        }
        let cutoff = config.velocity_cutoff;
        if !(cutoff.is_finite() && cutoff >= 0.) {
            let range = "a finite frequency in Hz, or 0";
            return Err(JointsConfigError::Value { field: "velocity_cutoff", joint: 0, value: cutoff, range });
        }
        Ok(Self {
            sign: per_joint("sign", &config.sign, n, 1., "1 or -1", |v| v.abs() == 1.)?,
            offset: per_joint("offset", &config.offset, n, 0., "a finite number", f64::is_finite)?,
            effort_scale: per_joint("effort_scale", &config.effort_scale, n, 1., "> 0", |v| v.is_finite() && v > 0.)?,
            names,
            derive: config.velocity == VelocitySource::Derived,
            cutoff,
        })
    }

    /// Names in the joint states, in the model's order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The position of a joint in the model's count: what [`Self::report`] undoes.
    pub fn position(&self, joint: usize, reported: f64) -> f64 {
        self.sign[joint] * (reported - self.offset[joint])
    }

    /// The velocity of a joint likewise.
    pub fn velocity(&self, joint: usize, reported: f64) -> f64 {
        self.sign[joint] * reported
    }

    /// Positions and velocities as the robot reports them: what [`Self::position`] and [`Self::velocity`] undo.
    pub fn report(&self, position: &[f64], velocity: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let count = |values: &[f64], offset: &dyn Fn(usize) -> f64| {
            values.iter().enumerate().map(|(joint, value)| self.sign[joint] * value + offset(joint)).collect()
        };
        (count(position, &|joint| self.offset[joint]), count(velocity, &|_| 0.))
    }

    /// The effort in the model's units and count: what [`Self::command`] undoes.
    pub fn effort(&self, command: &[f64]) -> Vec<f64> {
        command
            .iter()
            .zip(&self.sign)
            .zip(&self.effort_scale)
            .map(|((effort, sign), scale)| effort * sign / scale)
            .collect()
    }

    /// The effort to command, in the actuators' units and the robot's count.
    pub fn command(&self, effort: &[f64]) -> Vec<f64> {
        effort
            .iter()
            .zip(&self.sign)
            .zip(&self.effort_scale)
            .map(|((effort, sign), scale)| effort * sign * scale)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).into()).collect()
    }

    #[test]
    fn sign_offset_and_unit_are_inverse_to_each_other_in_power() {
        let config = JointsConfig {
            sign: vec![1., -1.],
            offset: vec![0.5, 0.25],
            effort_scale: vec![1., 4.],
            ..JointsConfig::default()
        };
        let joints = Joints::new(&config, &names(&["a", "b"])).unwrap();
        assert_eq!([joints.position(0, 1.), joints.position(1, 1.)], [0.5, -0.75]);
        assert_eq!([joints.velocity(0, 2.), joints.velocity(1, 2.)], [2., -2.]);
        assert_eq!(joints.command(&[3., 5.]), [3., -20.]);
        assert_eq!(joints.effort(&[3., -20.]), [3., 5.]);
        assert_eq!(joints.report(&[0.5, -0.75], &[2., -2.]), (vec![1., 1.], vec![2., 2.]));
    }

    #[test]
    fn a_wrong_configuration_is_refused_by_name() {
        let refuse = |config: JointsConfig| Joints::new(&config, &names(&["a", "b"])).unwrap_err().to_string();
        let default = JointsConfig::default;
        assert_eq!(
            refuse(JointsConfig { sign: vec![1.], ..default() }),
            "ros.joints.sign has 1 entries, the robot has 2 joints"
        );
        assert_eq!(
            refuse(JointsConfig { sign: vec![1., 0.5], ..default() }),
            "ros.joints.sign[1] is 0.5, expected 1 or -1"
        );
        assert_eq!(refuse(JointsConfig { names: names(&["a", "a"]), ..default() }), "ros.joints.names has a twice");
        assert!(refuse(JointsConfig { effort_scale: vec![1., 0.], ..default() }).contains("effort_scale[1] is 0"));
    }
}
