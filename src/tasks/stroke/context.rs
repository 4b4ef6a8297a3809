//! The context of a trial.

use rand::RngExt;

use super::config::StrokeTaskConfig;
use crate::robot::{TrialKey, trial_random};

/// Stream of the trial's random numbers: 0 is the exploration noise's, 1 the plant's.
const STREAM: u64 = 2;

/// From what the context of a trial is drawn: uniformly between these bounds (context).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Context {
    low: Box<[f64]>,
    width: Box<[f64]>,
}

impl Context {
    /// Of checked settings.
    pub fn new(config: &StrokeTaskConfig) -> Self {
        let values = || config.context.values();
        let low: Box<[f64]> = values().flat_map(|value| value.low.iter().copied()).collect();
        let high = values().flat_map(|value| value.high.iter().copied());
        let width = low.iter().zip(high).map(|(low, high)| high - low).collect();
        Self { low, width }
    }

    /// Draws that of a trial (context): always the same for this seed and key, whatever was drawn before. Does not allocate.
    pub fn draw(&self, seed: u64, key: &TrialKey, out: &mut [f64]) {
        let mut random = trial_random(seed, key);
        random.set_stream(STREAM);
        for ((out, low), width) in out.iter_mut().zip(&self.low).zip(&self.width) {
            *out = low + width * random.random::<f64>();
        }
    }

    /// Whether trials differ in it.
    pub fn varies(&self) -> bool {
        self.width.iter().any(|width| *width > 0.)
    }

    /// A change of each entry that matters: a fifth of its range (context).
    pub fn scales(&self) -> impl Iterator<Item = f64> {
        // An entry that never changes is left out of every fit; its scale only has to be one.
        self.width.iter().map(|width| if *width > 0. { 0.2 * width } else { 1. })
    }
}
