//! Misuse gets an error code.

use std::ffi::CString;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Controller, Place, error};
use crate::cycle::{moto_cycle, moto_next_request};
use crate::handle::{moto_close, moto_open, moto_start, moto_stop};
use crate::operate::moto_trigger;
use crate::tell::{moto_get_status, moto_joint_name, moto_joints, moto_last_error, moto_next_record, moto_result_name};
use crate::types::moto_result::*;
use crate::types::{MOTO_RESUME, moto_state};

const HANGING: [f64; 2] = [std::f64::consts::PI, 0.];

fn state(position: *const f64, joints: usize) -> moto_state {
    let observed = ptr::null();
    moto_state { time: 1, position, velocity: position, joints, observed, observed_numbers: 0, observed_time: 0 }
}

#[test]
fn null_and_wrong_sizes_are_refused_with_zero_effort() {
    let place = Place::new(&[]);
    let controller = place.open(0);
    let null = ptr::null_mut();
    let list = [1.; 3];
    let mut effort = [f64::NAN; 2];
    // SAFETY: this is what null and sizes are checked for.
    unsafe {
        let mut cycle = |controller, state: *const moto_state, joints| {
            effort.fill(f64::NAN);
            let result = moto_cycle(controller, state, effort.as_mut_ptr(), joints);
            assert!(effort[..joints].iter().all(|effort| *effort == 0.), "{result:?}");
            result
        };
        assert_eq!(cycle(null, &state(list.as_ptr(), 2), 2), MOTO_NULL_POINTER);
        assert_eq!(cycle(controller.0, ptr::null(), 2), MOTO_NULL_POINTER);
        assert_eq!(cycle(controller.0, &state(ptr::null(), 2), 2), MOTO_NULL_POINTER);
        assert_eq!(cycle(controller.0, &state(list.as_ptr(), 3), 2), MOTO_WRONG_SIZE);
        assert_eq!(cycle(controller.0, &state(list.as_ptr(), 2), 1), MOTO_WRONG_SIZE);
        let observed = moto_state { observed_numbers: 1, ..state(list.as_ptr(), 2) };
        assert_eq!(cycle(controller.0, &observed, 2), MOTO_WRONG_SIZE);
        assert_eq!(cycle(controller.0, &state(list.as_ptr(), 2), 2), MOTO_NOT_RUNNING, "it was not started");
        assert_eq!(moto_cycle(controller.0, &state(list.as_ptr(), 2), null.cast(), 2), MOTO_NULL_POINTER);
        assert_eq!(moto_get_status(controller.0, ptr::null_mut()), MOTO_NULL_POINTER);
        assert_eq!([moto_start(null), moto_stop(null), moto_trigger(null)], [MOTO_NULL_POINTER; 3]);
        assert_eq!((moto_close(null), moto_joints(null)), (MOTO_OK, 0));
        assert!(!moto_next_request(controller.0, ptr::null_mut()));
        assert_eq!(moto_trigger(controller.0), MOTO_NOT_RUNNING);
        assert!(moto_joint_name(controller.0, 2).is_null() && !moto_joint_name(controller.0, 1).is_null());
        assert!(moto_result_name(17).is_null() && !moto_result_name(-7).is_null());
    }
}

/// Zeros in the place of the positions must not pass for a reading.
#[test]
fn an_effort_that_shares_memory_with_the_state_is_refused() {
    let place = Place::new(&[]);
    let controller = place.open(0);
    controller.start();
    let mut memory = [0.; 6];
    for (offset, result) in [(1, MOTO_OVERLAP), (2, MOTO_OVERLAP), (3, MOTO_OVERLAP), (4, MOTO_OK)] {
        memory[2..4].copy_from_slice(&HANGING);
        let start = memory.as_mut_ptr();
        // SAFETY: the effort is within the memory, as is the position.
        let cycled = unsafe {
            let (position, effort) = (start.add(2).cast_const(), start.add(offset));
            let apart = [0.; 2];
            let state = moto_state { velocity: apart.as_ptr(), ..state(position, 2) };
            moto_cycle(controller.0, &state, effort, 2)
        };
        assert_eq!(cycled, result, "{offset}");
    }
}

#[test]
fn what_cannot_be_opened_says_why() {
    let mut opened = ptr::null_mut();
    let no_file = c"/nowhere/at/all.yaml";
    // SAFETY: C strings, null, and a place for the pointer.
    unsafe {
        assert_eq!(moto_open(no_file.as_ptr(), ptr::null(), ptr::null(), 0, &mut opened), MOTO_REFUSED);
        assert!(error(ptr::null()).contains("/nowhere/at/all.yaml"), "{}", error(ptr::null()));
        assert_eq!(moto_open(ptr::null(), ptr::null(), ptr::null(), 0, &mut opened), MOTO_REFUSED);
        assert!(error(ptr::null()).contains("configuration is null"), "{}", error(ptr::null()));
        assert_eq!(moto_open(no_file.as_ptr(), ptr::null(), ptr::null(), MOTO_RESUME, &mut opened), MOTO_REFUSED);
        assert_eq!(moto_open(no_file.as_ptr(), ptr::null(), ptr::null(), 64, &mut opened), MOTO_REFUSED);
        assert!(error(ptr::null()).contains("flags are 0x40"), "{}", error(ptr::null()));
        assert_eq!(moto_open(no_file.as_ptr(), ptr::null(), ptr::null(), 0, ptr::null_mut()), MOTO_NULL_POINTER);
        let place = Place::new(&[]);
        let file = CString::new(place.path("links.yaml").to_str().unwrap()).unwrap();
        assert_eq!(moto_open(file.as_ptr(), c"run.rollouts: -1".as_ptr(), ptr::null(), 0, &mut opened), MOTO_REFUSED);
        assert!(error(ptr::null()).contains("parameters:1: run.rollouts is -1"), "{}", error(ptr::null()));
        // A text that does not fit is cut, and its whole length told.
        let mut short = [1; 5];
        assert!(moto_last_error(ptr::null(), short.as_mut_ptr(), 5) > 5 && short[4] == 0 && short[3] != 0);
    }
    assert!(opened.is_null());
}

#[test]
fn a_start_too_many_and_calls_after_the_close_are_refused() {
    let place = Place::new(&[]);
    let controller = place.open(0);
    controller.start();
    let start = Duration::from_millis(5);
    assert_eq!(controller.cycle(start, &HANGING, &[0., 0.]).0, MOTO_OK);
    // SAFETY: it was opened.
    unsafe {
        assert_eq!(moto_start(controller.0), MOTO_RUNNING);
        assert_eq!(moto_stop(controller.0), MOTO_OK, "{}", error(controller.0));
        assert_eq!(controller.cycle(start, &HANGING, &[0., 0.]), (MOTO_NOT_RUNNING, vec![0., 0.]));
        assert_eq!(moto_start(controller.0), MOTO_OK, "it goes on: {}", error(controller.0));
        assert_eq!(controller.cycle(start, &HANGING, &[0., 0.]).0, MOTO_OK);
        assert_eq!(moto_close(controller.0), MOTO_OK);
        assert_eq!([moto_start(controller.0), moto_stop(controller.0), moto_close(controller.0)], [MOTO_CLOSED; 3]);
        assert_eq!(controller.cycle(start, &HANGING, &[0., 0.]), (MOTO_CLOSED, vec![0., 0.]));
        assert_eq!(moto_next_record(controller.0, ptr::null_mut(), 0), 0);
    }
}

/// Calls until `seen`, or until `over`.
fn call(controller: &Controller, over: &AtomicBool) -> bool {
    let begin = Instant::now();
    while !over.load(Ordering::Relaxed) && begin.elapsed() < Duration::from_secs(60) {
        let (result, effort) = controller.cycle(begin.elapsed(), &HANGING, &[0., 0.]);
        if result == MOTO_TWO_THREADS {
            assert_eq!(effort, [0., 0.]);
            over.store(true, Ordering::Relaxed);
            return true;
        }
    }
    false
}

#[test]
fn the_second_of_two_threads_is_refused() {
    let place = Place::new(&[]);
    let controller = place.open(0);
    controller.start();
    let over = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let other = scope.spawn(|| call(&controller, &over));
        call(&controller, &over) | other.join().unwrap()
    });
    assert!(seen);
}
