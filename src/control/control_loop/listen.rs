//! The loop's other half: what it hears from the supervisor between two cycles.

use super::ControlLoop;
use crate::control::fault::{Fault, OrderError};
use crate::control::messages::{Event, Phase, Request};
use crate::control::safety::SafetyState;
use crate::control::trial::{Outcome, TrialShape};
use std::sync::atomic::Ordering;
use std::time::Duration;

impl ControlLoop {
    /// What the supervisor wants, between two cycles.
    pub(super) fn listen(&mut self) {
        let tick = self.tick - 1;
        let now = self.time(tick);
        if let Err(fault) = self.heartbeat.check(now, self.outbox.shared.heartbeat.load(Ordering::Relaxed)) {
            self.trip(fault, now, tick);
        }
        if self.outbox.shared.stop.swap(false, Ordering::Relaxed) {
            self.trip(Fault::OperatorStop, now, tick);
        }
        while let Ok(request) = self.requests.pop() {
            self.serve(request, now, tick);
        }
        let shutdown = self.outbox.shared.shutdown.load(Ordering::Relaxed);
        if shutdown {
            self.trip(Fault::Shutdown, now, tick);
            self.over = self.safety.state() == SafetyState::Zero && self.sent.iter().all(|effort| *effort == 0.);
        } else {
            self.retune(now);
            self.take_orders(now);
        }
        self.hand_out();
    }

    fn serve(&mut self, request: Request, now: Duration, tick: u64) {
        match request {
            Request::Pause => self.outbox.shared.paused.store(true, Ordering::Relaxed),
            Request::Resume => self.outbox.shared.paused.store(false, Ordering::Relaxed),
            Request::Stop => self.trip(Fault::OperatorStop, now, tick),
            Request::Trigger => self.life_cycle.trigger(),
            Request::MarkFailed => {
                if let Some(key) = self.life_cycle.mark_failed() {
                    self.outbox.event(Event::MarkedFailed { key });
                }
            }
            Request::ResetFault => self.reset(now),
        }
    }

    /// Takes other gains and limits, between trials and not while the safe command is under way.
    fn retune(&mut self, now: Duration) {
        while self.life_cycle.phase() == Phase::Idle
            && self.safety.state() != SafetyState::Damp
            && !self.former.is_full()
        {
            let Ok(mut tuning) = self.tunings.pop() else { return };
            self.limits.exchange(&mut tuning.limits);
            self.watchdog.exchange(&mut tuning.watchdog);
            self.safety.exchange(&mut tuning.safety);
            self.misses.set_limit(tuning.config.watchdog.max_consecutive_misses);
            self.commands.configure(&tuning.config);
            let heartbeat = tuning.config.watchdog.heartbeat_timeout.filter(|_| self.clock.real_time());
            self.heartbeat.set_limit(heartbeat.map(Duration::from_secs_f64));
            self.life_cycle.exchange(&mut tuning.config, &mut tuning.speed);
            self.outbox.event(Event::Tuned { at: now });
            // There is room: it was looked for, and nobody else puts anything in.
            let _ = self.former.push(tuning);
        }
    }

    /// A plant that starts anew at each trial needs no trustworthy reading before it.
    fn reset(&mut self, now: Duration) {
        let Some(fault) = self.safety.fault() else { return };
        if (self.healthy || self.clock.resets_plant()) && self.safety.reset() {
            self.hold_here();
            self.report_safety(now);
        } else {
            self.outbox.event(Event::ResetRefused { fault });
        }
    }

    fn take_orders(&mut self, now: Duration) {
        let free = |control: &Self| {
            control.life_cycle.phase() == Phase::Idle
                && !control.outbox.shared.paused.load(Ordering::Relaxed)
                && control.outbox.has_room()
        };
        while free(self) {
            let Ok(mut order) = self.orders.pop() else { return };
            order.buffers.clear();
            let stopped = self.safety.fault().map(OrderError::Stopped);
            let horizon = order.law.horizon();
            let refusal = stopped.or_else(|| order.check(&TrialShape { horizon, ..self.shape }).err());
            if let Some(error) = refusal {
                self.outbox.done = Some(self.life_cycle.judge(order, Outcome::Refused(error), false));
                self.hand_out();
                continue;
            }
            if self.clock.resets_plant() {
                self.limits.forget();
                self.watchdog.forget();
            }
            self.life_cycle.take(order, now, &mut self.outbox);
        }
    }
}
