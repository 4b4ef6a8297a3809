//! The hard-deadline control loop: it applies the stroke's policy to the newest reading, through the limits, on time.
//!
//! On its path nothing is allocated, freed, locked or logged, and no system call is made but the sleep. [`spawn`] starts it; the
//! supervisor speaks to it through a [`LoopClient`].

mod black_box;
mod client;
mod clock;
mod command_thread;
mod config;
mod control_loop;
mod dead_man;
mod episode;
mod fault;
mod latency;
mod life_cycle;
mod limits;
mod lockstep;
mod loop_watch;
mod messages;
mod on_idle;
mod outbox;
mod plant_thread;
mod recorder;
mod safety;
mod scheduling;
mod spawn;
mod stroke;
mod timekeeper;
mod tracking;
mod trial;
mod tuning;
mod validation;
mod wall_clock;
mod watchdog;

pub use black_box::{BlackBox, CycleMark, CycleRecord};
pub use client::{LoopClient, ORDER_CAPACITY, Stopper};
pub use clock::Clock;
pub use command_thread::{CommandSink, CommandThread, Outgoing};
pub use config::{
    ControlConfig, LimitsConfig, MotionConfig, OnError, Response, SafetyConfig, SchedulingConfig, TrackingConfig,
    Trigger, WatchdogConfig,
};
pub use control_loop::{ControlLoop, LoopParts};
pub use episode::{Episode, StepRecord};
pub use fault::{Abort, Fault, OrderError, Trust};
pub use latency::{Latency, LatencySummary, Quantiles, TrialLatency};
pub use limits::Limits;
pub use lockstep::LockstepClock;
pub use loop_watch::LoopWatch;
pub use messages::{Event, Phase, Request, Status};
pub use on_idle::OnIdle;
pub use plant_thread::PlantThread;
pub use safety::{Safety, SafetyState};
pub use scheduling::{RealTimeGuard, SchedulingError, StartupReport, enter as enter_real_time};
pub use spawn::{LoopError, LoopHandle, spawn};
pub use stroke::Stroke;
pub use tracking::{InverseDynamics, NominalInertia};
pub use trial::{FinishedTrial, Outcome, TrialBuffers, TrialOrder, TrialShape};
pub use tuning::Tuning;
pub use wall_clock::WallClock;
pub use watchdog::Watchdog;
#[cfg(feature = "ros")]
pub(crate) use {
    command_thread::LAST_WORDS,
    dead_man::{DeadMan, Sending},
};
