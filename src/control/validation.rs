//! Which configurations are accepted: nothing that is not a number, nothing that would leave a limit open.

use super::config::ControlConfig;

/// Which value of the configuration is not accepted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A value is out of its range.
    #[error("control.{field} is {value}, expected {range}")]
    Value {
        /// Field.
        field: &'static str,
        /// Value found.
        value: f64,
        /// What is accepted.
        range: &'static str,
    },
    /// A joint's value is out of its range.
    #[error("control.{field}[{joint}] is {value}, expected {range}")]
    Joint {
        /// Field.
        field: &'static str,
        /// Joint, from 0.
        joint: usize,
        /// Value found.
        value: f64,
        /// What is accepted.
        range: &'static str,
    },
    /// A list does not have one entry per joint.
    #[error("control.{field} has {found} entries, the robot has {joints} joints")]
    Length {
        /// Field.
        field: &'static str,
        /// Entries found.
        found: usize,
        /// Joints of the robot.
        joints: usize,
    },
}

impl ControlConfig {
    /// Checks every value for a robot with `joints` joints.
    ///
    /// # Errors
    /// The first field that is not accepted, with its value and what is. Not-a-number is never accepted.
    pub fn validate(&self, joints: usize) -> Result<(), ConfigError> {
        let (homing, back, tracking) = (&self.homing, &self.return_home, &self.tracking);
        let (limits, watchdog, safety) = (&self.limits, &self.watchdog, &self.safety);
        let positive = |x: f64, most: f64| x > 0. && x <= most;
        let share = |x: f64| (0. ..=1.).contains(&x);
        let values: &[(&'static str, f64, bool, &'static str)] = &[
            ("period", self.period, (1e-4..=0.1).contains(&self.period), "[0.0001, 0.1] s"),
            ("decimation", self.decimation as f64, (1..=1000).contains(&self.decimation), "[1, 1000]"),
            ("ready_timeout", self.ready_timeout, positive(self.ready_timeout, 3600.), "(0, 3600] s"),
            ("homing.duration", homing.duration, positive(homing.duration, 60.), "(0, 60] s"),
            ("homing.position_tolerance", homing.position_tolerance, positive(homing.position_tolerance, 1.), "(0, 1]"),
            (
                "homing.velocity_tolerance",
                homing.velocity_tolerance,
                positive(homing.velocity_tolerance, 10.),
                "(0, 10]",
            ),
            ("homing.timeout", homing.timeout, positive(homing.timeout, 3600.), "(0, 3600] s"),
            ("return.duration", back.duration, positive(back.duration, 60.), "(0, 60] s"),
            ("return.position_tolerance", back.position_tolerance, positive(back.position_tolerance, 1.), "(0, 1]"),
            ("return.velocity_tolerance", back.velocity_tolerance, positive(back.velocity_tolerance, 10.), "(0, 10]"),
            ("return.timeout", back.timeout, positive(back.timeout, 3600.), "(0, 3600] s"),
            ("tracking.stiffness", tracking.stiffness, positive(tracking.stiffness, 1e6), "(0, 1e6] 1/s^2"),
            ("tracking.damping", tracking.damping, positive(tracking.damping, 1e4), "(0, 1e4] 1/s"),
            ("tracking.speed_share", tracking.speed_share, positive(tracking.speed_share, 1.), "(0, 1]"),
            (
                "limits.velocity_margin",
                limits.velocity_margin,
                limits.velocity_margin > 0. && limits.velocity_margin < 1.,
                "(0, 1)",
            ),
            ("limits.trip_ratio", limits.trip_ratio, (1. ..=10.).contains(&limits.trip_ratio), "[1, 10]"),
            ("watchdog.max_state_age", watchdog.max_state_age, positive(watchdog.max_state_age, 10.), "(0, 10] s"),
            ("watchdog.jump_tolerance", watchdog.jump_tolerance, share(watchdog.jump_tolerance), "[0, 1]"),
            (
                "watchdog.max_frozen_readings",
                watchdog.max_frozen_readings.unwrap_or(2) as f64,
                (2..=100_000).contains(&watchdog.max_frozen_readings.unwrap_or(2)),
                "[2, 100000]",
            ),
            (
                "watchdog.max_task_age",
                watchdog.max_task_age.unwrap_or(1.),
                positive(watchdog.max_task_age.unwrap_or(1.), 10.),
                "(0, 10] s",
            ),
            (
                "watchdog.max_consecutive_misses",
                watchdog.max_consecutive_misses as f64,
                watchdog.max_consecutive_misses <= 1000,
                "[0, 1000]",
            ),
            (
                "watchdog.heartbeat_timeout",
                watchdog.heartbeat_timeout.unwrap_or(1.),
                positive(watchdog.heartbeat_timeout.unwrap_or(1.), 3600.),
                "(0, 3600] s",
            ),
            ("safety.ramp", safety.ramp, positive(safety.ramp, 10.), "(0, 10] s"),
            ("safety.duration", safety.duration, (safety.ramp..=60.).contains(&safety.duration), "[ramp, 60] s"),
            (
                "scheduling.priority",
                f64::from(self.scheduling.priority.unwrap_or(1)),
                (1..=99).contains(&self.scheduling.priority.unwrap_or(1)),
                "[1, 99]",
            ),
            ("max_missed_share", self.max_missed_share, share(self.max_missed_share), "[0, 1]"),
            ("max_clipped_share", self.max_clipped_share, share(self.max_clipped_share), "[0, 1]"),
            (
                "black_box_cycles",
                self.black_box_cycles as f64,
                (1..=1_000_000).contains(&self.black_box_cycles),
                "[1, 1000000]",
            ),
        ];
        if let Some(&(field, value, _, range)) = values.iter().find(|(_, _, accepted, _)| !accepted) {
            return Err(ConfigError::Value { field, value, range });
        }
        self.validate_joints(joints)
    }

    fn validate_joints(&self, joints: usize) -> Result<(), ConfigError> {
        let limits = &self.limits;
        let above_zero = |x: f64| x.is_finite() && x > 0.;
        let not_below_zero = |x: f64| x.is_finite() && x >= 0.;
        let any = |x: f64| !x.is_nan();
        type List<'a> = (&'static str, &'a [f64], fn(f64) -> bool, &'static str);
        let lists: &[List<'_>] = &[
            ("action_scale", &self.action_scale, above_zero, "finite and > 0"),
            ("limits.effort", &limits.effort, above_zero, "finite and > 0"),
            ("limits.effort_rate", &limits.effort_rate, above_zero, "finite and > 0"),
            ("limits.lower", &limits.lower, any, "a number"),
            ("limits.upper", &limits.upper, any, "a number"),
            ("limits.velocity", &limits.velocity, above_zero, "finite and > 0"),
            ("limits.margin", &limits.margin, above_zero, "finite and > 0"),
            ("limits.stiffness", &limits.stiffness, not_below_zero, "finite and >= 0"),
            ("limits.damping", &limits.damping, not_below_zero, "finite and >= 0"),
            ("safety.damping", &self.safety.damping, not_below_zero, "finite and >= 0"),
            ("start_posture", &self.start_posture, |x| x.is_finite(), "finite"),
        ];
        for &(field, list, accepts, range) in lists {
            if list.len() != joints {
                return Err(ConfigError::Length { field, found: list.len(), joints });
            }
            if let Some((joint, &value)) = list.iter().enumerate().find(|(_, x)| !accepts(**x)) {
                return Err(ConfigError::Joint { field, joint, value, range });
            }
        }
        for (joint, (&start, &margin)) in self.start_posture.iter().zip(&limits.margin).enumerate() {
            let (lower, upper) = (limits.lower[joint] + margin, limits.upper[joint] - margin);
            let wrong = |field, value, range| Err(ConfigError::Joint { field, joint, value, range });
            if lower >= upper {
                return wrong("limits.upper", limits.upper[joint], "above the lower bound by more than two margins");
            }
            if start < lower || start > upper {
                return wrong("start_posture", start, "inside the position bounds by the margin");
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
        assert_eq!(config().validate(3), Err(ConfigError::Length { field: "action_scale", found: 2, joints: 3 }));
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let yaml = "{damping: [1.0], dampling: 3}";
        assert!(serde_saphyr::from_str::<SafetyConfig>(yaml).unwrap_err().to_string().contains("dampling"));
    }

    #[test]
    fn what_is_not_a_number_is_refused_everywhere() {
        type Scalar = (&'static str, fn(&mut ControlConfig) -> &mut f64);
        type List = (&'static str, fn(&mut LimitsConfig) -> &mut Vec<f64>);
        let scalars: [Scalar; 18] = [
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
                assert!(matches!(error, ConfigError::Value { field, .. } if field == name), "{name}: {error}");
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
            let error = config.validate(2).expect_err(name);
            assert!(matches!(error, ConfigError::Joint { field, joint: 1, .. } if field == name), "{name}: {error}");
        }
    }

    #[test]
    fn a_start_posture_near_a_bound_is_refused() {
        let mut config = config();
        config.start_posture[0] = 0.95;
        let error = config.validate(2).unwrap_err();
        assert_eq!(
            error.to_string(),
            "control.start_posture[0] is 0.95, expected inside the position bounds by the margin"
        );
    }
}
