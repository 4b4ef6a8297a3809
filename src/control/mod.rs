//! The hard-deadline control loop: it applies the stroke's policy to the newest reading, through
//! the limits, on time.
//!
//! On its path nothing is allocated, freed, locked or logged, and the sleep is the only system
//! call. [`spawn`] starts it on a thread of its own, [`lend`] puts it into one of the caller's; the
//! supervisor speaks to it through a [`LoopClient`].
//!
//! Its rooms know each other in one direction: `cycle` -> `trial` -> `exchange` -> `guards` ->
//! `time`. All of them know the configuration.

mod config;
mod cycle;
mod exchange;
mod guards;
mod time;
mod trial;
mod validation;

pub use crate::robot::Clock;
pub use config::{
    ControlConfig, LimitsConfig, MotionConfig, OnError, Pacing, Response, SafetyConfig, SchedulingConfig,
    TeachingConfig, TrackingConfig, Trigger, WatchdogConfig,
};
pub use cycle::callers_loop::{CallersLoop, NotCycled};
pub use cycle::client::{LoopClient, ORDER_CAPACITY, Stopper};
pub use cycle::command_thread::{CommandSink, CommandThread, Outgoing};
pub use cycle::control_loop::{ControlLoop, LoopParts};
pub(crate) use cycle::loop_watch::LoopWatch;
pub use cycle::plant_thread::PlantThread;
pub use cycle::spawn::{LoopError, LoopHandle, lend, spawn};
pub use cycle::tuning::Tuning;
pub use exchange::black_box::{BlackBox, CycleMark, CycleRecord};
pub use exchange::episode::{Episode, StepRecord};
pub use exchange::joint_samples::JointSample;
pub use exchange::messages::{Event, Phase, Request, Status};
pub use exchange::order::{FinishedTrial, Outcome, TrialBuffers, TrialOrder, TrialShape};
pub use exchange::view::{LoopView, Posture};
pub use guards::fault::{Abort, Fault, OrderError, Trust};
pub use guards::limits::Limits;
pub use guards::safety::{Safety, SafetyState};
pub use time::latency::{Latency, LatencySummary, Quantiles, TrialLatency};
pub use time::lockstep::LockstepClock;
pub use time::on_idle::OnIdle;
pub use time::pacing::{Packets, RobotClock, paced};
pub use time::scheduling::{RealTimeGuard, SchedulingError, StartupReport, enter as enter_real_time};
pub use time::wall_clock::WallClock;
pub use trial::stroke::Stroke;
pub use trial::tracking::{InverseDynamics, NominalInertia};
#[cfg(feature = "ros")]
pub(crate) use {
    cycle::command_thread::LAST_WORDS,
    guards::dead_man::{DeadMan, Sending},
};
