//! Gains and limits for a running loop. They are made and checked elsewhere. Between two trials the
//! loop swaps them in and sends the former ones back, so that it neither allocates nor frees.

use crate::control::config::ControlConfig;
use crate::control::guards::{limits, safety, watchdog};
use crate::control::trial::life_cycle;
use moto_settings::FieldError;
use std::time::Duration;

/// Gains and limits on their way into a loop, or back: the settings of every guard. A guard has
/// settings, which are swapped whole, and a memory, which stays. A loop starts from the same
/// settings.
#[cfg_attr(test, derive(Clone, Debug, PartialEq))]
pub struct Tuning {
    pub(super) limits: limits::Settings,
    pub(super) watchdog: watchdog::Settings,
    pub(super) safety: safety::Settings,
    pub(super) misses: u64,
    pub(super) commands: watchdog::commands::Settings,
    pub(super) heartbeat: Option<Duration>,
    pub(super) timekeeper: Option<Duration>,
    pub(super) life_cycle: life_cycle::Settings,
}

impl Tuning {
    /// Takes gains and limits from `config`: `tracking`, `homing`, `return`, `limits`, `watchdog`,
    /// `safety` and the thresholds beside them. Its other values (period, decimation, start
    /// posture, action scale, trigger, scheduling, black box) must equal those the loop runs with.
    ///
    /// # Errors
    /// The first value that is refused for a robot with this many joints.
    pub fn new(config: ControlConfig, joints: usize) -> Result<Self, FieldError> {
        config.validate(joints)?;
        let silence = config.watchdog.heartbeat_timeout.map(Duration::from_secs_f64);
        Ok(Self {
            limits: limits::Settings::new(&config.limits, config.period),
            watchdog: watchdog::Settings::new(&config),
            safety: safety::Settings::new(&config.safety),
            misses: config.watchdog.max_consecutive_misses,
            commands: watchdog::commands::Settings::new(&config),
            heartbeat: silence,
            timekeeper: silence,
            life_cycle: life_cycle::Settings::new(config),
        })
    }

    /// The configuration of these gains and limits.
    pub fn config(&self) -> &ControlConfig {
        self.life_cycle.config()
    }
}
