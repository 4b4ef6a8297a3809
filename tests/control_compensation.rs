//! A robot whose driver adds the arm's weight to the efforts it is sent: what the loop sends in every state.

mod control_support;

use control_support::*;
use moto_controller::control::*;
use moto_controller::robot::Reading;
use std::sync::{Arc, Mutex};

/// What the driver adds to a joint at a position: the weight of the arm. The joints of the rig are then those of an arm
/// with this weight, which feels the command alone.
fn weight(position: f64) -> f64 {
    8. * (0.5 * position).cos()
}

/// Joints of unit inertia with that weight.
struct Carried(fn(f64) -> f64);

impl InverseDynamics for Carried {
    fn torque(&mut self, position: &[f64], _: &[f64], acceleration: &[f64], effort: &mut [f64]) {
        for ((effort, q), qdd) in effort.iter_mut().zip(position).zip(acceleration) {
            *effort = qdd + weight(*q);
        }
    }

    fn compensation(&mut self, position: &[f64], _: &[f64], effort: &mut [f64]) -> bool {
        effort.iter_mut().zip(position).for_each(|(effort, q)| *effort = self.0(*q));
        true
    }
}

/// What one cycle did.
#[derive(Clone, Debug)]
struct Seen {
    safety: SafetyState,
    phase: Phase,
    position: Vec<f64>,
    command: Vec<f64>,
}

/// A rig, and the reading of its present cycle.
struct Watched(Rig, Arc<Mutex<Reading>>);

type Spoil = fn(u64, &mut Reading) -> Wake;

impl Watched {
    fn of(config: ControlConfig, joints: Joints, dynamics: Box<dyn InverseDynamics>, spoil: Spoil) -> Self {
        let n = joints.position.len();
        let newest = Arc::new(Mutex::new(Reading::zeros(n, 1)));
        let keep = newest.clone();
        let script = move |wake, reading: &mut Reading| {
            let wake = spoil(wake, reading);
            if !wake.silent {
                keep.lock().unwrap().clone_from(reading);
            }
            wake
        };
        Self(Rig::with_dynamics(config, joints, Box::new(AllOfIt(n)), dynamics, script), newest)
    }

    fn carried(config: ControlConfig, spoil: Spoil) -> Self {
        Self::of(config, away(), Box::new(Carried(weight)), spoil)
    }

    fn turns(&mut self, count: usize) -> Vec<Seen> {
        let one = |_| {
            self.0.turn();
            let LoopStatus { safety, phase } = status(&self.0);
            Seen { safety, phase, position: self.1.lock().unwrap().position.to_vec(), command: self.0.effort() }
        };
        (0..count).map(one).collect()
    }
}

struct LoopStatus {
    safety: SafetyState,
    phase: Phase,
}

fn status(rig: &Rig) -> LoopStatus {
    let status = rig.client.status();
    LoopStatus { safety: status.safety, phase: status.phase }
}

fn away() -> Joints {
    Joints { position: vec![-0.4, 0.5], ..Joints::at(&[0.1, 0.1]) }
}

/// Limits so narrow that a jump by the weight would show.
fn slow() -> ControlConfig {
    let mut config = config(2);
    config.limits.effort_rate = vec![1000.; 2];
    config
}

/// Largest change between two commands that [`slow`] allows, and what little the weight changes in a cycle.
const STEP: f64 = 2. + 0.1;

fn assert_no_jump(seen: &[Seen]) {
    for (k, pair) in seen.windows(2).enumerate() {
        let jump = pair[0].command.iter().zip(&pair[1].command).map(|(a, b)| (a - b).abs()).fold(0., f64::max);
        assert!(jump <= STEP, "cycle {k}: {:?}", &seen[k.saturating_sub(1)..k + 2]);
    }
}

fn spoiled_nowhere(_: u64, _: &mut Reading) -> Wake {
    Wake::default()
}

#[test]
fn homing_waiting_and_holding_command_what_an_arm_without_weight_needs() {
    let mut config = config(2);
    (config.trigger, config.ready_timeout) = (Trigger::Operator, 0.1);
    config.safety.response = Response::Hold;
    config.limits.effort = vec![40.; 2];
    let run = |dynamics: Box<dyn InverseDynamics>| {
        let mut watched = Watched::of(config.clone(), away(), dynamics, spoiled_nowhere);
        watched.0.client.order(order(0, 30, 2)).unwrap();
        let mut seen = watched.turns(500);
        watched.0.client.request(Request::Stop).unwrap();
        seen.extend(watched.turns(100));
        seen
    };
    let (weightless, carried) = (run(Box::new(NominalInertia([1., 1.].into()))), run(Box::new(Carried(weight))));
    for (a, b) in weightless.iter().zip(&carried) {
        assert_eq!((a.safety, a.phase), (b.safety, b.phase));
        assert!(a.command.iter().zip(&b.command).all(|(a, b)| (a - b).abs() < 1e-9), "{a:?}\n{b:?}");
    }
    assert!(carried.iter().any(|seen| seen.command[0] > 1.), "homing took an effort");
    for phase in [Phase::Homing, Phase::Ready, Phase::Idle] {
        assert!(carried.iter().any(|seen| seen.phase == phase), "{phase:?}");
    }
    assert_eq!(carried.last().unwrap().safety, SafetyState::Hold);
}

#[test]
fn a_stroke_records_the_whole_effort_and_commands_what_is_left() {
    let mut watched = Watched::carried(config(2), spoiled_nowhere);
    watched.0.client.order(order(0, 30, 2)).unwrap();
    let mut seen = watched.turns(1000);
    seen.retain(|seen| seen.phase == Phase::Stroke);
    let episode = watched.0.finished[0].episode();
    assert!(matches!(watched.0.finished[0].outcome, Outcome::Completed) && seen.len() == episode.cycles());
    for (seen, whole) in seen.iter().zip(episode.sent.chunks_exact(2)) {
        for j in 0..2 {
            assert!((seen.command[j] + weight(seen.position[j]) - whole[j]).abs() < 1e-12, "{seen:?}, {whole:?}");
        }
    }
}

#[test]
fn damping_fades_the_last_command_out_and_takes_nothing_from_readings_that_cannot_be_trusted() {
    const LAST: u64 = 100;
    let silent: Spoil = |wake, _| Wake { silent: wake > LAST, ..Wake::default() };
    let jumping: Spoil = |wake, reading| {
        reading.position[0] += if wake > LAST { 1.5 } else { 0. };
        Wake::default()
    };
    let nonsense: Spoil = |wake, reading| {
        reading.position[1] = if wake > LAST { f64::NAN } else { reading.position[1] };
        Wake::default()
    };
    for spoil in [silent, jumping, nonsense] {
        let mut config = slow();
        config.safety.damping = vec![0.; 2];
        let mut watched = Watched::carried(config, spoil);
        watched.0.client.order(order(0, 30, 2)).unwrap();
        let seen = watched.turns(LAST as usize + 200);
        let trip = seen.iter().position(|seen| seen.safety == SafetyState::Damp).unwrap();
        let from = &seen[trip - 1].command;
        assert!(from.iter().any(|effort| effort.abs() > 0.05), "the arm was under way: {from:?}");
        let ramp = 10; // cycles
        for (k, seen) in seen[trip..].iter().enumerate() {
            let share = (k as f64 / f64::from(ramp)).min(1.);
            let expected = from.iter().map(|from| (1. - share) * from);
            assert!(seen.command.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{k}: {seen:?}, {from:?}");
        }
        assert_eq!(
            (seen.last().unwrap().safety, &seen.last().unwrap().command[..]),
            (SafetyState::Zero, &[0., 0.][..])
        );
    }
}

#[test]
fn an_arm_that_its_driver_carries_is_neither_dropped_nor_thrown_on_the_way_into_the_safe_state_and_back() {
    let mut watched = Watched::carried(slow(), spoiled_nowhere);
    let mut seen = watched.turns(20);
    watched.0.client.order(order(0, 30, 2)).unwrap();
    seen.extend(watched.turns(80));
    watched.0.client.request(Request::Stop).unwrap();
    seen.extend(watched.turns(100));
    let safe = seen.len();
    watched.0.client.request(Request::ResetFault).unwrap();
    seen.extend(watched.turns(50));
    use SafetyState::{Damp, Run, Zero};
    assert_eq!(watched.0.states(), [Damp, Zero, Run]);
    assert_no_jump(&seen);
    assert_eq!(seen[safe - 1].command, [0., 0.], "zero stays zero: the driver carries the arm");
    assert_eq!(seen[0].command, [0., 0.], "the first effort is the one that the driver gives already");
    watched.0.client.stopper().shutdown();
    seen.extend(watched.turns(100));
    assert!(watched.0.ended && watched.0.effort() == [0., 0.]);
}

#[test]
fn a_driver_that_was_sent_zero_goes_on_from_there() {
    let mut watched = Watched::carried(slow(), spoiled_nowhere);
    watched.0.client.order(order(0, 30, 2)).unwrap();
    watched.turns(80);
    watched.0.delivery.tell();
    watched.0.delivery.time_out();
    let seen = watched.turns(2);
    assert!(matches!(watched.0.faults()[..], [Fault::CommandTimeout { .. }]), "{:?}", watched.0.faults());
    assert_eq!(seen[0].command, [0., 0.]);
}

#[test]
fn an_effort_of_the_driver_that_is_not_finite_trips() {
    let endless = Box::new(Carried(|q| if q > 0. { f64::NAN } else { weight(q) }));
    let joints = Joints { position: vec![-0.4, -0.5], ..Joints::at(&[0.1, 0.1]) };
    let mut watched = Watched::of(slow(), joints, endless, spoiled_nowhere);
    watched.0.client.order(order(0, 30, 2)).unwrap();
    let seen = watched.turns(400);
    assert!(matches!(watched.0.faults()[..], [Fault::NonFiniteEffort { .. }]), "{:?}", watched.0.faults());
    assert!(seen.iter().all(|seen| seen.command.iter().all(|effort| effort.is_finite())));
    assert_no_jump(&seen);
}

#[test]
fn an_arm_led_by_hand_is_carried_by_its_driver_and_damped_by_the_loop() {
    let mut joints = away();
    joints.push = 0.5;
    let mut watched = Watched::of(slow(), joints, Box::new(Carried(weight)), spoiled_nowhere);
    watched.turns(5);
    watched.0.client.request(Request::Teach).unwrap();
    let seen = watched.turns(300);
    let damping = 0.2 * 5.;
    for seen in &seen {
        let state = watched.0.client.joint_sample().unwrap();
        assert_eq!((seen.phase, &seen.position[..]), (Phase::Teaching, &state.position[..]));
        let expected = state.velocity.iter().map(|velocity| -damping * velocity);
        assert!(seen.command.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{seen:?}, {state:?}");
    }
    assert!(seen[299].position[0] > seen[0].position[0] + 0.05, "a hand moves it");
}
