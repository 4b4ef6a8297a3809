//! Starts the loop on its thread.

use super::client::LoopClient;
use super::control_loop::{ControlLoop, LoopParts};
use super::latency::Latency;
use super::scheduling::{self, SchedulingError, StartupReport};
use crate::schema::FieldError;
use std::any::Any;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

/// A running loop.
pub struct LoopHandle {
    /// The supervisor's end of the rings.
    pub client: LoopClient,
    /// What kernel, priority, processor and memory lock the loop got.
    pub startup: StartupReport,
    thread: JoinHandle<Latency>,
}

/// Why the loop did not start, or how it ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoopError {
    /// The configuration is not accepted.
    #[error(transparent)]
    Config(#[from] FieldError),
    /// The system refused what `scheduling.on_error: strict` insists on.
    #[error(transparent)]
    Scheduling(#[from] SchedulingError),
    /// No thread could be started.
    #[error("the control loop's thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// The loop panicked. The robot was left with a zero command.
    #[error("the control loop panicked: {0}")]
    Panicked(String),
}

/// Stack of the loop's thread, bytes.
const STACK: usize = 1 << 20;

/// Starts the loop on a thread of its own, which takes its priority, processor and memory lock before the first cycle. Start
/// helper threads (the learner's pool above all) before, or they may find their processor taken.
///
/// # Errors
/// What stands against it; the loop has then not run.
pub fn spawn(parts: LoopParts) -> Result<LoopHandle, LoopError> {
    let scheduling = parts.config.scheduling.clone();
    let (mut control, mut client) = ControlLoop::new(parts)?;
    let (started, report) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().name("control_loop".into()).stack_size(STACK).spawn(move || {
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
        Ok(Ok(startup)) => Ok(LoopHandle { client, startup, thread }),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(thread.join().err().map_or(LoopError::Panicked("at start".into()), |panic| panicked(&*panic))),
    }
}

fn panicked(panic: &(dyn Any + Send)) -> LoopError {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    LoopError::Panicked(text.unwrap_or("without a message").into())
}

impl LoopHandle {
    /// Waits until the loop has ended (ask it by [`Stopper::shutdown`](super::Stopper::shutdown)). Gives the client back, to
    /// fetch what is left in the rings, and the latency of the cycles since the last trial came back.
    ///
    /// # Errors
    /// If the loop panicked.
    pub fn join(self) -> Result<(LoopClient, Latency), LoopError> {
        let latency = self.thread.join().map_err(|panic| panicked(&*panic))?;
        Ok((self.client, latency))
    }
}
