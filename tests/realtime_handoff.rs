//! The loop's hand-offs between threads: messages arrive whole and in order. The tests are small
//! enough for Miri, which finds data races that the hardware hides (`cargo +nightly miri test --test
//! realtime_handoff`, with the component `miri`).

mod control_support;

use moto_controller::control::{
    ControlLoop, Event, LockstepClock, LoopParts, NominalInertia, Outcome, Request, SafetyState, Tuning,
};
use moto_controller::robot::{LoopPort, PlantRequest, RobotPort, TrialKey, TrialKind, link};
use std::thread;
use std::time::Duration;

const MESSAGES: u64 = if cfg!(miri) { 60 } else { 200_000 };
const JOINTS: usize = 9;
const TRIALS: u64 = if cfg!(miri) { 2 } else { 50 };
const HORIZON: usize = 2;

#[test]
fn states_and_commands_come_whole_and_never_older_than_the_one_before() {
    let (port, robot) = link(JOINTS, 6);
    let (LoopPort { mut reading, mut command, .. }, RobotPort { reading: mut state, command: mut effort, .. }) =
        (port, robot);
    let robot = thread::spawn(move || {
        let mut last = 0;
        for n in 1..=MESSAGES {
            let message = state.input_buffer_mut();
            (message.sequence, message.stamp) = (n, Duration::from_nanos(n));
            message.position.fill(n as f64);
            message.velocity.fill(-(n as f64));
            state.publish();
            let newest = effort.read();
            assert!(newest.sequence >= last && newest.effort.iter().all(|e| *e == newest.sequence as f64));
            last = newest.sequence;
        }
        effort
    });
    let mut last = 0;
    for n in 1..=MESSAGES {
        let message = command.input_buffer_mut();
        message.sequence = n;
        message.effort.fill(n as f64);
        command.publish();
        let newest = reading.read();
        assert!(newest.sequence >= last && newest.stamp == Duration::from_nanos(newest.sequence));
        assert!(newest.position.iter().zip(&newest.velocity).all(|(q, qd)| *q == newest.sequence as f64 && *qd == -q));
        last = newest.sequence;
    }
    let mut effort = robot.join().unwrap();
    assert_eq!((reading.read().sequence, effort.read().sequence), (MESSAGES, MESSAGES), "the newest are seen");
}

#[test]
fn requests_come_in_order_and_a_full_ring_gives_them_back() {
    let (LoopPort { mut requests, .. }, RobotPort { requests: mut served, .. }) = link(1, 0);
    let begin = |rollout| PlantRequest::BeginTrial(TrialKey { kind: TrialKind::Learn, iteration: 0, rollout });
    let producer =
        thread::spawn(move || (0..MESSAGES).filter(|n| requests.push(begin(*n)).is_ok()).collect::<Vec<_>>());
    let mut got = Vec::new();
    while !served.is_abandoned() || !served.is_empty() {
        got.extend(served.pop().ok());
        thread::yield_now();
    }
    let taken = producer.join().unwrap();
    assert_eq!(got, taken.into_iter().map(begin).collect::<Vec<_>>());
}

#[test]
fn every_ring_between_the_loop_and_its_supervisor_passes_its_messages_whole() {
    let mut config = control_support::config(1);
    (config.homing.duration, config.return_home.duration, config.black_box_cycles) = (0.02, 0.02, 10);
    let (port, robot) = link(1, 1);
    let clock = Box::new(LockstepClock::new(control_support::Joints::at(&config.start_posture), robot));
    let (stroke, dynamics) = (Box::new(control_support::AllOfIt(1)), Box::new(NominalInertia([1.].into())));
    let (mut control, mut client) =
        ControlLoop::new(LoopParts { config: config.clone(), port, clock, stroke, dynamics }).unwrap();
    let control = thread::spawn(move || control.run());

    for rollout in 0..TRIALS {
        client.tune(Box::new(Tuning::new(config.clone(), 1).unwrap())).ok().expect("the loop takes every tuning");
        assert!(client.order(control_support::order(rollout, HORIZON, 1)).is_ok());
        let (mut trial, mut tuned, mut returned) = (None, false, false);
        while trial.is_none() || !returned {
            trial = trial.or_else(|| client.finished());
            while let Some(event) = client.event() {
                tuned |= matches!(event, Event::Tuned { .. });
                returned |= matches!(event, Event::Returned { key, .. } if key == control_support::key(rollout));
                assert!(!matches!(event, Event::Tripped { .. }), "{event:?}");
            }
            thread::yield_now();
        }
        let trial = trial.unwrap();
        assert!(tuned && trial.outcome == Outcome::Completed, "{:?}", trial.outcome);
        assert_eq!((trial.order.key, trial.episode().steps()), (control_support::key(rollout), HORIZON));
    }

    client.request(Request::Stop).unwrap();
    let (mut black_box, mut stopped) = (None, false);
    while black_box.is_none() || !stopped {
        black_box = black_box.or_else(|| client.black_box());
        while let Some(event) = client.event() {
            stopped |= matches!(event, Event::Safety { state: SafetyState::Zero, .. });
        }
        thread::yield_now();
    }
    let black_box = black_box.unwrap();
    assert!(
        black_box.cycles().all(|cycle| cycle.mark.sequence > 0 && cycle.sent.iter().all(|effort| effort.is_finite()))
    );
    client.recycle(black_box);
    client.stopper().shutdown();
    control.join().unwrap();
    assert!(client.status().ended && client.status().lost_events == 0);
}
