//! The last cycles before a fault, in memory that was allocated beforehand.

use crate::control::{Phase, SafetyState};
use crate::robot::Reading;
use std::time::Duration;

/// One cycle without its vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CycleMark {
    /// Planned release.
    pub release: Duration,
    /// Time the loop woke.
    pub woke: Duration,
    /// Stamp of the joint state used.
    pub stamp: Duration,
    /// Sequence number of the joint state used; 0 if there was none.
    pub sequence: u64,
    /// Trial phase.
    pub phase: Phase,
    /// Safety state.
    pub safety: SafetyState,
}

/// One cycle, borrowed from a [`BlackBox`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CycleRecord<'a> {
    /// Times and states.
    pub mark: CycleMark,
    /// Joint positions (joint).
    pub position: &'a [f64],
    /// Joint velocities (joint).
    pub velocity: &'a [f64],
    /// Task values (task state).
    pub task: &'a [f64],
    /// Effort asked before the limits (joint).
    pub asked: &'a [f64],
    /// Effort sent (joint).
    pub sent: &'a [f64],
}

/// A ring of the last cycles.
#[derive(Clone, Debug)]
pub struct BlackBox {
    joints: usize,
    stride: usize,
    marks: Box<[CycleMark]>,
    values: Box<[f64]>,
    /// Cycles recorded since it was cleared; the newest is at `(recorded - 1) % capacity`.
    recorded: usize,
}

impl BlackBox {
    /// An empty black box for `cycles` cycles (at least one) of a robot with the given numbers of
    /// joints and task values.
    pub fn new(cycles: usize, joints: usize, task_values: usize) -> Self {
        let blank = CycleMark {
            release: Duration::ZERO,
            woke: Duration::ZERO,
            stamp: Duration::ZERO,
            sequence: 0,
            phase: Phase::Idle,
            safety: SafetyState::Run,
        };
        let (cycles, stride) = (cycles.max(1), 4 * joints + task_values);
        // Zeroed pages would not be mapped yet; writing NaN touches them.
        let values = vec![f64::NAN; cycles * stride].into();
        Self { joints, stride, marks: vec![blank; cycles].into(), values, recorded: 0 }
    }

    /// Records a cycle. Real-time safe.
    pub(super) fn record(&mut self, mark: CycleMark, reading: &Reading, asked: &[f64], sent: &[f64]) {
        let slot = self.recorded % self.marks.len();
        self.marks[slot] = mark;
        let mut row = &mut self.values[slot * self.stride..(slot + 1) * self.stride];
        for part in [&reading.position, &reading.velocity, asked, sent, &reading.task] {
            let (head, rest) = row.split_at_mut(part.len());
            head.copy_from_slice(part);
            row = rest;
        }
        self.recorded += 1;
    }

    /// Removes the cycles and keeps the memory.
    pub fn clear(&mut self) {
        self.recorded = 0;
    }

    /// The recorded cycles, oldest first.
    pub fn cycles(&self) -> impl ExactSizeIterator<Item = CycleRecord<'_>> {
        let (capacity, n) = (self.marks.len(), self.joints);
        (self.recorded.saturating_sub(capacity)..self.recorded).map(move |i| {
            let slot = i % capacity;
            let (joints, task) = self.values[slot * self.stride..(slot + 1) * self.stride].split_at(4 * n);
            CycleRecord {
                mark: self.marks[slot],
                position: &joints[..n],
                velocity: &joints[n..2 * n],
                asked: &joints[2 * n..3 * n],
                sent: &joints[3 * n..],
                task,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_cycles_oldest_first() {
        let mut black_box = BlackBox::new(3, 2, 1);
        for i in 0..5_u32 {
            let mut reading = Reading::zeros(2, 1);
            (reading.position[1], reading.velocity[0], reading.task[0]) = (f64::from(i), -f64::from(i), 0.5);
            let mark = CycleMark {
                release: Duration::from_secs(i.into()),
                woke: Duration::ZERO,
                stamp: Duration::ZERO,
                sequence: i.into(),
                phase: Phase::Stroke,
                safety: SafetyState::Run,
            };
            black_box.record(mark, &reading, &[1., 2.], &[3., f64::from(i)]);
        }
        let cycles: Vec<_> = black_box.cycles().collect();
        assert_eq!(cycles.iter().map(|c| c.mark.sequence).collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!(cycles[0].position, [0., 2.]);
        assert_eq!(cycles[1].velocity, [-3., 0.]);
        assert_eq!((cycles[2].asked, cycles[2].sent, cycles[2].task), (&[1., 2.][..], &[3., 4.][..], &[0.5][..]));
        black_box.clear();
        assert_eq!(black_box.cycles().len(), 0);
    }
}
