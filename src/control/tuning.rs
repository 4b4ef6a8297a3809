//! Gains and limits for a loop that runs. They are made and checked elsewhere; between two trials the loop swaps them in and
//! sends back what it had, so that it neither allocates nor frees.

use super::config::ControlConfig;
use super::life_cycle::speed;
use super::limits::Limits;
use super::safety::Safety;
use super::validation::ConfigError;
use super::watchdog::Watchdog;

/// Gains and limits on their way into a loop, or back.
pub struct Tuning {
    pub(super) config: ControlConfig,
    pub(super) limits: Limits,
    pub(super) watchdog: Watchdog,
    pub(super) safety: Safety,
    pub(super) speed: Box<[f64]>,
}

impl Tuning {
    /// What `config` says of gains and limits: `tracking`, `homing`, `return`, `limits`, `watchdog`, `safety` and the thresholds
    /// beside them. The rest of it (period, decimation, start posture, action scale, trigger, scheduling, black box) has to be
    /// what the loop runs with.
    ///
    /// # Errors
    /// The first value that is not accepted for a robot with this many joints.
    pub fn new(config: ControlConfig, joints: usize) -> Result<Self, ConfigError> {
        config.validate(joints)?;
        Ok(Self {
            limits: Limits::new(&config.limits, config.period),
            watchdog: Watchdog::new(&config),
            safety: Safety::new(&config.safety),
            speed: speed(&config),
            config,
        })
    }

    /// The configuration it was made from, or with which it came back.
    pub fn config(&self) -> &ControlConfig {
        &self.config
    }
}
