//! The range of a number.

use std::fmt;

use serde_json::Value as Json;

/// The range of a number, or of each entry of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Range {
    /// Lower bound; `None` if there is none.
    pub low: Option<f64>,
    /// Whether the lower bound itself is allowed.
    pub low_included: bool,
    /// Upper bound; `None` if there is none.
    pub high: Option<f64>,
    /// Whether the upper bound itself is allowed.
    pub high_included: bool,
    /// Whether infinite values are allowed.
    pub infinite: bool,
}

impl Range {
    /// The range that a field's attributes state.
    pub(super) fn of(schema: &Json) -> Self {
        let bound = |key: &str| schema.get(key).and_then(Json::as_f64);
        let side = |inclusive: &str, exclusive: &str| match bound(exclusive) {
            Some(bound) => (Some(bound), false),
            None => (bound(inclusive), true),
        };
        let (low, low_included) = side("minimum", "exclusiveMinimum");
        let (high, high_included) = side("maximum", "exclusiveMaximum");
        Self { low, low_included, high, high_included, infinite: schema.get("x-infinite") == Some(&Json::Bool(true)) }
    }

    /// Whether a value is allowed. "Not a number" is never allowed.
    pub fn contains(&self, value: f64) -> bool {
        let above = |low: f64| if self.low_included { value >= low } else { value > low };
        let below = |high: f64| if self.high_included { value <= high } else { value < high };
        let sized = if self.infinite { !value.is_nan() } else { value.is_finite() };
        sized && self.low.is_none_or(above) && self.high.is_none_or(below)
    }

    /// Both bounds; `None` if a bound is missing.
    pub fn bounds(&self) -> Option<(f64, f64)> {
        Some((self.low?, self.high?))
    }
}

/// Text for messages, e.g. `0.0001 to 0.1`, or `above 0 and at most 60`; empty if every number is
/// allowed.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let low = self.low.map(|low| format!("{} {low}", if self.low_included { "at least" } else { "above" }));
        let high = self.high.map(|high| format!("{} {high}", if self.high_included { "at most" } else { "below" }));
        match (self.bounds(), low, high) {
            (Some((low, high)), ..) if self.low_included && self.high_included => write!(f, "{low} to {high}"),
            (_, Some(low), Some(high)) => write!(f, "{low} and {high}"),
            (_, Some(one), None) | (_, None, Some(one)) => f.write_str(&one),
            (_, None, None) => Ok(()),
        }
    }
}
