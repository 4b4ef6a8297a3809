//! How far a step may go (Levine and Abbeel 2014, section 3 and its appendix on the step size).
//!
//! The improvement over a step of KL `k` is taken to be `p k - c k^2`: the model's prediction `p k`, less a penalty for what
//! the model gets wrong, which grows with the square. From a step that was to improve by `predicted` and improved by
//! `actual`, the best next one is `predicted / (2 (predicted - actual))` times as long.

use super::StepSizeConfig;
use serde::{Deserialize, Serialize};

/// Range of the change of the step from one iteration to the next.
const CHANGE: (f64, f64) = (0.1, 5.0);

/// What an update was expected to bring, under the model it was made with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Expected return of the policy before the update.
    pub before: f64,
    /// Expected return of the policy after it.
    pub after: f64,
}

/// The next multiple of epsilon, given the present one, what was predicted for it and the expected return that came.
pub fn adapted(config: &StepSizeConfig, multiple: f64, prediction: &Prediction, came: f64) -> f64 {
    let predicted = prediction.after - prediction.before;
    let shortfall = prediction.after - came;
    // At least as much as was predicted: the penalty is nil and the best step has no end.
    let change = if shortfall > 0.0 { predicted / (2.0 * shortfall) } else { CHANGE.1 };
    (multiple * change.clamp(CHANGE.0, CHANGE.1)).clamp(config.smallest, config.largest)
}
