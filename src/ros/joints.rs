//! From a robot's joint states to the loop's, and from the loop's efforts to the robot's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{FieldError, check};

/// How the robot's joints are named and counted. Empty lists stand for the plain case: the model's names, no sign, no offset,
/// the model's units.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JointsConfig {
    /// Names in the joint states, in the model's order.
    #[schemars(extend("x-per" = "joint", "x-empty" = "the model's"))]
    pub names: Vec<String>,
    /// 1, or -1 where the robot counts a joint the other way.
    #[schemars(extend("minimum" = -1, "maximum" = 1, "x-per" = "joint", "x-empty" = "all 1"))]
    pub sign: Vec<f64>,
    /// The robot's position of each joint where the model's is zero, in the robot's count.
    #[schemars(extend("x-unit" = "m or rad", "x-per" = "joint", "x-empty" = "all 0"))]
    pub offset: Vec<f64>,
    /// The actuator's unit per N m or N of the model; e.g. 1 / torque constant for a current command.
    #[schemars(extend("exclusiveMinimum" = 0, "x-per" = "joint", "x-empty" = "all 1"))]
    pub effort_scale: Vec<f64>,
    /// Where velocities come from.
    pub velocity: VelocitySource,
    /// Cut-off of the low-pass on velocities; 0 for none. Derived ones want about a tenth of the rate.
    #[schemars(extend("minimum" = 0, "x-unit" = "Hz"))]
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

/// What is wrong with a message of joint states.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JointStateError {
    /// A joint of the robot is not in the message.
    #[error("joint {joint} is missing from the joint states")]
    Missing {
        /// The joint's name.
        joint: String,
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
}

/// The joints of one robot.
#[derive(Clone, Debug)]
pub struct Joints {
    names: Vec<String>,
    sign: Vec<f64>,
    offset: Vec<f64>,
    effort_scale: Vec<f64>,
    derive: bool,
    /// Hz; 0 for none.
    cutoff: f64,
    /// Where each joint was in the last message: messages of one publisher are alike.
    order: Vec<usize>,
    /// Time stamp (s) and positions the filter saw last.
    last: Option<(f64, Vec<f64>)>,
    filtered: Vec<f64>,
}

/// A list, or the default of each joint where it is empty.
fn per_joint(list: &[f64], joints: usize, default: f64) -> Vec<f64> {
    if list.is_empty() { vec![default; joints] } else { list.to_vec() }
}

impl Joints {
    /// The joints of a model with these names, as `config` says the robot has them.
    ///
    /// # Errors
    /// The first value that is not accepted.
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
            order: (0..n).collect(),
            last: None,
            filtered: vec![0.; n],
        })
    }

    /// Names in the joint states, in the model's order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Writes a message of joint states, measured at `time` (s), into the model's order and count. Any order and further
    /// joints in the message are fine.
    ///
    /// # Errors
    /// A joint that is missing, lists that differ in length, a value that is not a number. `position` and `velocity`
    /// then hold nothing of use.
    pub fn read(
        &mut self,
        time: f64,
        names: &[String],
        positions: &[f64],
        velocities: &[f64],
        position: &mut [f64],
        velocity: &mut [f64],
    ) -> Result<(), JointStateError> {
        let lists = [("positions", positions.len()), ("velocities", velocities.len())];
        for (field, found) in lists.into_iter().take(if self.derive { 1 } else { 2 }) {
            if found != names.len() {
                return Err(JointStateError::Length { field, found, names: names.len() });
            }
        }
        for (joint, name) in self.names.iter().enumerate() {
            if names.get(self.order[joint]) != Some(name) {
                let found = names.iter().position(|other| other == name);
                self.order[joint] = found.ok_or_else(|| JointStateError::Missing { joint: name.clone() })?;
            }
            let (index, sign) = (self.order[joint], self.sign[joint]);
            let finite = |field, value: f64| {
                let error = || JointStateError::NonFinite { field, joint: name.clone(), value };
                if value.is_finite() { Ok(value) } else { Err(error()) }
            };
            position[joint] = sign * (finite("position", positions[index])? - self.offset[joint]);
            velocity[joint] = if self.derive { 0. } else { sign * finite("velocity", velocities[index])? };
        }
        self.filter(time, position, velocity);
        Ok(())
    }

    /// Derives velocities where they are not reported, and smoothes them: a first-order low-pass, exact for any spacing.
    fn filter(&mut self, time: f64, position: &[f64], velocity: &mut [f64]) {
        let elapsed = self.last.as_ref().map(|(last, _)| time - last);
        let keep = match elapsed {
            Some(elapsed) if self.cutoff > 0. => (-std::f64::consts::TAU * self.cutoff * elapsed.max(0.)).exp(),
            _ => 0.,
        };
        if let (true, Some(elapsed), Some((_, last))) = (self.derive, elapsed, &self.last) {
            for (joint, v) in velocity.iter_mut().enumerate() {
                // Without time between two messages there is no slope: the last one stands.
                *v = if elapsed > 0. { (position[joint] - last[joint]) / elapsed } else { self.filtered[joint] };
            }
        }
        for (filtered, v) in self.filtered.iter_mut().zip(velocity) {
            *filtered = keep * *filtered + (1. - keep) * *v;
            *v = *filtered;
        }
        if elapsed.is_none_or(|elapsed| elapsed > 0.) {
            self.last = Some((time, position.to_vec()));
        }
    }

    /// Positions and velocities as the robot reports them: what [`Self::read`] undoes.
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

    fn read(
        joints: &mut Joints,
        time: f64,
        list: &[&str],
        q: &[f64],
        qd: &[f64],
    ) -> Result<[Vec<f64>; 2], JointStateError> {
        let (mut position, mut velocity) = (vec![0.; 2], vec![0.; 2]);
        joints.read(time, &names(list), q, qd, &mut position, &mut velocity)?;
        Ok([position, velocity])
    }

    #[test]
    fn joints_are_found_by_name_whatever_the_order() {
        let mut joints = Joints::new(&JointsConfig::default(), &names(&["a", "b"])).unwrap();
        for (list, q) in
            [(["a", "b", "x"], [1., 2., 9.]), (["b", "x", "a"], [2., 9., 1.]), (["x", "a", "b"], [9., 1., 2.])]
        {
            let qd: Vec<f64> = q.iter().map(|q| 10. * q).collect();
            assert_eq!(read(&mut joints, 0., &list, &q, &qd).unwrap(), [vec![1., 2.], vec![10., 20.]]);
        }
    }

    #[test]
    fn what_is_wrong_with_a_message_is_named() {
        let mut joints = Joints::new(&JointsConfig::default(), &names(&["a", "b"])).unwrap();
        let missing = read(&mut joints, 0., &["a", "c"], &[1., 2.], &[0., 0.]);
        assert_eq!(missing, Err(JointStateError::Missing { joint: "b".into() }));
        let short = read(&mut joints, 0., &["a", "b"], &[1.], &[0., 0.]);
        assert_eq!(short, Err(JointStateError::Length { field: "positions", found: 1, names: 2 }));
        let without = read(&mut joints, 0., &["a", "b"], &[1., 2.], &[]);
        assert_eq!(without, Err(JointStateError::Length { field: "velocities", found: 0, names: 2 }));
        let error = read(&mut joints, 0., &["a", "b"], &[1., f64::NAN], &[0., 0.]).unwrap_err();
        assert_eq!(error.to_string(), "the position of joint b is NaN");
    }

    #[test]
    fn sign_offset_and_unit_are_inverse_to_each_other_in_power() {
        let config = JointsConfig {
            sign: vec![1., -1.],
            offset: vec![0.5, 0.25],
            effort_scale: vec![1., 4.],
            ..JointsConfig::default()
        };
        let mut joints = Joints::new(&config, &names(&["a", "b"])).unwrap();
        let [q, qd] = read(&mut joints, 0., &["a", "b"], &[1., 1.], &[2., 2.]).unwrap();
        assert_eq!((q, qd), (vec![0.5, -0.75], vec![2., -2.]));
        assert_eq!(joints.command(&[3., 5.]), [3., -20.]);
        assert_eq!(joints.effort(&[3., -20.]), [3., 5.]);
        assert_eq!(joints.report(&[0.5, -0.75], &[2., -2.]), (vec![1., 1.], vec![2., 2.]));
    }

    #[test]
    fn derived_velocities_follow_a_ramp() {
        let config =
            JointsConfig { velocity: VelocitySource::Derived, velocity_cutoff: 50., ..JointsConfig::default() };
        let mut joints = Joints::new(&config, &names(&["a", "b"])).unwrap();
        let mut last = vec![];
        for k in 0..100 {
            // Unevenly spaced in time.
            let time = 0.002 * f64::from(k) + 0.0005 * f64::from(k % 2);
            [_, last] = read(&mut joints, time, &["a", "b"], &[3. * time, -time], &[]).unwrap();
        }
        assert!((last[0] - 3.).abs() < 1e-6 && (last[1] + 1.).abs() < 1e-6, "{last:?}");
    }

    #[test]
    fn a_low_pass_leaves_what_its_cutoff_says() {
        let config = JointsConfig { velocity_cutoff: 10., ..JointsConfig::default() };
        let mut joints = Joints::new(&config, &names(&["a", "b"])).unwrap();
        read(&mut joints, 0., &["a", "b"], &[0., 0.], &[0., 0.]).unwrap();
        let after = 1. / (std::f64::consts::TAU * 10.);
        let [_, qd] = read(&mut joints, after, &["a", "b"], &[0., 0.], &[1., 1.]).unwrap();
        // After one time constant, 1 - 1/e of a step has come through.
        assert!((qd[0] - (1. - (-1f64).exp())).abs() < 1e-12);
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
