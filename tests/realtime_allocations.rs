//! The loop's path neither allocates nor frees: an allocator that aborts while the loop's turn is on.

mod control_support;
#[path = "control_support/product.rs"]
mod product;

use control_support::*;
use moto_controller::control::*;
use moto_controller::robot::{Plant, PlantDriver, link};
use product::Product;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::process::Command as Process;
use std::time::Duration;

thread_local! {
    static ARMED: Cell<bool> = const { Cell::new(false) };
}

struct Guarded;

fn check(what: &str) {
    if ARMED.get() {
        ARMED.set(false);
        eprintln!("the loop {what} memory");
        std::process::abort();
    }
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Guarded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        check("allocated");
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        check("freed");
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        check("reallocated");
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Guarded = Guarded;

/// A clock on which a plant is stepped unguarded: it is not the loop's.
struct Steps<P> {
    now: Duration,
    driver: PlantDriver<P>,
    late: fn(u64) -> Duration,
    wakes: u64,
}

impl<P: Plant> Clock for Steps<P> {
    fn now(&self) -> Duration {
        self.now
    }
    fn sleep_until(&mut self, release: Duration, _idle: bool) {
        ARMED.set(false);
        self.driver.advance(release);
        self.now = release + (self.late)(self.wakes);
        self.wakes += 1;
        ARMED.set(true);
    }
}

/// A stroke that allocates, to see that it is noticed.
struct Allocates(AllOfIt);
impl Stroke for Allocates {
    fn state_dim(&self) -> usize {
        self.0.state_dim()
    }
    fn policy_state(&mut self, reading: &moto_controller::robot::Reading, state: &mut [f64]) {
        std::hint::black_box(vec![0.; 3]);
        self.0.policy_state(reading, state);
    }
    fn triggered(&mut self, reading: &moto_controller::robot::Reading) -> bool {
        self.0.triggered(reading)
    }
}

fn make(stroke: Box<dyn Stroke>, late: fn(u64) -> Duration) -> (ControlLoop, LoopClient) {
    let (port, robot) = link(2, 1);
    let mut joints = Joints::at(&[0.1, 0.1]);
    joints.position = vec![-0.5, 0.6];
    assert_eq!(joints.period(), PERIOD);
    let driver = PlantDriver::new(joints, robot, false);
    let clock = Box::new(Steps { now: Duration::ZERO, driver, late, wakes: 0 });
    let dynamics = Box::new(NominalInertia([1., 1.].into()));
    ControlLoop::new(LoopParts { config: config(2), port, clock, stroke, dynamics }).unwrap()
}

fn turn(control: &mut ControlLoop) -> bool {
    ARMED.set(true);
    let running = control.turn();
    ARMED.set(false);
    running
}

#[test]
fn no_turn_of_the_loop_allocates_or_frees() {
    // Every 50th cycle is late by a period, so that misses are on the path as well.
    let late = |wake: u64| if wake.is_multiple_of(50) { PERIOD } else { Duration::from_micros(wake % 7) };
    let (mut control, mut client) = make(Box::new(AllOfIt(2)), late);
    let mut wrong = order(9, 20, 2);
    wrong.noise = [0.; 3].into();
    client.order(order(0, 30, 2)).unwrap();
    client.order(wrong).unwrap();
    client.order(movement_order(1, 30, 2)).unwrap();
    client.order(order(2, 300, 2)).unwrap();
    let (mut outcomes, mut boxes, mut states, mut tuned) = (Vec::new(), 0, Vec::new(), Vec::new());
    let mut led = false;
    for cycle in 0.. {
        if cycle == 10 {
            client.request(Request::MarkFailed).unwrap();
            let mut gains = config(2);
            gains.tracking.damping *= 1.1;
            assert!(client.tune(Box::new(Tuning::new(gains, 2).unwrap())).is_ok());
        }
        let in_long_stroke = outcomes.len() == 3 && client.status().phase == Phase::Stroke;
        if in_long_stroke && client.status().safety == SafetyState::Run && cycle % 50 == 0 {
            client.request(Request::Stop).unwrap();
        }
        if outcomes.len() == 4 && client.status().safety == SafetyState::Zero {
            client.request(Request::ResetFault).unwrap();
            client.order(neural_order(3, 30, 2)).unwrap();
            outcomes.push("reset");
        }
        if outcomes.len() == 6 {
            match client.status().phase {
                Phase::Idle => client.request(Request::Teach).unwrap(),
                // Longer than there is room for the states that nobody takes.
                Phase::Teaching if client.status().lost_samples > 10 => {
                    led = true;
                    client.request(Request::EndTeaching).unwrap();
                    client.stopper().shutdown();
                }
                _ => {}
            }
        }
        let running = turn(&mut control);
        while let Some(trial) = client.finished() {
            outcomes.push(match trial.outcome {
                Outcome::Completed => "completed",
                Outcome::Refused(_) => "refused",
                Outcome::Aborted(_) => "aborted",
            });
        }
        while let Some(event) = client.event() {
            match event {
                Event::Safety { state, .. } => states.push(state),
                // Within the first trial it was given, between two it was taken.
                Event::Tuned { .. } => tuned.push(outcomes.len()),
                _ => {}
            }
        }
        if let Some(black_box) = client.black_box() {
            boxes += 1;
            client.recycle(black_box);
        }
        assert!(cycle < 20_000, "{outcomes:?}");
        if !running {
            break;
        }
    }
    use SafetyState::{Damp, Run, Zero};
    assert_eq!(outcomes, ["completed", "refused", "completed", "aborted", "reset", "completed"]);
    assert_eq!(states, [Damp, Zero, Run, Damp, Zero]);
    assert!(boxes == 1 && led);
    assert!(tuned.len() == 1 && tuned[0] >= 1, "{tuned:?}");
}

/// The task and the model that are shipped: homing, holding, triggering and stroking with them.
#[test]
fn the_table_tennis_stroke_neither_allocates_nor_frees() {
    neither_allocates_nor_frees(&Product::table_tennis());
}

/// The efforts of the robot's driver are subtracted from those of every cycle.
#[test]
fn what_the_driver_compensates_is_subtracted_without_allocating_or_freeing() {
    use moto_controller::dynamics::Compensated::{Coriolis, Gravity};
    neither_allocates_nor_frees(&Product::compensated(&[Gravity, Coriolis]));
    neither_allocates_nor_frees(&Product::compensated(&[Coriolis]));
}

fn neither_allocates_nor_frees(product: &Product) {
    let (port, robot) = product.link();
    let mut plant = product.plant();
    plant.reset(Duration::ZERO);
    let driver = PlantDriver::new(plant, robot, false);
    let clock = Box::new(Steps { now: Duration::ZERO, driver, late: |_| Duration::ZERO, wakes: 0 });
    let (mut control, mut client) = ControlLoop::new(product.parts(port, clock)).unwrap();
    client.order(product.order(0)).unwrap();
    client.order(product.movement_order(1)).unwrap();
    let (mut completed, mut led) = (0, 0);
    for cycle in 0.. {
        match client.status().phase {
            Phase::Idle if completed == 2 => client.request(Request::Teach).unwrap(),
            Phase::Teaching => {
                led += 1;
                if led == 100 {
                    client.stopper().shutdown();
                }
            }
            _ => {}
        }
        client.stopper().beat();
        if !turn(&mut control) {
            break;
        }
        while let Some(trial) = client.finished() {
            assert_eq!(trial.outcome, Outcome::Completed);
            completed += 1;
        }
        assert!(cycle < 20_000);
    }
    assert!(completed == 2 && led >= 100);
}

/// The other tests would notice: a stroke that allocates ends its process.
#[test]
fn a_stroke_that_allocates_is_noticed() {
    const CHILD: &str = "MOTO_ALLOCATING_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let (mut control, mut client) = make(Box::new(Allocates(AllOfIt(2))), |_| Duration::ZERO);
        client.order(order(0, 30, 2)).unwrap();
        (0..5000).for_each(|_| {
            turn(&mut control);
        });
        return;
    }
    let child = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_stroke_that_allocates_is_noticed", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert!(!child.status.success());
    assert!(String::from_utf8_lossy(&child.stderr).contains("the loop allocated memory"));
}
