//! A run on its thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::Sender;

use crate::supervisor::{DaemonError, Order, RobotRun};

/// A run that ended, and its result.
pub type Ended = (RobotRun, Result<bool, DaemonError>);

/// A run under way. Dropping it, as a panic does, ends the run: the drop waits until the robot has
/// the safe command.
pub struct Active {
    pub orders: Sender<Order>,
    pub thread: Option<JoinHandle<Ended>>,
    /// Whether the wait for the connection to the robot was given up.
    pub given_up: Arc<AtomicBool>,
}

impl Active {
    pub fn is_over(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Sends the order to end, or to end in a hurry. Gives up a connection that is not made yet.
    pub fn end(&self, order: Order) {
        self.given_up.store(true, Ordering::Relaxed);
        // A run that is over needs no order.
        let _ = self.orders.send(order);
    }

    /// Abandons the run: its loop has ended, and the disk is not waited for.
    pub fn leave(mut self) {
        drop(self.thread.take());
    }

    /// Waits for the end. `None` if the run's thread panicked: the run is lost, and the robot got
    /// the safe command.
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
