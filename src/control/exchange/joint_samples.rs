//! Joint states of an arm that is led by hand, on their way to the supervisor.

use crate::robot::Reading;
use rtrb::{Consumer, Producer, RingBuffer};
use std::time::Duration;

/// Number of joint states that find room, 4 s of a period of 2 ms.
const CAPACITY: usize = 2048;

/// A joint state.
#[derive(Clone, Debug, PartialEq)]
pub struct JointSample {
    /// Time of the measurement, in the loop clock's time.
    pub stamp: Duration,
    /// Joint positions (joint), rad or m.
    pub position: Box<[f64]>,
    /// Joint velocities (joint), rad/s or m/s.
    pub velocity: Box<[f64]>,
}

/// The loop's end.
pub(in crate::control) struct SampleProducer {
    stamps: Producer<Duration>,
    /// Positions, then velocities.
    values: Producer<f64>,
    /// Number of the newest reading that was offered.
    sequence: u64,
}

/// The supervisor's end.
pub(in crate::control) struct SampleConsumer {
    stamps: Consumer<Duration>,
    values: Consumer<f64>,
    joints: usize,
}

/// The two ends for a robot with so many joints.
pub(in crate::control) fn joint_samples(joints: usize) -> (SampleProducer, SampleConsumer) {
    let (mut stamps, mut stamps_out) = RingBuffer::new(CAPACITY);
    let (mut values, mut values_out) = RingBuffer::new(CAPACITY * 2 * joints);
    // Memory is mapped when it is touched, which must not happen in the loop.
    while values.push(0.).is_ok() {}
    while values_out.pop().is_ok() {}
    while stamps.push(Duration::ZERO).is_ok() {}
    while stamps_out.pop().is_ok() {}
    (SampleProducer { stamps, values, sequence: 0 }, SampleConsumer { stamps: stamps_out, values: values_out, joints })
}

impl SampleProducer {
    /// Sends a reading that was not offered yet. False if there is no room for it.
    pub fn send(&mut self, reading: &Reading) -> bool {
        if std::mem::replace(&mut self.sequence, reading.sequence) == reading.sequence {
            return true;
        }
        let values = [&reading.position, &reading.velocity];
        if self.stamps.is_full() || self.values.slots() < values.iter().map(|list| list.len()).sum() {
            return false;
        }
        // The room was checked, and this is the only producer.
        for value in values.into_iter().flatten() {
            let _ = self.values.push(*value);
        }
        self.stamps.push(reading.stamp).is_ok()
    }
}

impl SampleConsumer {
    /// The oldest joint state that was not taken yet.
    pub fn next(&mut self) -> Option<JointSample> {
        // The stamp is sent last.
        let stamp = self.stamps.pop().ok()?;
        let mut values = || (0..self.joints).filter_map(|_| self.values.pop().ok()).collect();
        Some(JointSample { stamp, position: values(), velocity: values() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(number: u64) -> Reading {
        let mut reading = Reading::zeros(2, 1);
        (reading.sequence, reading.stamp) = (number, Duration::from_millis(number));
        (reading.position[1], reading.velocity[0]) = (number as f64, -(number as f64));
        reading
    }

    #[test]
    fn each_reading_arrives_once_and_whole() {
        let (mut producer, mut consumer) = joint_samples(2);
        for number in [1, 1, 2, 2, 3] {
            assert!(producer.send(&reading(number)));
        }
        for number in 1..=3_u32 {
            let sample = consumer.next().unwrap();
            assert_eq!(sample.stamp, Duration::from_millis(number.into()));
            let number = f64::from(number);
            assert_eq!((&*sample.position, &*sample.velocity), (&[0., number][..], &[-number, 0.][..]));
        }
        assert_eq!(consumer.next(), None);
    }

    #[test]
    fn what_finds_no_room_is_told_and_harms_nothing_before_it() {
        let (mut producer, mut consumer) = joint_samples(2);
        for number in 1..=CAPACITY as u64 {
            assert!(producer.send(&reading(number)));
        }
        assert!(!producer.send(&reading(9999)));
        for number in 1..=CAPACITY as u64 {
            assert_eq!(consumer.next().unwrap().stamp, Duration::from_millis(number));
        }
        assert!(producer.send(&reading(10_000)));
        assert_eq!(consumer.next().unwrap().position[1], 1e4);
    }
}
