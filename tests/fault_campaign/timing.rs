//! A robot that is late, and a loop that is.

use super::control_support::*;
use super::readings::{ANY, BLIND, Lie, campaign};
use super::table::{injections, random, row};
use moto_controller::control::*;
use rand::RngExt;
use std::time::Duration;

/// Cycles that a state may be old, and the one that finds it.
const AGE: u64 = 25 + 1;

#[test]
fn silence() {
    campaign(&Lie {
        name: "no states for 52 ms to 240 ms",
        injected: injections(40),
        draw: |random| {
            let cycles = random.random_range(AGE..120);
            Box::new(move |since, _| Wake { silent: since < cycles, ..Wake::default() })
        },
        // The first state after a gap may be farther than the speed allows only if the arm was faster.
        expected: (|fault| matches!(fault, Fault::StaleReading { .. }), "old"),
        cycles: Some(AGE),
        may_pass: false,
        begins: ANY,
        friction: 0.,
    });
}

#[test]
fn short_gaps_and_bursts() {
    campaign(&Lie {
        name: "gaps of 10 to 48 ms, then a burst",
        injected: injections(40),
        draw: |random| {
            let gap = random.random_range(5..24);
            // Of what comes in a burst the newest wins.
            Box::new(move |since, _| Wake { silent: since % 40 < gap, ..Wake::default() })
        },
        expected: (|_| false, ""),
        cycles: None,
        may_pass: false,
        begins: ANY,
        friction: 0.,
    });
}

#[test]
fn a_robot_that_died() {
    campaign(&Lie {
        name: "states that stop, stamps frozen",
        injected: injections(30),
        draw: |_| {
            let mut last = None;
            Box::new(move |_, reading| {
                let sequence = reading.sequence;
                reading.clone_from(last.get_or_insert_with(|| reading.clone()));
                reading.sequence = sequence;
                Wake::default()
            })
        },
        expected: (|fault| matches!(fault, Fault::StaleReading { .. } | Fault::FrozenReading { .. }), "joint state"),
        cycles: Some(AGE + 1),
        may_pass: false,
        begins: ANY,
        friction: BLIND,
    });
}

#[test]
fn a_stalled_loop() {
    campaign(&Lie {
        name: "the loop stalled for 22 ms to 1 s",
        injected: injections(40),
        draw: |random| {
            let late = random.random_range(11..500) * PERIOD;
            Box::new(move |since, _| Wake {
                late: if since == 0 { late } else { Default::default() },
                ..Wake::default()
            })
        },
        // A state that old is as bad: whichever is seen first.
        expected: (|fault| matches!(fault, Fault::MissedDeadlines { .. } | Fault::StaleReading { .. }), " "),
        cycles: Some(1),
        may_pass: false,
        begins: ANY,
        friction: BLIND,
    });
}

#[test]
fn a_loop_that_misses_now_and_then() {
    campaign(&Lie {
        name: "single misses of up to 20 ms",
        injected: injections(40),
        draw: |random| {
            let (every, late) = (random.random_range(12..40), random.random_range(1..9) * PERIOD);
            Box::new(move |since, _| Wake {
                late: if since % every == 0 { late } else { Default::default() },
                ..Wake::default()
            })
        },
        expected: (|_| false, ""),
        cycles: None,
        may_pass: false,
        begins: ANY,
        friction: 0.,
    });
}

#[test]
fn a_clock_that_jumps_back() {
    campaign(&Lie {
        name: "the loop's clock jumps back by 2 ms to 90 s",
        injected: injections(40),
        draw: |random| {
            let back = Duration::from_millis(
                [random.random_range(4..100), random.random_range(100..90_000)][random.random_range(0..2)],
            );
            Box::new(move |since, _| Wake { back: if since == 0 { back } else { Duration::ZERO }, ..Wake::default() })
        },
        expected: (|fault| matches!(fault, Fault::ClockBackward { .. }), "clock jumped back"),
        cycles: Some(1),
        may_pass: false,
        begins: ANY,
        friction: 0.,
    });
}

#[test]
fn a_clock_that_stands() {
    let (injected, limit) = (injections(6), Duration::from_millis(30));
    for injection in 0..injected {
        let mut config = config(2);
        config.watchdog.heartbeat_timeout = Some(limit.as_secs_f64());
        let joints = Joints::at(&config.start_posture);
        let begin = random("clock", injection).random_range(50..400);
        let mut rig = Rig::new(config, joints, move |wake, _| Wake { stands: wake >= begin, ..Wake::default() });
        rig.client.order(order(0, 60, 2)).unwrap();
        for _ in 0..begin {
            rig.client.stopper().beat();
            rig.turn();
        }
        rig.until("the fault", |rig| !rig.faults().is_empty());
        let fault = rig.faults()[0];
        assert!(matches!(fault, Fault::ClockStopped { .. }) && fault.to_string().contains("stood still"), "{fault}");
        rig.until("zero", |rig| rig.client.status().safety == SafetyState::Zero && rig.effort() == [0., 0.]);
        assert_eq!(rig.finished.len(), 1);
    }
    row(
        "the loop's clock stands (limit 30 ms of the wall's)",
        injected,
        "the limit",
        "the limit",
        "zero effort without it",
        0,
    );
}

#[test]
fn a_ball_from_the_future() {
    let injected = injections(30);
    for injection in 0..injected {
        let config = config(2);
        let joints = Joints::at(&config.start_posture);
        let random = &mut random("ball", injection);
        let (begin, ahead) = (random.random_range(20..300), Duration::from_millis(random.random_range(101..100_000)));
        let mut rig = Rig::new(config, joints, move |wake, reading| {
            if (begin..begin + 700).contains(&wake) {
                reading.task_stamp += ahead;
            }
            Wake::default()
        });
        rig.client.order(order(0, 60, 2)).unwrap();
        rig.until("the end of the trial", |rig| rig.returned() == 1);
        let outcome = &rig.finished[0].outcome;
        assert!(matches!(outcome, Outcome::Aborted(Abort::TaskAhead { .. })), "{begin}: {outcome:?}");
        rig.turns(800);
        rig.client.order(order(1, 60, 2)).unwrap();
        rig.until("the further trial", |rig| rig.returned() == 2);
        assert_eq!(rig.finished[1].outcome, Outcome::Completed);
        assert!(rig.faults().is_empty());
    }
    row("the ball stamped ahead of the loop's clock", injected, "-", "-", "the stroke ends, the arm goes home", 0);
}
