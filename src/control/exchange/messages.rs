//! What the supervisor and the loop tell each other, besides trials.

use crate::control::SafetyState;
use crate::control::guards::fault::Fault;
use crate::robot::{Delivery, TrialKey};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

/// Where a trial is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Phase {
    /// No trial in hand; the posture is held.
    Idle,
    /// On the way to the start posture.
    Homing,
    /// In the start posture, waiting for the trigger.
    Ready,
    /// The stroke.
    Stroke,
    /// On the way back; the trial was handed out already.
    Return,
}

/// What an operator may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Take no further order once the trial in hand is over.
    Pause,
    /// Take orders again.
    Resume,
    /// Stop the robot now; takes a reset.
    Stop,
    /// Start the stroke, if the trigger is the operator's.
    Trigger,
    /// The trial whose stroke is under way, or else the last that ended, is not to be learned from. Which one it was, the loop
    /// answers by an event.
    MarkFailed,
    /// Leave the safe state.
    ResetFault,
}

/// What happened in the loop. All times are the loop clock's.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The trial phase changed.
    Phase {
        /// New phase.
        phase: Phase,
        /// When.
        at: Duration,
    },
    /// The safety state changed.
    Safety {
        /// New state.
        state: SafetyState,
        /// When.
        at: Duration,
    },
    /// Something tripped.
    Tripped {
        /// What.
        fault: Fault,
        /// When.
        at: Duration,
    },
    /// The arm is home after a trial and the loop is ready for the next.
    Returned {
        /// The trial.
        key: TrialKey,
        /// When.
        at: Duration,
    },
    /// Other gains and limits hold from now on.
    Tuned {
        /// When.
        at: Duration,
    },
    /// The operator marked this trial failed.
    MarkedFailed {
        /// The trial.
        key: TrialKey,
    },
    /// The operator marked a trial failed, but none has ended yet.
    NothingToMark,
    /// A reset was asked, but the robot is not at rest in its safe state, or its readings are still not to be trusted.
    ResetRefused {
        /// What stands against it.
        fault: Fault,
    },
}

/// What both sides see at any time.
#[derive(Debug, Default)]
pub(in crate::control) struct Shared {
    pub heartbeat: AtomicU64,
    pub shutdown: AtomicBool,
    pub stop: AtomicBool,
    pub ended: AtomicBool,
    pub paused: AtomicBool,
    pub phase: AtomicU8,
    pub safety: AtomicU8,
    pub cycles: AtomicU64,
    pub misses: AtomicU64,
    pub lost_events: AtomicU64,
    pub delivery: Arc<Delivery>,
}

/// The loop at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Trial phase.
    pub phase: Phase,
    /// Safety state.
    pub safety: SafetyState,
    /// Takes no orders at the operator's wish.
    pub paused: bool,
    /// The loop has ended.
    pub ended: bool,
    /// Cycles run.
    pub cycles: u64,
    /// Periods missed.
    pub misses: u64,
    /// Events that found no room.
    pub lost_events: u64,
    /// No command came for too long: the robot gets zero, and the loop does not know of it yet.
    pub timed_out: bool,
}

impl Shared {
    pub fn status(&self) -> Status {
        let phases = [Phase::Idle, Phase::Homing, Phase::Ready, Phase::Stroke, Phase::Return];
        let states = [SafetyState::Run, SafetyState::Hold, SafetyState::Damp, SafetyState::Zero];
        Status {
            phase: phases[usize::from(self.phase.load(Ordering::Relaxed))],
            safety: states[usize::from(self.safety.load(Ordering::Relaxed))],
            paused: self.paused.load(Ordering::Relaxed),
            ended: self.ended.load(Ordering::Acquire),
            cycles: self.cycles.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            lost_events: self.lost_events.load(Ordering::Relaxed),
            timed_out: self.delivery.is_timed_out(),
        }
    }
}
