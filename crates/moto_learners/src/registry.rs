//! The learners, by their names in configurations: `learner: {moto: {epsilon: 0.2}}`.
//!
//! A learner is a line of [`LEARNERS`]. A program built on this crate adds its own learner before
//! it reads a configuration: `LEARNERS.add(learner::<MySettings>())`.

use moto_settings::{Choice, Entries, Entry, FieldError, Registry, Tree};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::episodic::{CasMoreConfig, MoreConfig, RepsConfig};
use crate::gps::GpsConfig;
use crate::moto::MotoConfig;
use crate::trpo::TrpoConfig;
use crate::{Learner, LearnerError, Start};

/// Settings of a learner.
pub trait LearnerSettings: Serialize + DeserializeOwned + JsonSchema {
    /// The learner's name in configurations.
    const NAME: &'static str;

    /// Checks the relations between fields. The fields' attributes state the range of each.
    ///
    /// # Errors
    /// The first value that is refused.
    fn check(&self) -> Result<(), FieldError> {
        Ok(())
    }

    /// Makes the learner.
    ///
    /// # Errors
    /// A value that is refused, or a task that does not suit the learner.
    fn learner(&self, start: &Start) -> Result<Box<dyn Learner>, LearnerError>;
}

/// A learner, or the reason why there is none.
type Started = Result<Box<dyn Learner>, LearnerError>;

/// Functions that use the settings of a learner.
#[derive(Clone, Copy, Debug)]
pub struct Make {
    check: fn(&Tree) -> Result<(), FieldError>,
    learner: fn(&Tree, &Start) -> Started,
}

/// The registry's line for a learner.
pub const fn learner<S: LearnerSettings>() -> Entry<Make> {
    Entry::of::<S>(S::NAME, Make { check: check_settings::<S>, learner: make_learner::<S> })
}

fn check_settings<S: LearnerSettings>(settings: &Tree) -> Result<(), FieldError> {
    settings.clone().into_typed::<S>()?.check()
}

fn make_learner<S: LearnerSettings>(settings: &Tree, start: &Start) -> Started {
    settings.clone().into_typed::<S>()?.learner(start)
}

/// The registered learners.
pub static LEARNERS: Entries<Make> = Entries::new(&[
    learner::<MotoConfig>(),
    learner::<GpsConfig>(),
    learner::<TrpoConfig>(),
    learner::<RepsConfig>(),
    learner::<MoreConfig>(),
    learner::<CasMoreConfig>(),
]);

/// The registry of learners, from which a configuration chooses: `Choice<Learners>`.
#[derive(Debug)]
pub struct Learners;

impl Registry for Learners {
    type Make = Make;
    const WHAT: &'static str = "learner";

    fn entries() -> &'static Entries<Make> {
        &LEARNERS
    }
}

impl Learners {
    /// Chooses the learner that has settings of this type.
    ///
    /// # Errors
    /// Settings that no configuration can hold.
    pub fn chosen<S: LearnerSettings>(settings: &S) -> Result<Choice<Self>, FieldError> {
        Choice::new(S::NAME, settings)
    }

    /// Checks the relations between fields of the settings.
    ///
    /// # Errors
    /// The first value that is refused. Its name starts after the learner's name.
    pub fn check(choice: &Choice<Self>) -> Result<(), FieldError> {
        (choice.kind()?.make.check)(choice.settings()).map_err(|error| error.within(choice.name()))
    }

    /// Makes the chosen learner.
    ///
    /// # Errors
    /// A value that is refused, or a task that does not suit the learner.
    pub fn start(choice: &Choice<Self>, start: &Start) -> Result<Box<dyn Learner>, LearnerError> {
        (choice.kind()?.make.learner)(choice.settings(), start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_do_not_fit_each_other_are_refused_by_the_learners_name() {
        let refused = |json: &str| {
            let choice: Choice<Learners> = serde_json::from_str(json).unwrap();
            Learners::check(&choice).unwrap_err().to_string()
        };
        assert_eq!(
            refused(r#"{"moto": {"targets": "monte_carlo"}}"#),
            "moto.reuse is time_and_iterations, expected none with monte_carlo targets"
        );
        assert!(refused(r#"{"more": {"movement": {"context": true}}}"#).starts_with("more.movement.context is true"));
    }

    #[test]
    fn a_learner_is_read_by_its_name_with_its_defaults() {
        for name in ["moto", "gps", "trpo", "reps", "more", "cas_more"] {
            let choice: Choice<Learners> = serde_json::from_str(&format!(r#"{{"{name}": {{}}}}"#)).unwrap();
            assert_eq!(choice.name(), name);
            Learners::check(&choice).unwrap();
        }
        assert_eq!(Learners::chosen(&MotoConfig::default()).unwrap(), serde_json::from_str(r#"{"moto": {}}"#).unwrap());
    }
}
