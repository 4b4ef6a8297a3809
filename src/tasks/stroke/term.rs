//! Terms of the reward and conditions of success, in computable form.

use moto_settings::FieldError;

use super::config::{ConditionConfig, Shape, StrokeTaskConfig, TermConfig};
use super::measure::Measure;
use super::moment::{Steps, When};
use super::names::Names;
use crate::dynamics::Model;

/// The quantity that a term prices.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Priced {
    /// The error of a state.
    Error(Measure),
    /// The squared action.
    Effort,
    /// The squared change of the action.
    EffortChange,
}

/// A term of the reward.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    pub priced: Priced,
    pub when: When,
    pub weight: f64,
    pub shape: Shape,
}

/// A condition of success.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    pub measure: Measure,
    pub when: When,
    pub within: f64,
}

impl Shape {
    /// The price of an error, given the square of its length.
    pub fn price(self, squared: f64) -> f64 {
        match self {
            Self::Squared => squared,
            Self::Absolute => squared.sqrt(),
            Self::Capped(cap) => squared.min(cap * cap),
            Self::Log(scale) => scale * scale * (squared / (scale * scale)).ln_1p(),
        }
    }
}

impl Term {
    /// The terms of the settings.
    ///
    /// # Errors
    /// The first setting that is refused, by its field.
    pub fn all(
        names: &Names<'_>,
        steps: &Steps,
        rest: &[f64],
        config: &StrokeTaskConfig,
    ) -> Result<Vec<Self>, FieldError> {
        let term = |(i, term)| Self::new(names, steps, rest, &format!("reward[{i}]"), term);
        config.reward.iter().enumerate().map(term).collect()
    }

    fn new(
        names: &Names<'_>,
        steps: &Steps,
        rest: &[f64],
        field: &str,
        config: &TermConfig,
    ) -> Result<Self, FieldError> {
        let measure = Measure::new(names, rest, field, &config.measured)?;
        let when = steps.when(field, &config.timing)?;
        let (price, priced) = match (measure, config.effort, config.effort_change) {
            (Some(measure), None, None) => (1., Priced::Error(measure)),
            (None, Some(price), None) => (price, Priced::Effort),
            (None, None, Some(price)) => (price, Priced::EffortChange),
            (None, None, None) => {
                return Err(FieldError::Missing { field: format!("{field}.{}", ALL[0]), expected: one_of_all() });
            }
            _ => return Err(FieldError::value(field, "effort or effort_change beside something else", one_of_all())),
        };
        let when = match (&priced, when) {
            (Priced::Error(_), Some(when)) => when,
            (Priced::Error(_), None) => return Err(no_time(field)),
            (_, None) => When::During { first: 0, last: steps.horizon },
            (_, Some(When::During { first, last })) => When::During { first, last },
            (_, Some(When::At { .. })) => {
                let expected = "from and to: an effort is over a time";
                return Err(FieldError::value(format!("{field}.at"), "given with an effort", expected));
            }
        };
        if !matches!(priced, Priced::Error(_)) && config.shape != Shape::Squared {
            return Err(FieldError::value(format!("{field}.shape"), "given with an effort", "none: its square costs"));
        }
        Ok(Self { priced, when, weight: price * config.weight, shape: config.shape })
    }

    /// Price of an error.
    pub fn price(&self, error: &[f64]) -> f64 {
        self.weight * self.shape.price(error.iter().map(|e| e * e).sum())
    }

    /// Whether the term measures each state and this state is in its range.
    pub fn covers(&self, state: usize) -> bool {
        matches!(self.when, When::During { first, last } if (first..=last).contains(&state))
    }
}

impl Condition {
    /// The conditions of the settings.
    ///
    /// # Errors
    /// The first setting that is refused, by its field.
    pub fn all(
        names: &Names<'_>,
        steps: &Steps,
        rest: &[f64],
        config: &StrokeTaskConfig,
    ) -> Result<Vec<Self>, FieldError> {
        let conditions = config.success.as_slice();
        let condition = |(i, config): (usize, &ConditionConfig)| {
            let field = if conditions.len() == 1 { "success".into() } else { format!("success[{i}]") };
            let measure = Measure::new(names, rest, &field, &config.measured)?;
            let missing = || FieldError::Missing { field: format!("{field}.position"), expected: one_of_all() };
            let when = steps.when(&field, &config.timing)?.ok_or_else(|| no_time(&field))?;
            Ok(Self { measure: measure.ok_or_else(missing)?, when, within: config.within })
        };
        conditions.iter().enumerate().map(condition).collect()
    }

    /// Length of the error in states (state + 1 x state_dim, all of them); the greatest length if
    /// the condition covers several states.
    pub fn miss(&self, model: &Model, steps: &Steps, states: &[&[f64]]) -> f64 {
        let length = |state: &[f64]| self.measure.error(model, state).iter().map(|e| e * e).sum::<f64>().sqrt();
        match self.when {
            When::At { step, share: 0. } => length(states[step]),
            When::At { step, share } => length(&steps.between(states[step], states[step + 1], share, model.dof())),
            When::During { first, last } => states[first..=last].iter().map(|state| length(state)).fold(0., f64::max),
        }
    }
}

const ALL: [&str; 6] = ["position", "velocity", "direction", "joints", "joint_velocities", "observed"];

fn one_of_all() -> String {
    format!("one of {}; in a term also effort or effort_change", ALL.join(", "))
}

fn no_time(field: &str) -> FieldError {
    FieldError::Missing { field: format!("{field}.at"), expected: "a time, end, or from and to".into() }
}
