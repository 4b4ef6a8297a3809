//! The loop's thread makes no system call but its sleep (and the reading of the clock, where the kernel does not map it): a filter
//! on the thread kills the process for any other.
#![cfg(target_os = "linux")]

mod control_support;
#[path = "control_support/product.rs"]
mod product;

use control_support::*;
use moto_controller::control::*;
use moto_controller::robot::{Plant, PlantRequest, Reading, RobotPort, link};
use nix::libc;
use product::Product;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::Command as Process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const CHILD: &str = "MOTO_FILTERED_CHILD";

/// A stroke that writes to a file in its policy state, to see that it is noticed.
struct Writes(AllOfIt, std::fs::File);
impl Stroke for Writes {
    fn state_dim(&self) -> usize {
        self.0.state_dim()
    }
    fn policy_state(&mut self, reading: &Reading, state: &mut [f64]) {
        let _ = self.1.write(b".");
        self.0.policy_state(reading, state);
    }
    fn triggered(&mut self, reading: &Reading) -> bool {
        self.0.triggered(reading)
    }
}

/// The sleep of a loop with a timer, or also that of a loop that waits for packets. The latter's call wakes others too, which stays
/// forbidden.
fn only_the_sleep(waits_for_packets: bool) -> BpfProgram {
    let mut allowed = vec![(libc::SYS_clock_nanosleep, vec![]), (libc::SYS_clock_gettime, vec![])];
    if waits_for_packets {
        let (operation, flags) = (libc::FUTEX_WAIT_BITSET as u64, libc::FUTEX_PRIVATE_FLAG as u64);
        let waits = SeccompCmpOp::MaskedEq(!flags & u64::from(u32::MAX));
        let condition = SeccompCondition::new(1, SeccompCmpArgLen::Dword, waits, operation).unwrap();
        allowed.push((libc::SYS_futex, vec![SeccompRule::new(vec![condition]).unwrap()]));
    }
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let allowed = allowed.into_iter().collect();
    SeccompFilter::new(allowed, SeccompAction::KillProcess, SeccompAction::Allow, arch).unwrap().try_into().unwrap()
}

/// Limits that a machine that stalls does not reach.
fn lenient(config: &mut ControlConfig) {
    (config.watchdog.max_state_age, config.watchdog.max_consecutive_misses) = (5., 1000);
    (config.watchdog.max_task_age, config.limits.trip_ratio) = (None, 10.);
    (config.watchdog.jump_tolerance, config.watchdog.heartbeat_timeout) = (1., Some(100.));
}

/// A simple robot and task.
fn simple(stroke: Box<dyn Stroke>) {
    let (port, robot) = link(2, 1);
    let clock = WallClock::new();
    let mut joints = Joints::at(&[0.1, 0.1]);
    joints.position = vec![0.3, -0.1];
    let _plant = PlantThread::spawn(joints, robot, clock, PERIOD / 2, config(2).scheduling).unwrap();
    let mut config = config(2);
    lenient(&mut config);
    let dynamics = Box::new(NominalInertia([1., 1.].into()));
    let parts = LoopParts { config, port, clock: Box::new(clock), stroke, dynamics };
    child(parts, only_the_sleep(false), simple_order);
}

fn simple_order(rollout: u64) -> TrialOrder {
    if rollout == 1 { movement_order(rollout, 20, 2) } else { order(rollout, 20, 2) }
}

/// The simple robot, whose packets pace the loop.
fn paced_by_the_robot(stroke: Box<dyn Stroke>) {
    let (port, RobotPort { reading, mut command, mut requests, .. }) = link(2, 1);
    let mut config = config(2);
    lenient(&mut config);
    let (mut packets, clock) = paced(reading, PERIOD, Some(Duration::from_secs(1)));
    let mut joints = Joints::at(&[0.1, 0.1]);
    joints.position = vec![0.3, -0.1];
    std::thread::spawn(move || {
        loop {
            while let Ok(request) = requests.pop() {
                match request {
                    PlantRequest::BeginTrial(key) => joints.begin_trial(&key),
                    PlantRequest::Launch => joints.launch(),
                }
            }
            joints.step(joints.now + PERIOD, command.read());
            packets.pass(|reading| joints.read(reading));
            std::thread::sleep(PERIOD / 4);
        }
    });
    let dynamics = Box::new(NominalInertia([1., 1.].into()));
    let parts = LoopParts { config, port, clock: Box::new(clock), stroke, dynamics };
    child(parts, only_the_sleep(true), simple_order);
}

/// The task and the model that are shipped.
fn table_tennis() {
    let mut product = Product::table_tennis();
    lenient(&mut product.config);
    let (port, robot) = product.link();
    let clock = WallClock::new();
    let mut plant = product.plant();
    plant.reset(Duration::ZERO);
    let _plant = PlantThread::spawn(plant, robot, clock, PERIOD / 2, config(2).scheduling).unwrap();
    let order = |rollout| if rollout == 1 { product.movement_order(rollout) } else { product.order(rollout) };
    child(product.parts(port, Box::new(clock)), only_the_sleep(false), order);
}

/// Two trials, a stop, a reset, another trial, a hand that leads the arm and the shutdown on the wall clock, the loop's thread under the filter. Ends the
/// process.
fn child(parts: LoopParts, filter: BpfProgram, order: impl Fn(u64) -> TrialOrder) {
    let (mut control, mut client) = ControlLoop::new(parts).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let told = over.clone();
    std::thread::spawn(move || {
        apply_filter(&filter).unwrap();
        control.run();
        told.store(true, Ordering::Release);
        // Neither dropping the loop nor ending the thread would pass the filter.
        let mut clock = WallClock::new();
        clock.sleep_until(Duration::from_secs(3600), true);
    });
    client.order(order(0)).unwrap();
    client.order(order(1)).unwrap();
    let (mut finished, mut reset, mut samples) = (0, false, 0);
    while !over.load(Ordering::Acquire) {
        while let Some(trial) = client.finished() {
            finished += 1;
            if finished == 2 {
                client.order(order(2)).unwrap();
            }
            println!("{:?}", trial.outcome);
        }
        while let Some(event) = client.event() {
            if matches!(event, Event::Phase { phase: Phase::Ready, .. }) && finished == 2 {
                client.request(Request::Stop).unwrap();
            }
        }
        if finished == 3 && !reset && client.status().safety == SafetyState::Zero {
            reset = true;
            client.request(Request::ResetFault).unwrap();
            client.order(order(3)).unwrap();
        }
        if finished == 4 && client.status().phase == Phase::Idle {
            let _ = client.request(Request::Teach);
        }
        while client.joint_sample().is_some() {
            samples += 1;
            if samples == 20 {
                client.request(Request::EndTeaching).unwrap();
                client.stopper().shutdown();
            }
        }
        client.stopper().beat();
        std::thread::yield_now();
    }
    println!("finished {finished} trials, {} cycles, led: {}", client.status().cycles, samples >= 20);
    std::process::exit(0);
}

fn run_child(test: &str) -> std::process::Output {
    Process::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap()
}

#[test]
fn the_loop_makes_no_system_call_but_its_sleep() {
    if std::env::var_os(CHILD).is_some() {
        simple(Box::new(AllOfIt(2)));
    }
    let output = run_child("the_loop_makes_no_system_call_but_its_sleep");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{:?}: {text}", output.status);
    assert!(text.contains("finished 4 trials") && text.contains("led: true"), "{text}");
}

#[test]
fn the_table_tennis_stroke_makes_no_system_call_either() {
    if std::env::var_os(CHILD).is_some() {
        table_tennis();
    }
    let output = run_child("the_table_tennis_stroke_makes_no_system_call_either");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{:?}: {text}", output.status);
    assert!(text.contains("finished 4 trials") && text.contains("led: true"), "{text}");
}

#[test]
fn a_loop_that_the_robot_paces_makes_no_system_call_but_its_wait_for_a_packet() {
    if std::env::var_os(CHILD).is_some() {
        paced_by_the_robot(Box::new(AllOfIt(2)));
    }
    let output = run_child("a_loop_that_the_robot_paces_makes_no_system_call_but_its_wait_for_a_packet");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{:?}: {text}", output.status);
    assert!(text.contains("finished 4 trials") && text.contains("led: true"), "{text}");
}

/// The other test would notice: a stroke that writes dies of it.
#[test]
fn a_stroke_that_makes_a_system_call_is_noticed() {
    if std::env::var_os(CHILD).is_some() {
        simple(Box::new(Writes(AllOfIt(2), tempfile::tempfile().unwrap())));
    }
    let output = run_child("a_stroke_that_makes_a_system_call_is_noticed");
    assert_eq!(output.status.signal(), Some(libc::SIGSYS), "{output:?}");
}
