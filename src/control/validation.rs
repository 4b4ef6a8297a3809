//! Validation of the configuration: no value is NaN, and no limit is left open.

use super::config::ControlConfig;
use moto_settings::{FieldError, Joints, check};

impl ControlConfig {
    /// Checks every value for a robot with these joints: their names, or their number.
    ///
    /// # Errors
    /// The first field that is refused, with its value and the values allowed. NaN is always
    /// refused.
    pub fn validate<'a>(&self, joints: impl Into<Joints<'a>>) -> Result<(), FieldError> {
        let joints = joints.into();
        let within = |error: FieldError| error.within("control");
        check(self, joints).map_err(within)?;
        let safety = &self.safety;
        if safety.duration < safety.ramp {
            let expected = format!("at least safety.ramp, {} s", safety.ramp);
            return Err(within(FieldError::value("safety.duration", safety.duration, expected)));
        }
        self.validate_limits(joints).map_err(within)
    }

    /// Checks limits that the robot description may fill in. They must be complete by now and leave
    /// room for the start posture.
    fn validate_limits(&self, joints: Joints<'_>) -> Result<(), FieldError> {
        let limits = &self.limits;
        let count = self.start_posture.len();
        for (field, list) in [
            ("limits.effort", &limits.effort),
            ("limits.lower", &limits.lower),
            ("limits.upper", &limits.upper),
            ("limits.velocity", &limits.velocity),
        ] {
            if list.len() != count {
                let expected = format!("the robot has {count} joints");
                return Err(FieldError::Length { field: field.into(), found: list.len(), expected });
            }
        }
        for (joint, (&start, &margin)) in self.start_posture.iter().zip(&limits.margin).enumerate() {
            let (lower, upper) = (limits.lower[joint] + margin, limits.upper[joint] - margin);
            let named = |field: &str| format!("{field} of joint {}", joints.name(joint));
            if lower >= upper {
                let expected =
                    format!("above {}, the lower bound, by more than two margins of {margin}", limits.lower[joint]);
                return Err(FieldError::value(named("limits.upper"), limits.upper[joint], expected));
            }
            if start < lower || start > upper {
                let expected = format!("{lower} to {upper}, the position bounds less limits.margin");
                return Err(FieldError::value(named("start_posture"), start, expected));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::control::{LimitsConfig, SafetyConfig};

    /// Two joints.
    pub fn config() -> ControlConfig {
        let yaml = "
start_posture: [0.5, 0.0]
action_scale: [1.0, 2.0]
limits: {effort: [10.0, 20.0], effort_rate: [100.0, 100.0], lower: [-1.0, -.inf], upper: [1.0, .inf], velocity: [3.0, 3.0],
  margin: [0.1, 0.1], stiffness: [5.0, 0.0], damping: [1.0, 0.0]}
safety: {damping: [1.0, 1.0]}
";
        serde_saphyr::from_str(yaml).unwrap()
    }

    #[test]
    fn the_defaults_are_accepted() {
        assert_eq!(config().validate(2), Ok(()));
        let error = config().validate(3).unwrap_err();
        assert_eq!(error.to_string(), "control.start_posture has 2 entries, the robot has 3 joints");
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let yaml = "{damping: [1.0], dampling: 3}";
        assert!(serde_saphyr::from_str::<SafetyConfig>(yaml).unwrap_err().to_string().contains("dampling"));
    }

    #[test]
    fn a_limit_that_was_not_filled_in_is_refused() {
        let mut config = config();
        config.limits.velocity.clear();
        let error = config.validate(2).unwrap_err();
        assert_eq!(error.to_string(), "control.limits.velocity has 0 entries, the robot has 2 joints");
    }

    #[test]
    fn what_is_not_a_number_is_refused_everywhere() {
        type Scalar = (&'static str, fn(&mut ControlConfig) -> &mut f64);
        type List = (&'static str, fn(&mut LimitsConfig) -> &mut Vec<f64>);
        let scalars: [Scalar; 19] = [
            ("period", |c| &mut c.period),
            ("ready_timeout", |c| &mut c.ready_timeout),
            ("homing.duration", |c| &mut c.homing.duration),
            ("homing.position_tolerance", |c| &mut c.homing.position_tolerance),
            ("homing.velocity_tolerance", |c| &mut c.homing.velocity_tolerance),
            ("homing.timeout", |c| &mut c.homing.timeout),
            ("return.duration", |c| &mut c.return_home.duration),
            ("tracking.stiffness", |c| &mut c.tracking.stiffness),
            ("tracking.damping", |c| &mut c.tracking.damping),
            ("tracking.speed_share", |c| &mut c.tracking.speed_share),
            ("teaching.damping_share", |c| &mut c.teaching.damping_share),
            ("limits.velocity_margin", |c| &mut c.limits.velocity_margin),
            ("limits.trip_ratio", |c| &mut c.limits.trip_ratio),
            ("watchdog.max_state_age", |c| &mut c.watchdog.max_state_age),
            ("watchdog.jump_tolerance", |c| &mut c.watchdog.jump_tolerance),
            ("safety.ramp", |c| &mut c.safety.ramp),
            ("safety.duration", |c| &mut c.safety.duration),
            ("max_missed_share", |c| &mut c.max_missed_share),
            ("max_clipped_share", |c| &mut c.max_clipped_share),
        ];
        for (name, field) in scalars {
            for bad in [f64::NAN, -1., f64::INFINITY] {
                let mut config = config();
                *field(&mut config) = bad;
                let error = config.validate(2).expect_err(name);
                assert_eq!(error.field(), Some(&*format!("control.{name}")), "{error}");
            }
        }
        let lists: [List; 8] = [
            ("limits.effort", |l| &mut l.effort),
            ("limits.effort_rate", |l| &mut l.effort_rate),
            ("limits.lower", |l| &mut l.lower),
            ("limits.upper", |l| &mut l.upper),
            ("limits.velocity", |l| &mut l.velocity),
            ("limits.margin", |l| &mut l.margin),
            ("limits.stiffness", |l| &mut l.stiffness),
            ("limits.damping", |l| &mut l.damping),
        ];
        for (name, list) in lists {
            let mut config = config();
            list(&mut config.limits)[1] = f64::NAN;
            let error = config.validate(&["a".to_owned(), "b".to_owned()][..]).expect_err(name);
            assert_eq!(error.field(), Some(&*format!("control.{name} of joint b")), "{error}");
        }
    }

    #[test]
    fn a_start_posture_near_a_bound_is_refused() {
        let mut config = config();
        config.start_posture[0] = 0.95;
        let error = config.validate(2).unwrap_err();
        assert_eq!(
            error.to_string(),
            "control.start_posture of joint 0 is 0.95, expected -0.9 to 0.9, the position bounds less limits.margin"
        );
    }
}
