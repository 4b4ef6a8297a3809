//! Ctrl-C and the other signals that end a process. The robot gets the safe command first, then the
//! run is saved.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::warn;

use crate::control::Stopper;
use crate::signals;

/// Exit code of a program ended by a signal.
const EXIT_CODE: i32 = 130;

/// The request to end the program, and the loops to stop on this request.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<Shared>);

#[derive(Default)]
struct Shared {
    asked: AtomicBool,
    hurried: AtomicBool,
    stoppers: Mutex<Vec<Stopper>>,
}

impl Interrupt {
    /// Listens for signals from now on. A second signal gives up the update in progress, a third
    /// ends the process at once.
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

    fn stoppers(&self) -> MutexGuard<'_, Vec<Stopper>> {
        self.0.stoppers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the program to end.
    pub fn ask(&self) {
        self.0.asked.store(true, Ordering::Relaxed);
        self.stoppers().iter().for_each(Stopper::shutdown);
    }

    /// Asks the program to end without the update in progress.
    pub fn hurry(&self) {
        self.0.hurried.store(true, Ordering::Relaxed);
        self.ask();
    }

    /// Adds a loop to stop when the program is asked to end.
    pub fn guard(&self, new: Stopper) {
        // The lock is taken first. A concurrent request either finds the new stopper or is seen
        // here.
        let mut stoppers = self.stoppers();
        if self.asked() {
            new.shutdown();
        }
        // A loop that has ended needs no stopper.
        stoppers.retain(|stopper| !stopper.status().ended);
        stoppers.push(new);
    }

    /// Whether the program was asked to end.
    pub fn asked(&self) -> bool {
        self.0.asked.load(Ordering::Relaxed)
    }

    /// Whether the program was asked to end without the update in progress.
    pub fn hurried(&self) -> bool {
        self.0.hurried.load(Ordering::Relaxed)
    }
}
