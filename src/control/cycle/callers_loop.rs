//! A loop in a thread of the caller's, one cycle for each call.

use super::control_loop::ControlLoop;
use super::spawn::{LoopError, panicked};
use crate::control::exchange::messages::Status;
use crate::control::time::latency::Latency;
use crate::control::time::pacing::Packets;
use crate::robot::{Command, PlantRequest, Reading};
use rtrb::Consumer;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::thread;
use std::time::Duration;

/// Time between two tries to reach a loop that is within a cycle.
const RETRY: Duration = Duration::from_micros(50);

/// A loop and the robot's end of its link.
pub(super) struct Lent {
    pub control: ControlLoop,
    pub packets: Packets,
    pub command: triple_buffer::Output<Command>,
    pub requests: Consumer<PlantRequest>,
    pub panic: Option<LoopError>,
}

/// Why a call made no cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCycled {
    /// There is no loop: no run is under way, or its loop has ended.
    #[error("no run is under way")]
    NoRun,
    /// Another thread is within a call.
    #[error("two threads call the loop at the same time")]
    TwoThreads,
    /// A part of the loop panicked. The run ends.
    #[error("the control loop panicked")]
    Panicked,
}

/// The place of a loop that a thread of the caller's carries: a robot's own thread, in whose callback
/// an effort is due. A run puts its loop there and takes it away. The caller's thread never
/// waits: whoever finds the place held goes on without, and the run tries again.
///
/// Clones are the same place.
#[derive(Clone, Default)]
pub struct CallersLoop(Arc<Place>);

#[derive(Default)]
struct Place {
    // Held by `try_lock` alone, which neither waits nor makes a system call.
    lent: Mutex<Option<Lent>>,
    /// Whether the run holds the place, or is about to.
    moving: AtomicBool,
    /// Whether the loop makes no further cycle.
    over: AtomicBool,
}

impl CallersLoop {
    /// Makes a cycle. `write` writes the robot's packet, with stamps in the robot's time. `effort`
    /// (joint) gets the command, which is zero wherever there is an error. Real-time safe.
    ///
    /// # Errors
    /// Why there was no cycle.
    ///
    /// # Panics
    /// If `effort` has another length than the robot has joints.
    pub fn cycle(&self, write: impl FnOnce(&mut Reading), effort: &mut [f64]) -> Result<Status, NotCycled> {
        effort.fill(0.);
        let mut place = self.hold()?;
        let lent = place.as_mut().filter(|_| !self.0.over.load(Ordering::Relaxed)).ok_or(NotCycled::NoRun)?;
        let Lent { control, packets, .. } = lent;
        let turn = catch_unwind(AssertUnwindSafe(|| {
            packets.pass(write);
            control.wait_and_cycle();
            control.prepare()
        }));
        match turn {
            Ok(goes_on) => {
                effort.copy_from_slice(&lent.command.read().effort);
                self.0.over.store(!goes_on, Ordering::Relaxed);
                Ok(lent.control.status())
            }
            Err(panic) => {
                lent.control.give_up();
                lent.panic = Some(panicked(&*panic));
                self.0.over.store(true, Ordering::Relaxed);
                Err(NotCycled::Panicked)
            }
        }
    }

    /// The next request of the loop to the world around the robot, if any. To be asked after each
    /// cycle, where the world listens. Real-time safe.
    pub fn request(&self) -> Option<PlantRequest> {
        self.hold().ok()?.as_mut()?.requests.pop().ok()
    }

    fn hold(&self) -> Result<MutexGuard<'_, Option<Lent>>, NotCycled> {
        match self.0.lent.try_lock() {
            Ok(place) => Ok(place),
            Err(TryLockError::Poisoned(place)) => Ok(place.into_inner()),
            Err(TryLockError::WouldBlock) if self.0.moving.load(Ordering::Relaxed) => Err(NotCycled::NoRun),
            Err(TryLockError::WouldBlock) => Err(NotCycled::TwoThreads),
        }
    }

    /// Puts a loop here, or takes it away. Waits for the end of a cycle under way.
    fn exchange(&self, lent: Option<Lent>) -> Option<Lent> {
        self.0.moving.store(true, Ordering::Relaxed);
        let mut place = loop {
            match self.hold() {
                Ok(place) => break place,
                Err(_) => thread::sleep(RETRY),
            }
        };
        self.0.over.store(lent.is_none(), Ordering::Relaxed);
        let former = std::mem::replace(&mut *place, lent);
        drop(place);
        self.0.moving.store(false, Ordering::Relaxed);
        former
    }

    pub(super) fn put(&self, mut lent: Lent) {
        lent.control.prepare();
        drop(self.exchange(Some(lent)));
    }

    /// Whether the loop makes no further cycle.
    pub(super) fn is_over(&self) -> bool {
        self.0.over.load(Ordering::Relaxed)
    }

    /// Takes the loop away. From now on the caller gets zero.
    pub(super) fn end(&self) -> Result<Latency, LoopError> {
        match self.exchange(None) {
            Some(Lent { panic: Some(error), .. }) => Err(error),
            Some(Lent { control, .. }) => Ok(control.into_latency()),
            None => Ok(Latency::new()),
        }
    }
}
