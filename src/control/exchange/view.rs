//! What the loop shows of itself to whoever looks on. It shows it in every cycle, whether anybody looks
//! or not.

use super::messages::{Shared, Status};
use crate::robot::Reading;
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::time::Duration;

/// Number of cycles whose lateness finds room, 8 s of a period of 2 ms.
const CAPACITY: usize = 4096;

/// The robot at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Posture {
    /// Time of the measurement, in the loop clock's time.
    pub stamp: Duration,
    /// Number of the reading; 0 before the first.
    pub sequence: u64,
    /// Joint positions (joint), rad or m.
    pub position: Box<[f64]>,
    /// The task's observations besides the joints (task state).
    pub task: Box<[f64]>,
}

/// The loop's end: the newest posture wins, and a lateness that finds no room is left out.
pub(in crate::control) struct Showing {
    posture: triple_buffer::Input<Posture>,
    lateness: Producer<Duration>,
}

/// A look at the loop from another thread. Nothing can be asked of the loop through it, and nothing
/// that the looker does or leaves delays it.
pub struct LoopView {
    posture: triple_buffer::Output<Posture>,
    lateness: Consumer<Duration>,
    shared: Arc<Shared>,
    lockstep: bool,
}

/// The two ends for a robot with so many joints and task values.
pub(in crate::control) fn view(
    joints: usize,
    task_values: usize,
    shared: Arc<Shared>,
    lockstep: bool,
) -> (Showing, LoopView) {
    let blank = Posture {
        stamp: Duration::ZERO,
        sequence: 0,
        position: vec![0.; joints].into(),
        task: vec![0.; task_values].into(),
    };
    let (posture, posture_out) = triple_buffer::TripleBuffer::new(&blank).split();
    let (mut lateness, mut lateness_out) = RingBuffer::new(CAPACITY);
    // Memory is mapped when it is touched, which must not happen in the loop.
    while lateness.push(Duration::ZERO).is_ok() {}
    while lateness_out.pop().is_ok() {}
    (Showing { posture, lateness }, LoopView { posture: posture_out, lateness: lateness_out, shared, lockstep })
}

impl Showing {
    /// Shows a reading.
    pub fn show(&mut self, reading: &Reading) {
        let posture = self.posture.input_buffer_mut();
        (posture.stamp, posture.sequence) = (reading.stamp, reading.sequence);
        posture.position.copy_from_slice(&reading.position);
        posture.task.copy_from_slice(&reading.task);
        self.posture.publish();
    }

    /// Shows how late a cycle was released.
    pub fn late(&mut self, lateness: Duration) {
        // Whoever does not look misses it.
        let _ = self.lateness.push(lateness);
    }
}

impl LoopView {
    /// The robot by the newest reading; `None` before the first.
    pub fn posture(&mut self) -> Option<&Posture> {
        Some(self.posture.read()).filter(|posture| posture.sequence > 0)
    }

    /// Release lateness of the cycles since the last call, oldest first. Only a loop on the wall clock
    /// has any. Look every second or two: what finds no room is left out.
    pub fn lateness(&mut self) -> impl Iterator<Item = Duration> {
        std::iter::from_fn(|| self.lateness.pop().ok())
    }

    /// The loop's status.
    pub fn status(&self) -> Status {
        self.shared.status()
    }

    /// Whether the loop runs as fast as the machine allows, so that its newest posture says little to
    /// an eye.
    pub fn is_in_lockstep(&self) -> bool {
        self.lockstep
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(number: u64) -> Reading {
        let mut reading = Reading::zeros(2, 1);
        (reading.sequence, reading.stamp) = (number, Duration::from_millis(number));
        (reading.position[1], reading.task[0]) = (number as f64, -(number as f64));
        reading
    }

    #[test]
    fn the_newest_posture_is_seen_and_a_full_ring_loses_the_newest_lateness_alone() {
        let (mut showing, mut view) = view(2, 1, Arc::default(), false);
        assert_eq!(view.posture(), None);
        (1..=3).for_each(|number| showing.show(&reading(number)));
        let Posture { stamp, sequence, position, task } = view.posture().unwrap();
        assert_eq!(
            (*stamp, *sequence, &position[..], &task[..]),
            (Duration::from_millis(3), 3, &[0., 3.][..], &[-3.][..])
        );
        assert_eq!(view.posture().unwrap().sequence, 3, "it stays");

        (0..2 * CAPACITY as u64).for_each(|n| showing.late(Duration::from_nanos(n)));
        let seen: Vec<Duration> = view.lateness().collect();
        assert_eq!(seen, (0..CAPACITY as u64).map(Duration::from_nanos).collect::<Vec<_>>());
        showing.late(Duration::from_secs(1));
        assert_eq!(view.lateness().collect::<Vec<_>>(), [Duration::from_secs(1)]);
    }
}
