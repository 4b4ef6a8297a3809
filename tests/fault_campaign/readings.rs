//! A robot that lies: what it says is not so, or not any more.

use super::control_support::*;
use super::table::{injections, random, row};
use moto_controller::control::*;
use moto_controller::robot::Reading;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::time::Duration;

/// Wake-ups of a whole trial of [`HORIZON`] steps, homing and return included.
const TRIAL: u64 = 700;
const HORIZON: usize = 60;
/// Any time of the trial: homing, ready, stroke and return; the fault is over before its end.
pub const ANY: Range<u64> = 20..TRIAL - 200;
/// The stroke.
const STROKE: Range<u64> = 200..400;
/// Cycles that the fault lasts.
const LASTS: u64 = 120;

/// Spoils the reading of one wake-up, given by its number after the fault began.
type Spoil = Box<dyn FnMut(u64, &mut Reading) -> Wake + Send>;

/// A fault of the robot's.
pub struct Lie {
    pub name: &'static str,
    pub injected: usize,
    /// Draws one.
    pub draw: fn(&mut ChaCha8Rng) -> Spoil,
    /// Whether this is the fault that may be found, and what the message must contain.
    pub expected: (fn(&Fault) -> bool, &'static str),
    /// Cycles to the safe state, from the first spoiled one; none if there is no need for one.
    pub cycles: Option<u64>,
    /// Whether only some of the injections contradict what was seen before.
    pub may_pass: bool,
    /// Wake-ups at which it may begin.
    pub begins: Range<u64>,
    /// Viscous friction of the arm, 1/s: none, where the velocities stay trustworthy.
    pub friction: f64,
}

/// Without trustworthy velocities, and while the loop stands, nothing brakes the arm but this.
pub const BLIND: f64 = 10.;

/// What a run with one injection showed.
struct Seen {
    /// Cycles from the first spoiled one to the first safe command.
    cycles: Option<u64>,
    lost: usize,
}

/// A trial begins, the fault comes at a random cycle and goes, the robot is reset, and a further trial is made.
fn inject(lie: &Lie, random: &mut ChaCha8Rng) -> Seen {
    let mut config = config(2);
    config.safety = SafetyConfig { damping: vec![20.; 2], duration: 0.3, ..config.safety };
    let (limit, step) = (config.limits.effort[0], config.limits.effort_rate[0] * config.period);
    let mut joints = Joints::at(&config.start_posture);
    joints.friction = lie.friction;
    joints.position = vec![-0.4, 0.5];
    let (mut spoil, begin) = ((lie.draw)(random), random.random_range(lie.begins.clone()));
    let mut rig = Rig::new(config, joints, move |wake, reading| {
        let since = wake.checked_sub(begin).filter(|since| *since < LASTS);
        since.map_or(Wake::default(), |since| spoil(since, reading))
    });
    rig.client.order(order(0, HORIZON, 2)).unwrap();
    let mut orders = 1;
    let mut cycles = None;
    for wake in 0..TRIAL {
        rig.turn();
        if cycles.is_none() && rig.client.status().safety != SafetyState::Run {
            // The command of this very cycle is a safe one.
            cycles = Some((wake + 1).saturating_sub(begin));
        }
    }
    if let Some(fault) = rig.faults().first() {
        assert!((lie.expected.0)(fault), "{}: {fault}", lie.name);
        assert!(fault.to_string().contains(lie.expected.1), "{}: {fault}", lie.name);
        assert_eq!(rig.client.status().safety, SafetyState::Zero, "{}: it stays there", lie.name);
        assert_eq!(rig.effort(), [0., 0.], "{}", lie.name);
        rig.client.request(Request::ResetFault).unwrap();
    }
    rig.client.order(order(1, HORIZON, 2)).unwrap();
    orders += 1;
    rig.until("the further trial", |rig| rig.finished.len() == orders);
    assert_eq!(rig.finished.last().unwrap().outcome, Outcome::Completed, "{}", lie.name);
    let efforts = rig.efforts();
    assert!(efforts.iter().flatten().all(|effort| effort.abs() <= limit), "{}", lie.name);
    let jump = |pair: &[Vec<f64>]| pair[0].iter().zip(&pair[1]).any(|(a, b)| (b - a).abs() > step + 1e-9);
    assert!(!efforts.windows(2).any(jump), "{}", lie.name);
    Seen { cycles, lost: orders - rig.finished.len() }
}

/// Injects a fault as often as it says and prints its row.
pub fn campaign(lie: &Lie) {
    let (mut worst, mut lost, mut found) = (0, 0, 0);
    for injection in 0..lie.injected {
        let seen = inject(lie, &mut random(lie.name, injection));
        lost += seen.lost;
        if let Some(cycles) = seen.cycles {
            let promised = lie.cycles.unwrap_or_else(|| panic!("{}: there was no need to stop", lie.name));
            assert!(cycles <= promised, "{}, injection {injection}: {cycles} cycles", lie.name);
            worst = worst.max(cycles);
            found += 1;
        }
    }
    match lie.cycles {
        Some(_) if lie.may_pass => assert!(found > 0, "{} was never found", lie.name),
        Some(_) => assert_eq!(found, lie.injected, "{} was not found each time", lie.name),
        None => assert_eq!(found, 0),
    }
    assert_eq!(lost, 0, "{}", lie.name);
    let (promised, worst) = match lie.cycles {
        Some(_) if lie.may_pass => ("where it shows".into(), "-".into()),
        Some(cycles) => (cycles.to_string(), worst.to_string()),
        None => ("goes on".into(), "went on".into()),
    };
    row(lie.name, lie.injected, &promised, &worst, &format!("{found} safe states"), lost);
}

fn joint(random: &mut ChaCha8Rng) -> usize {
    random.random_range(0..2)
}

#[test]
fn values_that_are_none() {
    campaign(&Lie {
        name: "NaN or infinity in a position or velocity",
        injected: injections(60),
        draw: |random| {
            let (joint, which, velocity) = (joint(random), random.random_range(0..3), random.random::<bool>());
            let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
            Box::new(move |_, reading| {
                if velocity {
                    reading.velocity[joint] = values[which]
                } else {
                    reading.position[joint] = values[which]
                }
                Wake::default()
            })
        },
        expected: (|fault| matches!(fault, Fault::NonFiniteReading { .. }), "is not finite"),
        cycles: Some(1),
        may_pass: false,
        begins: ANY,
        friction: BLIND,
    });
}

#[test]
fn a_joint_that_vanishes() {
    campaign(&Lie {
        name: "a joint missing from the states",
        injected: injections(30),
        // What stands between messages and loop makes NaN of a joint that is not there.
        draw: |random| {
            let joint = joint(random);
            Box::new(move |_, reading| {
                (reading.position[joint], reading.velocity[joint]) = (f64::NAN, f64::NAN);
                Wake::default()
            })
        },
        expected: (|fault| matches!(fault, Fault::NonFiniteReading { quantity: "position", .. }), "position of joint"),
        cycles: Some(1),
        may_pass: false,
        begins: ANY,
        friction: BLIND,
    });
}

#[test]
fn a_state_that_freezes() {
    campaign(&Lie {
        name: "states frozen, freshly stamped",
        injected: injections(60),
        draw: |_| {
            let mut frozen: Option<Reading> = None;
            Box::new(move |_, reading| {
                let first = frozen.get_or_insert_with(|| reading.clone());
                reading.position.clone_from(&first.position);
                reading.velocity.clone_from(&first.velocity);
                Wake::default()
            })
        },
        expected: (|fault| matches!(fault, Fault::FrozenReading { .. }), "the same to the bit"),
        // The first frozen one may be true; 25 more show it.
        cycles: Some(26),
        may_pass: false,
        begins: STROKE,
        friction: BLIND,
    });
}

#[test]
fn a_jump() {
    campaign(&Lie {
        name: "a joint that jumps",
        injected: injections(60),
        draw: |random| {
            let (joint, far) = (joint(random), random.random_range(0.03..0.5) * if random.random() { 1. } else { -1. });
            Box::new(move |_, reading| {
                reading.position[joint] += far;
                Wake::default()
            })
        },
        expected: (|fault| matches!(fault, Fault::JointJump { .. }), "jumped"),
        cycles: Some(1),
        may_pass: false,
        begins: ANY,
        friction: 0.,
    });
}

#[test]
fn a_speed_above_all() {
    campaign(&Lie {
        name: "a velocity beyond the limit that is not so",
        injected: injections(30),
        draw: |random| {
            let (joint, speed) = (joint(random), random.random_range(6.1..1e6));
            Box::new(move |_, reading| {
                reading.velocity[joint] = speed;
                Wake::default()
            })
        },
        expected: (|fault| matches!(fault, Fault::ContradictoryVelocity { .. } | Fault::Overspeed { .. }), "moves at"),
        cycles: Some(1),
        may_pass: false,
        begins: ANY,
        friction: BLIND,
    });
}

#[test]
fn stamps_that_go_back() {
    campaign(&Lie {
        name: "states out of order",
        injected: injections(30),
        draw: |random| {
            let back = random.random_range(2..6);
            let mut past: Vec<Reading> = Vec::new();
            Box::new(move |_, reading| {
                past.push(reading.clone());
                if past.len().is_multiple_of(back)
                    && let Some(old) = past.len().checked_sub(back)
                {
                    let sequence = reading.sequence;
                    reading.clone_from(&past[old]);
                    reading.sequence = sequence;
                }
                Wake::default()
            })
        },
        // An older state contradicts a newer one only where the arm is fast.
        expected: (|fault| matches!(fault, Fault::JointJump { .. }), "jumped"),
        cycles: Some(LASTS + 1),
        may_pass: true,
        begins: ANY,
        friction: BLIND,
    });
}

#[test]
fn stamps_that_come_twice() {
    campaign(&Lie {
        name: "states twice",
        injected: injections(30),
        draw: |_| {
            let mut last: Option<Reading> = None;
            Box::new(move |since, reading| {
                let sequence = reading.sequence;
                if since % 2 == 1
                    && let Some(last) = &last
                {
                    reading.clone_from(last);
                    reading.sequence = sequence;
                }
                last = Some(reading.clone());
                Wake::default()
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
fn a_clock_that_is_wrong() {
    campaign(&Lie {
        name: "stamps ahead of the loop's clock",
        injected: injections(30),
        draw: |random| {
            let ahead = Duration::from_millis(random.random_range(51..10_000));
            Box::new(move |_, reading| {
                reading.stamp += ahead;
                Wake::default()
            })
        },
        expected: (|fault| matches!(fault, Fault::ReadingAhead { .. }), "ahead of the loop's clock"),
        cycles: Some(1),
        may_pass: false,
        begins: ANY,
        friction: BLIND,
    });
}
