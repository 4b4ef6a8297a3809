//! Starts the loop, on a thread of its own or in one of the caller's.

use super::callers_loop::{CallersLoop, Lent};
use super::client::LoopClient;
use super::control_loop::{ControlLoop, LoopParts};
use super::loop_watch::LoopWatch;
use crate::control::SchedulingConfig;
use crate::control::time::latency::Latency;
use crate::control::time::pacing::Packets;
use crate::control::time::scheduling::{self, RealTimeGuard, SchedulingError, StartupReport};
use crate::robot::{Command, PlantRequest};
use crate::signals;
use moto_settings::FieldError;
use std::any::Any;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A running loop.
pub struct LoopHandle {
    /// The supervisor's end of the rings.
    pub client: LoopClient,
    /// Scheduling that the system granted to the loop.
    pub startup: StartupReport,
    body: Body,
    real_time: bool,
    /// Watches a caller that was told of the end.
    leaving: Option<LoopWatch>,
}

/// What carries the loop.
enum Body {
    Thread(JoinHandle<Latency>),
    Caller(CallersLoop, RealTimeGuard),
}

/// Why the loop did not start, or how it ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoopError {
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] FieldError),
    /// The system refused a setting that `scheduling.on_error: strict` insists on.
    #[error(transparent)]
    Scheduling(#[from] SchedulingError),
    /// No thread could be started.
    #[error("the control loop's thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// The loop panicked. The robot was left with a zero command.
    #[error("the control loop panicked: {0}")]
    Panicked(String),
    /// The loop hangs and was abandoned. A robot outside this process was sent zero.
    #[error("the control loop hangs: no cycle for {0:.1?} (watchdog.heartbeat_timeout); end this process")]
    Hangs(Duration),
}

/// Time between two checks for the end of the loop.
const END_POLL: Duration = Duration::from_millis(1);

/// Time without a call after which a caller's thread counts as gone, at the end.
const GONE: Duration = Duration::from_millis(100);

/// Stack of the loop's thread, bytes.
const STACK: usize = 1 << 20;

/// Starts the loop on its own thread, which takes its priority, processor and memory lock before
/// the first cycle. Start helper threads (above all the learner's pool) before, or they may find
/// their processor taken.
///
/// # Errors
/// The reason why the loop did not run.
pub fn spawn(parts: LoopParts) -> Result<LoopHandle, LoopError> {
    let scheduling = parts.config.scheduling.clone();
    let real_time = parts.clock.real_time();
    let (mut control, mut client) = ControlLoop::new(parts)?;
    let (started, report) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().name("control_loop".into()).stack_size(STACK).spawn(move || {
        signals::keep_off_this_thread();
        let entered = scheduling::enter(&scheduling);
        let (result, guard) = match entered {
            Ok((report, guard)) => (Ok(report), Some(guard)),
            Err(error) => (Err(error), None),
        };
        // The receiver waits for this one message.
        let _ = started.send(result);
        if guard.is_some() {
            control.run();
        }
        control.into_latency()
    })?;
    client.wakes(thread.thread().clone());
    match report.recv() {
        Ok(Ok(startup)) => Ok(LoopHandle { client, startup, body: Body::Thread(thread), real_time, leaving: None }),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(thread.join().err().map_or(LoopError::Panicked("at start".into()), |panic| panicked(&*panic))),
    }
}

/// Puts the loop at the caller's `place`. Memory is locked as `scheduling` says; priority and
/// processor are those of the caller's thread.
///
/// # Errors
/// The reason why the loop did not start.
pub fn lend(
    parts: LoopParts,
    packets: Packets,
    command: triple_buffer::Output<Command>,
    requests: rtrb::Consumer<PlantRequest>,
    place: &CallersLoop,
) -> Result<LoopHandle, LoopError> {
    let scheduling = SchedulingConfig { priority: None, cpu: None, ..parts.config.scheduling.clone() };
    let real_time = parts.clock.real_time();
    let (startup, guard) = scheduling::enter(&scheduling)?;
    let (control, client) = ControlLoop::new(parts)?;
    place.put(Lent { control, packets, command, requests, panic: None });
    let body = Body::Caller(place.clone(), guard);
    Ok(LoopHandle { client, startup, body, real_time, leaving: None })
}

pub(super) fn panicked(panic: &(dyn Any + Send)) -> LoopError {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    LoopError::Panicked(text.unwrap_or("without a message").into())
}

impl LoopHandle {
    /// A watch over the loop's cycles.
    pub fn watch(&self) -> LoopWatch {
        LoopWatch::new(self.real_time, matches!(self.body, Body::Caller(..)))
    }

    /// Whether the loop was told to end, and its caller calls no more.
    pub fn is_left(&mut self) -> bool {
        if matches!(self.body, Body::Thread(_)) || !self.client.is_ending() {
            return false;
        }
        let watch = self.leaving.get_or_insert_with(|| LoopWatch::new(true, false));
        watch.silence(&self.client.status()) > GONE
    }

    /// Waits until the loop has ended; [`Stopper::shutdown`](crate::control::Stopper::shutdown)
    /// asks it to. The wait is given up after `patience` without a cycle, if there is such a limit.
    /// A caller that stopped calling is not waited for.
    /// Returns the client, to fetch what is left in the rings, and the latency of the cycles since
    /// the last trial was handed to the supervisor.
    pub fn join(mut self, patience: Option<Duration>) -> (LoopClient, Result<Latency, LoopError>) {
        let mut watch = self.watch();
        let goes_on = |handle: &mut Self| match &handle.body {
            Body::Thread(thread) => !thread.is_finished(),
            Body::Caller(place, _) => !place.is_over() && !handle.is_left(),
        };
        while goes_on(&mut self) {
            let silence = watch.silence(&self.client.status());
            if patience.is_some_and(|patience| silence > patience) {
                return (self.client, Err(LoopError::Hangs(silence)));
            }
            thread::sleep(END_POLL);
        }
        let ended = match self.body {
            Body::Thread(thread) => thread.join().map_err(|panic| panicked(&*panic)),
            Body::Caller(place, _guard) => place.end(),
        };
        (self.client, ended)
    }
}
