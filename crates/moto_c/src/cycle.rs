//! The calls of the thread that has the deadline.

use std::ptr;
use std::slice;
use std::time::Duration;

use controller::control::{NotCycled, SafetyState};
use controller::robot::{PlantRequest, TrialKey, TrialKind};

use crate::guard::{call, opened};
use crate::handle::moto_controller;
use crate::types::moto_result::{self, *};
use crate::types::{moto_request, moto_request_kind, moto_state};

/// Whether two lists, each with its length, share memory. A null list has no length.
fn meet<A, B>((a, a_length): (*const A, usize), (b, b_length): (*const B, usize)) -> bool {
    a.addr() < b.addr() + b_length * size_of::<B>() && b.addr() < a.addr() + a_length * size_of::<A>()
}

/// Makes one control cycle in the calling thread: takes the robot's `state`, and writes the `effort`
/// (joint), N m or N, to be sent now. `joints` is the length of `effort`.
///
/// Send the effort whatever the result is: it is zero wherever no cycle was made, but for
/// `MOTO_NULL_POINTER`, where there may be nowhere to write it. It is written before `state` is read, so
/// that no memory may be shared: `MOTO_OVERLAP`.
///
/// Real-time safe: no allocation, no lock, no system call (but the reading of the clock where the
/// kernel does not map it), bounded time. One thread at a time: a second one gets `MOTO_TWO_THREADS`
/// and zero. `state`, `effort` and what they point to belong to the caller and are not kept.
///
/// # Safety
/// Pointers are null or valid for the lengths beside them, and `controller` comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_cycle(
    controller: *mut moto_controller,
    state: *const moto_state,
    effort: *mut f64,
    joints: usize,
) -> moto_result {
    call(|| {
        if effort.is_null() {
            return Err(MOTO_NULL_POINTER);
        }
        // SAFETY: not null, and of this length as the caller promises. Zero is all zero bits.
        unsafe { effort.write_bytes(0, joints) };
        // SAFETY: as the caller promises.
        let controller = unsafe { opened(controller) }?;
        // SAFETY: as the caller promises.
        let state = unsafe { state.as_ref() }.ok_or(MOTO_NULL_POINTER)?;
        let robot = controller.joints.len();
        if joints != robot || state.joints != robot || state.observed_numbers != controller.numbers {
            return Err(MOTO_WRONG_SIZE);
        }
        let nothing = controller.numbers == 0;
        if state.position.is_null() || state.velocity.is_null() || (state.observed.is_null() && !nothing) {
            return Err(MOTO_NULL_POINTER);
        }
        let lists = [(state.position, robot), (state.velocity, robot), (state.observed, controller.numbers)];
        if meet((effort, robot), (ptr::from_ref(state), 1)) || lists.iter().any(|&list| meet((effort, robot), list)) {
            return Err(MOTO_OVERLAP);
        }
        // SAFETY: as above, and it overlaps nothing that is read.
        let effort = unsafe { slice::from_raw_parts_mut(effort, robot) };
        let cycled = controller.place.cycle(
            |reading| {
                reading.stamp = Duration::from_nanos(state.time);
                reading.task_stamp = Duration::from_nanos(if nothing { state.time } else { state.observed_time });
                // SAFETY: not null, and of these lengths as the caller promises; the loop's own lists
                // overlap nothing of the caller's.
                unsafe {
                    reading.position.copy_from_slice(slice::from_raw_parts(state.position, robot));
                    reading.velocity.copy_from_slice(slice::from_raw_parts(state.velocity, robot));
                    if !nothing {
                        reading.task.copy_from_slice(slice::from_raw_parts(state.observed, controller.numbers));
                    }
                }
            },
            effort,
        );
        match cycled {
            Ok(status) if status.safety == SafetyState::Run => Ok(MOTO_OK),
            Ok(_) => Ok(MOTO_SAFE_STATE),
            Err(NotCycled::NoRun) => Ok(MOTO_NOT_RUNNING),
            Err(NotCycled::TwoThreads) => Err(MOTO_TWO_THREADS),
            Err(NotCycled::Panicked) => Err(MOTO_PANICKED),
        }
    })
}

/// Takes the next request of the loop to the world around the robot. Ask after each cycle until there
/// is none, where anything listens: a simulation, a ball launcher. True if there was one.
///
/// Real-time safe. The thread of the cycles.
///
/// # Safety
/// Pointers are null or valid, and `controller` comes from `moto_open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn moto_next_request(controller: *mut moto_controller, request: *mut moto_request) -> bool {
    let taken = call(|| {
        // SAFETY: as the caller promises.
        let controller = unsafe { opened(controller) }?;
        if request.is_null() {
            return Err(MOTO_NULL_POINTER);
        }
        let (kind, key) = match controller.place.request() {
            None => return Err(MOTO_NOT_RUNNING),
            Some(PlantRequest::BeginTrial(key)) => (moto_request_kind::MOTO_BEGIN_TRIAL, key),
            Some(PlantRequest::Launch) => {
                let none = TrialKey { kind: TrialKind::Learn, iteration: 0, rollout: 0 };
                (moto_request_kind::MOTO_START_TASK, none)
            }
        };
        let TrialKey { kind: purpose, iteration, rollout } = key;
        let evaluation = purpose == TrialKind::Evaluate;
        // SAFETY: not null, and valid as the caller promises.
        unsafe { request.write(moto_request { kind, evaluation, iteration, rollout }) };
        Ok(MOTO_OK)
    });
    taken == MOTO_OK
}
