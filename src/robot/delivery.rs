//! Delivery of commands that a thread of its own sends to the robot: messages between that thread
//! and the loop.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Progress of the commands, and whether the robot gets zero in their place. One side is the loop;
/// the other is the sender of its commands. Neither waits for the other.
#[derive(Debug, Default)]
pub struct Delivery {
    /// Whether a sender reports here.
    told: AtomicBool,
    /// Longest time without a command, ns.
    patience: AtomicU64,
    delivered: AtomicU64,
    /// Number of time-outs of the commands.
    timeouts: AtomicU64,
    /// Number of time-outs that the loop knows of.
    known: AtomicU64,
    /// The first command that was made knowing of the last of these time-outs.
    resumed: AtomicU64,
}

// The triple buffer orders these accesses: the loop writes here before it publishes a command, and
// the sender reads here after it read the command. So no access needs an ordering of its own.
const ANY: Ordering = Ordering::Relaxed;

impl Delivery {
    /// Sets the time without a command that the loop tolerates.
    pub fn set_patience(&self, patience: Duration) {
        self.patience.store(patience.as_nanos() as u64, ANY);
    }

    /// Longest time without a command before the robot is sent zero.
    pub fn patience(&self) -> Duration {
        Duration::from_nanos(self.patience.load(ANY))
    }

    /// Declares that the sender reports what it sends.
    pub fn tell(&self) {
        self.told.store(true, ANY);
    }

    /// Whether a sender reports what it sends.
    pub fn is_told(&self) -> bool {
        self.told.load(ANY)
    }

    /// Reports that all commands up to `sequence` were handled.
    pub fn deliver(&self, sequence: u64) {
        self.delivered.store(sequence, ANY);
    }

    /// Sequence number of the newest handled command.
    pub fn delivered(&self) -> u64 {
        self.delivered.load(ANY)
    }

    /// Reports that no command came for too long. The robot gets zero until the loop knows of it.
    pub fn time_out(&self) {
        self.timeouts.fetch_add(1, ANY);
    }

    /// Whether the robot gets zero and the loop does not know of it yet.
    pub fn is_timed_out(&self) -> bool {
        self.timeouts.load(ANY) != self.known.load(ANY)
    }

    /// Takes note, on the loop, that the robot got zero. `next` is the first command made with that
    /// knowledge. False if the loop knew already.
    pub fn acknowledge(&self, next: u64) -> bool {
        let timeouts = self.timeouts.load(ANY);
        let news = self.known.swap(timeouts, ANY) != timeouts;
        if news {
            self.resumed.store(next, ANY);
        }
        news
    }

    /// Whether the loop made command `sequence` knowing of a time-out after command `last`.
    pub fn knows(&self, sequence: u64, last: u64) -> bool {
        let resumed = self.resumed.load(ANY);
        resumed > last && sequence >= resumed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_commands_made_in_the_knowledge_of_a_time_out_count() {
        let delivery = Delivery::default();
        assert!(!delivery.acknowledge(1));
        delivery.time_out();
        assert!(delivery.is_timed_out() && !delivery.knows(8, 7));
        assert!(delivery.acknowledge(9) && !delivery.acknowledge(10));
        assert!(!delivery.is_timed_out() && !delivery.knows(8, 7) && delivery.knows(9, 7));
        // A further time-out needs its own acknowledgement.
        delivery.time_out();
        assert!(!delivery.knows(21, 20));
    }
}
