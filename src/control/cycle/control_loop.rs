//! The loop itself. It wakes, reads, decides, limits, sends and records; between two cycles it
//! handles the supervisor's messages.

mod listen;

use super::tuning::Tuning;
use crate::control::config::ControlConfig;
use crate::control::exchange::black_box::CycleMark;
use crate::control::exchange::messages::{Event, Phase, Request, Status};
use crate::control::exchange::order::{TrialOrder, TrialShape};
use crate::control::exchange::outbox::{BlackBoxes, Outbox};
use crate::control::guards::fault::{Fault, Trust};
use crate::control::guards::limits::Limits;
use crate::control::guards::safety::{Safety, SafetyState};
use crate::control::guards::timekeeper::Timekeeper;
use crate::control::guards::watchdog::{CommandWatch, Heartbeat, MissCounter, Watchdog};
use crate::control::time::latency::CycleTimes;
use crate::control::trial::life_cycle::{Cycle, LifeCycle};
use crate::control::trial::tracking::InverseDynamics;
use crate::control::{Clock, Latency, LoopClient, Stroke};
use crate::robot::{Command, LoopPort, Reading};
use moto_settings::FieldError;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Parts a loop is made of.
pub struct LoopParts {
    /// Configuration.
    pub config: ControlConfig,
    /// The loop's end of the link to the robot.
    pub port: LoopPort,
    /// The clock the loop keeps.
    pub clock: Box<dyn Clock>,
    /// The task.
    pub stroke: Box<dyn Stroke>,
    /// The robot's inverse dynamics, for holding and homing.
    pub dynamics: Box<dyn InverseDynamics>,
}

/// The control loop. It is made and dropped on any thread; [`ControlLoop::run`] is the body of its
/// own thread.
pub struct ControlLoop {
    clock: Box<dyn Clock>,
    reading: triple_buffer::Output<Reading>,
    command: triple_buffer::Input<Command>,
    orders: rtrb::Consumer<TrialOrder>,
    requests: rtrb::Consumer<Request>,
    tunings: rtrb::Consumer<Box<Tuning>>,
    /// Tunings that were replaced, on their way to the supervisor, who frees them.
    former: rtrb::Producer<Box<Tuning>>,
    outbox: Outbox,
    black_boxes: BlackBoxes,
    life_cycle: LifeCycle,
    limits: Limits,
    watchdog: Watchdog,
    misses: MissCounter,
    commands: CommandWatch,
    heartbeat: Heartbeat,
    timekeeper: Timekeeper,
    safety: Safety,
    /// Latency of the cycles outside strokes since the last trial was handed to the supervisor.
    between: Latency,
    shape: TrialShape,
    period: Duration,
    /// Next planned release, in periods since the clock's epoch; zero before the first.
    tick: u64,
    sequence: u64,
    asked: Box<[f64]>,
    /// The whole effort in RUN and HOLD; in DAMP and ZERO what is sent, on top of what the robot's
    /// driver adds by itself.
    sent: Box<[f64]>,
    /// The watchdog's verdict on the newest reading.
    checked: Result<(), Fault>,
    /// Whether a fault occurred since the black box was last written.
    tripped: bool,
    /// Whether the safe command that ends the loop was sent.
    over: bool,
    /// Times of the cycle under way, and the stopwatch at its start.
    times: Option<(CycleTimes, Duration)>,
}

impl ControlLoop {
    /// Makes a loop and the supervisor's end of it. The loop starts in RUN and holds the arm still.
    ///
    /// # Errors
    /// The first value of the configuration that is refused.
    pub fn new(parts: LoopParts) -> Result<(Self, LoopClient), FieldError> {
        let LoopParts { config, port, clock, stroke, dynamics } = parts;
        let LoopPort { reading, command, requests: plant, delivery } = port;
        let joints = reading.output_buffer().position.len();
        let task_values = reading.output_buffer().task.len();
        let (state_dim, decimation, period) = (stroke.state_dim(), config.decimation, config.period());
        let (client, ends) =
            LoopClient::new(config.black_box_cycles, joints, task_values, delivery.clone(), clock.waits_when_idle());
        let Tuning { limits, watchdog, safety, misses, commands, heartbeat, timekeeper, life_cycle } =
            Tuning::new(config, joints)?;
        let control = Self {
            heartbeat: Heartbeat::new(heartbeat, clock.real_time(), clock.now()),
            timekeeper: Timekeeper::new(timekeeper, clock.now()),
            clock,
            reading,
            command,
            orders: ends.orders,
            requests: ends.requests,
            tunings: ends.tunings,
            former: ends.former,
            outbox: Outbox {
                events: ends.events,
                trials: ends.trials,
                plant,
                samples: ends.samples,
                showing: ends.showing,
                shared: ends.shared,
                done: None,
            },
            black_boxes: ends.black_boxes,
            limits: Limits::with(limits),
            watchdog: Watchdog::with(watchdog),
            misses: MissCounter::new(misses),
            commands: CommandWatch::new(delivery, commands),
            safety: Safety::with(safety),
            between: Latency::new(),
            shape: TrialShape { joints, task_values, state_dim, action_dim: joints, horizon: 0, decimation },
            period,
            tick: 0,
            sequence: 0,
            asked: vec![0.; joints].into(),
            sent: vec![0.; joints].into(),
            checked: Ok(()),
            tripped: false,
            over: false,
            times: None,
            life_cycle: LifeCycle::new(life_cycle, stroke, dynamics),
        };
        Ok((control, client))
    }

    /// Goes on as after a cycle that sent `effort` (joint), the driver's part included; as after a
    /// reset of the plant where that is empty.
    pub(crate) fn go_on_from(&mut self, effort: &[f64]) {
        self.limits.go_on_from(effort);
    }

    /// Runs until the shutdown is asked and the safe command is sent.
    pub fn run(&mut self) {
        while self.turn() {}
    }

    /// Handles messages, sleeps until the next release and makes its cycle. False once the loop is
    /// over.
    pub fn turn(&mut self) -> bool {
        let goes_on = self.prepare();
        if goes_on {
            self.wait_and_cycle();
        }
        goes_on
    }

    /// The turn before its sleep: handles messages. False once the loop is over.
    pub(super) fn prepare(&mut self) -> bool {
        if self.tick == 0 {
            let now = self.clock.now();
            self.tick = self.ticks(now).saturating_add(1);
            self.heartbeat.restart(now);
            self.timekeeper.restart(now);
        }
        self.listen();
        self.end_times();
        !self.over
    }

    /// The turn's sleep and its cycle.
    pub(super) fn wait_and_cycle(&mut self) {
        let release = self.time(self.tick);
        let idle = self.is_idle();
        self.clock.sleep_until(release, idle);
        let waits = idle && self.clock.waits_when_idle();
        match self.timekeeper.advance(self.clock.now(), release, waits) {
            Ok(Some(woke)) => self.cycle(release, woke),
            Ok(None) => {}
            Err(fault) => self.lose_time(fault),
        }
    }

    /// Handles a clock that cannot be trusted. The fault is dated with the old time. Then the loop
    /// goes on in the timekeeper's time, and remembered times are shifted so that their ages stay
    /// the same.
    fn lose_time(&mut self, fault: Fault) {
        let (tick, before) = (self.tick - 1, self.time(self.tick - 1));
        self.trip(fault, before, tick);
        let clock = self.timekeeper.now();
        self.tick = self.ticks(clock);
        let now = self.time(self.tick);
        self.safety.shift(before, now);
        self.heartbeat.shift(before, now);
        self.watchdog.forget();
        // The safe command does not wait for the next release.
        self.cycle(now, clock);
    }

    /// Whole periods since the epoch. They fit for centuries; a later time saturates.
    fn ticks(&self, time: Duration) -> u64 {
        u64::try_from(time.as_nanos() / self.period.as_nanos()).unwrap_or(u64::MAX)
    }

    fn time(&self, tick: u64) -> Duration {
        // A period is at most 0.1 s.
        Duration::from_nanos((self.period.as_nanos() as u64).saturating_mul(tick))
    }

    /// Whether the loop would only hold still: a lockstep clock then waits.
    fn is_idle(&self) -> bool {
        self.life_cycle.phase() == Phase::Idle
            && self.safety.state() != SafetyState::Damp
            && !self.outbox.shared.shutdown.load(Ordering::Relaxed)
            && !self.outbox.shared.stop.load(Ordering::Relaxed)
    }

    /// One control cycle, planned for `release`.
    fn cycle(&mut self, release: Duration, woke: Duration) {
        let started = self.clock.stopwatch().unwrap_or(woke);
        let missed = self.ticks(woke - release);
        let tick = self.tick.saturating_add(missed);
        let now = self.time(tick);
        self.tick = tick.saturating_add(1);
        self.reading.update();
        self.checked = self.watchdog.check(now, self.reading.output_buffer(), self.limits.command());
        let punctual = self.misses.count(missed);
        let commands = self.commands.check(self.sequence);
        if matches!(commands, Err(Fault::CommandTimeout { .. })) {
            self.limits.zeroed();
            self.safety.zeroed();
        }
        // A time that stands spoils the judgement of the readings, so it is named first.
        let timed = if self.clock.repeats() { Err(Fault::RobotTimeRepeated) } else { Ok(()) };
        if let Err(fault) = timed.and(commands).and(self.checked).and(punctual) {
            self.trip(fault, now, tick);
        }
        if self.safety.advance(now) {
            self.report_safety(now);
        }
        self.decide(now, tick);
        self.send();
        self.hand_out();
        let reading = self.reading.output_buffer();
        self.outbox.showing.show(reading);
        let mark = CycleMark {
            release,
            woke,
            stamp: reading.stamp,
            sequence: reading.sequence,
            phase: self.life_cycle.phase(),
            safety: self.safety.state(),
        };
        let tripped = std::mem::take(&mut self.tripped);
        self.black_boxes.record(mark, reading, &self.asked, &self.sent, tripped);
        let between = self.clock.between_packets();
        let release_lateness = between.map_or(woke - release, |between| between.saturating_sub(self.period));
        let times = CycleTimes {
            release_lateness,
            execution: Duration::ZERO,
            response: release_lateness + self.stopwatch().saturating_sub(started),
            state_age: now.saturating_sub(reading.stamp),
            misses: missed,
        };
        self.times = Some((times, started));
        self.outbox.shared.cycles.fetch_add(1, Ordering::Relaxed);
        self.outbox.shared.misses.fetch_add(missed, Ordering::Relaxed);
    }

    /// Sets the effort to send. A fault on the way is answered in the same cycle: RUN may end in
    /// HOLD, and HOLD in DAMP.
    fn decide(&mut self, now: Duration, tick: u64) {
        for _ in 0..3 {
            match self.try_decide(now, tick) {
                Ok(()) => return,
                Err(fault) => self.trip(fault, now, tick),
            }
        }
        // The last resort, should a safe state fail.
        self.sent.fill(0.);
        self.limits.apply_safe(&mut self.sent);
    }

    /// Trustworthy parts of the newest reading.
    fn trust(&self) -> Trust {
        let trust = match self.checked {
            _ if self.reading.output_buffer().sequence == 0 => Trust::NONE,
            Ok(()) => Trust::ALL,
            Err(fault) => fault.trust(),
        };
        Trust { position: trust.position && self.safety.knows_positions(), ..trust }
    }

    /// Sets the effort of the life cycle, within the limits, or the safe effort. DAMP and ZERO
    /// cannot fail.
    fn try_decide(&mut self, now: Duration, tick: u64) -> Result<(), Fault> {
        let reading = self.reading.output_buffer();
        let state = self.safety.state();
        let acting = matches!(state, SafetyState::Run | SafetyState::Hold);
        if !acting || reading.sequence == 0 {
            if acting {
                self.life_cycle.await_reading(now)?;
            }
            let trust = self.trust();
            let position = trust.position.then_some(&*reading.position);
            let velocity = trust.velocity.then_some(&*reading.velocity);
            self.safety.effort(now, velocity, &mut self.asked);
            self.sent.copy_from_slice(&self.asked);
            if let Some(velocity) = velocity.filter(|_| state == SafetyState::Damp) {
                self.limits.brake(position, velocity, &mut self.sent);
            }
            self.limits.apply_safe(&mut self.sent);
            return Ok(());
        }
        if state == SafetyState::Run {
            let cycle = Cycle { now, tick, reading, before: self.limits.before() };
            self.life_cycle.ask(cycle, &mut self.outbox, &mut self.asked)?;
        } else {
            self.life_cycle.hold(reading, &mut self.asked);
        }
        let life_cycle = &mut self.life_cycle;
        self.limits.compensate(|added| life_cycle.compensation(reading, added))?;
        let clipped = self.limits.apply(&reading.position, &reading.velocity, &self.asked, &mut self.sent)?;
        self.life_cycle.sent(&self.asked, &self.sent, clipped);
        Ok(())
    }

    fn send(&mut self) {
        self.sequence += 1;
        let command = self.command.input_buffer_mut();
        command.stamp = self.clock.now();
        command.sequence = self.sequence;
        command.effort.copy_from_slice(self.limits.command());
        self.command.publish();
    }

    /// Puts the robot into its safe state.
    fn trip(&mut self, fault: Fault, now: Duration, tick: u64) {
        if !self.safety.trip(fault, now, self.limits.command()) {
            return;
        }
        self.tripped |= fault != Fault::Shutdown;
        self.outbox.event(Event::Tripped { fault, at: now });
        self.report_safety(now);
        self.life_cycle.abort(fault, now, tick, &mut self.outbox);
        self.hold_here();
    }

    fn hold_here(&mut self) {
        let reading = self.reading.output_buffer();
        if reading.sequence > 0 {
            self.life_cycle.hold_here(&reading.position);
        }
    }

    fn report_safety(&mut self, now: Duration) {
        let state = self.safety.state();
        self.outbox.shared.safety.store(state as u8, Ordering::Relaxed);
        self.outbox.event(Event::Safety { state, at: now });
    }

    /// Hands the finished trial to the supervisor, with the latency of the cycles since the trial
    /// before.
    fn hand_out(&mut self) {
        if let Some(done) = &mut self.outbox.done {
            std::mem::swap(&mut done.order.buffers.latency.between, &mut self.between);
            self.outbox.flush();
        }
    }

    /// Ends the times of the previous cycle after all its work is done.
    fn end_times(&mut self) {
        let Some((mut times, started)) = self.times.take().filter(|_| self.clock.real_time()) else { return };
        times.execution = self.stopwatch().saturating_sub(started);
        self.outbox.showing.late(times.release_lateness);
        self.life_cycle.stroke_latency().unwrap_or(&mut self.between).record(&times);
    }

    fn stopwatch(&self) -> Duration {
        self.clock.stopwatch().unwrap_or_else(|| self.clock.now())
    }

    /// Gives the loop up after a panic in a part of it: the command is zero from now on.
    pub(super) fn give_up(&mut self) {
        self.limits.zeroed();
        self.send();
        self.outbox.shared.ended.store(true, Ordering::Release);
    }

    /// The loop's status.
    pub fn status(&self) -> Status {
        self.outbox.shared.status()
    }

    /// Latency of the cycles since the last trial was handed to the supervisor.
    pub fn into_latency(mut self) -> Latency {
        std::mem::take(&mut self.between)
    }
}

/// Leaves the robot with a safe command however the loop ends, also after a panic in a part of it.
impl Drop for ControlLoop {
    fn drop(&mut self) {
        if self.over {
            self.outbox.shared.ended.store(true, Ordering::Release);
        } else {
            self.give_up();
        }
    }
}
