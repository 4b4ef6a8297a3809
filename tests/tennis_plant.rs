//! The plant: its arm's stops and drives, and that it keeps to the physics period and to real-time rules.

mod tennis_common;

use moto_controller::control::Stroke;
use moto_controller::robot::{Command, Plant, Reading};
use moto_controller::simulation::Arm;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;
use tennis_common::{REST, arm, begin, model, task};

/// Counts what the current thread allocates.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged; counting touches no allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn stroke_and_plant_allocate_nothing_on_their_way() {
    let task = task(|config| config.setting = moto_controller::tasks::table_tennis::Setting::NoisyBounce);
    let (mut plant, mut stroke) = (task.plant(0).unwrap(), task.stroke());
    let (mut reading, command, mut state) = (Reading::zeros(9, 6), Command::zeros(9), [0.; 24]);
    let before = ALLOCATIONS.get();
    drop(std::hint::black_box(vec![1]));
    assert_eq!(ALLOCATIONS.get(), before + 1, "the count works");
    let before = ALLOCATIONS.get();
    for rollout in 0..3 {
        begin(&mut plant, rollout);
        plant.launch();
        for cycle in 0..400 {
            plant.step(Duration::from_millis(2 * cycle), &command);
            plant.read(&mut reading);
            std::hint::black_box(stroke.triggered(&reading));
            reading.task_stamp = reading.stamp.saturating_sub(Duration::from_millis(7));
            stroke.policy_state(&reading, &mut state);
        }
    }
    assert_eq!(ALLOCATIONS.get(), before);
}

#[test]
fn joints_pushed_against_their_stops_give_way_as_configured() {
    let config = arm();
    let mut model = model();
    config.apply(&mut model).unwrap();
    for joint in model.joints_mut() {
        joint.passive.stiffness = 0.;
    }
    model.set_gravity(nalgebra::Vector3::zeros());
    let joints = model.joints().to_vec();
    for sign in [-1., 1.] {
        for (i, joint) in joints.iter().enumerate() {
            let mut arm = Arm::new(Arc::new(model.clone()), &config);
            arm.place(&[0.; 9]);
            // Twice the limit: the drive saturates. The other joints are held by stiff springs.
            for _ in 0..2000 {
                let mut effort = [0.; 9];
                for other in (0..9).filter(|&other| other != i) {
                    effort[other] = -200. * arm.position()[other] - 20. * arm.velocity()[other];
                }
                effort[i] = 2. * sign * joint.effort;
                arm.step(&effort, 0.002);
            }
            let give = if i < 3 { config.stop_give_length } else { config.stop_give_angle };
            let bound = if sign > 0. { joint.upper } else { joint.lower };
            let beyond = sign * (arm.position()[i] - bound);
            assert!((beyond - give).abs() < 0.02 * give, "{} is {beyond} beyond {bound}", joint.name);
            assert!(arm.velocity()[i].abs() < 1e-3, "{} still moves", joint.name);
        }
    }
}

#[test]
fn time_is_kept_in_whole_periods() {
    let task = task(|_| ());
    let effort = {
        let mut command = Command::zeros(9);
        command.effort[4] = -5.;
        command
    };
    let run = |ticks: &[u64]| {
        let mut plant = task.plant(0).unwrap();
        plant.reset(Duration::from_secs(3));
        plant.begin_trial(&tennis_common::key(0, 0));
        plant.launch();
        for &tick in ticks {
            plant.step(Duration::from_secs(3) + Duration::from_micros(tick), &effort);
        }
        let mut reading = Reading::zeros(9, 6);
        plant.read(&mut reading);
        reading
    };
    let reference = run(&(1..=100).map(|tick| 2000 * tick).collect::<Vec<_>>());
    assert_eq!(reference.stamp, Duration::from_millis(3200));
    assert_eq!(reference.task_stamp, reference.stamp);
    assert_eq!(run(&[200_000]), reference, "in one go");
    assert_eq!(run(&[500, 3999, 4000, 77_777, 77_778, 201_999]), reference, "unevenly");
}

#[test]
fn a_reset_forgets_everything_and_a_trial_leaves_the_arm() {
    let task = task(|_| ());
    let mut used = task.plant(0).unwrap();
    let command = Command::zeros(9);
    begin(&mut used, 0);
    used.launch();
    used.step(Duration::from_millis(700), &command);
    let mut reading = Reading::zeros(9, 6);
    used.begin_trial(&tennis_common::key(0, 1));
    used.read(&mut reading);
    assert_ne!(*reading.position, REST, "the arm is where it was");
    assert_eq!(reading.task[3..], [0.; 3], "the ball is in the server's hand");
    used.step(Duration::from_millis(800), &command);
    let mut later = Reading::zeros(9, 6);
    used.read(&mut later);
    assert_eq!(later.task, reading.task, "and stays there");

    let mut new = task.plant(0).unwrap();
    for plant in [&mut used, &mut new] {
        begin(plant, 1);
        plant.launch();
        plant.step(Duration::from_millis(500), &command);
    }
    used.read(&mut reading);
    new.read(&mut later);
    assert_eq!(reading, later);
}
