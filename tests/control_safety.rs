//! Every watchdog and limit trips in time, ends in ZERO (or HOLD), and stays there until the reset.

mod control_support;

use control_support::*;
use moto_controller::control::*;
use moto_controller::policy::CompiledPolicy;
use moto_controller::robot::{Command, Observed, Reading, RobotPort, link};
use proptest::prelude::*;
use std::sync::{Arc, Mutex};
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
            |f| matches!(f, Fault::ContradictoryVelocity { joint: 1, velocity: 6.1, .. }),
            1,
        ),
        (
            "a speed above all that shows",
            |since, reading| {
                passing(since, || {
                    reading.velocity[1] = 6.1;
                    reading.position[1] += 6.1 * PERIOD.as_secs_f64() * (since + 1) as f64;
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
        (
            "a clock that jumps back",
            |since, _| Wake { back: if since == 0 { 200 * PERIOD } else { Duration::ZERO }, ..Wake::default() },
            |f| *f == Fault::ClockBackward { back: 199 * PERIOD },
            1,
        ),
        (
            "a clock that starts anew",
            |since, _| Wake { back: if since == 0 { 9000 * PERIOD } else { Duration::ZERO }, ..Wake::default() },
            |f| matches!(f, Fault::ClockBackward { .. }),
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
fn a_ball_from_the_future_ends_the_stroke_and_the_arm_goes_home() {
    let mut rig = rig(config(2), |_, reading| {
        reading.task_stamp += Duration::from_millis(101);
        Wake::default()
    });
    rig.until("the return", |rig| rig.returned() == 1);
    let ahead = Duration::from_millis(101);
    let limit = Duration::from_millis(100);
    assert_eq!(rig.finished[0].outcome, Outcome::Aborted(Abort::TaskAhead { value: None, ahead, limit }));
    assert_eq!(rig.finished[0].episode().cycles(), rig.finished[0].episode().time.len());
    assert!(rig.faults().is_empty());
}

/// Observes two values, the second of which may be of another age than the common one.
struct TwoValues(AllOfIt, [Option<Duration>; 2]);

impl Stroke for TwoValues {
    fn state_dim(&self) -> usize {
        self.0.state_dim()
    }

    fn policy_state(&mut self, reading: &Reading, state: &mut [f64]) {
        self.0.policy_state(reading, state);
    }

    fn max_ages(&self) -> &[Option<Duration>] {
        &self.1
    }

    fn triggered(&mut self, reading: &Reading) -> bool {
        self.0.triggered(reading)
    }
}

#[test]
fn each_observed_value_may_be_as_old_as_its_own_limit_allows() {
    let milliseconds = Duration::from_millis;
    // Ages of the two values, the second one's own limit, and the value that ends the stroke.
    let cases = [
        ([90, 90], Some(50), Some((1, 90, 50))),
        ([90, 190], Some(200), None),
        ([90, 190], None, Some((1, 190, 100))),
        ([110, 190], Some(200), Some((0, 110, 100))),
    ];
    for (ages, own, expected) in cases {
        let config = config(1);
        let joints = Joints::at(&config.start_posture);
        let stroke = Box::new(TwoValues(AllOfIt(1), [None, own.map(milliseconds)]));
        let mut rig = Rig::with_stroke(config, joints, stroke, move |wake, reading| {
            let age = |age| milliseconds(if wake < SPOILED { 0 } else { age });
            reading.observed_stamps = ages.map(|old| reading.stamp.saturating_sub(age(old))).into();
            Wake::default()
        });
        rig.client.order(order(0, HORIZON, 1)).unwrap();
        rig.until("the return", |rig| rig.returned() == 1);
        let stale = |(value, age, limit)| {
            let (value, age, limit) = (Some(value), milliseconds(age), milliseconds(limit));
            Outcome::Aborted(Abort::StaleTask { value, age, limit })
        };
        assert_eq!(rig.finished[0].outcome, expected.map_or(Outcome::Completed, stale));
    }
    let observed = [Observed::body("ball"), Observed::body("puck")];
    let said = Abort::StaleTask { value: Some(1), age: milliseconds(90), limit: milliseconds(50) }.named(&observed);
    assert_eq!(said, "puck is 90ms old, allowed are 50ms");
}

#[test]
fn a_ball_that_is_not_of_this_time_starts_no_stroke() {
    type Spoil = fn(&mut Reading);
    type Reason = fn(&Abort) -> bool;
    let cases: [(Spoil, Reason); 2] = [
        (|reading| reading.task_stamp += Duration::from_millis(101), |abort| matches!(abort, Abort::TaskAhead { .. })),
        (|reading| reading.task_stamp = Duration::ZERO, |abort| matches!(abort, Abort::NotTriggered { .. })),
    ];
    for (spoil, expected) in cases {
        let config = config(2);
        let joints = Joints::at(&config.start_posture);
        let mut rig = Rig::new(config, joints, move |wake, reading| {
            if wake > 100 {
                spoil(reading);
            }
            Wake::default()
        });
        rig.turns(100);
        rig.client.order(order(0, HORIZON, 2)).unwrap();
        rig.until("the return", |rig| rig.returned() == 1);
        let Outcome::Aborted(abort) = &rig.finished[0].outcome else { panic!("{:?}", rig.finished[0].outcome) };
        assert!(expected(abort), "{abort}");
        assert!(!rig.phases().contains(&Phase::Stroke) && rig.faults().is_empty());
    }
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

/// Frictionless joints that something hits: kinetic energies (unit inertias) and positions at each wake-up from the trip to
/// ZERO, and the fault.
fn hit(start: [f64; 2], blow: [f64; 2]) -> (Vec<[f64; 2]>, Vec<[f64; 2]>, Fault) {
    let mut config = config(2);
    config.safety = SafetyConfig { damping: vec![5.; 2], ramp: 0.05, duration: 1., ..config.safety };
    let mut joints = Joints::at(&start);
    joints.blow = Some((Duration::from_millis(100), blow.into()));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let mut rig = Rig::new(config, joints, move |_, reading| {
        let energy = reading.velocity.iter().map(|v| 0.5 * v * v).collect::<Vec<_>>();
        log.lock().unwrap().push(([energy[0], energy[1]], [reading.position[0], reading.position[1]]));
        Wake::default()
    });
    rig.until("the fault", |rig| !rig.faults().is_empty());
    let tripped = seen.lock().unwrap().len() - 1;
    rig.until("zero", |rig| rig.client.status().safety == SafetyState::Zero);
    let (energies, positions) = seen.lock().unwrap()[tripped..].iter().copied().unzip();
    (energies, positions, rig.faults()[0])
}

#[test]
fn an_arm_that_flies_is_braked_by_the_safe_command() {
    // Too fast to be taken for a jump of the encoder, too, and where the damping has more to do than the effort allows.
    for speed in [6.2, 7.9, 20., 300.] {
        for sign in [1., -1.] {
            let (energies, _, fault) = hit([0.1, 0.1], [0., sign * speed]);
            assert!(matches!(fault, Fault::Overspeed { joint: 1, .. }), "{speed}: {fault}");
            let total: Vec<f64> = energies.iter().map(|joints| joints.iter().sum()).collect();
            assert!(total.windows(2).all(|pair| pair[1] <= pair[0] * (1. + 1e-9)), "{speed}: {total:?}");
            let (first, last) = (total[0].sqrt(), total[total.len() - 1].sqrt());
            // 20 N m at unit inertia for a second, or what the damping leaves.
            assert!(last < 0.05 * first || first - last > 0.9 * 20. / 2_f64.sqrt(), "{speed}: {first} to {last}");
        }
    }
}

#[test]
fn an_arm_that_leaves_its_bounds_is_braked_by_the_safe_command_and_not_driven_back() {
    for (start, speed) in [(1.95, 3.5), (1.95, 5.), (-1.95, -5.9)] {
        let (energies, positions, fault) = hit([0.1, start], [0., speed]);
        assert!(matches!(fault, Fault::OutOfBounds { joint: 1, .. }), "{speed}: {fault}");
        let total: Vec<f64> = energies.iter().map(|joints| joints.iter().sum()).collect();
        assert!(total.iter().all(|energy| *energy <= total[0]), "{speed}: {total:?}");
        assert!(total[total.len() - 1] < 0.02 * total[0], "{speed}: {total:?}");
        let farthest = positions.iter().fold(0_f64, |far, [_, q]| far.max(q.abs()));
        assert!(farthest < 2.1 + speed.abs() * 0.15, "{speed}: {farthest}");
    }
}

#[test]
fn a_velocity_that_the_positions_do_not_show_brakes_nothing() {
    for velocity in [6.1, 50., -1e6] {
        let config = config(2);
        let joints = Joints::at(&config.start_posture);
        let mut rig = Rig::new(config, joints, move |wake, reading| {
            if wake >= 50 {
                reading.velocity[1] = velocity;
            }
            Wake::default()
        });
        rig.turns(300);
        assert!(matches!(rig.faults()[..], [Fault::ContradictoryVelocity { joint: 1, .. }]), "{:?}", rig.faults());
        // Whatever was sent at rest before; the limits may fade it by the velocity of the one cycle in which it is new.
        assert!(rig.efforts().iter().flatten().all(|effort| effort.abs() < 1e-6), "{:?}", rig.efforts());
    }
}

#[test]
fn after_a_jump_no_bound_brakes_where_the_arm_only_seems_to_be() {
    let config = config(2);
    let joints = Joints::at(&config.start_posture);
    let mut rig = Rig::new(config, joints, |wake, reading| {
        if wake >= 50 {
            // It creeps outward, far beyond the bound, if one believes it.
            reading.position[1] = 2.5 + 1e-4 * (wake - 50) as f64;
            reading.velocity[1] = 0.05;
        }
        Wake::default()
    });
    rig.turns(90);
    assert!(matches!(rig.faults()[..], [Fault::JointJump { joint: 1, .. }]), "{:?}", rig.faults());
    // The damping alone, which the velocity is trusted for.
    assert!(rig.efforts().iter().flatten().all(|effort| effort.abs() <= 5. * 0.05 + 1e-9), "{:?}", rig.efforts());
}

#[test]
fn a_threshold_changed_at_run_time_holds_from_then_on() {
    let mut before = config(2);
    before.watchdog.max_frozen_readings = None;
    let joints = Joints::at(&before.start_posture);
    let mut rig = Rig::new(before.clone(), joints, |_, reading| {
        // Frozen, though it says that it moves.
        reading.position.fill(0.1);
        reading.velocity.fill(0.05);
        Wake::default()
    });
    rig.turns(200);
    assert!(rig.faults().is_empty());
    let after = ControlConfig {
        watchdog: WatchdogConfig { max_frozen_readings: Some(40), ..before.watchdog.clone() },
        ..before
    };
    assert!(rig.client.tune(Box::new(Tuning::new(after, 2).unwrap())).is_ok());
    rig.turns(200);
    assert!(matches!(rig.faults()[..], [Fault::FrozenReading { limit: 40, .. }]), "{:?}", rig.faults());
}

#[test]
fn a_joint_without_bounds_at_an_absurd_position_is_a_fault_and_no_panic() {
    for position in [1e5, -1e19, 1e300, f64::MAX] {
        let mut config = config(2);
        (config.limits.lower[0], config.limits.upper[0]) = (f64::NEG_INFINITY, f64::INFINITY);
        let mut rig = Rig::new(config, Joints::at(&[position, 0.1]), |_, _| Wake::default());
        rig.client.order(order(0, HORIZON, 2)).unwrap();
        rig.turns(TO_ZERO as usize + 3);
        let limit = Duration::from_secs(3600);
        assert_eq!(rig.faults(), [Fault::TooFarFromStart { joint: 0, position, start: 0.1, limit }]);
        assert_eq!((rig.client.status().safety, rig.effort()), (SafetyState::Zero, vec![0., 0.]));
    }
}

#[test]
fn a_clock_that_stands_is_a_fault_and_the_safe_command_does_not_wait_for_it() {
    let mut config = config(2);
    // The clock of a simulation: no heartbeat is watched on it, and there is none.
    config.watchdog.heartbeat_timeout = Some(0.03);
    let joints = Joints::at(&config.start_posture);
    let mut rig = Rig::new(config, joints, |wake, _| Wake { stands: wake >= SPOILED, ..Wake::default() });
    rig.client.order(order(0, HORIZON, 2)).unwrap();
    for _ in 0..SPOILED {
        rig.client.stopper().beat();
        rig.turn();
    }
    assert!(rig.effort().iter().any(|effort| *effort != 0.));
    rig.until("the fault", |rig| !rig.faults().is_empty());
    assert!(matches!(rig.faults()[..], [Fault::ClockStopped { .. }]), "{:?}", rig.faults());
    rig.until("zero", |rig| rig.client.status().safety == SafetyState::Zero);
    rig.until("zero efforts", |rig| rig.effort() == [0., 0.]);
    assert_eq!(rig.states(), [SafetyState::Damp, SafetyState::Zero]);
    // And the loop still hears.
    rig.client.request(Request::ResetFault).unwrap();
    rig.turns(2);
    assert!(rig.events.iter().any(|event| matches!(event, Event::ResetRefused { .. })));
    rig.client.stopper().shutdown();
    rig.until("the end", |rig| rig.ended);
}

/// A clock that says whatever it likes.
struct AnyClock {
    times: Vec<Duration>,
    at: usize,
    reading: triple_buffer::Input<Reading>,
    command: triple_buffer::Output<Command>,
    log: Arc<Mutex<Vec<Vec<f64>>>>,
}

impl Clock for AnyClock {
    fn now(&self) -> Duration {
        self.times[self.at % self.times.len()]
    }
    fn sleep_until(&mut self, _: Duration, _: bool) {
        self.at += 1;
        self.log.lock().unwrap().push(self.command.read().effort.to_vec());
        let (now, at) = (self.now(), self.at);
        let reading = self.reading.input_buffer_mut();
        (reading.stamp, reading.task_stamp, reading.sequence) = (now, now, at as u64);
        reading.position.fill(1e-4 * (at % 3) as f64);
        self.reading.publish();
    }
    fn real_time(&self) -> bool {
        self.times.len().is_multiple_of(2)
    }
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

    /// Whatever the clock says, nothing panics, and every command is within torque and torque rate.
    #[test]
    fn no_clock_brings_the_loop_down(
        steps in prop::collection::vec((0_usize..8, any::<u64>(), 0_u64..20_000_000), 1..200), trigger: bool
    ) {
        let mut config = config(2);
        (config.limits.effort_rate, config.watchdog.max_consecutive_misses) = (vec![1500., 500.], 1000);
        config.watchdog.heartbeat_timeout = Some(0.01);
        config.trigger = if trigger { Trigger::AtOnce } else { Trigger::Task };
        let mut time = Duration::from_secs(1);
        let times = steps.iter().map(|&(kind, any, near)| {
            time = match kind {
                0 => Duration::from_nanos(any),
                1 => Duration::MAX,
                2 => Duration::ZERO,
                3 => time.saturating_sub(Duration::from_nanos(near)),
                4 => time,
                _ => time.saturating_add(Duration::from_nanos(near)),
            };
            time
        }).collect();
        let (port, RobotPort { reading, command, .. }) = link(2, 1);
        let log = Arc::new(Mutex::new(Vec::new()));
        let clock = Box::new(AnyClock { times, at: 0, reading, command, log: log.clone() });
        let (stroke, dynamics) = (Box::new(AllOfIt(2)), Box::new(NominalInertia([1., 1.].into())));
        let (mut control, mut client) = ControlLoop::new(LoopParts { config, port, clock, stroke, dynamics }).unwrap();
        for turn in 0..600 {
            if turn % 50 == 0 {
                let _ = client.order(order(turn, 4, 2));
                let _ = client.request(Request::ResetFault);
            }
            if turn == 500 {
                client.stopper().shutdown();
            }
            if !control.turn() {
                break;
            }
            while client.finished().is_some() || client.event().is_some() {}
        }
        let mut last = vec![0., 0.];
        for effort in log.lock().unwrap().iter() {
            for (joint, rate) in [(0, 3.), (1, 1.)] {
                prop_assert!(effort[joint].is_finite() && effort[joint].abs() <= 20.);
                prop_assert!((effort[joint] - last[joint]).abs() <= rate + 1e-9, "{effort:?} after {last:?}");
            }
            last.clone_from(effort);
        }
    }

    /// Whatever the policy's gains, the noise and the fault: every command is finite, within torque and torque rate, and the end is zero.
    #[test]
    fn every_command_is_within_torque_and_rate(
        gain in -1e3..1e3, noise in prop::collection::vec(-50.0..50.0, 2 * 40), fault in 0_usize..12, at in 1_u64..250, hold: bool
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
