//! A watch over the sender of the loop's commands, where they are sent by a thread of their own.

use crate::control::config::ControlConfig;
use crate::control::guards::fault::Fault;
use crate::robot::Delivery;
use std::sync::Arc;
use std::time::Duration;

/// What the loop and the sender of its commands tolerate of each other.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone, PartialEq))]
pub(crate) struct Settings {
    /// Largest number of commands in a row that may find their predecessor unsent.
    limit: u64,
    /// Longest time the sender waits for a command.
    patience: Duration,
}

impl Settings {
    /// Both sides tolerate as many periods as the loop may miss in a row, but at least one, plus
    /// half a period for the wake-ups of both.
    pub fn new(config: &ControlConfig) -> Self {
        let limit = config.watchdog.max_consecutive_misses.max(1);
        let period = config.period().as_nanos() as u64;
        Self { limit, patience: Duration::from_nanos(period.saturating_mul(limit).saturating_add(period / 2)) }
    }
}

/// Watches the sender of the commands. The sender in turn watches the loop.
#[derive(Debug)]
pub(crate) struct CommandWatch {
    pub settings: Settings,
    delivery: Arc<Delivery>,
    delivered: u64,
    /// Commands in a row that found their predecessor unsent.
    waiting: u64,
}

impl CommandWatch {
    pub fn new(delivery: Arc<Delivery>, settings: Settings) -> Self {
        let watch = Self { settings, delivery, delivered: 0, waiting: 0 };
        watch.share_patience();
        watch
    }

    /// Tells the sender how long to wait for a command.
    pub fn share_patience(&self) {
        self.delivery.set_patience(self.settings.patience);
    }

    /// Checks before command `sent + 1` is made.
    ///
    /// # Errors
    /// The sender stands still, or it sent zero because the loop stood still.
    pub fn check(&mut self, sent: u64) -> Result<(), Fault> {
        if !self.delivery.is_told() {
            return Ok(());
        }
        let delivered = self.delivery.delivered();
        let moves = delivered == sent || delivered != self.delivered;
        self.delivered = delivered;
        self.waiting = if moves { 0 } else { self.waiting + 1 };
        if self.delivery.acknowledge(sent + 1) {
            return Err(Fault::CommandTimeout { limit: self.delivery.patience() });
        }
        if self.waiting > self.settings.limit {
            return Err(Fault::CommandsStuck { commands: self.waiting, limit: self.settings.limit });
        }
        Ok(())
    }
}
