//! The context of a trial.

use rand::RngExt;

use super::config::StrokeTaskConfig;
use crate::robot::{TrialKey, trial_random};

/// Stream of the trial's random numbers. The exploration noise has stream 0, the plant stream 1.
const STREAM: u64 = 2;

/// The distribution of a trial's context: uniform between these bounds (context).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Context {
    low: Box<[f64]>,
    width: Box<[f64]>,
}

impl Context {
    /// Takes checked settings.
    pub fn new(config: &StrokeTaskConfig) -> Self {
        let values = || config.context.values();
        let low: Box<[f64]> = values().flat_map(|value| value.low.iter().copied()).collect();
        let high = values().flat_map(|value| value.high.iter().copied());
        let width = low.iter().zip(high).map(|(low, high)| high - low).collect();
        Self { low, width }
    }

    /// Draws the context of a trial (context). The draw depends on seed and key alone. Does not
    /// allocate.
    pub fn draw(&self, seed: u64, key: &TrialKey, out: &mut [f64]) {
        let mut random = trial_random(seed, key);
        random.set_stream(STREAM);
        for ((out, low), width) in out.iter_mut().zip(&self.low).zip(&self.width) {
            *out = low + width * random.random::<f64>();
        }
    }

    /// Whether the context differs between trials.
    pub fn varies(&self) -> bool {
        self.width.iter().any(|width| *width > 0.)
    }

    /// Size of a change of each entry that matters: a fifth of the entry's range (context).
    pub fn scales(&self) -> impl Iterator<Item = f64> {
        // Every fit leaves out an entry that never changes, so any positive scale will do.
        self.width.iter().map(|width| if *width > 0. { 0.2 * width } else { 1. })
    }
}
