//! A frictionless arm that something hits: nothing takes its energy but the safe command.

use super::control_support::*;
use super::table::{injections, random, row};
use moto_controller::control::*;
use moto_controller::robot::Reading;
use rand::RngExt;
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// Wake-up after which the arm is hit.
const HIT: u64 = 100;

/// A blow to an arm that holds its posture, or to one that a hand leads.
#[derive(Clone)]
struct Blow {
    start: Range<f64>,
    change: Range<f64>,
    led: bool,
}

/// Hits one joint at its start with a change of velocity, either way, and sees that the kinetic energy (unit inertias)
/// falls from the trip on. Gives the cycles from the first reading that shows `fault` to the safe command, and the share of the
/// energy that is left.
fn hit(injection: usize, name: &str, blow: Blow, expected: fn(&Fault) -> bool) -> (u64, f64) {
    let Blow { start, change: blow, led } = blow;
    let random = &mut random(name, injection);
    let (joint, sign) = (random.random_range(0..2), if random.random() { 1. } else { -1. });
    let (start, blow) = (sign * random.random_range(start), sign * random.random_range(blow));
    let mut config = config(2);
    config.safety = SafetyConfig { damping: vec![5.; 2], ramp: 0.05, duration: 1., ..config.safety };
    let (limit, step) = (config.limits.effort[0], config.limits.effort_rate[0] * config.period);
    let (farthest, fastest) = (config.limits.upper[0] + config.limits.margin[0], 4. * config.limits.trip_ratio);
    let (mut posture, mut change) = (vec![0.1; 2], vec![0.; 2]);
    (posture[joint], change[joint]) = (start, blow);
    let mut joints = Joints::at(&posture);
    joints.blow = Some((HIT as u32 * PERIOD, change));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let mut rig = Rig::new(config, joints, move |_, reading: &mut Reading| {
        let energy: f64 = reading.velocity.iter().map(|v| 0.5 * v * v).sum();
        let (q, qd) = (reading.position[joint], reading.velocity[joint]);
        log.lock().unwrap().push((energy, q.abs() > farthest || qd.abs() > fastest));
        Wake::default()
    });
    if led {
        rig.client.request(Request::Teach).unwrap();
    }
    rig.until("the fault", |rig| !rig.faults().is_empty());
    assert!(expected(&rig.faults()[0]), "{name}, injection {injection}: {}", rig.faults()[0]);
    let tripped = seen.lock().unwrap().len() - 1;
    assert_eq!(rig.phases().contains(&Phase::Teaching), led);
    rig.until("zero", |rig| rig.client.status().safety == SafetyState::Zero);
    let seen = seen.lock().unwrap();
    let first = seen.iter().position(|(_, wrong)| *wrong).expect("it shows");
    let energies: Vec<f64> = seen[tripped..].iter().map(|(energy, _)| *energy).collect();
    assert!(energies.iter().all(|energy| *energy <= energies[0] * (1. + 1e-9)), "{name}, injection {injection}");
    let efforts = rig.efforts();
    assert!(efforts.iter().flatten().all(|effort| effort.abs() <= limit), "{name}");
    let jump = |pair: &[Vec<f64>]| pair[0].iter().zip(&pair[1]).any(|(a, b)| (b - a).abs() > step + 1e-9);
    assert!(!efforts.windows(2).any(jump), "{name}");
    ((tripped - first) as u64 + 1, energies[energies.len() - 1] / energies[0])
}

fn campaign(name: &str, blow: &Blow, expected: fn(&Fault) -> bool) {
    let injected = injections(30);
    let (mut worst, mut left) = (0, 0_f64);
    for injection in 0..injected {
        let (cycles, share) = hit(injection, name, blow.clone(), expected);
        (worst, left) = (worst.max(cycles), left.max(share));
    }
    assert_eq!(worst, 1, "{name}");
    assert!(left < 0.05, "{name}: {left}");
    row(name, injected, "1", &worst.to_string(), "braked: at most 5 % of the kinetic energy left", 0);
}

#[test]
fn an_arm_that_flies() {
    let expected = |fault: &Fault| matches!(fault, Fault::Overspeed { .. });
    campaign("overspeed without friction", &Blow { start: 0.0..0.2, change: 6.3..14., led: false }, expected);
    campaign("overspeed of an arm led by hand", &Blow { start: 0.0..0.2, change: 6.3..14., led: true }, expected);
}

#[test]
fn an_arm_that_leaves_its_bounds() {
    let expected = |fault: &Fault| matches!(fault, Fault::OutOfBounds { .. });
    campaign("out of bounds without friction", &Blow { start: 1.93..1.99, change: 3.6..5.8, led: false }, expected);
}
