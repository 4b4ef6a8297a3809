//! Messages between supervisor and loop, besides trials.

use crate::control::SafetyState;
use crate::control::guards::fault::Fault;
use crate::robot::{Delivery, TrialKey};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

/// Phase of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Phase {
    /// No trial; the arm holds its posture.
    Idle,
    /// The arm moves to the start posture.
    Homing,
    /// The arm is in the start posture and waits for the trigger.
    Ready,
    /// The stroke.
    Stroke,
    /// The arm moves home; the trial was handed out already.
    Return,
    /// No trial; the arm is led by hand.
    Teaching,
}

/// A request of the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Take no further order after the present trial.
    Pause,
    /// Take orders again. Passed over while the arm is led by hand.
    Resume,
    /// Stop the robot now. Only a reset ends the stop.
    Stop,
    /// Start the stroke, if the configured trigger is the operator.
    Trigger,
    /// Exclude a trial from learning: the trial whose stroke is under way, or else the last that
    /// ended. The loop's event names it.
    MarkFailed,
    /// Leave the safe state.
    ResetFault,
    /// Let the arm be led by hand, and take no further order. Passed over during a trial and in the
    /// safe state.
    Teach,
    /// Hold the arm where the hand left it.
    EndTeaching,
}

/// An event in the loop. All times are in the loop clock's time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The trial phase changed.
    Phase {
        /// New phase.
        phase: Phase,
        /// Time of the change.
        at: Duration,
    },
    /// The safety state changed.
    Safety {
        /// New state.
        state: SafetyState,
        /// Time of the change.
        at: Duration,
    },
    /// A fault occurred.
    Tripped {
        /// The fault.
        fault: Fault,
        /// Time of the fault.
        at: Duration,
    },
    /// The arm is home after a trial and the loop is ready for the next.
    Returned {
        /// The trial.
        key: TrialKey,
        /// Time of the return.
        at: Duration,
    },
    /// Other gains and limits hold from now on.
    Tuned {
        /// Time from which they hold.
        at: Duration,
    },
    /// The operator marked a trial failed.
    MarkedFailed {
        /// The trial.
        key: TrialKey,
    },
    /// The operator marked a trial failed before any trial had ended.
    NothingToMark,
    /// A reset was refused: the robot is not at rest in its safe state, or its readings are still
    /// not trustworthy.
    ResetRefused {
        /// The fault that stands against the reset.
        fault: Fault,
    },
}

/// State shared by both sides.
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
    pub lost_samples: AtomicU64,
    pub delivery: Arc<Delivery>,
}

/// The loop's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Trial phase.
    pub phase: Phase,
    /// Safety state.
    pub safety: SafetyState,
    /// Whether the operator paused the orders.
    pub paused: bool,
    /// Whether the loop has ended.
    pub ended: bool,
    /// Cycles run.
    pub cycles: u64,
    /// Periods missed.
    pub misses: u64,
    /// Events lost because their ring was full.
    pub lost_events: u64,
    /// Joint states of an arm led by hand that were lost because their ring was full.
    pub lost_samples: u64,
    /// Whether the robot gets zero because no command came for too long, and the loop does not know
    /// of it yet.
    pub timed_out: bool,
}

impl Shared {
    pub fn status(&self) -> Status {
        let phases = [Phase::Idle, Phase::Homing, Phase::Ready, Phase::Stroke, Phase::Return, Phase::Teaching];
        let states = [SafetyState::Run, SafetyState::Hold, SafetyState::Damp, SafetyState::Zero];
        Status {
            phase: phases[usize::from(self.phase.load(Ordering::Relaxed))],
            safety: states[usize::from(self.safety.load(Ordering::Relaxed))],
            paused: self.paused.load(Ordering::Relaxed),
            ended: self.ended.load(Ordering::Acquire),
            cycles: self.cycles.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            lost_events: self.lost_events.load(Ordering::Relaxed),
            lost_samples: self.lost_samples.load(Ordering::Relaxed),
            timed_out: self.delivery.is_timed_out(),
        }
    }
}
