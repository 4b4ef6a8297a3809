//! Adaptation of the step size (Levine and Abbeel 2014, section 3 and its appendix on the step
//! size).
//!
//! The improvement of a step of KL `k` is assumed to be `p k - c k^2`: the model's prediction `p k`
//! minus a penalty for the model's errors that grows with the square. After a step with the
//! improvement `predicted` by the model and the improvement `actual`, the best next step is
//! `predicted / (2 (predicted - actual))` times as long.

use super::StepSizeConfig;
use serde::{Deserialize, Serialize};

/// Smallest factor from one iteration to the next.
const SHRINK: f64 = 0.1;

/// Expected effect of an update, under the model of that update.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Expected return of the policy before the update.
    pub before: f64,
    /// Expected return of the policy after the update.
    pub after: f64,
}

/// The next multiple of epsilon, given the present one, its prediction and the expected return
/// under the new model.
pub fn adapted(config: &StepSizeConfig, multiple: f64, prediction: &Prediction, came: f64) -> f64 {
    let predicted = prediction.after - prediction.before;
    let shortfall = prediction.after - came;
    // The improvement reached the prediction, so the penalty is zero and the best step is
    // unbounded.
    let change = if shortfall > 0.0 { predicted / (2.0 * shortfall) } else { config.growth };
    (multiple * change.clamp(SHRINK, config.growth)).clamp(config.smallest, config.largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next multiple after a step of KL k, with `2 k` predicted and `2 k - 0.5 k^2` reached.
    /// The best step is 2.
    fn next(step: f64, config: &StepSizeConfig) -> f64 {
        let prediction = Prediction { before: -3.0, after: -3.0 + 2.0 * step };
        adapted(config, step, &prediction, -3.0 + 2.0 * step - 0.5 * step * step)
    }

    #[test]
    fn one_step_leads_to_the_best() {
        let config = StepSizeConfig { enabled: true, smallest: 0.01, largest: 10.0, growth: 5.0 };
        for step in [0.5, 1.0, 2.0, 4.0, 9.0] {
            assert!((next(step, &config) - 2.0).abs() < 1e-12, "from {step}");
        }
    }

    #[test]
    fn changes_and_values_stay_in_their_ranges() {
        let config = StepSizeConfig { enabled: true, smallest: 0.01, largest: 10.0, growth: 5.0 };
        let prediction = Prediction { before: 0.0, after: 1.0 };
        assert_eq!(adapted(&config, 1.0, &prediction, 1.5), 5.0);
        assert_eq!(adapted(&config, 1.0, &prediction, 0.999), 5.0);
        assert_eq!(adapted(&config, 1.0, &prediction, -1e9), 0.1);
        assert_eq!(adapted(&config, 8.0, &prediction, 2.0), config.largest);
        assert_eq!(adapted(&config, 0.02, &prediction, -1e9), config.smallest);
    }
}
