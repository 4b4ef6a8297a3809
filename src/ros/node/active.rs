//! A run that is under way on its thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::Sender;

use crate::supervisor::{DaemonError, Order, RobotRun};

/// What came of a run, and the run.
pub type Ended = (RobotRun, Result<bool, DaemonError>);

/// A run that is under way. Dropped, as by a panic, it ends: the robot gets the safe command, and that is waited for.
pub struct Active {
    pub orders: Sender<Order>,
    pub thread: Option<JoinHandle<Ended>>,
    /// Nobody waits for the connection to the robot any more.
    pub given_up: Arc<AtomicBool>,
}

impl Active {
    pub fn is_over(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Gives the order to end, and another to do so in a hurry; a connection that is not made yet is given up.
    pub fn end(&self, order: Order) {
        self.given_up.store(true, Ordering::Relaxed);
        // A run that is over needs no order.
        let _ = self.orders.send(order);
    }

    /// Leaves the run to itself: its loop has ended, and nobody waits for the disk any more.
    pub fn leave(mut self) {
        drop(self.thread.take());
    }

    /// Waits for the end. `None` if the run's thread panicked: the run is lost, the robot has the safe command.
    pub fn join(mut self) -> Option<Ended> {
        self.thread.take()?.join().ok()
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.end(Order::End);
            drop(thread.join());
        }
    }
}
