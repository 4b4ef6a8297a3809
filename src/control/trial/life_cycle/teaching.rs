//! The arm led by hand: carried against gravity and damped. Limits and watchdogs act as always.

use super::{Cycle, LifeCycle};
use crate::control::exchange::messages::Phase;
use crate::control::exchange::outbox::Outbox;
use crate::robot::Reading;
use std::time::Duration;

impl LifeCycle {
    /// Lets the arm be led by hand, if there is no trial. Returns whether it is.
    pub fn teach(&mut self, now: Duration, outbox: &mut Outbox) -> bool {
        if self.phase == Phase::Idle {
            self.enter(Phase::Teaching, now, outbox);
        }
        self.phase == Phase::Teaching
    }

    /// Holds the arm where the hand left it.
    pub fn end_teaching(&mut self, reading: &Reading, now: Duration, outbox: &mut Outbox) {
        if self.phase != Phase::Teaching {
            return;
        }
        // Without a reading so far, the first one gives the posture.
        if reading.sequence > 0 {
            self.hold_here(&reading.position);
        }
        self.enter(Phase::Idle, now, outbox);
    }

    /// The effort of an arm led by hand. Its state goes to the supervisor.
    pub(super) fn lead(&mut self, cycle: Cycle<'_>, outbox: &mut Outbox, asked: &mut [f64]) {
        let Reading { position, velocity, .. } = cycle.reading;
        self.tracker.carry(position, asked);
        for ((asked, damping), velocity) in asked.iter_mut().zip(&self.settings.hand_damping).zip(velocity) {
            *asked -= damping * velocity;
        }
        outbox.sample(cycle.reading);
    }
}
