//! Settings of the task.

mod demonstration;
mod term;

pub use demonstration::{Demonstration, FeedbackConfig, Posture, RecordingConfig, Rest, ViaPoint};
pub use term::{ConditionConfig, End, Measured, Moment, OneOrMore, Shape, Target, TermConfig, Timing};

use std::collections::BTreeMap;

use moto_settings::{FieldError, Joints, check};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::robot::{Form, Observed};

/// Range of a value that is drawn anew for each trial. Every entry is drawn uniformly and stays
/// constant during the trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContextConfig {
    /// Lowest value of each entry, in the unit of the entry.
    pub low: Vec<f64>,
    /// Highest value of each entry. `high` is as long as `low`.
    pub high: Vec<f64>,
}

/// The ROS 2 message that carries an observed value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// So many numbers, in units of your choice: std_msgs/msg/Float64MultiArray.
    #[default]
    Values,
    /// Position (x, y, z), m: geometry_msgs/msg/PoseStamped.
    Position,
    /// Position (x, y, z), m, and velocity in the world (x, y, z), m/s: nav_msgs/msg/Odometry.
    Odometry,
}

impl Message {
    fn is_values(&self) -> bool {
        *self == Self::Values
    }
}

/// A value that the task observes besides the joints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObservedConfig {
    /// Name of the value, of your choice.
    pub name: String,
    /// What the entries are, and the message that carries them over ROS 2.
    #[serde(default, skip_serializing_if = "Message::is_values")]
    pub message: Message,
    /// Number of entries of `values`. The other messages have their own.
    #[schemars(extend("minimum" = 1, "maximum" = 100))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// Size of a change that matters, the same for every entry, in the entries' unit.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1000000))]
    #[serde(default = "observed_scale")]
    pub scale: f64,
    /// Largest age of the value during a stroke, and largest time by which its stamp may lie ahead.
    /// The default is `control.watchdog.max_task_age`.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10, "x-unit" = "s"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<f64>,
}

impl ObservedConfig {
    /// The value as robots and simulators know it.
    pub fn observed(&self) -> Observed {
        let form = match self.message {
            Message::Values => Form::Values(self.size.unwrap_or(0)),
            Message::Position => Form::Position,
            Message::Odometry => Form::Odometry,
        };
        let frame = if self.message.is_values() { "" } else { "world" };
        Observed { name: self.name.clone(), form, frame: frame.into() }
    }

    /// Checks that the size is given where it is not the message's.
    fn check_size(&self) -> Result<(), FieldError> {
        match (self.message, self.size) {
            (Message::Values, None) => Err(FieldError::value("size", "missing", "the number of entries")),
            (Message::Position | Message::Odometry, Some(size)) => {
                let expected = format!("none: the message has {} entries", self.observed().len());
                Err(FieldError::value("size", size, expected))
            }
            _ => Ok(()),
        }
    }
}

fn observed_scale() -> f64 {
    0.05
}

/// Settings of a stroke.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StrokeTaskConfig {
    /// Number of policy steps T. A step lasts `control.period` x `control.decimation`.
    #[schemars(extend("minimum" = 1, "maximum" = 10000))]
    pub horizon: usize,
    /// The motion that the first policy is made from.
    pub demonstration: Demonstration,
    /// How a recorded demonstration is read.
    pub recording: RecordingConfig,
    /// Feedback with which the first policy tracks the demonstration. The default is no feedback.
    pub feedback: FeedbackConfig,
    /// Standard deviation of the first policy's exploration: of each action, or in multiples of
    /// `exploration`.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 100))]
    pub initial_deviation: f64,
    /// Exploration of the first policy as accelerations of the joints. The model turns it into
    /// efforts, so that a light joint is not thrown about by the exploration of a heavy one.
    #[schemars(extend("exclusiveMinimum" = 0, "x-unit" = "m/s^2 or rad/s^2", "x-per" = "joint", "x-empty" = "independent efforts of one unit of the action each"))]
    pub exploration: Vec<f64>,
    /// Standard deviation of each joint's position about the start posture, at the beginning of a
    /// trial of the simulated arm. The loop first brings the arm back if the deviation exceeds
    /// `control.homing.position_tolerance`.
    #[schemars(extend("minimum" = 0, "maximum" = 1, "x-unit" = "m or rad"))]
    pub start_deviation: f64,
    /// Values drawn for each trial, by names of your choice. They are part of the policy's state,
    /// in the alphabetical order of their names.
    pub context: BTreeMap<String, ContextConfig>,
    /// Values that the policy sees besides joints and context. The embedded arm leaves them at 0.
    pub observe: Vec<ObservedConfig>,
    /// Terms of the reward. The reward is minus the sum of their prices.
    pub reward: Vec<TermConfig>,
    /// Condition of a successful stroke, or a list of conditions that must all hold. Without a
    /// condition no stroke counts as a success.
    pub success: OneOrMore<ConditionConfig>,
}

impl Default for StrokeTaskConfig {
    fn default() -> Self {
        Self {
            horizon: 40,
            demonstration: Demonstration::Hold,
            recording: RecordingConfig::default(),
            feedback: FeedbackConfig::default(),
            initial_deviation: 1.,
            exploration: vec![],
            start_deviation: 0.,
            context: BTreeMap::new(),
            observe: vec![],
            reward: vec![],
            success: OneOrMore::default(),
        }
    }
}

impl StrokeTaskConfig {
    /// Checks every parameter by itself, and the names and lengths of the values in the policy's
    /// state.
    ///
    /// # Errors
    /// The first parameter that is refused, by its name in the configuration.
    pub fn validate(&self) -> Result<(), FieldError> {
        check(self, Joints::Unknown)?;
        for (name, ContextConfig { low, high }) in &self.context {
            let field = format!("context.{name}");
            if low.is_empty() || low.len() != high.len() {
                let expected = format!("low has {}: each entry needs both bounds", low.len());
                return Err(FieldError::Length { field: format!("{field}.high"), found: high.len(), expected });
            }
            if let Some((i, (low, high))) = low.iter().zip(high).enumerate().find(|(_, (low, high))| low > high) {
                return Err(FieldError::value(format!("{field}.high[{i}]"), high, format!("at least low, {low}")));
            }
        }
        let mut names: Vec<&str> = self.context.keys().map(String::as_str).collect();
        for (i, value) in self.observe.iter().enumerate() {
            value.check_size().map_err(|error| error.within(&format!("observe[{i}]")))?;
            let name = &value.name;
            if names.contains(&name.as_str()) {
                let expected = "a name that nothing else of context and observe has";
                return Err(FieldError::value(format!("observe[{i}].name"), format!("{name:?}"), expected));
            }
            names.push(name);
        }
        if self.reward.is_empty() {
            let expected =
                "expected a term at least; where a judge says what counts, the price of the effort will do".into();
            return Err(FieldError::Length { field: "reward".into(), found: 0, expected });
        }
        Ok(())
    }
}
