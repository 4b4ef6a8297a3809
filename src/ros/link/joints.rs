//! Conversion between the robot's joints and the model's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use moto_settings::{FieldError, check};

/// Names, signs and offsets of the robot's joints. An empty list means: the model's names, no sign,
/// no offset, the model's units.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JointsConfig {
    /// Names in the joint states, in the model's order.
    #[schemars(extend("x-per" = "joint", "x-empty" = "the model's"))]
    pub names: Vec<String>,
    /// 1, or -1 if the robot counts the joint in the other direction.
    #[schemars(extend("minimum" = -1, "maximum" = 1, "x-per" = "joint", "x-empty" = "all 1"))]
    pub sign: Vec<f64>,
    /// The robot's position of each joint at the model's zero.
    #[schemars(extend("x-unit" = "m or rad", "x-per" = "joint", "x-empty" = "all 0"))]
    pub offset: Vec<f64>,
    /// The actuator's unit per N m or N of the model; e.g. 1 / torque constant for a current
    /// command.
    #[schemars(extend("exclusiveMinimum" = 0, "x-per" = "joint", "x-empty" = "all 1"))]
    pub effort_scale: Vec<f64>,
    /// Source of the velocities.
    pub velocity: VelocitySource,
    /// Cut-off of the low-pass on velocities; 0 for none. About a tenth of the message rate suits
    /// derived velocities.
    #[schemars(extend("minimum" = 0, "x-unit" = "Hz"))]
    pub velocity_cutoff: f64,
}

/// Source of the velocities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VelocitySource {
    /// The joint states carry them.
    #[default]
    Reported,
    /// They are derived from positions and time stamps.
    Derived,
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

/// A list, or the default for each joint if the list is empty.
fn per_joint(list: &[f64], joints: usize, default: f64) -> Vec<f64> {
    if list.is_empty() { vec![default; joints] } else { list.to_vec() }
}

impl Joints {
    /// The joints of a model with these names, for a robot described by `config`.
    ///
    /// # Errors
    /// The first value that is refused.
    pub fn new(config: &JointsConfig, model: &[String]) -> Result<Self, FieldError> {
        check(config, model).map_err(|error| error.within("ros.joints"))?;
        let n = model.len();
        if let Some(joint) = config.sign.iter().position(|sign| sign.abs() != 1.) {
            let field = format!("ros.joints.sign of joint {}", model[joint]);
            return Err(FieldError::value(field, config.sign[joint], "1 or -1"));
        }
        let names = if config.names.is_empty() { model.to_vec() } else { config.names.clone() };
        if let Some((joint, name)) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
            let field = format!("ros.joints.names of joint {}", model[joint]);
            return Err(FieldError::value(field, name, "a name that no joint before has"));
        }
        Ok(Self {
            sign: per_joint(&config.sign, n, 1.),
            offset: per_joint(&config.offset, n, 0.),
            effort_scale: per_joint(&config.effort_scale, n, 1.),
            names,
            derive: config.velocity == VelocitySource::Derived,
            cutoff: config.velocity_cutoff,
        })
    }

    /// Names in the joint states, in the model's order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The model's position of a joint from the robot's. [`Self::report`] is the inverse.
    pub fn position(&self, joint: usize, reported: f64) -> f64 {
        self.sign[joint] * (reported - self.offset[joint])
    }

    /// The model's velocity of a joint from the robot's.
    pub fn velocity(&self, joint: usize, reported: f64) -> f64 {
        self.sign[joint] * reported
    }

    /// The robot's positions and velocities from the model's: the inverse of [`Self::position`] and
    /// [`Self::velocity`].
    pub fn report(&self, position: &[f64], velocity: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let count = |values: &[f64], offset: &dyn Fn(usize) -> f64| {
            values.iter().enumerate().map(|(joint, value)| self.sign[joint] * value + offset(joint)).collect()
        };
        (count(position, &|joint| self.offset[joint]), count(velocity, &|_| 0.))
    }

    /// The model's efforts from a command: the inverse of [`Self::command`].
    pub fn effort(&self, command: &[f64]) -> Vec<f64> {
        command
            .iter()
            .zip(&self.sign)
            .zip(&self.effort_scale)
            .map(|((effort, sign), scale)| effort * sign / scale)
            .collect()
    }

    /// The command for an effort, in the actuators' units and the robot's signs.
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
            "ros.joints.sign has 1 entry, the robot has 2 joints"
        );
        assert_eq!(
            refuse(JointsConfig { sign: vec![1., 0.5], ..default() }),
            "ros.joints.sign of joint b is 0.5, expected 1 or -1"
        );
        assert_eq!(
            refuse(JointsConfig { names: names(&["a", "a"]), ..default() }),
            "ros.joints.names of joint b is a, expected a name that no joint before has"
        );
        assert!(
            refuse(JointsConfig { effort_scale: vec![1., 0.], ..default() }).contains("effort_scale of joint b is 0")
        );
    }
}
