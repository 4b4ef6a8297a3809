//! The loop's messages from the supervisor, handled between two cycles.

use super::ControlLoop;
use crate::control::cycle::client::REQUEST_CAPACITY;
use crate::control::cycle::tuning::Tuning;
use crate::control::exchange::messages::{Event, Phase, Request};
use crate::control::exchange::order::{Outcome, TrialShape};
use crate::control::guards::fault::{Fault, OrderError};
use crate::control::guards::safety::SafetyState;
use std::mem::swap;
use std::sync::atomic::Ordering;
use std::time::Duration;

impl ControlLoop {
    /// Handles the supervisor's messages between two cycles.
    pub(super) fn listen(&mut self) {
        let tick = self.tick - 1;
        let now = self.time(tick);
        if let Err(fault) = self.heartbeat.check(now, self.outbox.shared.heartbeat.load(Ordering::Relaxed)) {
            self.trip(fault, now, tick);
        }
        if self.outbox.shared.stop.swap(false, Ordering::Relaxed) {
            self.trip(Fault::OperatorStop, now, tick);
        }
        // One ring's capacity at most, so that a steady stream of requests cannot delay the loop.
        for _ in 0..REQUEST_CAPACITY {
            let Ok(request) = self.requests.pop() else { break };
            self.answer(request, now, tick);
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

    fn answer(&mut self, request: Request, now: Duration, tick: u64) {
        match request {
            Request::Pause => self.outbox.shared.paused.store(true, Ordering::Relaxed),
            // As the hand lets go, the arm is to stay.
            Request::Resume if self.life_cycle.phase() == Phase::Teaching => {}
            Request::Resume => self.outbox.shared.paused.store(false, Ordering::Relaxed),
            Request::Stop => self.trip(Fault::OperatorStop, now, tick),
            Request::Trigger => self.life_cycle.trigger(),
            Request::MarkFailed => {
                let marked = self.life_cycle.mark_failed();
                self.outbox.event(marked.map_or(Event::NothingToMark, |key| Event::MarkedFailed { key }));
            }
            Request::ResetFault => self.reset(now),
            Request::Teach => self.teach(now),
            Request::EndTeaching => {
                self.life_cycle.end_teaching(self.reading.output_buffer(), now, &mut self.outbox);
            }
        }
    }

    /// Lets the arm be led by hand, in RUN and between trials. No trial follows by itself: a hand is
    /// on the arm.
    fn teach(&mut self, now: Duration) {
        if self.safety.state() == SafetyState::Run && self.life_cycle.teach(now, &mut self.outbox) {
            self.outbox.shared.paused.store(true, Ordering::Relaxed);
        }
    }

    /// Takes other gains and limits, between trials and not in DAMP.
    fn retune(&mut self, now: Duration) {
        while self.life_cycle.phase() == Phase::Idle
            && self.safety.state() != SafetyState::Damp
            && !self.former.is_full()
        {
            let Ok(mut tuning) = self.tunings.pop() else { return };
            let Tuning { limits, watchdog, safety, misses, commands, heartbeat, timekeeper, life_cycle } = &mut *tuning;
            swap(&mut self.limits.settings, limits);
            swap(&mut self.watchdog.settings, watchdog);
            swap(&mut self.safety.settings, safety);
            swap(&mut self.misses.settings, misses);
            swap(&mut self.commands.settings, commands);
            self.commands.share_patience();
            swap(&mut self.heartbeat.settings, heartbeat);
            swap(&mut self.timekeeper.settings, timekeeper);
            swap(&mut self.life_cycle.settings, life_cycle);
            self.outbox.event(Event::Tuned { at: now });
            // The ring has room: `is_full` was checked, and the loop is the only producer.
            let _ = self.former.push(tuning);
        }
    }

    /// Leaves the safe state. A plant that starts anew at each trial needs no trustworthy reading
    /// before.
    fn reset(&mut self, now: Duration) {
        let Some(fault) = self.safety.fault() else { return };
        if (self.checked.is_ok() || self.clock.resets_plant()) && self.safety.reset() {
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
                self.outbox.done = Some(self.life_cycle.finished_trial(order, Outcome::Refused(error), false));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::validation::tests::config;
    use crate::control::{Clock, ControlConfig, LoopParts, NominalInertia, Stroke};
    use crate::robot::{Reading, link};
    use proptest::prelude::*;
    use serde_json::Value;

    /// A clock that jumps to each time asked for.
    struct Obedient(Duration);
    impl Clock for Obedient {
        fn now(&self) -> Duration {
            self.0
        }
        fn sleep_until(&mut self, release: Duration, _idle: bool) {
            self.0 = release;
        }
    }

    struct Nothing;
    impl Stroke for Nothing {
        fn state_dim(&self) -> usize {
            1
        }
        fn policy_state(&mut self, _: &Reading, _: &mut [f64]) {}
        fn triggered(&mut self, _: &Reading) -> bool {
            false
        }
    }

    /// Multiplies every tunable number of the configuration by a factor that keeps it in its range.
    /// An optional number becomes none now and then.
    fn vary(value: &mut Value, factors: &mut impl Iterator<Item = f64>) {
        match value {
            Value::Number(number) if number.is_f64() => *value = (number.as_f64().unwrap() * next(factors)).into(),
            Value::Number(number) => *value = ((number.as_f64().unwrap() * next(factors)) as u64).into(),
            Value::String(response) if ["damp", "hold"].contains(&response.as_str()) => {
                *value = if next(factors) < 0.85 { "damp" } else { "hold" }.into();
            }
            Value::Array(values) => values.iter_mut().for_each(|value| vary(value, factors)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    let optional =
                        ["max_frozen_readings", "max_task_age", "heartbeat_timeout"].contains(&name.as_str());
                    if optional && next(factors) < 0.75 {
                        *value = Value::Null;
                    } else {
                        vary(value, factors);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
    }

    fn next(factors: &mut impl Iterator<Item = f64>) -> f64 {
        factors.next().unwrap()
    }

    /// A configuration with other tunable values; values that a running loop cannot change stay.
    fn other(factors: &[f64]) -> ControlConfig {
        let fixed = [
            "period",
            "pacing",
            "decimation",
            "start_posture",
            "action_scale",
            "trigger",
            "scheduling",
            "black_box_cycles",
        ];
        let mut base = config();
        (base.limits.lower[1], base.limits.upper[1]) = (-3., 3.);
        let mut value = serde_json::to_value(base).unwrap();
        let mut factors = factors.iter().copied();
        for (name, value) in value.as_object_mut().unwrap() {
            if !fixed.contains(&name.as_str()) {
                vary(value, &mut factors);
            }
        }
        serde_json::from_value(value).unwrap()
    }

    fn start(config: ControlConfig) -> (ControlLoop, crate::control::LoopClient) {
        let (port, _) = link(2, 0);
        let (clock, stroke) = (Box::new(Obedient(Duration::ZERO)), Box::new(Nothing));
        let dynamics = Box::new(NominalInertia([1., 1.].into()));
        ControlLoop::new(LoopParts { config, port, clock, stroke, dynamics }).unwrap()
    }

    /// The settings of every guard. A guard that is left out here does not compile.
    fn settings(control: &ControlLoop) -> Tuning {
        Tuning {
            limits: control.limits.settings.clone(),
            watchdog: control.watchdog.settings.clone(),
            safety: control.safety.settings.clone(),
            misses: control.misses.settings,
            commands: control.commands.settings.clone(),
            heartbeat: control.heartbeat.settings,
            timekeeper: control.timekeeper.settings,
            life_cycle: control.life_cycle.settings.clone(),
        }
    }

    proptest! {
        #[test]
        fn a_loop_tuned_from_one_configuration_to_another_is_set_as_one_started_from_that(
            a in prop::collection::vec(0.7..1_f64, 80), b in prop::collection::vec(0.7..1_f64, 80)
        ) {
            let (a, b) = (other(&a), other(&b));
            prop_assert_ne!(&a, &b);
            let (mut control, mut client) = start(a);
            let before = settings(&control);
            for _ in 0..3 {
                control.turn();
            }
            prop_assert!(client.tune(Box::new(Tuning::new(b.clone(), 2).unwrap())).is_ok());
            control.turn();
            let (expected, _) = start(b);
            prop_assert_eq!(settings(&control), settings(&expected));
            prop_assert_ne!(settings(&control), before);
        }
    }
}
