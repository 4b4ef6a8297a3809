//! A robot that is late, and a loop that is.

use super::control_support::*;
use super::readings::{ANY, Lie, campaign};
use super::table::injections;
use moto_controller::control::*;
use rand::RngExt;

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
    });
}
