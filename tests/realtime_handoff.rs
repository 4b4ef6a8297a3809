//! The loop's real edges, between real threads: messages come whole and in order. Small enough for Miri, which finds what the
//! hardware forgives (where the toolchain has it: `cargo +nightly miri test --test realtime_handoff`).

use moto_controller::robot::{LoopPort, PlantRequest, RobotPort, TrialKey, TrialKind, link};
use std::thread;
use std::time::Duration;

const MESSAGES: u64 = if cfg!(miri) { 60 } else { 200_000 };
const JOINTS: usize = 9;

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
