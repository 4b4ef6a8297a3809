//! A producer that floods the loop's edges from the same processor, preempted half-way at any point, never holds the loop up; nor
//! does other work hold up the thread that sends its commands.
#![cfg(target_os = "linux")]

mod control_support;

use control_support::*;
use moto_controller::control::*;
use moto_controller::robot::{PlantRequest, Reading, RobotPort, link};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CYCLES: u64 = 400;
/// Far above any stall of a machine, far below the second that a spinning loop loses to a producer it preempted.
const HELD_UP: Duration = Duration::from_millis(500);

/// A stroke that takes a spin lock the producer holds most of the time, to see that it is noticed.
struct Spins(AllOfIt, Arc<AtomicBool>);
impl Stroke for Spins {
    fn state_dim(&self) -> usize {
        self.0.state_dim()
    }
    fn policy_state(&mut self, reading: &Reading, state: &mut [f64]) {
        self.0.policy_state(reading, state);
        let begin = Instant::now();
        while self.1.swap(true, Ordering::Acquire) && begin.elapsed() < 2 * HELD_UP {
            std::hint::spin_loop();
        }
        self.1.store(false, Ordering::Release);
    }
    fn triggered(&mut self, _: &Reading) -> bool {
        true
    }
}

/// One processor of those this process may use.
fn a_cpu() -> usize {
    let mine = nix::sched::sched_getaffinity(nix::unistd::Pid::from_raw(0)).unwrap();
    (0..nix::sched::CpuSet::count()).rev().find(|cpu| mine.is_set(*cpu).unwrap()).unwrap()
}

/// Two floods at a time would hold each other up.
static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Runs the loop against the flood; gives its longest cycle, and whether it had the priority.
fn flooded(make: impl Fn(Arc<AtomicBool>) -> Box<dyn Stroke>) -> (Duration, bool) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let cpu = a_cpu();
    let (port, RobotPort { mut reading, mut command, .. }) = link(1, 1);
    let clock = WallClock::new();
    let lock = Arc::new(AtomicBool::new(false));
    let mut config = config(1);
    (config.period, config.decimation, config.trigger) = (0.001, 1, Trigger::AtOnce);
    (config.watchdog.max_state_age, config.watchdog.max_consecutive_misses) = (10., 1000);
    (config.watchdog.max_task_age, config.watchdog.max_frozen_readings) = (None, None);
    config.scheduling.priority = Some(10);
    config.scheduling.cpu = Some(cpu);
    let dynamics = Box::new(NominalInertia([1.].into()));
    let parts = LoopParts { config, port, clock: Box::new(clock), stroke: make(lock.clone()), dynamics };
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let producer = std::thread::spawn(move || {
        let pinned =
            SchedulingConfig { priority: None, cpu: Some(cpu), lock_memory: false, ..SchedulingConfig::default() };
        let _guard = enter_real_time(&pinned).unwrap();
        let mut sequence = 0;
        while !stopped.load(Ordering::Relaxed) {
            while lock.swap(true, Ordering::Acquire) {
                std::thread::yield_now();
            }
            for _ in 0..100 {
                sequence += 1;
                let newest = reading.input_buffer_mut();
                (newest.sequence, newest.stamp) = (sequence, clock.now());
                newest.position[0] = 0.1;
                reading.publish();
                std::hint::black_box(command.read());
            }
            lock.store(false, Ordering::Release);
        }
        sequence
    });
    let mut handle = spawn(parts).unwrap();
    let priority = handle.startup.priority.is_some();
    // This thread floods the rings, and keeps the loop stroking.
    let shape = TrialShape { decimation: 1, ..shape(1, 50) };
    let new = |rollout| TrialOrder { buffers: TrialBuffers::new(&shape), ..order(rollout, 50, 1) };
    let mut waiting: Vec<_> = (0..4).map(new).collect();
    let mut sum = Latency::new();
    while handle.client.status().cycles < CYCLES {
        while let Some(next) = waiting.pop() {
            if let Err(back) = handle.client.order(next) {
                waiting.push(back);
                break;
            }
        }
        let _ = handle.client.request(Request::Resume);
        while handle.client.event().is_some() {}
        while let Some(trial) = handle.client.finished() {
            sum.add(&trial.order.buffers.latency.stroke);
            sum.add(&trial.order.buffers.latency.between);
            waiting.push(trial.order);
        }
    }
    handle.client.stopper().shutdown();
    let (mut client, rest) = handle.join(None);
    let rest = rest.unwrap();
    while let Some(trial) = client.finished() {
        sum.add(&trial.order.buffers.latency.stroke);
        sum.add(&trial.order.buffers.latency.between);
    }
    sum.add(&rest);
    stop.store(true, Ordering::Relaxed);
    assert!(producer.join().unwrap() > 1000, "the producer did flood");
    assert!(sum.cycles >= CYCLES);
    (Duration::from_nanos(sum.summary().execution.max), priority)
}

#[test]
fn a_flood_from_the_same_processor_never_holds_the_loop_up() {
    let (longest, _) = flooded(|_| Box::new(AllOfIt(1)));
    assert!(longest < HELD_UP, "a cycle took {longest:?}");
}

/// The other test would notice. Needs a loop that preempts its producer: without real-time priority nobody starves.
#[test]
fn a_lock_shared_with_the_producer_is_noticed() {
    let (longest, priority) = flooded(|lock| Box::new(Spins(AllOfIt(1), lock)));
    if priority {
        assert!(longest >= HELD_UP, "the longest cycle took {longest:?}");
    }
}

/// Counts what it is given, and works on it as a publisher does.
struct Counts(Arc<AtomicU64>);

impl CommandSink for Counts {
    fn send(&mut self, effort: &[f64]) {
        std::hint::black_box(format!("{effort:?}"));
        self.0.fetch_add(1, Ordering::Relaxed);
    }
    fn request(&mut self, _: PlantRequest) {}
}

/// Beside a robot over ROS the loop's commands leave on a thread of their own. Needs real-time priority: without it they share the
/// processor with the work, as everybody does.
#[test]
fn work_on_the_same_processor_does_not_hold_up_the_commands() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let pinned = SchedulingConfig {
        priority: None,
        cpu: Some(a_cpu()),
        lock_memory: false,
        avoid_idle_states: false,
        ..SchedulingConfig::default()
    };
    let (port, RobotPort { command, requests, delivery, .. }) = link(1, 1);
    let (clock, period) = (WallClock::new(), Duration::from_millis(2));
    let stop = Arc::<AtomicBool>::default();
    let hogs: Vec<_> = (0..3)
        .map(|_| {
            let (stop, pinned) = (stop.clone(), pinned.clone());
            std::thread::spawn(move || {
                let _guard = enter_real_time(&pinned).unwrap();
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        })
        .collect();
    let heard = Arc::<AtomicU64>::default();
    let mut config = config(1);
    (config.watchdog.max_consecutive_misses, config.scheduling.priority) = (1000, Some(10));
    let (counts, scheduling) = (Counts(heard.clone()), config.scheduling.clone());
    let commands = std::thread::spawn(move || {
        // The thread that is started here has the processor of this one.
        let _guard = enter_real_time(&pinned).unwrap();
        CommandThread::spawn(Outgoing { command, requests, delivery }, counts, clock, period, &scheduling).unwrap()
    });
    let commands = commands.join().unwrap();
    let dynamics = Box::new(NominalInertia([1.].into()));
    let parts = LoopParts { config, port, clock: Box::new(clock), stroke: Box::new(AllOfIt(1)), dynamics };
    let handle = spawn(parts).unwrap();
    while handle.client.status().cycles < CYCLES {
        std::thread::sleep(period);
    }
    let (heard, cycles) = (heard.load(Ordering::Relaxed), handle.client.status().cycles);
    handle.client.stopper().shutdown();
    handle.join(None).1.unwrap();
    let priority = commands.startup.priority;
    assert!(commands.end());
    stop.store(true, Ordering::Relaxed);
    hogs.into_iter().for_each(|hog| hog.join().unwrap());
    if let Some(priority) = priority {
        assert_eq!(priority, 9, "next below the loop's");
        assert!(heard > cycles * 9 / 10, "{heard} of {cycles} commands left");
    }
}
