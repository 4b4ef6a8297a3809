//! Running means and deviations.

use crate::policy::InputScales;
use serde::{Deserialize, Serialize};

/// Smallest variance of a scale. An input that does not vary keeps a finite scale.
const SMALLEST: f64 = 1e-4;

/// Mean and variance of all values seen, entry by entry (Welford 1962).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    count: u64,
    mean: Vec<f64>,
    /// Sums of squared deviations from the mean.
    squares: Vec<f64>,
}

impl Statistics {
    /// Statistics of no values yet.
    pub fn new(entries: usize) -> Self {
        Self { count: 0, mean: vec![0.; entries], squares: vec![0.; entries] }
    }

    /// Adds a value of each entry.
    pub fn add(&mut self, values: impl Iterator<Item = f64>) {
        self.count += 1;
        for ((value, mean), squares) in values.zip(&mut self.mean).zip(&mut self.squares) {
            let before = value - *mean;
            *mean += before / self.count as f64;
            *squares += before * (value - *mean);
        }
    }

    /// Means and standard deviations.
    pub fn scales(&self) -> InputScales {
        let deviation = |squares: &f64| (squares / self.count.max(1) as f64).max(SMALLEST).sqrt();
        InputScales { mean: self.mean.clone(), deviation: self.squares.iter().map(deviation).collect() }
    }

    /// Whether statistics that were read back have this number of entries, all finite.
    pub fn is_sound(&self, entries: usize) -> bool {
        let finite = self.mean.iter().chain(&self.squares).all(|x| x.is_finite());
        (self.mean.len(), self.squares.len()) == (entries, entries) && finite && self.count < u64::MAX >> 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation_of_all_values() {
        let mut statistics = Statistics::new(2);
        [1., 2., 6.].iter().for_each(|x| statistics.add([*x, 3.].into_iter()));
        let InputScales { mean, deviation } = statistics.scales();
        assert_eq!(mean, [3., 3.]);
        assert!((deviation[0] - (14f64 / 3.).sqrt()).abs() < 1e-14 && deviation[1] == 0.01, "{deviation:?}");
    }
}
