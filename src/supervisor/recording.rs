//! A recording of the arm while it is led by hand.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::control::{JointSample, LoopClient};

/// Longest recording. Later joint states count as lost.
const LONGEST: Duration = Duration::from_secs(600);
/// Fewest joint states of a recording that is of use.
const FEWEST: usize = 10;

/// The joint states since the recording began.
#[derive(Debug)]
pub struct Recording {
    samples: Vec<JointSample>,
    wall_start: Duration,
    /// Joint states that the loop had lost before.
    lost_before: u64,
    /// Joint states that the loop lost since then.
    lost: u64,
    /// Joint states that came after [`LONGEST`].
    late: u64,
}

/// The recording is of no use.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "the recording has {states} joint states over {duration:.2?}, at least {FEWEST} are needed: let it run for as long \
     as the motion takes, while the arm is led by hand"
)]
pub struct TooShort {
    /// Number of joint states.
    pub states: usize,
    /// Time from the first to the last.
    pub duration: Duration,
}

impl Recording {
    /// Begins a recording. Joint states that wait in the ring are from before it.
    pub fn begin(client: &mut LoopClient) -> Self {
        while client.joint_sample().is_some() {}
        let wall_start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { samples: vec![], wall_start, lost_before: client.status().lost_samples, lost: 0, late: 0 }
    }

    /// Takes the joint states that came since the last call.
    pub fn take(&mut self, client: &mut LoopClient) {
        while let Some(sample) = client.joint_sample() {
            match self.samples.last() {
                // Joints that report one by one: the oldest joint, whose stamp it is, has not moved on.
                Some(last) if sample.stamp <= last.stamp => {}
                _ if self.duration() >= LONGEST => self.late += 1,
                _ => self.samples.push(sample),
            }
        }
        self.lost = client.status().lost_samples - self.lost_before;
    }

    /// The joint states, in the order of their times.
    pub fn samples(&self) -> &[JointSample] {
        &self.samples
    }

    /// Time from the first joint state to the last.
    pub fn duration(&self) -> Duration {
        let ends = self.samples.first().zip(self.samples.last());
        ends.map_or(Duration::ZERO, |(first, last)| last.stamp - first.stamp)
    }

    /// Wall time of the first joint state, since the Unix epoch.
    pub fn wall_start(&self) -> Duration {
        self.wall_start
    }

    /// Number of joint states that are missing.
    pub fn missing(&self) -> u64 {
        self.lost + self.late
    }

    /// Checks that the recording is of use.
    ///
    /// # Errors
    /// [`TooShort`].
    pub fn check(&self) -> Result<(), TooShort> {
        let (states, duration) = (self.samples.len(), self.duration());
        if states < FEWEST { Err(TooShort { states, duration }) } else { Ok(()) }
    }

    #[cfg(test)]
    pub(super) fn of(samples: Vec<JointSample>) -> Self {
        Self { samples, wall_start: Duration::ZERO, lost_before: 0, lost: 0, late: 0 }
    }
}
