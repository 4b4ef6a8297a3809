//! Ctrl-C and the other signals that end a process: the robot first gets the safe command, then the run is saved.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::warn;

use crate::control::Stopper;
use crate::signals;

/// Exit code of a program that a signal ended.
const EXIT_CODE: i32 = 130;

/// Whether somebody wants the program to end, and whose loop to stop then.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<Shared>);

#[derive(Default)]
struct Shared {
    asked: AtomicBool,
    hurried: AtomicBool,
    stopper: Mutex<Option<Stopper>>,
}

impl Interrupt {
    /// Listens from now on. A second signal gives up the update that is being made, a third everything.
    ///
    /// # Errors
    /// If the system refuses the signal handlers.
    pub fn listen() -> std::io::Result<Self> {
        let interrupt = Self::default();
        let handler = interrupt.clone();
        signals::listen(&[], move |signal, times| match times {
            1 => {
                handler.ask();
                warn!(
                    "{signal}: the robot gets the safe command, then the run is saved (again: without waiting for an update)"
                );
            }
            2 => {
                handler.hurry();
                warn!(
                    "{signal}: an update that is being made is given up; what came before it is saved (again: end at once)"
                );
            }
            _ => std::process::exit(EXIT_CODE),
        })?;
        Ok(interrupt)
    }

    fn stopper(&self) -> MutexGuard<'_, Option<Stopper>> {
        self.0.stopper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The program is to end.
    pub fn ask(&self) {
        self.0.asked.store(true, Ordering::Relaxed);
        if let Some(stopper) = &*self.stopper() {
            stopper.shutdown();
        }
    }

    /// The program is to end without the update that is being made.
    pub fn hurry(&self) {
        self.0.hurried.store(true, Ordering::Relaxed);
        self.ask();
    }

    /// The loop to stop when it comes to it.
    pub fn guard(&self, new: Stopper) {
        // Locked first: who asks in between either finds it or is seen here.
        let mut stopper = self.stopper();
        if self.asked() {
            new.shutdown();
        }
        *stopper = Some(new);
    }

    /// Whether the program is to end.
    pub fn asked(&self) -> bool {
        self.0.asked.load(Ordering::Relaxed)
    }

    /// Whether it is not to wait for an update.
    pub fn hurried(&self) -> bool {
        self.0.hurried.load(Ordering::Relaxed)
    }
}
