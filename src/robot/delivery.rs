//! What becomes of commands that leave for the robot on a thread of their own: what that thread and the loop tell each other.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How far the commands have come, and whether the robot has zero in their place. One side is the loop; the other is whoever
/// sends its commands. Neither waits for the other.
#[derive(Debug, Default)]
pub struct Delivery {
    /// Whether somebody tells here what was sent.
    told: AtomicBool,
    /// Longest time without a command, ns.
    patience: AtomicU64,
    delivered: AtomicU64,
    /// How often the commands failed to come.
    timeouts: AtomicU64,
    /// Of these, how many the loop knows of.
    known: AtomicU64,
    /// The first command that was made knowing of the last of them.
    resumed: AtomicU64,
}

// Each command is published after what the loop says here, and read before it is looked at here: the triple buffer orders the two,
// so that no access needs an order of its own.
const ANY: Ordering = Ordering::Relaxed;

impl Delivery {
    /// The loop tolerates so long a time without a command.
    pub fn set_patience(&self, patience: Duration) {
        self.patience.store(patience.as_nanos() as u64, ANY);
    }

    /// Longest time without a command after which the robot is not yet sent zero.
    pub fn patience(&self) -> Duration {
        Duration::from_nanos(self.patience.load(ANY))
    }

    /// From now on the loop is told what was sent.
    pub fn tell(&self) {
        self.told.store(true, ANY);
    }

    /// Whether the loop is told what was sent.
    pub fn is_told(&self) -> bool {
        self.told.load(ANY)
    }

    /// The command `sequence` was dealt with, and all before it.
    pub fn deliver(&self, sequence: u64) {
        self.delivered.store(sequence, ANY);
    }

    /// Sequence number of the newest command that was dealt with.
    pub fn delivered(&self) -> u64 {
        self.delivered.load(ANY)
    }

    /// No command came for too long: the robot gets zero until the loop knows of it.
    pub fn time_out(&self) {
        self.timeouts.fetch_add(1, ANY);
    }

    /// Whether the robot gets zero and the loop does not know of it yet.
    pub fn is_timed_out(&self) -> bool {
        self.timeouts.load(ANY) != self.known.load(ANY)
    }

    /// The loop knows that the robot got zero; its command `next` is the first it makes with that knowledge. False if it knew.
    pub fn acknowledge(&self, next: u64) -> bool {
        let timeouts = self.timeouts.load(ANY);
        let news = self.known.swap(timeouts, ANY) != timeouts;
        if news {
            self.resumed.store(next, ANY);
        }
        news
    }

    /// Whether the loop made command `sequence` knowing that none came after command `last` for too long.
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
        // The next one is another matter.
        delivery.time_out();
        assert!(!delivery.knows(21, 20));
    }
}
