//! Whether the commands leave for the robot, where they leave on a thread of their own.

use crate::control::config::ControlConfig;
use crate::control::fault::Fault;
use crate::robot::Delivery;
use std::sync::Arc;
use std::time::Duration;

/// Watches whoever sends the commands, who in turn watches the loop.
#[derive(Debug)]
pub(crate) struct CommandWatch {
    delivery: Arc<Delivery>,
    limit: u64,
    delivered: u64,
    /// Commands in a row that found the one before still waiting.
    waiting: u64,
}

impl CommandWatch {
    pub fn new(delivery: Arc<Delivery>, config: &ControlConfig) -> Self {
        let mut watch = Self { delivery, limit: 0, delivered: 0, waiting: 0 };
        watch.configure(config);
        watch
    }

    /// Takes the limits of a configuration. What the loop may miss in a row is what both sides tolerate; one period it must be,
    /// and half of one for the wake-ups of both.
    pub fn configure(&mut self, config: &ControlConfig) {
        self.limit = config.watchdog.max_consecutive_misses.max(1);
        let period = config.period().as_nanos() as u64;
        self.delivery.set_patience(Duration::from_nanos(period * self.limit + period / 2));
    }

    /// Looks before command `sent + 1` is made.
    ///
    /// # Errors
    /// The sender stands still, or sent zero while the loop did.
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
        if self.waiting > self.limit {
            return Err(Fault::CommandsStuck { commands: self.waiting, limit: self.limit });
        }
        Ok(())
    }
}
