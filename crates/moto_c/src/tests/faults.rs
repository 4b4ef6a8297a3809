//! The daemon's fault campaign, through the C functions: each fault trips the loop in the cycles
//! stated, the effort ends at zero, the error names the cause, and a reset goes on.

use std::time::Duration;

use controller::policy::{Policy, StoredLaw};
use controller::robot::Reading;
use moto_learners::{Batch, LEARNERS, Learner, LearnerError, LearnerSettings, Report, Reward, Start, learner};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Place, Rig, error};
use crate::operate::{moto_reset_fault, moto_stop_robot};
use crate::types::moto_result::*;
use crate::types::{MOTO_SIMULATED, moto_phase, moto_safety};

/// Gives the fault, and checks what follows it.
fn trips(promised: u32, cause: &str, mut spoil: impl FnMut(u32, &mut Reading)) {
    let watched = ("max_frozen_readings: null", "max_frozen_readings: 25");
    let place = Place::new(&[watched]);
    let mut rig = Rig::new(&place, MOTO_SIMULATED);
    rig.until("a stroke", |status| status.phase == moto_phase::MOTO_STROKE);
    let cycles = (1..=promised).find(|cycle| {
        rig.cycle(|reading| spoil(*cycle, reading));
        rig.result == MOTO_SAFE_STATE
    });
    assert!(cycles.is_some(), "{cause}: no safe state within {promised} cycles");
    rig.until(cause, |status| status.safety == moto_safety::MOTO_ZERO);
    rig.cycle(|_| {});
    assert_eq!((rig.result, &*rig.command.effort), (MOTO_SAFE_STATE, &[0., 0.][..]));
    // The supervisor tells what the loop told it.
    let controller = rig.controller.0;
    rig.until(cause, |_| error(controller).contains(cause));
    // SAFETY: it was opened.
    assert_eq!(unsafe { moto_reset_fault(rig.controller.0) }, MOTO_OK);
    rig.until("the reset", |status| status.safety == moto_safety::MOTO_RUN);
    rig.until("no error", |_| error(controller).is_empty());
}

#[test]
fn readings_that_are_not_finite() {
    trips(1, "velocity of joint 1 is not finite", |_, reading| reading.velocity[1] = f64::NAN);
    trips(1, "position of joint 0 is not finite", |_, reading| reading.position[0] = f64::INFINITY);
}

#[test]
fn a_joint_that_jumps() {
    trips(1, "joint 0 jumped", |_, reading| reading.position[0] += 1e4);
}

#[test]
fn readings_that_are_frozen() {
    let mut frozen = None;
    trips(40, "were the same to the bit", |_, reading| {
        let (position, velocity) = frozen.get_or_insert((reading.position.clone(), [0.5, 0.5].into())).clone();
        (reading.position, reading.velocity) = (position, velocity);
    });
}

#[test]
fn a_robot_s_time_that_repeats() {
    let mut first = None;
    trips(2, "the robot's time did not advance", |_, reading| reading.stamp = *first.get_or_insert(reading.stamp));
}

#[test]
fn a_robot_s_time_that_jumps() {
    trips(1, "periods missed in a row", |_, reading| reading.stamp += Duration::from_millis(500));
    trips(1, "clock jumped back", |_, reading| reading.stamp -= Duration::from_millis(500));
}

/// A robot with deadlines. Its time passes faster than the wall's, so that the supervisor has none.
fn real(heartbeat: &str) -> (Place, Rig) {
    let watchdog = format!("max_frozen_readings: null, heartbeat_timeout: {heartbeat}");
    let place = Place::new(&[("max_frozen_readings: null", &watchdog)]);
    let rig = Rig::new(&place, 0);
    (place, rig)
}

#[test]
fn packets_that_come_late_are_missed_periods_and_the_run_goes_on() {
    let (_place, mut rig) = real("null");
    rig.until("a stroke", |status| status.phase == moto_phase::MOTO_STROKE);
    for late in 1..=5 {
        let before = rig.controller.status().misses;
        rig.now += rig.controller.period() * late;
        rig.cycle(|_| {});
        let status = rig.controller.status();
        assert_eq!((rig.result, status.safety), (MOTO_OK, moto_safety::MOTO_RUN), "{}", error(rig.controller.0));
        assert_eq!(status.misses - before, u64::from(late));
        rig.cycle(|_| {});
    }
    rig.until("the next trial", |status| status.trials > 0 && status.phase == moto_phase::MOTO_STROKE);
}

#[test]
fn a_robot_that_stops_calling_ends_the_run() {
    let (_place, mut rig) = real("0.5");
    rig.cycle(|_| {});
    while rig.controller.status().running {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(error(rig.controller.0).contains("no cycle for"), "{}", error(rig.controller.0));
    rig.cycle(|_| {});
    assert_eq!((rig.result, &*rig.command.effort), (MOTO_NOT_RUNNING, &[0., 0.][..]));
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct PanicsConfig {}

impl LearnerSettings for PanicsConfig {
    const NAME: &'static str = "panics";

    fn learner(&self, start: &Start) -> Result<Box<dyn Learner>, LearnerError> {
        Ok(Box::new(Panics(start.policy.clone())))
    }
}

/// A learner that panics.
#[derive(Clone)]
struct Panics(Policy);

impl Learner for Panics {
    fn law(&self) -> StoredLaw {
        StoredLaw::Policy(self.0.clone())
    }

    fn iteration(&self) -> usize {
        0
    }

    fn learn(&mut self, _: Batch, _: &dyn Reward) -> Result<Report, LearnerError> {
        panic!("this learner is broken")
    }

    fn save(&self) -> Result<Vec<u8>, LearnerError> {
        Ok(Vec::new())
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), LearnerError> {
        Ok(())
    }

    fn boxed_clone(&self) -> Box<dyn Learner> {
        Box::new(self.clone())
    }
}

#[test]
fn a_learner_that_panics_ends_the_run_with_the_robot_at_zero() {
    LEARNERS.add(learner::<PanicsConfig>());
    let place = Place::new(&[("moto: {}", "panics: {}")]);
    let mut rig = Rig::new(&place, MOTO_SIMULATED);
    rig.until("the end", |status| !status.running);
    rig.cycle(|_| {});
    assert_eq!((rig.result, &*rig.command.effort), (MOTO_NOT_RUNNING, &[0., 0.][..]));
    assert!(error(rig.controller.0).contains("panick"), "{}", error(rig.controller.0));
}

#[test]
fn an_operator_s_stop() {
    let place = Place::new(&[]);
    let mut rig = Rig::new(&place, MOTO_SIMULATED);
    rig.until("a stroke", |status| status.phase == moto_phase::MOTO_STROKE);
    // SAFETY: it was opened.
    assert_eq!(unsafe { moto_stop_robot(rig.controller.0) }, MOTO_OK);
    let controller = rig.controller.0;
    rig.until("zero", |status| {
        status.safety == moto_safety::MOTO_ZERO && error(controller) == "stopped by the operator"
    });
}
