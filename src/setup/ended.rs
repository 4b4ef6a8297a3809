//! What becomes of strokes that a limit ended.

use moto_settings::FieldError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Config;

/// What becomes of a stroke that the loop ended because of the arm's motion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndedStrokes {
    /// It is stored and made again, and the learner never hears of it.
    #[default]
    LeftOut,
    /// The learner learns from the steps that were made, and that the others were lost. GPS and TRPO
    /// leave it out all the same.
    Learned,
}

/// Refuses to learn from ended strokes whose rewards nobody gives.
pub(super) fn check(config: &Config) -> Result<(), FieldError> {
    if config.run.ended_strokes == EndedStrokes::Learned && config.judge.is_used() {
        let expected = "left_out, as `judge` is given: only the task judges a stroke that was ended";
        return Err(FieldError::value("run.ended_strokes", "learned", expected));
    }
    Ok(())
}
