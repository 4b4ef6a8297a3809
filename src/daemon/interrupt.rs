//! Ctrl-C and SIGTERM: the robot first gets the safe command, then the run is saved.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::signal::unix::{SignalKind, signal};
use tracing::warn;

use crate::control::Stopper;

/// Exit code of a program that Ctrl-C ended.
const EXIT_CODE: i32 = 130;

/// Whether somebody wants the program to end, and whose loop to stop then.
#[derive(Clone, Default)]
pub struct Interrupt {
    asked: Rc<Cell<bool>>,
    stopper: Rc<RefCell<Option<Stopper>>>,
}

impl Interrupt {
    /// Listens from now on; for use within a tokio `LocalSet`. A second signal ends the program at once.
    ///
    /// # Errors
    /// If the system refuses the signal handlers.
    pub fn listen() -> std::io::Result<Self> {
        let interrupt = Self::default();
        let (mut interrupted, mut terminated) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let handler = interrupt.clone();
        tokio::task::spawn_local(async move {
            loop {
                tokio::select! {
                    _ = interrupted.recv() => {}
                    _ = terminated.recv() => {}
                }
                if handler.asked.replace(true) {
                    std::process::exit(EXIT_CODE);
                }
                if let Some(stopper) = &*handler.stopper.borrow() {
                    stopper.shutdown();
                }
                warn!("stopping: the robot gets the safe command, then the run is saved (again to give up saving)");
            }
        });
        Ok(interrupt)
    }

    /// The loop to stop when it comes to it.
    pub fn guard(&self, stopper: Stopper) {
        if self.asked.get() {
            stopper.shutdown();
        }
        *self.stopper.borrow_mut() = Some(stopper);
    }

    /// Whether the program is to end.
    pub fn asked(&self) -> bool {
        self.asked.get()
    }
}
