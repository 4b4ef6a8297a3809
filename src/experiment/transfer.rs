//! Transfer: what was learned on the robot as configured goes on on one that differs, as a
//! simulation differs from the robot that it is of.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RunError;
use crate::robot::Plant;
use crate::setup::Setup;
use crate::simulation::Delayed;
use crate::tasks::TaskSettings;
use crate::tasks::table_tennis::TableTennisConfig;

/// What went before the episodes of a variant, and the robot that they are made on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// Iterations on the robot as configured, with the variant's learner and rollouts; the records
    /// leave them out. With 0 the variant starts from the demonstration.
    #[schemars(extend("minimum" = 0, "maximum" = 100000))]
    pub iterations: usize,
    /// Whether the learner takes over the transitions of the robot as configured, beside the law.
    pub transitions: bool,
    /// How the robots of the seeds differ from the robot as configured.
    #[serde(default)]
    pub robot: RobotSpread,
}

/// Ranges from which the seed draws its robot. A range of 0.2 means a factor between 0.8 and 1.2. The
/// control loop and the demonstration know the robot as configured only.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RobotSpread {
    /// Range of each body's mass and inertia.
    #[schemars(extend("minimum" = 0, "maximum" = 0.9))]
    pub masses: f64,
    /// Range of each joint's damping and friction.
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    pub friction: f64,
    /// Range of the restitution of racket and table, which stays at most 1. Other tasks have none.
    #[schemars(extend("minimum" = 0, "maximum" = 0.9))]
    pub restitution: f64,
    /// Delay of every command, in control periods.
    #[schemars(extend("minimum" = 0, "maximum" = 100))]
    pub delay: usize,
}

impl Default for RobotSpread {
    /// A fifth in everything, and a delay of one period.
    fn default() -> Self {
        Self { masses: 0.2, friction: 0.2, restitution: 0.2, delay: 1 }
    }
}

impl RobotSpread {
    /// The robot of a seed: that of `setup`, with what differs. Its driver compensates for what
    /// `setup` says.
    ///
    /// # Errors
    /// If the task refuses what was drawn.
    pub(super) fn plant(&self, setup: &Setup, seed: u64) -> Result<Box<dyn Plant>, RunError> {
        let mut random = ChaCha12Rng::seed_from_u64(seed);
        let mut draw = |range: f64| random.random_range(1. - range..=1. + range);
        let mut config = setup.config.clone();
        if config.task.name() == TableTennisConfig::NAME {
            config.task.change(|task: &mut TableTennisConfig| {
                let court = &mut task.court;
                for restitution in [&mut court.racket.restitution, &mut court.table.restitution] {
                    *restitution = (*restitution * draw(self.restitution)).min(1.);
                }
            })?;
        }
        let mut other = setup.with(config)?;
        other.model.scale_masses(|| draw(self.masses));
        for joint in other.model.joints_mut() {
            joint.passive.damping *= draw(self.friction);
            joint.passive.friction *= draw(self.friction);
        }
        let plant = setup.plant(&*other.task()?, seed)?;
        Ok(Box::new(Delayed::new(plant, setup.model.dof(), self.delay)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robot::{Command, Reading};
    use std::time::Duration;

    /// Joint positions and velocities after a while under constant efforts, beginning at rest.
    fn moved(plant: &mut dyn Plant) -> Vec<f64> {
        let mut reading = Reading::zeros(9, 6);
        plant.reset(Duration::ZERO);
        for period in 1..100 {
            plant.step(Duration::from_millis(2 * period), &Command { effort: [5.; 9].into(), ..Command::zeros(9) });
        }
        plant.read(&mut reading);
        [reading.position, reading.velocity].concat()
    }

    #[test]
    fn a_seed_has_its_robot_and_no_range_is_the_robot_as_configured() {
        let setup = Setup::shipped(|_| ()).unwrap();
        let as_configured = moved(&mut *setup.plant(&*setup.task().unwrap(), 1).unwrap());
        let spread = |masses, friction| RobotSpread { masses, friction, restitution: 0., delay: 0 };
        let of = |spread: RobotSpread, seed| moved(&mut *spread.plant(&setup, seed).unwrap());
        assert_eq!(of(spread(0., 0.), 1), as_configured);
        for some in [spread(0.2, 0.), spread(0., 0.2)] {
            assert_ne!(of(some, 1), as_configured);
            assert_ne!(of(some, 1), of(some, 2));
            assert_eq!(of(some, 1), of(some, 1));
        }
    }

    #[test]
    fn restitution_never_exceeds_one() {
        let setup = Setup::shipped(|_| ()).unwrap();
        let spread = RobotSpread { restitution: 0.9, ..Default::default() };
        // The task refuses more than 1.
        (1..20).for_each(|seed| drop(spread.plant(&setup, seed).unwrap()));
    }
}
