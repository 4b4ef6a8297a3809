//! The trial life cycle: IDLE, HOMING, READY, STROKE, RETURN, and TEACHING between two trials, and the
//! effort of each phase.

mod stroke_cycle;
mod teaching;

use super::recorder::Recorder;
use super::tracking::{InverseDynamics, MinimumJerk, Tracker};
use crate::control::config::{ControlConfig, MotionConfig, Trigger};
use crate::control::exchange::messages::{Event, Phase};
use crate::control::exchange::order::{FinishedTrial, Outcome, TrialOrder};
use crate::control::exchange::outbox::Outbox;
use crate::control::guards::fault::{Abort, Fault};
use crate::control::{Latency, Stroke};
use crate::robot::{PlantRequest, Reading, TrialKey};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// One cycle, as passed to the life cycle.
#[derive(Clone, Copy)]
pub(in crate::control) struct Cycle<'a> {
    /// Planned release.
    pub now: Duration,
    /// Planned release, in periods since the clock's epoch.
    pub tick: u64,
    /// Newest reading, checked.
    pub reading: &'a Reading,
    /// Effort of the cycle before (joint), if the torque rate is limited from it.
    pub before: Option<&'a [f64]>,
}

/// The present trial.
struct Trial {
    order: TrialOrder,
    marked_failed: bool,
    start_tick: u64,
    /// Present policy step.
    step: usize,
}

/// Settings of the life cycle.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::control) struct Settings {
    config: ControlConfig,
    /// Largest age of the task's values, and largest time by which their stamp may lie ahead.
    max_task_age: Option<Duration>,
    /// Speed of the motions to the start posture (joint).
    speed: Box<[f64]>,
    /// Damping of an arm led by hand (joint).
    hand_damping: Box<[f64]>,
}

impl Settings {
    /// The configuration of these settings.
    pub fn config(&self) -> &ControlConfig {
        &self.config
    }

    /// From a validated configuration.
    pub fn new(config: ControlConfig) -> Self {
        Self {
            max_task_age: config.watchdog.max_task_age.map(Duration::from_secs_f64),
            speed: config.limits.velocity.iter().map(|v| v * config.tracking.speed_share).collect(),
            hand_damping: config.safety.damping.iter().map(|d| d * config.teaching.damping_share).collect(),
            config,
        }
    }

    /// Whether every observed value is recent. `max_ages` are the values' own limits.
    fn check_task(&self, cycle: Cycle<'_>, max_ages: &[Option<Duration>]) -> Result<(), Abort> {
        let Reading { task_stamp, observed_stamps, .. } = cycle.reading;
        let check = |value: Option<usize>| {
            let own = value.and_then(|value| *max_ages.get(value)?);
            let Some(limit) = own.or(self.max_task_age) else { return Ok(()) };
            let stamp = value.and_then(|value| observed_stamps.get(value)).unwrap_or(task_stamp);
            let (age, ahead) = (cycle.now.saturating_sub(*stamp), stamp.saturating_sub(cycle.now));
            if age > limit {
                return Err(Abort::StaleTask { value, age, limit });
            }
            if ahead > limit { Err(Abort::TaskAhead { value, ahead, limit }) } else { Ok(()) }
        };
        match observed_stamps.len().max(max_ages.len()) {
            0 => check(None),
            values => (0..values).map(Some).try_for_each(check),
        }
    }
}

/// The state machine.
pub(in crate::control) struct LifeCycle {
    pub settings: Settings,
    stroke: Box<dyn Stroke>,
    tracker: Tracker,
    recorder: Recorder,
    phase: Phase,
    since: Duration,
    trial: Option<Trial>,
    /// The last trial that ended.
    last_key: Option<TrialKey>,
    operator_trigger: bool,
    /// Posture held in IDLE (joint).
    posture: Box<[f64]>,
    posture_known: bool,
    /// The motion of HOMING and RETURN, once planned.
    motion: MinimumJerk,
    planned: bool,
    state: Box<[f64]>,
    action: Box<[f64]>,
    /// Parameters of the present movement (2 x joint); unused for a policy.
    parameters: Box<[f64]>,
}

impl LifeCycle {
    pub fn new(settings: Settings, stroke: Box<dyn Stroke>, dynamics: Box<dyn InverseDynamics>) -> Self {
        let config = &settings.config;
        let joints = config.start_posture.len();
        Self {
            tracker: Tracker::new(dynamics, joints),
            recorder: Recorder::new(joints),
            phase: Phase::Idle,
            since: Duration::ZERO,
            trial: None,
            last_key: None,
            operator_trigger: false,
            posture: config.start_posture.clone().into(),
            posture_known: false,
            motion: MinimumJerk::new(joints),
            planned: false,
            state: vec![0.; stroke.state_dim()].into(),
            action: vec![0.; joints].into(),
            parameters: vec![0.; 2 * joints].into(),
            settings,
            stroke,
        }
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Takes a checked order. IDLE only.
    pub fn take(&mut self, order: TrialOrder, now: Duration, outbox: &mut Outbox) {
        outbox.ask_plant(PlantRequest::BeginTrial(order.key));
        self.stroke.begin_trial(&order.key);
        self.trial = Some(Trial { order, marked_failed: false, start_tick: 0, step: 0 });
        self.operator_trigger = false;
        self.enter(Phase::Homing, now, outbox);
    }

    fn enter(&mut self, phase: Phase, now: Duration, outbox: &mut Outbox) {
        self.phase = phase;
        self.since = now;
        self.planned = false;
        outbox.shared.phase.store(phase as u8, Ordering::Relaxed);
        outbox.event(Event::Phase { phase, at: now });
    }

    /// Starts the stroke, at the operator's request.
    pub fn trigger(&mut self) {
        self.operator_trigger = true;
    }

    /// Marks a trial failed: the one whose stroke is under way, or else the last that ended. A
    /// trial whose stroke has not begun cannot have failed. None if no trial has ended so far.
    pub fn mark_failed(&mut self) -> Option<TrialKey> {
        match &mut self.trial {
            Some(trial) if self.phase == Phase::Stroke => {
                trial.marked_failed = true;
                Some(trial.order.key)
            }
            _ => self.last_key,
        }
    }

    /// Sets the posture held in IDLE (and in the safety state HOLD).
    pub fn hold_here(&mut self, posture: &[f64]) {
        self.posture.copy_from_slice(posture);
        self.posture_known = true;
    }

    fn hold_start(&mut self) {
        self.posture.copy_from_slice(&self.settings.config.start_posture);
        self.posture_known = true;
    }

    /// Efforts that hold the posture.
    pub fn hold(&mut self, reading: &Reading, asked: &mut [f64]) {
        if !self.posture_known {
            self.hold_here(&reading.position);
        }
        let (gains, posture) = (&self.settings.config.tracking, &self.posture);
        self.tracker.track(gains, |j| [posture[j], 0., 0.], &reading.position, &reading.velocity, asked);
    }

    /// Writes what the robot's driver adds by itself; false where it adds nothing.
    pub fn compensation(&mut self, reading: &Reading, effort: &mut [f64]) -> bool {
        self.tracker.compensation(&reading.position, &reading.velocity, effort)
    }

    /// Computes the effort of this cycle and changes phase when it is time.
    ///
    /// # Errors
    /// The fault that stops the robot.
    pub fn ask(&mut self, cycle: Cycle<'_>, outbox: &mut Outbox, asked: &mut [f64]) -> Result<(), Fault> {
        if self.phase == Phase::Homing && self.arrived(cycle)? {
            self.hold_start();
            outbox.ask_plant(PlantRequest::Launch);
            self.enter(Phase::Ready, cycle.now, outbox);
        }
        if self.phase == Phase::Ready {
            self.await_trigger(cycle, outbox);
        }
        if self.phase == Phase::Stroke && self.step(cycle, outbox, asked) {
            return Ok(());
        }
        if self.phase == Phase::Return && self.arrived(cycle)? {
            self.hold_start();
            self.enter(Phase::Idle, cycle.now, outbox);
            if let Some(key) = self.last_key {
                outbox.event(Event::Returned { key, at: cycle.now });
            }
        }
        match self.phase {
            Phase::Homing | Phase::Return => {
                let Reading { position, velocity, .. } = cycle.reading;
                let (gains, motion) = (&self.settings.config.tracking, &self.motion);
                self.tracker.track(gains, |j| motion.at(j, cycle.now), position, velocity, asked);
            }
            Phase::Teaching => self.lead(cycle, outbox, asked),
            Phase::Idle | Phase::Ready | Phase::Stroke => self.hold(cycle.reading, asked),
        }
        Ok(())
    }

    /// Watches the time of homing while there is no reading to home from.
    ///
    /// # Errors
    /// [`Fault::HomingTimeout`].
    pub fn await_reading(&self, now: Duration) -> Result<(), Fault> {
        let limit = Duration::from_secs_f64(self.settings.config.homing.timeout);
        if self.phase == Phase::Homing && now.saturating_sub(self.since) > limit {
            return Err(Fault::HomingTimeout { limit });
        }
        Ok(())
    }

    /// Plans the motion to the start posture if that is still to be done. Returns whether the arm
    /// rests there.
    fn arrived(&mut self, cycle: Cycle<'_>) -> Result<bool, Fault> {
        let Settings { config: all, speed, .. } = &self.settings;
        let config = if self.phase == Phase::Homing { &all.homing } else { &all.return_home };
        let Reading { position, velocity, .. } = cycle.reading;
        let at_rest = rests_at(&all.start_posture, position, velocity, config);
        if !self.planned {
            if at_rest {
                return Ok(true);
            }
            let target = &all.start_posture;
            let planned = self.motion.plan(cycle.now, config.duration, speed, position, velocity, target);
            planned.map_err(|joint| Fault::TooFarFromStart {
                joint,
                position: position[joint],
                start: target[joint],
                limit: MinimumJerk::longest(),
            })?;
            self.planned = true;
        }
        let Some(over) = self.motion.time_since_end(cycle.now) else { return Ok(false) };
        let limit = Duration::from_secs_f64(config.timeout);
        if !at_rest && over > limit {
            return Err(Fault::HomingTimeout { limit });
        }
        Ok(at_rest)
    }

    fn await_trigger(&mut self, cycle: Cycle<'_>, outbox: &mut Outbox) {
        let config = &self.settings.config;
        let task = self.settings.check_task(cycle, self.stroke.max_ages());
        let triggered = match config.trigger {
            // Old values start nothing.
            Trigger::Task => task.is_ok() && self.stroke.triggered(cycle.reading),
            Trigger::AtOnce => true,
            Trigger::Operator => self.operator_trigger,
        };
        let limit = Duration::from_secs_f64(config.ready_timeout);
        if triggered {
            if let Some(trial) = &mut self.trial {
                (trial.start_tick, trial.step) = (cycle.tick, 0);
                let episode = &mut trial.order.buffers.episode;
                episode.before.extend_from_slice(cycle.before.unwrap_or_default());
                self.recorder.begin(episode, cycle.now, cycle.tick);
            }
            self.enter(Phase::Stroke, cycle.now, outbox);
        } else if cycle.now.saturating_sub(self.since) > limit {
            // Without the ball there are no values, or old ones. Values ahead of the clock mean
            // that a clock is wrong, which is the better reason.
            let reason = task.err().filter(|reason| matches!(reason, Abort::TaskAhead { .. }));
            self.finish(Outcome::Aborted(reason.unwrap_or(Abort::NotTriggered { limit })), outbox);
            self.enter(Phase::Return, cycle.now, outbox);
        }
    }

    /// Records the effort asked and the effort sent.
    pub fn sent(&mut self, asked: &[f64], sent: &[f64], clipped: bool) {
        if let (Phase::Stroke, Some(trial)) = (self.phase, &mut self.trial) {
            self.recorder.command(&mut trial.order.buffers.episode, asked, sent, clipped);
        }
    }

    /// Latency of the present stroke.
    pub fn stroke_latency(&mut self) -> Option<&mut Latency> {
        let trial = self.trial.as_mut().filter(|_| self.phase == Phase::Stroke)?;
        Some(&mut trial.order.buffers.latency.stroke)
    }

    /// Gives up the present trial, if any, because of a fault.
    pub fn abort(&mut self, fault: Fault, now: Duration, tick: u64, outbox: &mut Outbox) {
        if let (Phase::Stroke, Some(trial)) = (self.phase, &mut self.trial) {
            let scale = &self.settings.config.action_scale;
            self.recorder.abort(&mut trial.order.buffers.episode, tick, scale);
        }
        self.finish(Outcome::Aborted(Abort::Fault(fault)), outbox);
        if self.phase != Phase::Idle {
            self.enter(Phase::Idle, now, outbox);
        }
    }

    fn finish(&mut self, outcome: Outcome, outbox: &mut Outbox) {
        if let Some(Trial { order, marked_failed, .. }) = self.trial.take() {
            self.last_key = Some(order.key);
            outbox.done = Some(self.finished_trial(order, outcome, marked_failed));
        }
    }

    /// The trial as handed to the supervisor.
    pub fn finished_trial(&self, order: TrialOrder, outcome: Outcome, marked_failed: bool) -> FinishedTrial {
        let episode = &order.buffers.episode;
        let share = |count: u32, of: f64| if of > 0. { f64::from(count) / of } else { 0. };
        let cycles = episode.cycles() as f64;
        let missed_share = share(episode.missed_cycles, cycles + f64::from(episode.missed_cycles));
        let clipped_share = share(episode.clipped_cycles, cycles);
        FinishedTrial {
            order,
            outcome,
            marked_failed,
            missed_share,
            clipped_share,
            on_time: missed_share <= self.settings.config.max_missed_share,
            over_clipped: clipped_share > self.settings.config.max_clipped_share,
        }
    }
}

/// Whether the arm rests in a posture.
fn rests_at(posture: &[f64], position: &[f64], velocity: &[f64], config: &MotionConfig) -> bool {
    posture.iter().zip(position).all(|(p, q)| (p - q).abs() <= config.position_tolerance)
        && velocity.iter().all(|v| v.abs() <= config.velocity_tolerance)
}
