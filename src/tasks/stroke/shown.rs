//! A motion through via points outside a configuration, for a hand that shows it to the robot.

use moto_learners::Demonstrated;
use moto_settings::FieldError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::StrokeTaskConfig;
use super::config::ViaPoint;
use super::moment::Steps;
use super::names::Names;
use super::via_points::through;
use crate::control::ControlConfig;
use crate::dynamics::Model;

/// Time in which an arm that passes the last point comes to rest, s.
const REST: f64 = 0.5;

/// Via points of a motion, as in the settings of a demonstration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ViaPoints {
    /// The points, in the order of their times.
    pub via_points: Vec<ViaPoint>,
}

impl ViaPoints {
    /// The motion from the start posture of `control` through the points to rest.
    ///
    /// # Errors
    /// A point that means nothing or is out of reach, by its field.
    pub fn motion(&self, model: &Model, control: &ControlConfig) -> Result<Demonstrated, FieldError> {
        let Some(last) = self.via_points.last() else {
            return Err(FieldError::Missing { field: "via_points".into(), expected: "a point at least".into() });
        };
        let step = control.period * control.decimation as f64;
        let steps = Steps { horizon: ((last.time + REST) / step).ceil() as usize, duration: step };
        let config = StrokeTaskConfig::default();
        let reference = through(&Names::new(model, &config), control, &steps, ("via_points", &self.via_points))?;
        Ok(Demonstrated {
            position: reference.position,
            velocity: reference.velocity,
            joints: model.dof(),
            period: control.period,
            goal_time: reference.goal_time,
        })
    }
}
