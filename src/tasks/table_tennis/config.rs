//! Settings of the task.

use super::world::{Base, Court};
use moto_settings::{FieldError, Joints, check};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The difference between trials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// (a) No difference: every serve is the same.
    #[default]
    Noiseless,
    /// (b) The velocity of the serve differs.
    Context,
    /// (c) The bounce on the table differs.
    NoisyBounce,
}

/// Shortest time between the end of the preparation and the hit, s.
const LEAST_SWING: f64 = 0.01;

/// The serve of the player's demonstration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DemonstrationKind {
    /// A serve that differs from the serve of the trials. A policy that replays the demonstration
    /// misses the ball.
    #[default]
    Shifted,
    /// The serve of the trials.
    Plain,
}

/// Settings of the serve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServeConfig {
    /// Start position of the ball (x, y, z).
    #[schemars(extend("minimum" = -10, "maximum" = 10, "x-unit" = "m", "x-per" = "axis"))]
    pub position: [f64; 3],
    /// Mean velocity of the ball at the start (x, y, z).
    #[schemars(extend("minimum" = -20, "maximum" = 20, "x-unit" = "m/s", "x-per" = "axis"))]
    pub velocity: [f64; 3],
    /// Relative spread of the velocity in the setting `context`: the velocity is uniform within
    /// `spread * spread_velocity` of its mean.
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    pub spread: f64,
    /// Velocity that `spread` multiplies in the setting `context` (x, y, z).
    #[schemars(extend("minimum" = 0, "maximum" = 20, "x-unit" = "m/s", "x-per" = "axis"))]
    pub spread_velocity: [f64; 3],
    /// Standard deviation of the velocity in x and y that a bounce adds in the setting
    /// `noisy_bounce`.
    #[schemars(extend("minimum" = 0, "maximum" = 5, "x-unit" = "m/s"))]
    pub bounce_scatter: f64,
    /// Velocity that a shifted demonstration adds to the mean velocity (x, y, z).
    #[schemars(extend("minimum" = -5, "maximum" = 5, "x-unit" = "m/s", "x-per" = "axis"))]
    pub demonstration_shift: [f64; 3],
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            position: [1.3, 0.25, 1.05],
            velocity: [-4.8, -1.15, 1.6],
            spread: 0.1,
            spread_velocity: [4.8, 2.4, 2.4],
            bounce_scatter: 0.3,
            demonstration_shift: [0., -0.3, 0.1],
        }
    }
}

/// Start and duration of the stroke.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StrokeConfig {
    /// Number of policy steps T.
    #[schemars(extend("minimum" = 1, "maximum" = 10000))]
    pub horizon: usize,
    /// The hitting plane, x = `hitting_plane`, in which the player strikes the ball.
    #[schemars(extend("minimum" = -5, "maximum" = 0, "x-unit" = "m"))]
    pub hitting_plane: f64,
    /// Predicted time until the ball reaches the hitting plane, at which the stroke starts.
    #[schemars(extend("minimum" = 0.05, "maximum" = 3, "x-unit" = "s"))]
    pub trigger_time: f64,
    /// The balls that may start a stroke.
    pub plausible: PlausibleConfig,
}

/// The balls that may start a stroke. Others are taken for errors of the ball's tracking.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlausibleConfig {
    /// Least speed.
    #[schemars(extend("minimum" = 0, "maximum" = 100, "x-unit" = "m/s"))]
    pub least_speed: f64,
    /// Greatest speed.
    #[schemars(extend("minimum" = 0, "maximum" = 100, "x-unit" = "m/s"))]
    pub greatest_speed: f64,
    /// Greatest distance from the table's middle line as the ball passes the hitting plane.
    #[schemars(extend("minimum" = 0, "maximum" = 10, "x-unit" = "m"))]
    pub aside: f64,
    /// Greatest height above the table as the ball passes the hitting plane.
    #[schemars(extend("minimum" = 0, "maximum" = 10, "x-unit" = "m"))]
    pub above: f64,
    /// Greatest time by which a stroke may start later than `trigger_time` says.
    #[schemars(extend("minimum" = 0, "maximum" = 3, "x-unit" = "s"))]
    pub late: f64,
}

impl Default for PlausibleConfig {
    fn default() -> Self {
        Self { least_speed: 1., greatest_speed: 20., aside: 2., above: 2., late: 0.05 }
    }
}

impl Default for StrokeConfig {
    fn default() -> Self {
        Self { horizon: 30, hitting_plane: -1.55, trigger_time: 0.57, plausible: PlausibleConfig::default() }
    }
}

/// Settings of the analytical player.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlayerConfig {
    /// Flight time of the return to the target.
    #[schemars(extend("minimum" = 0.1, "maximum" = 2, "x-unit" = "s"))]
    pub return_flight: f64,
    /// End of the preparation, after the start of the stroke. The arm is drawn back by then.
    #[schemars(extend("minimum" = 0.05, "maximum" = 3, "x-unit" = "s after the start"))]
    pub backswing_time: f64,
    /// Time of the hit, after the start of the stroke; at least 0.01 s later than `backswing_time`.
    #[schemars(extend("minimum" = 0.1, "maximum" = 3, "x-unit" = "s after the start"))]
    pub hit_time: f64,
    /// Duration of the arm's way back to rest.
    #[schemars(extend("minimum" = 0.1, "maximum" = 5, "x-unit" = "s"))]
    pub return_time: f64,
    /// Proportional gain of the tracking.
    #[schemars(extend("minimum" = 0, "maximum" = 100000, "x-unit" = "1/s^2"))]
    pub kp: f64,
    /// Derivative gain of the tracking.
    #[schemars(extend("minimum" = 0, "maximum" = 10000, "x-unit" = "1/s"))]
    pub kd: f64,
    /// Weight of the racket's position error in the choice of the hitting posture.
    #[schemars(extend("minimum" = 0.1, "maximum" = 10000, "x-unit" = "1/m"))]
    pub position_weight: f64,
    /// Weight of the error of the racket's normal.
    #[schemars(extend("minimum" = 0.1, "maximum" = 10000))]
    pub normal_weight: f64,
    /// Weight of the distance of sliding joints from rest.
    #[schemars(extend("minimum" = 0.001, "maximum" = 100, "x-unit" = "1/m"))]
    pub base_posture_weight: f64,
    /// Weight of the distance of turning joints from rest.
    #[schemars(extend("minimum" = 0.001, "maximum" = 100, "x-unit" = "1/rad"))]
    pub arm_posture_weight: f64,
    /// Cost of the velocity of sliding joints in the choice of the hitting velocity.
    #[schemars(extend("minimum" = 0.001, "maximum" = 10000))]
    pub base_velocity_weight: f64,
    /// Cost of the velocity of turning joints.
    #[schemars(extend("minimum" = 0.001, "maximum" = 10000))]
    pub arm_velocity_weight: f64,
}

impl Default for PlayerConfig {
    fn default() -> Self {
        Self {
            return_flight: 0.5,
            backswing_time: 0.27,
            hit_time: 0.569,
            return_time: 0.6,
            kp: 400.,
            kd: 40.,
            position_weight: 30.,
            normal_weight: 10.,
            base_posture_weight: 0.72,
            arm_posture_weight: 0.12,
            base_velocity_weight: 10.,
            arm_velocity_weight: 1.,
        }
    }
}

/// The reward: `-action_weight |a|^2 - miss_weight min(miss, miss_cap)^2` at each step, and
/// `-min(|landing - target|^2, landing_cap)` at the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RewardConfig {
    /// Price of the squared action.
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    pub action_weight: f64,
    /// Price of the squared distance between ball and racket centre when the ball passes the
    /// racket.
    #[schemars(extend("minimum" = 0, "maximum" = 10000, "x-unit" = "1/m^2"))]
    pub miss_weight: f64,
    /// Largest distance that counts as a miss. A greater distance costs no more.
    #[schemars(extend("minimum" = 0.01, "maximum" = 10, "x-unit" = "m"))]
    pub miss_cap: f64,
    /// Largest price of a landing away from the target, and the price of a ball that does not fly
    /// back.
    #[schemars(extend("minimum" = 0, "maximum" = 100, "x-unit" = "m^2"))]
    pub landing_cap: f64,
}

impl Default for RewardConfig {
    fn default() -> Self {
        Self { action_weight: 1e-4, miss_weight: 50., miss_cap: 0.5, landing_cap: 2. }
    }
}

/// Settings of the table-tennis task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TableTennisConfig {
    /// The difference between trials.
    pub setting: Setting,
    /// The serve of the demonstration.
    pub demonstration: DemonstrationKind,
    /// Target of the return's landing (x, y).
    #[schemars(extend("minimum" = -5, "maximum" = 5, "x-unit" = "m", "x-per" = "axis"))]
    pub target: [f64; 2],
    /// Standard deviation of the first policy's exploration, in units of the action.
    #[schemars(extend("minimum" = 1e-6, "maximum" = 100))]
    pub initial_deviation: f64,
    /// Place of the arm at the table.
    pub base: Base,
    /// The serve.
    pub serve: ServeConfig,
    /// The stroke.
    pub stroke: StrokeConfig,
    /// The player of the demonstration.
    pub player: PlayerConfig,
    /// The reward.
    pub reward: RewardConfig,
    /// Ball, table, net and racket.
    pub court: Court,
}

impl Default for TableTennisConfig {
    fn default() -> Self {
        Self {
            setting: Setting::default(),
            demonstration: DemonstrationKind::default(),
            target: [0.75, 0.],
            initial_deviation: 1.,
            base: Base::default(),
            serve: ServeConfig::default(),
            stroke: StrokeConfig::default(),
            player: PlayerConfig::default(),
            reward: RewardConfig::default(),
            court: Court::default(),
        }
    }
}

impl TableTennisConfig {
    /// Checks every parameter.
    ///
    /// # Errors
    /// The first parameter that is out of range or has the wrong length, by its name in the
    /// configuration.
    pub fn validate(&self) -> Result<(), FieldError> {
        check(self, Joints::Unknown)?;
        let PlayerConfig { hit_time, backswing_time, .. } = self.player;
        if hit_time < backswing_time + LEAST_SWING {
            let expected = format!("at least {LEAST_SWING} s after backswing_time, {backswing_time} s");
            return Err(FieldError::value("player.hit_time", hit_time, expected));
        }
        self.court.validate().map_err(|error| error.within("court"))
    }
}
