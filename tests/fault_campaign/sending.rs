//! Commands that leave on a thread of their own, as over ROS: a loop that hangs, and a way out that is stuck.

use super::control_support::*;
use super::table::{injections, random, row};
use moto_controller::control::*;
use moto_controller::robot::{PlantRequest, Reading, RobotPort, link};
use rand::RngExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

const LIMIT: u64 = 10;
/// However slow the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A robot that remembers what it hears, and does not come back from it while it is held.
#[derive(Clone, Default)]
struct Hears {
    heard: Arc<Mutex<Vec<f64>>>,
    held: Arc<AtomicBool>,
}

impl CommandSink for Hears {
    fn send(&mut self, effort: &[f64]) {
        self.heard.lock().unwrap().push(effort[0]);
        while self.held.load(Ordering::Acquire) {
            sleep(Duration::from_millis(1));
        }
    }

    fn request(&mut self, _: PlantRequest) {}
}

impl Hears {
    fn heard(&self) -> Vec<f64> {
        self.heard.lock().unwrap().clone()
    }
}

/// A task that sleeps once, and says what the robot had heard before and after.
struct Sleeps {
    task: AllOfIt,
    at: u64,
    calls: u64,
    time: Duration,
    robot: Hears,
    told: std::sync::mpsc::Sender<(usize, usize)>,
}

impl Stroke for Sleeps {
    fn state_dim(&self) -> usize {
        self.task.state_dim()
    }

    fn policy_state(&mut self, reading: &Reading, state: &mut [f64]) {
        self.task.policy_state(reading, state);
        self.calls += 1;
        if self.calls == self.at {
            let before = self.robot.heard().len();
            sleep(self.time);
            self.told.send((before, self.robot.heard().len())).unwrap();
        }
    }

    fn triggered(&mut self, _: &Reading) -> bool {
        true
    }
}

/// A loop on the wall clock whose robot stands still, with the thread that sends its commands.
struct Machine {
    control: LoopHandle,
    commands: CommandThread,
    robot: Hears,
    over: Arc<AtomicBool>,
}

fn machine(period: Duration, stroke: Box<dyn Stroke>, robot: Hears, response: Response) -> Machine {
    let (port, RobotPort { mut reading, command, requests, delivery }) = link(1, 1);
    let clock = WallClock::new();
    let mut config = config(1);
    (config.period, config.decimation, config.trigger) = (period.as_secs_f64(), 1, Trigger::AtOnce);
    // The arm of this test does not move: whatever is asked of it may last.
    (config.homing.duration, config.homing.timeout) = (0.01, 1000.);
    config.watchdog = WatchdogConfig {
        max_state_age: 10.,
        max_frozen_readings: None,
        max_task_age: None,
        max_consecutive_misses: LIMIT,
        ..config.watchdog
    };
    config.safety.response = response;
    let over = Arc::<AtomicBool>::default();
    let done = over.clone();
    std::thread::spawn(move || {
        for sequence in 1.. {
            let newest = reading.input_buffer_mut();
            (newest.sequence, newest.stamp, newest.position[0]) = (sequence, clock.now(), 0.1);
            reading.publish();
            sleep(period / 4);
            if done.load(Ordering::Relaxed) {
                return;
            }
        }
    });
    let outgoing = Outgoing { command, requests, delivery };
    let scheduling = SchedulingConfig { priority: Some(20), ..config.scheduling.clone() };
    let commands = CommandThread::spawn(outgoing, robot.clone(), clock, period, &scheduling).unwrap();
    config.scheduling = scheduling;
    let dynamics = Box::new(NominalInertia([1.].into()));
    let control = spawn(LoopParts { config, port, clock: Box::new(clock), stroke, dynamics }).unwrap();
    Machine { control, commands, robot, over }
}

impl Machine {
    fn stroke(&mut self) {
        let shape = TrialShape { decimation: 1, ..shape(1, 400) };
        self.control.client.order(TrialOrder { buffers: TrialBuffers::new(&shape), ..order(0, 400, 1) }).unwrap();
    }

    fn fault(&mut self) -> Fault {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            match self.control.client.event() {
                Some(Event::Tripped { fault, .. }) => return fault,
                Some(_) => {}
                None => sleep(Duration::from_millis(1)),
            }
        }
        panic!("no fault")
    }

    /// Ends it, and gives all that the robot heard.
    fn end(self) -> Vec<f64> {
        self.control.client.stopper().shutdown();
        self.control.join(None).1.unwrap();
        assert!(self.commands.end());
        self.over.store(true, Ordering::Relaxed);
        self.robot.heard()
    }
}

#[test]
fn a_stroke_that_sleeps_for_two_seconds_leaves_the_robot_with_zero_within_ten_periods() {
    let injected = injections(3);
    for injection in 0..injected {
        let (told, hears) = std::sync::mpsc::channel();
        let robot = Hears::default();
        // Ten periods are a second.
        let (period, time) = (Duration::from_millis(100), Duration::from_secs(2));
        let at = random("hung", injection).random_range(2..6);
        let task = Sleeps { task: AllOfIt(1), at, calls: 0, time, robot: robot.clone(), told };
        let response = [Response::Damp, Response::Hold][injection % 2];
        let mut machine = machine(period, Box::new(task), robot, response);
        machine.stroke();
        let (before, after) = hears.recv_timeout(PATIENCE).unwrap();
        let fault = machine.fault();
        assert!(
            matches!(fault, Fault::CommandTimeout { limit } if limit < LIMIT as u32 * period + period),
            "{fault:?}"
        );
        let heard = machine.end();
        assert!(heard[before - 1] != 0., "the robot was at rest when the stroke fell asleep");
        // Zero, and again zero, while it slept; and what it was about to ask never leaves.
        assert!(after >= before + 3, "{} commands while the stroke slept", after - before);
        assert!(heard[before..].iter().all(|effort| *effort == 0.), "{:?}", &heard[before..]);
    }
    row("the loop hangs for 2 s (dead man)", injected, "10", "10", "zero, again and again; then safe state", 0);
}

#[test]
fn commands_that_do_not_leave_are_missed() {
    let injected = injections(3);
    for injection in 0..injected {
        let robot = Hears::default();
        let mut machine = machine(Duration::from_millis(10), Box::new(AllOfIt(1)), robot.clone(), Response::Hold);
        machine.stroke();
        let enough = random("stuck", injection).random_range(20..100);
        while robot.heard().len() < enough {
            sleep(Duration::from_millis(1));
        }
        robot.held.store(true, Ordering::Release);
        let fault = machine.fault();
        // A machine that stalls for as long is as good a reason to stop.
        assert!(
            matches!(fault, Fault::CommandsStuck { limit: LIMIT, .. } | Fault::MissedDeadlines { .. }),
            "{fault:?}"
        );
        robot.held.store(false, Ordering::Release);
        let heard = machine.end();
        assert_eq!(heard.last(), Some(&0.));
    }
    // How many cycles it takes is counted on a clock that follows a script, below.
    let (injected, worst) = (injections(40), stuck());
    row("the commands do not leave", injected, &(LIMIT + 1).to_string(), &worst.to_string(), "safe state", 0);
}

/// Cycles from the command that did not leave to the safe command, at most.
fn stuck() -> u64 {
    let mut worst = 0;
    for injection in 0..injections(40) {
        let mut rig = Rig::calm(config(2));
        rig.delivery.tell();
        rig.client.order(order(0, 40, 2)).unwrap();
        let random = &mut random("stuck", injection);
        for _ in 0..random.random_range(1..300) {
            rig.turn();
            // A sender that is late by a cycle now and then is no fault.
            if random.random_bool(0.7) {
                let newest = rig.robot.lock().unwrap().newest().sequence;
                rig.delivery.deliver(newest);
            }
        }
        assert!(rig.faults().is_empty(), "{:?}", rig.faults());
        let newest = rig.robot.lock().unwrap().newest().sequence;
        rig.delivery.deliver(newest);
        let mut cycles = 0;
        while rig.faults().is_empty() {
            rig.turn();
            cycles += 1;
            assert!(cycles < 100, "it is not noticed");
        }
        assert!(matches!(rig.faults()[0], Fault::CommandsStuck { limit: LIMIT, .. }), "{:?}", rig.faults());
        // The first of these cycles makes the command that does not leave.
        worst = worst.max(cycles - 1);
    }
    assert_eq!(worst, LIMIT + 1);
    worst
}

#[test]
fn after_zero_in_its_place_the_loop_begins_at_zero() {
    for injection in 0..injections(40) {
        let mut rig = Rig::calm(config(2));
        rig.delivery.tell();
        rig.client.order(order(0, 40, 2)).unwrap();
        let turn = |rig: &mut Rig| {
            rig.turn();
            let newest = rig.robot.lock().unwrap().newest().sequence;
            rig.delivery.deliver(newest);
        };
        let turns = random("zero", injection).random_range(1..300);
        (0..turns).for_each(|_| turn(&mut rig));
        rig.delivery.time_out();
        turn(&mut rig);
        assert!(matches!(rig.faults()[..], [Fault::CommandTimeout { .. }]), "{:?}", rig.faults());
        assert!(!rig.delivery.is_timed_out());
        // Nothing of the effort before is left to fade: what is asked is the damping alone, within the rate limit from zero.
        let damping = config(2).safety.damping[0];
        assert!(rig.effort().iter().all(|effort| effort.abs() <= damping * 4.), "{:?}", rig.effort());
        (0..200).for_each(|_| turn(&mut rig));
        assert_eq!(rig.client.status().safety, SafetyState::Zero);
        rig.client.request(Request::ResetFault).unwrap();
        turn(&mut rig);
        assert_eq!(rig.client.status().safety, SafetyState::Run);
    }
}
