//! Every watchdog and limit trips in time, ends in ZERO (or HOLD), and stays there until the reset.

mod control_support;

use control_support::*;
use moto_controller::control::*;
use moto_controller::policy::CompiledPolicy;
use moto_controller::robot::{Reading, link};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

const HORIZON: usize = 400;
/// Wake-up at which a fault begins, well inside the stroke.
const SPOILED: u64 = 300;
/// Cycles of damping, and the ones in which the rate limit brings any effort to zero.
const TO_ZERO: u64 = 50 + 2;

type Spoil = fn(u64, &mut Reading) -> Wake;

fn rig(config: ControlConfig, spoil: Spoil) -> Rig {
    let joints = Joints::at(&config.start_posture);
    let mut rig =
        Rig::new(
            config,
            joints,
            move |wake, reading| {
                if wake < SPOILED { Wake::default() } else { spoil(wake - SPOILED, reading) }
            },
        );
    rig.client.order(order(0, HORIZON, 2)).unwrap();
    rig.turns(SPOILED as usize);
    assert_eq!((rig.client.status().phase, rig.client.status().safety), (Phase::Stroke, SafetyState::Run));
    rig
}

/// What spoils the wake-ups, the fault expected, and the cycles it may take.
type Case = (&'static str, Spoil, fn(&Fault) -> bool, u64);

/// Everything that trips; each passes after 200 cycles.
fn faults() -> Vec<Case> {
    fn passing(since: u64, spoil: impl FnOnce() -> Wake) -> Wake {
        if since < 200 { spoil() } else { Wake::default() }
    }
    vec![
        (
            "silence",
            |since, _| passing(since, || Wake { silent: true, ..Wake::default() }),
            |f| matches!(f, Fault::StaleReading { .. }),
            25, // 50 ms of state age
        ),
        (
            "a frozen stamp",
            |since, reading| {
                passing(since, || {
                    reading.stamp = Duration::from_millis(2 * SPOILED);
                    Wake::default()
                })
            },
            |f| matches!(f, Fault::StaleReading { .. }),
            25,
        ),
        (
            "a stamp from the future",
            |since, reading| {
                passing(since, || {
                    reading.stamp += Duration::from_millis(51);
                    Wake::default()
                })
            },
            |f| matches!(f, Fault::ReadingAhead { .. }),
            1,
        ),
        (
            "a position that is not finite",
            |since, reading| {
                passing(since, || {
                    reading.position[1] = f64::NAN;
                    Wake::default()
                })
            },
            |f| *f == Fault::NonFiniteReading { quantity: "position", joint: 1 },
            1,
        ),
        (
            "a velocity that is not finite",
            |since, reading| {
                passing(since, || {
                    reading.velocity[0] = f64::INFINITY;
                    Wake::default()
                })
            },
            |f| *f == Fault::NonFiniteReading { quantity: "velocity", joint: 0 },
            1,
        ),
        (
            "a jump",
            |since, reading| {
                passing(since, || {
                    reading.position[1] += 0.1;
                    Wake::default()
                })
            },
            |f| matches!(f, Fault::JointJump { joint: 1, .. }),
            1,
        ),
        (
            "a speed above all",
            |since, reading| {
                passing(since, || {
                    reading.velocity[1] = 6.1;
                    Wake::default()
                })
            },
            |f| matches!(f, Fault::Overspeed { joint: 1, .. }),
            1,
        ),
        (
            "missed periods",
            |since, _| passing(since, || Wake { late: PERIOD, ..Wake::default() }),
            |f| matches!(f, Fault::MissedDeadlines { misses: 11, limit: 10 }),
            11,
        ),
        (
            "one long stall",
            |since, _| Wake { late: if since == 0 { 11 * PERIOD } else { Duration::ZERO }, ..Wake::default() },
            |f| matches!(f, Fault::MissedDeadlines { misses: 11, limit: 10 }),
            1,
        ),
    ]
}

#[test]
fn every_fault_trips_in_time_and_ends_in_zero_until_the_reset() {
    for (what, spoil, expected, cycles) in faults() {
        let mut rig = rig(config(2), spoil);
        let mut count = 0;
        while rig.faults().is_empty() {
            rig.turn();
            count += 1;
            assert!(count <= cycles + 1, "{what} did not trip within {cycles} cycles");
        }
        assert!(expected(&rig.faults()[0]), "{what}: {:?}", rig.faults());
        let trial = &rig.finished[0];
        assert_eq!(trial.outcome, Outcome::Aborted(Abort::Fault(rig.faults()[0])), "{what}");
        assert!(!trial.usable());
        let episode = trial.episode();
        assert!(episode.steps() > 10 && episode.states.len() == episode.steps() * 5, "{what}");
        assert_eq!(episode.time.len(), episode.cycles(), "{what}");
        rig.turns(TO_ZERO as usize);
        assert_eq!(rig.states(), [SafetyState::Damp, SafetyState::Zero], "{what}");
        assert_eq!(rig.effort(), [0., 0.], "{what}");
        rig.turns(300); // The fault has passed, but nothing moves before the reset.
        assert_eq!(rig.effort(), [0., 0.], "{what}");
        rig.client.order(order(1, HORIZON, 2)).unwrap();
        rig.turn();
        rig.turn();
        assert!(matches!(rig.finished[1].outcome, Outcome::Refused(OrderError::Stopped(_))), "{what}");
        rig.client.request(Request::ResetFault).unwrap();
        rig.client.order(order(2, 20, 2)).unwrap();
        rig.until("a trial after the reset", |rig| rig.finished.len() == 3);
        assert_eq!(rig.finished[2].outcome, Outcome::Completed, "{what}");
        assert_eq!(rig.faults().len(), 1, "{what}");
        let black_box = rig.client.black_box().expect(what);
        let last = black_box.cycles().last().unwrap();
        assert_eq!((last.mark.safety, black_box.cycles().len()), (SafetyState::Damp, 100), "{what}");
        assert!(before_it_all_was_well(&black_box), "{what}: the cycles before the fault are in the box");
        assert!(rig.client.black_box().is_none());
    }
}

fn before_it_all_was_well(black_box: &BlackBox) -> bool {
    black_box.cycles().take(99).all(|c| c.mark.safety == SafetyState::Run && c.mark.phase == Phase::Stroke)
}

#[test]
fn a_reset_is_refused_while_damping_and_while_the_readings_are_bad() {
    let mut rig = rig(config(2), |since, reading| {
        if since < 300 {
            reading.position[0] = f64::NAN;
        }
        Wake::default()
    });
    let refusals = |rig: &Rig| rig.events.iter().filter(|e| matches!(e, Event::ResetRefused { .. })).count();
    rig.turns(5);
    rig.client.request(Request::ResetFault).unwrap();
    rig.turns(2);
    assert_eq!(refusals(&rig), 1);
    rig.turns(200);
    assert_eq!(rig.client.status().safety, SafetyState::Zero);
    rig.client.request(Request::ResetFault).unwrap();
    rig.turns(2);
    assert_eq!((refusals(&rig), rig.client.status().safety), (2, SafetyState::Zero));
    rig.turns(200);
    rig.client.request(Request::ResetFault).unwrap();
    rig.turns(2);
    assert_eq!((refusals(&rig), rig.client.status().safety), (2, SafetyState::Run));
}

#[test]
fn a_fault_that_leaves_the_readings_good_may_be_held_in() {
    let mut config = config(2);
    config.safety.response = Response::Hold;
    let mut rig = rig(config, |since, reading| {
        if since == 500 {
            reading.position[1] += 1.;
        }
        Wake::default()
    });
    rig.client.request(Request::Stop).unwrap();
    rig.turns(400);
    assert_eq!((rig.states(), rig.faults()), (vec![SafetyState::Hold], vec![Fault::OperatorStop]));
    assert!(rig.effort().iter().all(|e| e.abs() < 0.1), "at rest: {:?}", rig.effort());
    rig.turns(200);
    assert_eq!(rig.states(), [SafetyState::Hold, SafetyState::Damp, SafetyState::Zero], "a jump ends the holding");
    assert!(matches!(rig.faults()[1], Fault::JointJump { .. }));
}

#[test]
fn a_stale_ball_ends_the_stroke_and_the_arm_goes_home() {
    let mut rig = rig(config(2), |_, reading| {
        reading.task_stamp = Duration::from_millis(2 * SPOILED);
        Wake::default()
    });
    rig.turns(51); // 100 ms of task age
    rig.until("the return", |rig| rig.returned() == 1);
    assert!(
        matches!(rig.finished[0].outcome, Outcome::Aborted(Abort::StaleTask { .. })),
        "{:?}",
        rig.finished[0].outcome
    );
    let steps = rig.finished[0].episode().steps();
    assert!(rig.finished[0].episode().cycles() < SPOILED as usize + 51 && steps > 50);
    assert!(rig.faults().is_empty());
}

#[test]
fn a_state_that_is_not_finite_ends_the_stroke_and_the_arm_goes_home() {
    let mut rig = rig(config(2), |_, reading| {
        reading.task[0] = f64::NAN;
        Wake::default()
    });
    rig.until("the return", |rig| rig.returned() == 1);
    assert_eq!(rig.finished[0].outcome, Outcome::Aborted(Abort::NonFiniteState { index: 4 }));
    assert!(rig.faults().is_empty());
}

/// A law that overflows trips in the cycle it does.
#[test]
fn an_effort_that_is_not_finite_trips() {
    let mut config = config(2);
    config.safety.response = Response::Hold;
    let joints = Joints::at(&config.start_posture);
    let mut rig = Rig::new(config, joints, |wake, reading| {
        reading.task[0] = if wake < SPOILED { 0.02 } else { 1e10 };
        Wake::default()
    });
    let mut policy = policy(HORIZON, 2);
    policy.steps[70..].iter_mut().for_each(|law| law.gain[(1, 4)] = 1e300);
    let compiled = Arc::new(CompiledPolicy::new(&policy).unwrap());
    rig.client.order(TrialOrder { law: compiled.into(), ..order(1, HORIZON, 2) }).unwrap();
    rig.until("the trial", |rig| rig.finished.len() == 1);
    assert_eq!(rig.faults(), [Fault::NonFiniteEffort { joint: 1 }]);
    assert_eq!(rig.finished[0].episode().steps(), 70);
    rig.turns(TO_ZERO as usize);
    assert_eq!((rig.effort(), rig.client.status().safety), (vec![0., 0.], SafetyState::Zero));
    assert!(rig.efforts().iter().flatten().all(|effort| effort.is_finite()));
}

#[test]
fn an_arm_out_of_its_bounds_is_not_driven() {
    let mut rig = Rig::new(config(2), Joints::at(&[0.1, 2.11]), |_, _| Wake::default());
    rig.turns(TO_ZERO as usize + 2);
    assert_eq!(rig.faults(), [Fault::OutOfBounds { joint: 1, position: 2.11, bound: 2. }]);
    assert!(rig.efforts().iter().flatten().all(|effort| *effort == 0.));
}

#[test]
fn without_a_reading_nothing_is_sent_but_zero_and_homing_times_out() {
    let config = config(2);
    let joints = Joints::at(&config.start_posture);
    let mut rig = Rig::new(config, joints, |_, _| Wake { silent: true, ..Wake::default() });
    rig.turns(2000);
    assert!(rig.faults().is_empty(), "a robot that is not there yet is no fault");
    rig.client.order(order(0, HORIZON, 2)).unwrap();
    rig.until("the time-out", |rig| !rig.finished.is_empty());
    assert!(matches!(rig.faults()[..], [Fault::HomingTimeout { .. }]));
    assert!(rig.efforts().iter().flatten().all(|effort| *effort == 0.));
}

#[test]
fn an_arm_that_does_not_come_home_stops() {
    let mut config = config(2);
    config.homing.timeout = 0.1;
    // A real arm that is held still trembles.
    config.watchdog.max_frozen_readings = None;
    let mut rig = Rig::new(config, Joints::at(&[0.9, 0.1]), |_, reading| {
        // Something holds the first joint.
        (reading.position[0], reading.velocity[0]) = (0.9, 0.);
        Wake::default()
    });
    rig.client.order(order(0, HORIZON, 2)).unwrap();
    rig.until("the time-out", |rig| !rig.faults().is_empty());
    assert!(matches!(rig.faults()[..], [Fault::HomingTimeout { .. }]), "{:?}", rig.faults());
    assert_eq!(rig.finished[0].outcome, Outcome::Aborted(Abort::Fault(rig.faults()[0])));
    assert_eq!(rig.finished[0].episode().cycles(), 0);
}

#[test]
fn a_silent_supervisor_stops_the_robot() {
    let mut config = config(2);
    config.watchdog.heartbeat_timeout = Some(0.1);
    let mut rig = Rig::calm(config);
    let stopper = rig.client.stopper();
    for _ in 0..20 {
        stopper.beat();
        rig.turns(40);
    }
    assert!(rig.faults().is_empty());
    rig.turns(13);
    assert!(matches!(rig.faults()[..], [Fault::HeartbeatLost { .. }]), "{:?}", rig.faults());
    rig.turns(TO_ZERO as usize);
    assert_eq!((rig.client.status().safety, rig.effort()), (SafetyState::Zero, vec![0., 0.]));
}

#[test]
fn shutting_down_gives_the_safe_command_first_and_the_trial_back() {
    let mut rig = rig(config(2), |_, _| Wake::default());
    assert!(rig.effort().iter().any(|e| e.abs() > 0.1));
    rig.client.stopper().shutdown();
    for _ in 0..=TO_ZERO {
        rig.turn();
    }
    assert!(rig.ended && !rig.client.status().ended, "the loop is over, though not yet dropped");
    assert_eq!(rig.states(), [SafetyState::Damp, SafetyState::Zero]);
    assert_eq!(rig.finished[0].outcome, Outcome::Aborted(Abort::Fault(Fault::Shutdown)));
    assert_eq!(rig.effort(), [0., 0.]);
    let Rig { control, client, robot, .. } = rig;
    let sent = robot.lock().unwrap().log.len();
    drop(control);
    assert!(client.status().ended && sent > 300);
}

/// A task whose code panics.
struct Panics(AllOfIt);
impl Stroke for Panics {
    fn state_dim(&self) -> usize {
        self.0.state_dim()
    }
    fn policy_state(&mut self, _: &Reading, _: &mut [f64]) {
        panic!("no state today");
    }
    fn triggered(&mut self, reading: &Reading) -> bool {
        self.0.triggered(reading)
    }
}

#[test]
fn a_panic_in_the_loop_leaves_a_zero_command() {
    let joints = Joints::at(&[0.3]);
    let mut rig = Rig::with_stroke(config(1), joints, Box::new(Panics(AllOfIt(1))), |_, _| Wake::default());
    rig.client.order(order(0, 5, 1)).unwrap();
    rig.until("homing", |rig| rig.effort()[0].abs() > 0.1);
    let mut control = rig.control;
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        for _ in 0..1000 {
            control.turn();
        }
    }));
    assert!(panicked.is_err() && rig.client.status().ended);
    assert_eq!(rig.robot.lock().unwrap().newest().effort[..], [0.]);
}

#[test]
fn a_panic_on_the_loops_thread_is_told_by_join() {
    let (port, robot) = link(1, 1);
    let clock = LockstepClock::new(Joints::at(&[0.1]), robot);
    let dynamics = Box::new(NominalInertia([1.].into()));
    let parts =
        LoopParts { config: config(1), port, clock: Box::new(clock), stroke: Box::new(Panics(AllOfIt(1))), dynamics };
    let mut handle = spawn(parts).unwrap();
    handle.client.order(order(0, 5, 1)).unwrap();
    let error = handle.join(None).1.err().unwrap();
    assert!(error.to_string().contains("no state today"), "{error}");
}

#[test]
fn a_supervisor_that_is_gone_ends_the_loop() {
    let (port, robot) = link(1, 1);
    let clock = LockstepClock::new(Joints::at(&[0.1]), robot);
    let dynamics = Box::new(NominalInertia([1.].into()));
    let parts = LoopParts { config: config(1), port, clock: Box::new(clock), stroke: Box::new(AllOfIt(1)), dynamics };
    let handle = spawn(parts).unwrap();
    let stopper = handle.client.stopper();
    drop(handle);
    while !stopper.status().ended {
        std::thread::yield_now();
    }
    assert_eq!(stopper.status().safety, SafetyState::Zero);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever the policy's gains, the noise and the fault: every command is finite, within torque and torque rate, and the end is zero.
    #[test]
    fn every_command_is_within_torque_and_rate(
        gain in -1e3..1e3, noise in prop::collection::vec(-50.0..50.0, 2 * 40), fault in 0_usize..9, at in 1_u64..250, hold: bool
    ) {
        let mut config = config(2);
        config.limits.effort_rate = vec![1500., 500.];
        config.safety.response = if hold { Response::Hold } else { Response::Damp };
        let joints = Joints::at(&[0.4, -0.3]);
        let spoil = faults()[fault].1;
        let mut rig = Rig::new(config, joints, move |wake, reading| {
            if wake < at { Wake::default() } else { spoil(wake - at, reading) }
        });
        let mut policy = policy(40, 2);
        policy.steps.iter_mut().for_each(|law| law.gain.fill(gain));
        let compiled = Arc::new(CompiledPolicy::new(&policy).unwrap());
        let ordered = TrialOrder { law: compiled.into(), noise: noise.into(), ..order(0, 40, 2) };
        rig.client.order(ordered).unwrap();
        rig.turns(400);
        rig.client.stopper().shutdown();
        rig.until("the end", |rig| rig.ended);
        let (efforts, mut last) = (rig.efforts(), vec![0., 0.]);
        for effort in efforts.into_iter().chain([rig.effort()]) {
            for (joint, rate) in [(0, 3.), (1, 1.)] {
                prop_assert!(effort[joint].is_finite() && effort[joint].abs() <= 20.);
                prop_assert!((effort[joint] - last[joint]).abs() <= rate + 1e-9, "{effort:?} after {last:?}");
            }
            last = effort;
        }
        prop_assert_eq!(last, vec![0., 0.]);
        prop_assert_eq!(rig.finished.len(), 1);
    }
}
