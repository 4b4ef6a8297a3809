//! The loop's thread makes no system call but its sleep (and the reading of the clock, where the kernel does not map it): a filter
//! on the thread kills the process for any other.
#![cfg(target_os = "linux")]

mod control_support;

use control_support::*;
use moto_controller::control::*;
use moto_controller::robot::{Reading, link};
use nix::libc;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
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

fn only_the_sleep() -> BpfProgram {
    let allowed = [libc::SYS_clock_nanosleep, libc::SYS_clock_gettime].map(|call| (call, vec![]));
    let arch = std::env::consts::ARCH.try_into().unwrap();
    SeccompFilter::new(allowed.into(), SeccompAction::KillProcess, SeccompAction::Allow, arch)
        .unwrap()
        .try_into()
        .unwrap()
}

/// Two trials, a stop, a reset, another trial and the shutdown on the wall clock, the loop's thread under the filter.
fn child(stroke: Box<dyn Stroke>) {
    let (port, robot) = link(2, 1);
    let clock = WallClock::new();
    let mut joints = Joints::at(&[0.1, 0.1]);
    joints.position = vec![0.3, -0.1];
    let plant = PlantThread::spawn(joints, robot, clock, PERIOD / 2, config(2).scheduling).unwrap();
    let mut config = config(2);
    // A machine that stalls is no matter here.
    (config.watchdog.max_state_age, config.watchdog.max_consecutive_misses) = (5., 1000);
    (config.watchdog.max_task_age, config.limits.trip_ratio) = (None, 10.);
    config.watchdog.jump_tolerance = 1.;
    config.watchdog.heartbeat_timeout = Some(100.);
    let dynamics = Box::new(NominalInertia([1., 1.].into()));
    let (mut control, mut client) =
        ControlLoop::new(LoopParts { config, port, clock: Box::new(clock), stroke, dynamics }).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let (told, filter) = (over.clone(), only_the_sleep());
    std::thread::spawn(move || {
        apply_filter(&filter).unwrap();
        control.run();
        told.store(true, Ordering::Release);
        // Neither dropping the loop nor ending the thread would pass the filter.
        let mut clock = WallClock::new();
        clock.sleep_until(Duration::from_secs(3600), true);
    });
    client.order(order(0, 20, 2)).unwrap();
    client.order(order(1, 20, 2)).unwrap();
    let mut finished = 0;
    while !over.load(Ordering::Acquire) {
        while let Some(trial) = client.finished() {
            finished += 1;
            match finished {
                2 => client.order(order(2, 2000, 2)).unwrap(),
                4 => client.stopper().shutdown(),
                _ => {}
            }
            println!("{:?}", trial.outcome);
        }
        while let Some(event) = client.event() {
            match event {
                Event::Phase { phase: Phase::Stroke, .. } if finished == 2 => client.request(Request::Stop).unwrap(),
                Event::Safety { state: SafetyState::Zero, .. } if finished == 3 => {
                    client.request(Request::ResetFault).unwrap();
                    client.order(order(3, 20, 2)).unwrap();
                }
                _ => {}
            }
        }
        client.stopper().beat();
        std::thread::yield_now();
    }
    drop(plant);
    println!("finished {finished} trials, {} cycles", client.status().cycles);
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
        child(Box::new(AllOfIt(2)));
    }
    let output = run_child("the_loop_makes_no_system_call_but_its_sleep");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{:?}: {text}", output.status);
    assert!(text.contains("finished 4 trials"), "{text}");
}

/// The other test would notice: a stroke that writes dies of it.
#[test]
fn a_stroke_that_makes_a_system_call_is_noticed() {
    if std::env::var_os(CHILD).is_some() {
        child(Box::new(Writes(AllOfIt(2), tempfile::tempfile().unwrap())));
    }
    let output = run_child("a_stroke_that_makes_a_system_call_is_noticed");
    assert_eq!(output.status.signal(), Some(libc::SIGSYS), "{output:?}");
}
