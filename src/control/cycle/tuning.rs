//! Gains and limits for a loop that runs. They are made and checked elsewhere; between two trials the loop swaps them in and
//! sends back what it had, so that it neither allocates nor frees.

use crate::control::config::ControlConfig;
use crate::control::guards::{limits, safety, watchdog};
use crate::control::trial::life_cycle;
use crate::schema::FieldError;
use std::time::Duration;

/// Gains and limits on their way into a loop, or back: the settings of every guard. A guard is its settings, which are swapped
/// whole, and what it remembers, which stays. A loop starts from the same.
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
    /// What `config` says of gains and limits: `tracking`, `homing`, `return`, `limits`, `watchdog`, `safety` and the thresholds
    /// beside them. The rest of it (period, decimation, start posture, action scale, trigger, scheduling, black box) has to be
    /// what the loop runs with.
    ///
    /// # Errors
    /// The first value that is not accepted for a robot with this many joints.
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

    /// The configuration it was made from, or with which it came back.
    pub fn config(&self) -> &ControlConfig {
        self.life_cycle.config()
    }
}
