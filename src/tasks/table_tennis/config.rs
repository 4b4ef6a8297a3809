//! What a user may set of the task.

use crate::simulation::{Court, ParameterError, check_list, check_range};
use serde::{Deserialize, Serialize};

/// What differs from trial to trial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// (a) Nothing: the same serve each time.
    #[default]
    Noiseless,
    /// (b) The velocity of the serve.
    Context,
    /// (c) The bounce on the table.
    #[serde(alias = "noisy-bounce")]
    NoisyBounce,
}

/// Which serve the player's demonstration is made on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DemonstrationKind {
    /// A serve that differs from the one to be learned, so that replaying the demonstration misses it.
    #[default]
    Shifted,
    /// The serve to be learned.
    Plain,
}

/// How the ball is served.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServeConfig {
    /// Where the ball starts (x, y, z), m (-10 to 10).
    pub position: [f64; 3],
    /// Its mean velocity then (x, y, z), m/s (-20 to 20).
    pub velocity: [f64; 3],
    /// Setting `context`: the velocity is uniform within `spread * spread_velocity` of the mean (0 to 1).
    pub spread: f64,
    /// Setting `context`: the velocity that `spread` is a share of (x, y, z), m/s (0 to 20).
    pub spread_velocity: [f64; 3],
    /// Setting `noisy_bounce`: standard deviation of what a bounce adds to the velocity in x and y, m/s (0 to 5).
    pub bounce_scatter: f64,
    /// What a shifted demonstration adds to the mean velocity (x, y, z), m/s (-5 to 5).
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

/// When the stroke starts, and how long it lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StrokeConfig {
    /// Policy steps T (1 to 10000).
    pub horizon: usize,
    /// Where the ball is struck: the plane x = `hitting_plane`, m (-5 to 0).
    pub hitting_plane: f64,
    /// The stroke starts when the ball is predicted to take this long to the hitting plane, s (0.05 to 3).
    pub trigger_time: f64,
}

impl Default for StrokeConfig {
    fn default() -> Self {
        Self { horizon: 30, hitting_plane: -1.55, trigger_time: 0.57 }
    }
}

/// The analytical player.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlayerConfig {
    /// Time of flight of the return to the target, s (0.1 to 2).
    pub return_flight: f64,
    /// When the preparation ends, the arm then being drawn back, s after the start (0.05 to 3).
    pub backswing_time: f64,
    /// When the ball is struck, s after the start; later than `backswing_time` (0.1 to 3).
    pub hit_time: f64,
    /// How long the arm takes back to rest, s (0.1 to 5).
    pub return_time: f64,
    /// Proportional gain of the tracking, 1/s^2 (0 to 1e5).
    pub kp: f64,
    /// Derivative gain of the tracking, 1/s (0 to 1e4).
    pub kd: f64,
    /// Weight of the racket's position in the choice of the hitting posture, 1/m (0.1 to 1e4).
    pub position_weight: f64,
    /// Weight of the racket's normal (0.1 to 1e4).
    pub normal_weight: f64,
    /// Weight of the distance of sliding joints from rest, 1/m (0.001 to 100).
    pub base_posture_weight: f64,
    /// Weight of the distance of turning joints from rest, 1/rad (0.001 to 100).
    pub arm_posture_weight: f64,
    /// Cost of the velocity of sliding joints in the choice of the hitting velocity (0.001 to 1e4).
    pub base_velocity_weight: f64,
    /// Cost of the velocity of turning joints (0.001 to 1e4).
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

/// The reward: `-action_weight |a|^2 - miss_weight min(miss, miss_cap)^2` at each step and
/// `-min(|landing - target|^2, landing_cap)` at the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RewardConfig {
    /// Price of the squared action (0 to 1).
    pub action_weight: f64,
    /// Price of the squared distance of the ball from the racket's centre when it passes the racket, 1/m^2 (0 to 1e4).
    pub miss_weight: f64,
    /// Distance beyond which a miss costs no more, m (0.01 to 10).
    pub miss_cap: f64,
    /// Greatest price of a landing away from the target, also that of a ball that does not fly back, m^2 (0 to 100).
    pub landing_cap: f64,
}

impl Default for RewardConfig {
    fn default() -> Self {
        Self { action_weight: 1e-4, miss_weight: 50., miss_cap: 0.5, landing_cap: 2. }
    }
}

/// Everything a user may set of the table-tennis task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TableTennisConfig {
    /// What differs from trial to trial.
    pub setting: Setting,
    /// Which serve the demonstration is made on.
    pub demonstration: DemonstrationKind,
    /// Where the return is to land (x, y), m (-5 to 5).
    pub target: [f64; 2],
    /// Standard deviation of the initial policy's exploration, in units of the action (1e-6 to 100).
    pub initial_deviation: f64,
    /// The serve.
    pub serve: ServeConfig,
    /// The stroke.
    pub stroke: StrokeConfig,
    /// The player that makes the demonstration.
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
    /// The first that is out of range or has the wrong length, by its name in the configuration.
    pub fn validate(&self) -> Result<(), ParameterError> {
        let Self { serve, stroke, player, reward, .. } = self;
        check_list("target", &self.target, 2, -5., 5.)?;
        check_list("serve.position", &serve.position, 3, -10., 10.)?;
        check_list("serve.velocity", &serve.velocity, 3, -20., 20.)?;
        check_list("serve.spread_velocity", &serve.spread_velocity, 3, 0., 20.)?;
        check_list("serve.demonstration_shift", &serve.demonstration_shift, 3, -5., 5.)?;
        for (field, value, low, high) in [
            ("initial_deviation", self.initial_deviation, 1e-6, 100.),
            ("serve.spread", serve.spread, 0., 1.),
            ("serve.bounce_scatter", serve.bounce_scatter, 0., 5.),
            ("stroke.horizon", stroke.horizon as f64, 1., 10000.),
            ("stroke.hitting_plane", stroke.hitting_plane, -5., 0.),
            ("stroke.trigger_time", stroke.trigger_time, 0.05, 3.),
            ("player.return_flight", player.return_flight, 0.1, 2.),
            ("player.backswing_time", player.backswing_time, 0.05, 3.),
            ("player.hit_time", player.hit_time, 0.1_f64.max(player.backswing_time + 0.01), 3.),
            ("player.return_time", player.return_time, 0.1, 5.),
            ("player.kp", player.kp, 0., 1e5),
            ("player.kd", player.kd, 0., 1e4),
            ("player.position_weight", player.position_weight, 0.1, 1e4),
            ("player.normal_weight", player.normal_weight, 0.1, 1e4),
            ("player.base_posture_weight", player.base_posture_weight, 0.001, 100.),
            ("player.arm_posture_weight", player.arm_posture_weight, 0.001, 100.),
            ("player.base_velocity_weight", player.base_velocity_weight, 0.001, 1e4),
            ("player.arm_velocity_weight", player.arm_velocity_weight, 0.001, 1e4),
            ("reward.action_weight", reward.action_weight, 0., 1.),
            ("reward.miss_weight", reward.miss_weight, 0., 1e4),
            ("reward.miss_cap", reward.miss_cap, 0.01, 10.),
            ("reward.landing_cap", reward.landing_cap, 0., 100.),
        ] {
            check_range(field, value, low, high)?;
        }
        self.court.validate()
    }
}
